"""The line beside the maps that says how far they were found to mean something."""

from collections.abc import Mapping
from html import escape
from typing import Final

from core.checked_maps import CheckedMap, CheckedMaps
from webapp.words import counted

NOT_CHECKED: Final = "Whether the maps mean something was not measured for these weights."


def checks_line(checks: CheckedMaps | None, weights: Mapping[str, str]) -> str:
    """One paragraph: the checks' outcome in words, or that there is none for these weights.

    weights: SHA-256 (hex) by network, as an assessment has them.
    """
    of_these = checks is not None and checks.grader_sha256 == weights.get("grader")
    text = _outcome(checks) if checks is not None and of_these else NOT_CHECKED
    return f'<p class="map-checks">{escape(text)}</p>'


def _outcome(checks: CheckedMaps) -> str:
    return (
        f"Measured on {counted(checks.hands, 'hand')} at stage {checks.stage}: "
        f"Grad-CAM {_words(checks.grad_cam)}. SA spatial {_words(checks.sa_spatial)}."
    )


def _words(one: CheckedMap) -> str:
    if one.correlation is None:
        changes = "is even everywhere, so that it cannot change with the weights"
    else:
        verb = "changes" if one.changes_with_weights else "hardly changes"
        changes = f"{verb} when the weights are randomised (rank correlation {one.correlation.mean:.2f})"
    by_chance, by_randomised = (one.band_ratio.against(value) for value in (1.0, one.band_ratio_randomised.mean))
    untaught = f"{by_randomised} than without training ({one.band_ratio_randomised.mean:.2f})"
    band = f"lies {by_chance} on the growth plate than by chance ({one.band_ratio.mean:.2f} times), {untaught}"
    moved = one.more_than_random
    matters = f"marks places that matter {moved.against(0.0)} than random ones ({moved.mean:+.1f} years when blurred)"
    centre = f"{one.more_than_centre.against(0.0)} than the crop's middle ({one.more_than_centre.mean:+.1f})"
    return f"{changes}; {band}; {matters}, {centre}"
