"""Tries the pipeline hard: the same hand on other films must get the same age, and what is no hand must be refused."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.assessment.assessor import Assessor
from core.bones import Sex
from core.cohort.films import Film
from core.errors import FilmRefused
from core.evaluation.non_hands import NON_HANDS, Picture
from core.film.radiograph import Radiograph, film_hash, read_radiograph


def _scaled(film: Picture, factor: float) -> Picture:
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.clip(np.asarray(cv2.resize(film, None, fx=factor, fy=factor, interpolation=interpolation)), 0, 1)


def _turned(film: Picture, degrees: float) -> Picture:
    """Turned about its middle onto a film large enough to hold all of it."""
    height, width = film.shape
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0))
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_width, new_height = round(height * sin + width * cos), round(height * cos + width * sin)
    matrix[:, 2] += [(new_width - width) / 2, (new_height - height) / 2]
    return np.clip(np.asarray(cv2.warpAffine(film, matrix, (new_width, new_height), flags=cv2.INTER_CUBIC)), 0, 1)


def _marked(film: Picture) -> Picture:
    """With a lead letter L in the corner opposite the brightest quarter."""
    height, width = film.shape
    letter = np.zeros((height, width), np.uint8)
    size = max(height, width) / 400
    left = film[:, : width // 2].mean() < film[:, width // 2 :].mean()
    x = round(0.04 * width) if left else round(0.86 * width)
    cv2.putText(letter, "L", (x, round(0.12 * height)), cv2.FONT_HERSHEY_SIMPLEX, size, 255, max(2, round(2 * size)))
    marked: Picture = np.maximum(film, letter.astype(np.float32) / np.float32(255))
    return marked


#: The same hand on another film. "forearm cut off" is done where the wrist was found, see `forearm_cut_off`.
CHANGES: Final[dict[str, Callable[[Picture], Picture]]] = {
    "turned 90": lambda film: np.rot90(film),
    "turned 180": lambda film: np.rot90(film, 2),
    "turned 270": lambda film: np.rot90(film, 3),
    "turned 20": lambda film: _turned(film, 20),
    "turned -35": lambda film: _turned(film, -35),
    "mirrored": lambda film: film[:, ::-1],
    "inverted": lambda film: np.float32(1.0) - film,
    "gamma 0.5": lambda film: film ** np.float32(0.5),
    "gamma 2": lambda film: film ** np.float32(2.0),
    "20 % smaller": lambda film: _scaled(film, 0.8),
    "20 % larger": lambda film: _scaled(film, 1.2),
    "pasted L": _marked,
}
_CUT: Final = "forearm cut off"


def forearm_cut_off(
    pixels: Picture, wrist: NDArray[np.float64], towards_hand: NDArray[np.float64], unit: float
) -> Picture:
    """The film with all that lies further up the arm than half a hand's unit beyond the wrist made black.

    wrist: x, y of its middle. towards_hand: unit vector along the hand. unit: the hand's scale in pixels, see
    core.hand.geometry.MeanHand.
    """
    height, width = pixels.shape
    y, x = np.mgrid[0:height, 0:width]
    along = (x - wrist[0]) * towards_hand[0] + (y - wrist[1]) * towards_hand[1]
    return np.where(along < -0.5 * unit, np.float32(0), pixels).astype(np.float32)


def _film(pixels: Picture) -> Radiograph:
    whole = np.ascontiguousarray(pixels, np.float32)
    return Radiograph(whole, None, None, film_hash(whole))


def _months(assessor: Assessor, pixels: Picture, sex: Sex) -> float | None:
    try:
        return assessor.assess(_film(pixels), sex).bone_age_months
    except FilmRefused:
        return None


def stress(films: Sequence[Film], assessor: Assessor, pictures_a_kind: int = 40) -> dict[str, Any]:
    """The figures of both trials, JSON-ready.

    changes: for each change of the film the absolute change of the bone age in months (median, 95th percentile), and how
    many hands lost their age by it. real_hands: how many of `films` were refused or had a bone missing. non_hands: for
    each kind of drawn picture how many were refused, and with which reasons.
    """
    moved: dict[str, list[float]] = {name: [] for name in (*CHANGES, _CUT)}
    lost = dict.fromkeys(moved, 0)
    refused, incomplete = [], []
    for film in tqdm(list(films), desc="hands", mininterval=10):
        try:
            pixels = read_radiograph(film.path).pixels
            as_it_is = assessor.assess(_film(pixels), film.sex)
        except FilmRefused:
            refused.append(film.id)
            continue
        months = as_it_is.bone_age_months
        if months is None:
            incomplete.append(film.id)
            continue
        by_bone = {region.bone: np.array(region.centre) for region in as_it_is.localization.regions}
        wrist = (by_bone["Radius"] + by_bone["Ulna"]) / 2
        towards = by_bone["MC3"] - wrist
        unit = as_it_is.localization.regions[0].size
        changed = {name: change(pixels) for name, change in CHANGES.items()}
        dark = np.float32(1.0) - pixels if as_it_is.inverted else pixels
        changed[_CUT] = forearm_cut_off(dark, wrist, towards / np.linalg.norm(towards), unit)
        for name, picture in changed.items():
            again = _months(assessor, picture, film.sex)
            if again is None:
                lost[name] += 1
            else:
                moved[name].append(abs(again - months))
    return {
        "hands": len(films),
        "real_hands": {"refused": refused, "bone_missing": incomplete},
        "changes": {name: _spread(values) | {"lost": lost[name]} for name, values in moved.items()},
        "all_changes": _spread([value for values in moved.values() for value in values]),
        "non_hands": refusals(assessor, pictures_a_kind),
    }


def _spread(values: Sequence[float]) -> dict[str, float | int | None]:
    return {
        "n": len(values),
        "median_months": round(float(np.median(values)), 2) if values else None,
        "p95_months": round(float(np.percentile(values, 95)), 2) if values else None,
    }


def refusals(assessor: Assessor, pictures_a_kind: int) -> dict[str, dict[str, Any]]:
    """For each kind of core.evaluation.non_hands how many of so many random pictures were refused, and the reasons given."""
    table = {}
    for kind, draw in NON_HANDS.items():
        reasons: dict[str, int] = {}
        for number in tqdm(range(pictures_a_kind), desc=kind, mininterval=10):
            picture = draw(np.random.default_rng([number, *kind.encode()]))
            try:
                assessor.assess(_film(picture), "M")
            except FilmRefused as refusal:
                reasons[refusal.reason] = reasons.get(refusal.reason, 0) + 1
        table[kind] = {"n": pictures_a_kind, "refused": sum(reasons.values()), "reasons": reasons}
    return table


def as_text(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    real = figures["real_hands"]
    lines = [
        f"{figures['hands']} hands: {len(real['refused'])} refused {real['refused']}, "
        f"{len(real['bone_missing'])} with a bone missing {real['bone_missing']}",
        f"{'change':>16} {'n':>5} {'lost':>5} {'median':>7} {'95 %':>7}   (months)",
    ]
    for name, row in {**figures["changes"], "all": figures["all_changes"]}.items():
        values = [row.get(key) for key in ("n", "lost", "median_months", "p95_months")]
        lines.append(
            f"{name:>16} "
            + " ".join(f"{'' if v is None else v:>{w}}" for v, w in zip(values, (5, 5, 7, 7), strict=True))
        )
    lines.append(f"{'no hand':>16} {'n':>5} {'refused':>8}")
    for kind, row in figures["non_hands"].items():
        lines.append(f"{kind:>16} {row['n']:>5} {row['refused']:>8}   {row['reasons']}")
    return "\n".join(lines)
