"""The 13 crops as cards in anatomical order, each with its grade and the layers of its maps."""

from html import escape
from typing import Final

from core.assessment.consistency import Inconsistency
from core.assessment.records import Assessment, BoneAssessment, BoneMaps, Explanation
from core.bones import BONE_TITLES
from core.evaluation.maps.checked import checked
from core.standards import grade_descriptions, grade_label
from webapp.assess.map_checks import checks_line
from webapp.shared.bone_style import bone_colour
from webapp.shared.pictures import colour_stops, data_uri, grey8, heat, jpeg, png
from webapp.shared.words import percent, weights_line

NO_OVERLAY: Final = "none"

#: Layers a crop can be shown under: the attribute of BoneMaps, the choice on the page, what its colours mean.
OVERLAYS: Final = {
    "grad_cam": (
        "Grad-CAM",
        "Grad-CAM of the predicted grade at stage {stage}, as a share of that crop's own maximum: "
        "compare places within a crop, not one crop with another.",
    ),
    "sa_spatial": (
        "SA spatial",
        "Shuffle Attention, spatial gates of stage {stage}: sigmoid values on an absolute scale, "
        "0 = shut, 1 = open. An even colour means that the gate does not choose between places.",
    ),
    "sa_channel": (
        "SA channel",
        "Shuffle Attention, channel gates of stage {stage}, averaged by where each channel is active: "
        "sigmoid values on an absolute scale, 0 = shut, 1 = open.",
    ),
}

OVERLAY_CHOICES: Final = [("None", NO_OVERLAY), *((title, key) for key, (title, _) in OVERLAYS.items())]

#: Said beside the short name where the title says no more than that.
_REGIONS: Final = {"Radius": "distal end", "Ulna": "distal end"}

#: Grades less probable than this are left out of the spoken list; their bars are drawn all the same.
_WORTH_SAYING: Final = 0.01

_KEY_CARD: Final = """
<aside class="bone-card key-card" aria-label="How to read a card"><h4>How to read a card</h4><dl>
<div><dt>5(2)</dt><dd>RUS-CHN grade; 0 means that the bone is not visible yet.</dd></div>
<div><dt>TW3 F</dt><dd>The TW3 stage this grade belongs to.</dd></div>
<div><dt>Bars</dt><dd>Probability of each grade, from 0 on the left.</dd></div>
<div><dt>Localised</dt><dd>How sure the localiser is of the box.</dd></div>
</dl></aside>
"""


def crop_grid(assessment: Assessment, explanation: Explanation, overlay: str, opacity: float) -> str:
    """All 13 cards with their colour bar.

    overlay: which layer is visible at first, NO_OVERLAY or a key of OVERLAYS; opacity: 0..1. Both are switched in
    the browser afterwards, by the attribute data-overlay and the property --overlay-opacity of the section.
    """
    out_of_line = {one.bone: one for one in assessment.inconsistencies}
    cards = "".join(
        _missing_card(bone) if one is None else _card(one, explanation.maps[bone], out_of_line.get(bone))
        for bone, one in assessment.bones.items()
    )
    return (
        f'<section id="crop-grid" class="crop-grid" data-overlay="{escape(overlay)}" data-stage="{explanation.stage}" '
        f'style="--overlay-opacity:{opacity:.2f}" aria-label="Crops of the 13 bones">'
        f"{_colour_bar(explanation.stage)}{checks_line(checked(), assessment.weights)}"
        f'<div class="cards">{cards}{_KEY_CARD}</div>'
        f'<p class="made-by">Crops and maps made with weights {escape(weights_line(assessment.weights))}</p></section>'
    )


def _colour_bar(stage: int) -> str:
    captions = "".join(
        f'<p class="bar-caption" data-layer="{key}">{escape(caption.format(stage=stage))}</p>'
        for key, (_, caption) in OVERLAYS.items()
    )
    ticks = "".join(f"<span>{tick}</span>" for tick in ("0", "0.25", "0.5", "0.75", "1"))
    return (
        '<div class="colour-bar"><p class="bar-caption" data-layer="none">The crops as the grader saw them, '
        f"upright and at one scale, without a map.</p>{captions}"
        '<div class="bar" role="img" aria-label="Colour bar from 0 (blue) to 1 (red)">'
        f'<div class="bar-ramp" style="background:linear-gradient(90deg,{",".join(colour_stops())})"></div>'
        f'<div class="bar-ticks">{ticks}</div></div></div>'
    )


def _card(one: BoneAssessment, maps: BoneMaps, out_of_line: Inconsistency | None) -> str:
    title = BONE_TITLES[one.bone]
    spoken, mark = f"{title}: grade {one.label}, TW3 stage {one.tw3_stage}", ""
    if out_of_line is not None:
        spoken += f". {out_of_line.sentence}"
        mark = f'<p class="out-of-line" title="{escape(out_of_line.sentence)}">Out of line with its neighbours</p>'
    layers = "".join(
        f'<img class="layer" data-layer="{key}" alt="{escape(f"{name} map over {title}")}" '
        f'src="{data_uri(png(heat(getattr(maps, key))), "png")}">'
        for key, (name, _) in OVERLAYS.items()
    )
    guide = grade_descriptions(one.bone)[one.grade]
    return (
        f'<article class="bone-card" data-bone="{one.bone}" style="--bone:{bone_colour(one.bone)}" tabindex="0" '
        f'aria-label="{escape(spoken)}">'
        f"{_head(one.bone)}"
        f'<div class="crop"><img class="crop-film" src="{data_uri(jpeg(grey8(maps.crop), 92), "jpeg")}" '
        f'alt="{escape(f"Upright crop of {title}")}">{layers}</div>'
        f'<p class="grade"><strong>{escape(one.label)}</strong><span>TW3 {escape(one.tw3_stage)}</span></p>{mark}'
        f'<p class="guide" title="{escape(guide.look_for)}">{escape(guide.short)}</p>'
        f"{_grade_bars(one)}"
        f'<dl class="numbers"><div><dt>Probability</dt><dd>{percent(one.probabilities[one.grade])}</dd></div>'
        f"<div><dt>Localised</dt><dd>{percent(one.confidence)}</dd></div></dl></article>"
    )


def _missing_card(bone: str) -> str:
    return (
        f'<article class="bone-card missing" data-bone="{bone}" style="--bone:{bone_colour(bone)}" tabindex="0">'
        f'{_head(bone)}<div class="crop"><span>Not found</span></div>'
        '<p class="guide">Not graded. This is not grade 0: the bone may be outside the film or hidden.</p></article>'
    )


def _head(bone: str) -> str:
    return f"<header><h4><b>{bone}</b> <span>{escape(_REGIONS.get(bone, BONE_TITLES[bone]))}</span></h4></header>"


def _grade_bars(one: BoneAssessment) -> str:
    """A bar for each grade 0..n, the chosen one in the bone's colour."""
    said = ", ".join(
        f"{grade_label(one.bone, grade)} {percent(probability)}"
        for grade, probability in enumerate(one.probabilities)
        if probability >= _WORTH_SAYING
    )
    bars = "".join(
        f'<i{" class=chosen" if grade == one.grade else ""} style="height:{100 * probability:.1f}%"></i>'
        for grade, probability in enumerate(one.probabilities)
    )
    words = escape(f"Probability of each grade: {said}")
    return f'<div class="grade-bars" role="img" aria-label="{words}" title="{words}">{bars}</div>'
