"""Numbers in words."""

import pytest

from webapp.shared.words import file_size, percent, probability, short_hash, weights_line, year_range, years_and_months


@pytest.mark.parametrize(
    ("months", "text"),
    [(103.4, "8 years 7 months"), (12.0, "1 year 0 months"), (11.6, "1 year 0 months"), (25.2, "2 years 1 month")],
)
def test_an_age_is_said_in_years_and_months(months: float, text: str) -> None:
    assert years_and_months(months) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.874, "87 %"), (0.997, "> 99 %"), (1.0, "100 %"), (0.004, "< 1 %"), (0.0, "0 %")]
)
def test_a_share_is_never_rounded_to_certainty(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("share", "text"), [(1.0, "> 99 %"), (0.0, "< 1 %"), (0.9999999, "> 99 %"), (0.5, "50 %")])
def test_a_network_is_never_certain(share: float, text: str) -> None:
    assert probability(share) == text


def test_hashes_are_shortened_and_named() -> None:
    assert short_hash("0123456789abcdef") == "01234567"
    assert weights_line({"localizer": "a" * 64, "grader": "b" * 64}) == "Localiser aaaaaaaa · Grader bbbbbbbb"
    assert weights_line({"whole_hand": "c" * 64}) == "Whole hand cccccccc"


def test_an_interval_has_one_decimal() -> None:
    assert year_range(7.84, 9.25).split() == ["7.8", "\N{EN DASH}", "9.2"]


def test_a_small_file_is_not_said_to_have_no_size() -> None:
    assert [file_size(size) for size in (34_400, 999_000, 1_250_000)] == ["34 kB", "999 kB", "1.2 MB"]
