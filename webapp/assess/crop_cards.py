"""The 13 crops as cards in anatomical order, each with its grade and the layers of its maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.assessment.consistency import Inconsistency
from core.assessment.records import Assessment, BoneAssessment, Explanation
from core.bones import BONE_TITLES
from core.evaluation.maps.checked import checked
from core.standards import GradeDescription, grade_descriptions, grade_label
from webapp.assess.map_checks import checks_line
from webapp.shared.pictures import colour_stops, data_uri, grey8, heat, jpeg, png
from webapp.shared.templates import render
from webapp.shared.words import DISCLAIMER, probability, short_hash, weights_line

NO_OVERLAY: Final = "none"

#: Layers a crop can be shown under: the attribute of BoneMaps, the choice on the page, what its colours mean.
OVERLAYS: Final = {
    "grad_cam": (
        "Grad-CAM",
        "Grad-CAM of the predicted grade at stage {cam_stage}, as a share of that crop's own maximum: "
        "compare places within a crop, not one crop with another.",
    ),
    "sa_spatial": (
        "SA spatial",
        "Shuffle Attention, spatial gates of stage {stage}: how much of what is active at a place passes, 0 = nothing, "
        "1 = all. {scale}",
    ),
    "sa_channel": (
        "SA channel",
        "Shuffle Attention, channel gates of stage {stage}{channels}: how much of what is active at a place passes, "
        "0 = nothing, 1 = all. {scale}",
    ),
    "residual": (
        "Attention residual",
        "Gates of the attention residual of stage {stage}: how much of what the residual branch adds at a place passes, "
        "0 = nothing, 1 = all. {scale}",
    ),
}

OVERLAY_CHOICES: Final = [("None", NO_OVERLAY), *((title, key) for key, (title, _) in OVERLAYS.items())]

_ONE_SCALE: Final = (
    "The colours are the same for every crop and every hand: an even colour is a gate that does not choose."
)
_TICKS: Final = 5

#: Added to the short name where the title says no more than that.
_REGIONS: Final = {"Radius": "distal end", "Ulna": "distal end"}

#: Grades less probable than this are left out of the spoken list; their bars are drawn all the same.
_WORTH_SAYING: Final = 0.01


@dataclass(frozen=True)
class _Layer:
    """One map over a crop. key: of OVERLAYS. stage: of the network. picture: a data URI."""

    key: str
    name: str
    stage: int
    picture: str


@dataclass(frozen=True)
class _Bar:
    """The bar of one grade. height: in per cent of the highest there can be."""

    height: float
    chosen: bool


@dataclass(frozen=True)
class _Card:
    """What the card of one bone says. crop: a data URI. spoken: in place of the card. odds: of every grade, in words.
    out_of_line: what its neighbours point to, "" if it is in line with them."""

    one: BoneAssessment
    guide: GradeDescription
    crop: str
    layers: tuple[_Layer, ...]
    bars: tuple[_Bar, ...]
    probability: str
    confidence: str
    spoken: str
    odds: str
    out_of_line: str


def crop_grid(assessment: Assessment, explanation: Explanation, overlay: str, opacity: float) -> str:
    """All 13 cards with their colour bar.

    overlay: which layer is visible at first, NO_OVERLAY or a key of OVERLAYS; opacity: 0..1. Both are switched in
    the browser afterwards, by the attribute data-overlay and the property --overlay-opacity of the section.
    """
    out_of_line = {one.bone: one for one in assessment.inconsistencies}
    scales = {key: explanation.guide.scales.get(key, (0.0, 1.0)) for key in OVERLAYS}
    cards = {
        bone: None if one is None else _card(one, explanation, scales, out_of_line.get(bone))
        for bone, one in assessment.bones.items()
    }
    return render(
        "assess/crops.html",
        overlay=overlay,
        stage=explanation.stage,
        opacity=opacity,
        captions=_captions(explanation),
        ticks={key: _ticks(*scale) for key, scale in scales.items()},
        colours=colour_stops(),
        map_checks=checks_line(checked(), assessment.weights),
        cards=cards,
        regions=_REGIONS,
        weights=weights_line(assessment.weights),
        film=short_hash(assessment.film_sha256),
        disclaimer=DISCLAIMER,
    )


def _captions(explanation: Explanation) -> dict[str, str]:
    chosen = explanation.guide.channels
    facts = {
        "stage": explanation.stage,
        "cam_stage": explanation.cam_stage,
        "channels": "" if chosen is None else f", of the {len(chosen)} channels that differ most between grades",
        "scale": _ONE_SCALE,
    }
    return {key: caption.format(**facts) for key, (_, caption) in OVERLAYS.items()}


def _ticks(low: float, high: float) -> tuple[str, ...]:
    """Values beside a colour bar, evenly spaced."""
    return tuple(f"{low + (high - low) * step / (_TICKS - 1):.3g}" for step in range(_TICKS))


def _card(
    one: BoneAssessment,
    explanation: Explanation,
    scales: Mapping[str, tuple[float, float]],
    out_of_line: Inconsistency | None,
) -> _Card:
    maps = explanation.maps[one.bone]
    spoken = f"{BONE_TITLES[one.bone]}: grade {one.label}, TW3 stage {one.tw3_stage}"
    odds = ", ".join(
        f"{grade_label(one.bone, grade)} {probability(share)}"
        for grade, share in enumerate(one.probabilities)
        if share >= _WORTH_SAYING
    )
    return _Card(
        one=one,
        guide=grade_descriptions(one.bone)[one.grade],
        crop=data_uri(jpeg(grey8(maps.crop), 92), "jpeg"),
        layers=tuple(
            _Layer(
                key,
                name,
                explanation.cam_stage if key == "grad_cam" else explanation.stage,
                data_uri(png(heat(getattr(maps, key), *scales[key])), "png"),
            )
            for key, (name, _) in OVERLAYS.items()
        ),
        bars=tuple(_Bar(100 * share, grade == one.grade) for grade, share in enumerate(one.probabilities)),
        probability=probability(one.probabilities[one.grade]),
        confidence=probability(one.confidence),
        spoken=spoken if out_of_line is None else f"{spoken}. {out_of_line.sentence}",
        odds=f"Probability of each grade: {odds}",
        out_of_line="" if out_of_line is None else out_of_line.sentence,
    )
