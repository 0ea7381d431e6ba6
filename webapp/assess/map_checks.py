"""The line beside the maps that says how far they were found to mean something."""

from collections.abc import Mapping
from typing import Final

from core.evaluation.maps.checked import CheckedMap, CheckedMaps
from webapp.shared.templates import render
from webapp.shared.words import counted

NOT_CHECKED: Final = "Whether the maps mean anything has not been measured for these weights."


def checks_line(checks: CheckedMaps | None, weights: Mapping[str, str]) -> str:
    """One sentence on the checks' outcome with the figures folded away below it, or that there is none for these weights.

    weights: SHA-256 (hex) by network, as an assessment has them.
    """
    of_these = checks is not None and checks.grader_sha256 == weights.get("grader")
    if checks is None or not of_these:
        return render("assess/map_checks.html", outcome=NOT_CHECKED, figures="")
    return render("assess/map_checks.html", outcome=_outcome(checks), figures=_figures(checks))


def _outcome(checks: CheckedMaps) -> str:
    hands, grad_cam, spatial = counted(checks.hands, "hand"), _in_short(checks.grad_cam), _in_short(checks.sa_spatial)
    if grad_cam == spatial:
        return f"Checked on {hands}, Grad-CAM and SA spatial: each {grad_cam}."
    return f"Checked on {hands}: Grad-CAM {grad_cam}; SA spatial {spatial}."


def _in_short(one: CheckedMap) -> str:
    learned = (
        "shows what the network has learned"
        if one.changes_with_weights
        else "looks much the same with an untrained network"
    )
    return f"{learned}, and what it marks matters {one.more_than_random.against(0.0)} to the grade than random places"


def _figures(checks: CheckedMaps) -> str:
    return (
        f"Measured on {counted(checks.hands, 'hand')}: Grad-CAM (stage {checks.cam_stage}) {_words(checks.grad_cam)}. "
        f"SA spatial (stage {checks.stage}) {_words(checks.sa_spatial)}. "
        # by core.training.grader.guidance, in the shipped weights and what is fine-tuned from them
        "These gates were guided to the growth plate in training, so their share there is not evidence."
    )


def _words(one: CheckedMap) -> str:
    if one.correlation is None:
        changes = "is uniform everywhere, whatever the weights"
    else:
        verb = "changes" if one.changes_with_weights else "hardly changes"
        changes = f"{verb} with randomised weights (rank correlation {_written(one.correlation.mean, '.2f')})"
    untrained = one.band_ratio_randomised.mean
    band = (
        f"lies on the growth plate {one.band_ratio.against(1.0)} than by chance ({one.band_ratio.mean:.2f} times), "
        f"{one.band_ratio.against(untrained)} than without training ({untrained:.2f})"
    )
    random, centre = one.more_than_random, one.more_than_centre
    marked = (
        f"blurring what it marks moves the maturity {random.against(0.0)} than random places "
        f"({_written(random.mean, '+.1f')} years), "
        f"{centre.against(0.0)} than the crop's middle ({_written(centre.mean, '+.1f')})"
    )
    return f"{changes}; {band}; {marked}"


def _written(number: float, form: str) -> str:
    """With a minus sign, not a hyphen."""
    return format(number, form).replace("-", "\N{MINUS SIGN}")
