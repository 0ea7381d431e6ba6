"""The line beside the maps that says how far they were found to mean something."""

from collections.abc import Mapping
from typing import Final

from core.evaluation.maps.checked import CheckedMap, CheckedMaps
from webapp.shared.components import line
from webapp.shared.words import counted

NOT_CHECKED: Final = "Whether the maps mean anything has not been measured for these weights."


def checks_line(checks: CheckedMaps | None, weights: Mapping[str, str]) -> str:
    """One paragraph: the checks' outcome in words, or that there is none for these weights.

    weights: SHA-256 (hex) by network, as an assessment has them.
    """
    of_these = checks is not None and checks.grader_sha256 == weights.get("grader")
    text = _outcome(checks) if checks is not None and of_these else NOT_CHECKED
    return line(text, "map-checks")


def _outcome(checks: CheckedMaps) -> str:
    return (
        f"Measured on {counted(checks.hands, 'hand')}: Grad-CAM (stage {checks.cam_stage}) {_words(checks.grad_cam)}. "
        f"SA spatial (stage {checks.stage}) {_words(checks.sa_spatial)}. "
        # by core.training.guidance, in the shipped weights and what is fine-tuned from them
        "These gates were guided to the growth plate in training, so their share there is not evidence."
    )


def _words(one: CheckedMap) -> str:
    if one.correlation is None:
        changes = "is even everywhere, with any weights"
    else:
        verb = "changes" if one.changes_with_weights else "hardly changes"
        changes = f"{verb} with randomised weights (rank correlation {one.correlation.mean:.2f})"
    untrained = one.band_ratio_randomised.mean
    band = (
        f"lies on the growth plate {one.band_ratio.against(1.0)} than by chance ({one.band_ratio.mean:.2f} times), "
        f"{one.band_ratio.against(untrained)} than without training ({untrained:.2f})"
    )
    random, centre = one.more_than_random, one.more_than_centre
    marked = (
        f"blurring what it marks moves the maturity {random.against(0.0)} than random places ({random.mean:+.1f} years), "
        f"{centre.against(0.0)} than the crop's middle ({centre.mean:+.1f})"
    )
    return f"{changes}; {band}; {marked}"
