"""Makes the example hands that ship with the app: each an aligned average of many children's films, never one child's."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from core.bones import Sex
from core.cohort.films import Film, training_films
from core.composites.hand_average import LEAST_HANDS, LocatedHand, TooFewHandsError, average_hand, posture_deviations
from core.errors import FilmRefused
from core.film.radiograph import read_radiograph
from core.hand.hand import Hand
from core.hand.localizer import Localizer

#: Sex and bone age in months of the examples.
GROUPS: Final[tuple[tuple[Sex, float], ...]] = (
    ("F", 66.0), ("F", 83.0), ("F", 120.0), ("F", 156.0), ("M", 51.0), ("M", 96.0), ("M", 144.0), ("M", 168.0),
    ("M", 192.0),
)  # fmt: skip
#: Films are of nearly the same age: at most this many months from the group's.
_AGE_TOLERANCE: Final = 6.0
#: Number of films that are looked at, the nearest in age first, and the most that are averaged: those posed most alike.
_CANDIDATES: Final = 24
_MOST_HANDS: Final = 14
#: Films whose hand is smaller (`LocatedHand.unit`, pixels) would blur the average, those posed less alike would double it.
_LEAST_UNIT: Final = 105.0
_MOST_UNLIKE: Final = 0.5


@dataclass(frozen=True)
class ExampleHand:
    """One example: its file's name, the children's sex, their mean bone age in years, and how many hands it averages."""

    file: str
    sex: Sex
    age_years: float
    hands: int
    title: str


def make_examples(
    data: Path, out: Path, localizer: Localizer, groups: Sequence[tuple[Sex, float]] = GROUPS
) -> list[ExampleHand]:
    """Writes the examples as 8-bit grey PNG files and examples.json, which names no film, into the folder `out`.

    data: a folder as in core.cohort.films; of its `train` films those that lie nearest in age to each of `groups` (sex, bone
    age in months) are averaged. Nothing is written unless every example can be made.

    Raises DataFolderError where the folder is not laid out as expected, TooFewHandsError where it has too few films of
    a sex and age that are fit to be averaged.
    """
    films = training_films(data, "train")
    made = []
    for sex, months in groups:
        chosen = _choose(films, sex, months, localizer)
        picture = average_hand([hand for _, hand in chosen])
        years = float(np.mean([film.bone_age_months for film, _ in chosen])) / 12.0
        child = "Girl" if sex == "F" else "Boy"
        example = ExampleHand(
            file=f"{child.lower()}_{round(years):02d}_years.png",
            sex=sex,
            age_years=round(years, 2),
            hands=len(chosen),
            title=f"{child}, about {round(years)} years (average of {len(chosen)} hands)",
        )
        made.append((example, picture))
    out.mkdir(parents=True, exist_ok=True)
    for example, picture in made:
        cv2.imwrite(str(out / example.file), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    entries = [asdict(example) for example, _ in made]
    (out / "examples.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    return [example for example, _ in made]


def _choose(films: Sequence[Film], sex: Sex, months: float, localizer: Localizer) -> list[tuple[Film, LocatedHand]]:
    """The films to average, those posed most alike first; TooFewHandsError where there are not enough."""
    fitting = [film for film in films if film.sex == sex and abs(film.bone_age_months - months) <= _AGE_TOLERANCE]
    fitting.sort(key=lambda film: (abs(film.bone_age_months - months), film.id))
    located = [(film, hand) for film in fitting[:_CANDIDATES] if (hand := _located(film, localizer)) is not None]
    if located:
        deviations = posture_deviations([hand for _, hand in located])
        alike = [place for place in np.argsort(deviations, kind="stable") if deviations[place] <= _MOST_UNLIKE]
        located = [located[place] for place in alike[:_MOST_HANDS]]
    if len(located) < LEAST_HANDS:
        raise TooFewHandsError(
            f"Only {len(located)} of {len(fitting)} films of sex {sex} within {_AGE_TOLERANCE:.0f} months of {months:.0f} "
            f"months can be averaged, and at least {LEAST_HANDS} are needed: bring more films of this sex and age."
        )
    return located


def _located(film: Film, localizer: Localizer) -> LocatedHand | None:
    """The film with its regions, bone bright; None where it does not show one whole, large and well recognised hand."""
    radiograph = read_radiograph(film.path)
    try:
        found = Hand(radiograph, localizer.locate(radiograph))
    except FilmRefused:
        return None
    if any(region.status != "found" for region in found.localization.regions):
        return None
    hand = LocatedHand(found.positive, found.localization.all_centres)
    return hand if hand.whole and hand.unit >= _LEAST_UNIT else None
