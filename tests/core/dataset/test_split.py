"""The split: by patient, the same for ever, close to its shares, and gold never where models learn."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.dataset.split import BadShares, Shares, Split, part_of
from core.ledger import FilmRecord

_FILM = FilmRecord(
    1, "0" * 64, 240, 320, "F", "", None, False, None, "queue", None, None, None, None, datetime(2026, 1, 1, tzinfo=UTC),
    "anna",
)  # fmt: skip


def _film(number: int, patient: str = "") -> FilmRecord:
    return replace(_FILM, id=number, sha256=f"{number:064x}", patient_key=patient)


@pytest.mark.parametrize("shares", [Shares(), Shares(70, 15, 15), Shares(0, 50, 50)])
def test_many_patients_come_close_to_the_shares(shares: Shares) -> None:
    parts = [part_of(f"{number:016x}", shares) for number in range(20_000)]
    for part in ("train", "val", "test"):
        # five standard deviations of a share of 20,000
        assert parts.count(part) / 200 == pytest.approx(getattr(shares, part), abs=1.8)


def test_the_split_stays_what_it_is() -> None:
    """Written down once: another hash would move patients between train and test in every dataset out there."""
    parts = [part_of(f"{n:016x}", Shares()) for n in range(12)]
    assert parts == [
        "val",
        "val",
        "val",
        "train",
        "train",
        "train",
        "train",
        "train",
        "train",
        "train",
        "train",
        "train",
    ]


def test_growing_train_only_adds_to_it() -> None:
    keys = [f"{number:016x}" for number in range(2000)]
    small = {key for key in keys if part_of(key, Shares(60, 20, 20)) == "train"}
    large = {key for key in keys if part_of(key, Shares(80, 10, 10)) == "train"}
    assert small < large


def test_films_of_a_patient_stay_together() -> None:
    split = Split.of(Shares(), [])
    for patient in range(200):
        key = f"{patient:016x}"
        assert len({split.part(_film(3 * patient + i, key)) for i in range(3)}) == 1


def test_patients_with_a_gold_film_are_in_test() -> None:
    """Gold films, their patients' other films, and gold films whose patient nobody named."""
    gold = [_film(n, f"{n:016x}") for n in range(100)] + [_film(n) for n in range(100, 200)]
    split = Split.of(Shares(), gold)
    assert {split.part(film) for film in gold} == {"test"}
    assert {split.part(_film(1000 + n, f"{n:016x}")) for n in range(100)} == {"test"}
    others = {split.part(_film(2000 + n)) for n in range(100)}
    assert others == {"train", "val", "test"}


def test_shares_as_text() -> None:
    assert Shares.of_text("70/20/10") == Shares(70, 20, 10)
    assert str(Shares.of_text(" 70 / 20 / 10 ")) == "70/20/10"


@pytest.mark.parametrize("text", ["80/10", "80/10/20", "a/b/c", "", "100/0/0", "-10/100/10", "80/10/10/0"])
def test_shares_that_make_no_sense(text: str) -> None:
    with pytest.raises(BadShares, match="percentages"):
        Shares.of_text(text)
