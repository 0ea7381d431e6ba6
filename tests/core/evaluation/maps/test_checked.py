"""What the page reads of the checks of the maps."""

from pathlib import Path

import pytest

from core.evaluation.maps.checked import CheckedMap, Estimate, checked, read_checks


def test_more_less_or_neither() -> None:
    one = Estimate(1.2, 1.05, 1.4)
    assert one.against(1.0) == "more" and one.against(1.5) == "less" and one.against(1.1) == "not measurably more"


@pytest.mark.parametrize(
    ("correlation", "changes"),
    [
        (Estimate(0.1, 0.0, 0.2), True),
        (Estimate(0.45, 0.4, 0.51), False),
        (Estimate(1.0, 1.0, 1.0), False),
        (None, False),
    ],
)
def test_a_map_changes_only_where_its_whole_interval_says_so(correlation: Estimate | None, changes: bool) -> None:
    one = Estimate(1.0, 0.9, 1.1)
    assert CheckedMap(correlation, one, one, one, one).changes_with_weights is changes


def test_no_checks_were_kept(tmp_path: Path) -> None:
    assert read_checks(tmp_path / "explanation_checks.json") is None


def test_checks_that_ship_can_be_read() -> None:
    """They may be older than the weights in use, which the page then says."""
    shipped = checked()
    assert shipped is not None and len(shipped.grader_sha256) == 64 and shipped.hands > 0 and shipped.cam_stage <= 2
