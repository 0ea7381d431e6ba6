"""Readers, model and gold compared with each other, on hands whose answers are plain."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from core.agreement import (
    MODEL,
    Pair,
    ReadingCollector,
    ReadingTable,
    Voice,
    compare,
    gold_scores,
    pairs,
    pooled_kappas,
    reading_times,
)
from core.agreement.table import UNJUDGED, ages_of
from core.bones import RUS_BONES, Sex
from core.standards import STANDARDS, age_of_total, grade_count, score_card, total_of_grades
from tests.reading_room import ReadingRoom, hand_at, shifted

ANNA, BEN = Voice("reader", "anna"), Voice("reader", "ben")
SHARES = np.linspace(0.25, 0.8, 12)


@pytest.fixture
def room(tmp_path: Path) -> ReadingRoom:
    return ReadingRoom(tmp_path)


def _table(room: ReadingRoom) -> ReadingTable:
    return ReadingCollector(room.ledger).table()


def _dozen(room: ReadingRoom) -> list[int]:
    """Twelve girls' films of rising maturity, which anna has read as they are."""
    films = [room.film() for _ in SHARES]
    for film, share in zip(films, SHARES, strict=True):
        room.read(film, "anna", hand_at(share))
    return films


@pytest.mark.parametrize("key", STANDARDS)
@pytest.mark.parametrize("sex", ["M", "F"])
def test_ages_are_those_of_the_score_card(key: str, sex: Sex) -> None:
    hands = [hand_at(share) for share in (0.0, 0.05, *SHARES, 1.0)]
    grades = np.array([list(hand.values()) for hand in hands], np.int8)
    ages = ages_of(grades, np.full(len(hands), sex == "F"), key)  # type: ignore[arg-type]
    for place, hand in enumerate(hands):
        card = score_card(key, sex, {}, grades=hand, scatter_years=0.0)
        expected = np.nan if card.age_years is None else card.age_years * 12
        assert ages.months[place] == pytest.approx(expected, nan_ok=True)
        assert ages.mature[place] == card.mature
    assert ages.below[0] and not ages.below[2:].any() and not ages.incomplete.any()
    assert ages.mature[-1] and np.isnan(ages.months[-1])


def test_a_hand_with_a_bone_missing_has_no_age_and_the_calibrated_scale_bends_the_rus_chn_age() -> None:
    hand = np.array([list(hand_at(0.5).values())] * 2, np.int8)
    hand[1, 3] = UNJUDGED
    girls = np.array([True, True])

    def later_for_girls(years: NDArray[np.float64], sex: Sex) -> NDArray[np.float64]:
        return years + (0.5 if sex == "F" else 0.0)

    ages = ages_of(hand, girls, "calibrated", later_for_girls)
    plain = ages_of(hand, girls, "rus_chn")
    assert ages.months[0] == pytest.approx(plain.months[0] + 6)
    assert ages.incomplete.tolist() == [False, True] and np.isnan(ages.months[1])
    with pytest.raises(ValueError, match="calibration"):
        ages_of(hand, girls, "calibrated")
    with pytest.raises(ValueError, match="no scale"):
        ages_of(hand, girls, "tw2")  # type: ignore[arg-type]


def test_two_readers_bone_by_bone(room: ReadingRoom) -> None:
    films = _dozen(room)
    for number, (film, share) in enumerate(zip(films, SHARES, strict=True)):
        # Ben reads the radius one grade higher on every third film and cannot read the first film's ulna.
        said = shifted(hand_at(share), 1 if number % 3 == 0 else 0, ("Radius",))
        room.read(film, "ben", {**said, "Ulna": None} if number == 0 else said)
    found = compare(_table(room), ANNA, BEN, "rus_chn")
    assert found.pair == Pair(ANNA, BEN, 12) and found.accepted is None
    radius = found.bones["Radius"]
    anna = [hand_at(share)["Radius"] for share in SHARES]
    ben = [grade + (number % 3 == 0) for number, grade in enumerate(anna)]  # type: ignore[operator]
    assert radius.kappa.value == pytest.approx(cohen_kappa_score(anna, ben, weights="quadratic"))
    assert radius.kappa.interval90 is not None and radius.kappa.interval90[0] < radius.kappa.value  # type: ignore[operator]
    assert (radius.exact, radius.within_one) == (pytest.approx(8 / 12), 1.0)
    assert radius.confusion.shape == (15, 15) and np.trace(radius.confusion) == 8
    assert radius.confusion[anna[0], ben[0]] >= 1 and radius.confusion.sum() == 12
    ulna = found.bones["Ulna"]
    assert (ulna.unreadable, ulna.kappa.films, ulna.kappa.value, ulna.exact) == (1, 11, 1.0, 1.0)
    assert found.exact == pytest.approx((8 + 11 + 11 * 12) / (12 + 11 + 11 * 12))
    assert found.mean_kappa == pytest.approx((12 + radius.kappa.value) / 13)  # type: ignore[operator]
    # The first film has no age by ben; on three of the others he is a grade higher.
    assert len(found.ages.film_ids) == 11 and found.ages.incomplete == 1
    for place, film in enumerate(films[1:], 1):
        first, second = hand_at(SHARES[place]), shifted(hand_at(SHARES[place]), int(place % 3 == 0), ("Radius",))
        gap = [12 * age_of_total("rus_chn", "F", total_of_grades("rus_chn", "F", h)) for h in (first, second)]  # type: ignore[arg-type]
        (row,) = np.flatnonzero(found.ages.film_ids == film)
        assert [found.ages.first[row], found.ages.second[row]] == pytest.approx(gap)
    assert found.ages.differences.mean == pytest.approx((found.ages.first - found.ages.second).mean())


def test_films_are_matched_whatever_order_they_were_read_in(room: ReadingRoom) -> None:
    films = [room.film() for _ in SHARES]
    order = [3, 7, 0, 11, 5, 1, 9, 2, 10, 4, 8, 6]
    for place in order:
        room.read(films[place], "anna", hand_at(SHARES[place]))
    for place in reversed(range(12)):
        room.read(films[place], "ben", hand_at(SHARES[place]))
    found = compare(_table(room), BEN, ANNA, "tw3_rus")
    assert found.exact == 1.0 and found.mean_kappa == 1.0
    assert found.ages.differences.mean == 0.0


def test_a_reader_against_the_model_with_the_bone_age_that_it_shows(room: ReadingRoom) -> None:
    for number, share in enumerate(SHARES):
        film = room.film("M")
        prediction = room.predict(film, hand_at(share), months=100.0 + number)
        room.read(film, "anna", hand_at(share), prediction=prediction, accepted=RUS_BONES[:6])
    table = _table(room)
    found = compare(table, ANNA, MODEL, "rus_chn")
    assert found.exact == 1.0 and found.accepted == pytest.approx(6 / 13)
    assert found.ages.first.tolist() == found.ages.second.tolist()
    shown = compare(table, ANNA, MODEL, "calibrated", lambda years, sex: years)
    assert shown.ages.second.tolist() == [100.0 + number for number in range(12)]
    assert shown.ages.first.tolist() == found.ages.first.tolist()


def test_a_bone_that_the_model_did_not_find_leaves_the_film_without_an_age(room: ReadingRoom) -> None:
    film = room.film()
    room.predict(film, {bone: grade for bone, grade in hand_at(0.5).items() if bone != "Ulna"})
    room.read(film, "anna", hand_at(0.5))
    found = compare(_table(room), ANNA, MODEL, "rus_chn")
    assert (found.pair.films, found.ages.incomplete, len(found.ages.film_ids)) == (1, 1, 0)
    assert found.bones["Ulna"].kappa.films == 0 and found.bones["Ulna"].exact is None
    assert found.bones["Radius"].kappa.missing == "too_few"


def test_mature_hands_and_those_below_the_table_are_counted_but_have_no_age(room: ReadingRoom) -> None:
    for share in (0.0, 0.5, 1.0):
        film = room.film()
        for reader in ("anna", "ben"):
            room.read(film, reader, hand_at(share))
    ages = compare(_table(room), ANNA, BEN, "rus_chn").ages
    assert (len(ages.film_ids), ages.incomplete, ages.mature, ages.below) == (1, 0, 1, 1)
    assert ages.differences.limits is None


def test_pairs_are_listed_by_the_films_they_share(room: ReadingRoom) -> None:
    films = [room.film() for _ in range(4)]
    for reader, count in (("cleo", 4), ("ben", 3), ("anna", 1)):
        for film in films[:count]:
            room.read(film, reader, hand_at(0.5))
    room.read(room.film(), "dora", hand_at(0.5))
    room.predict(films[0], hand_at(0.5))
    room.ledger.add_refusal(films[1], {"grader": "ab"}, "The film shows no hand: send another.")
    cleo = Voice("reader", "cleo")
    assert pairs(_table(room)) == [
        Pair(BEN, cleo, 3),
        Pair(ANNA, BEN, 1),
        Pair(ANNA, cleo, 1),
        Pair(ANNA, MODEL, 1),
        Pair(BEN, MODEL, 1),
        Pair(cleo, MODEL, 1),
    ]


def test_pooled_kappas_take_all_pairs_of_readers(room: ReadingRoom) -> None:
    films = _dozen(room)
    for number, (film, share) in enumerate(zip(films, SHARES, strict=True)):
        room.read(film, "ben", shifted(hand_at(share), number % 2, ("Radius",)))
    table = _table(room)
    pooled = pooled_kappas(table)
    assert list(pooled) == list(RUS_BONES)
    anna, ben = ([table.grades[row, 0] for row in table.readings_of(name)] for name in ("anna", "ben"))
    assert pooled["Radius"].value == pytest.approx(cohen_kappa_score(anna + ben, ben + anna, weights="quadratic"))
    assert pooled["DP5"].value == 1.0 and pooled["DP5"].films == 12
    # A film that only one reader has read changes nothing.
    room.read(room.film(), "cleo", hand_at(0.1))
    assert pooled_kappas(_table(room))["Radius"] == pooled["Radius"]


def test_gold_scores_count_blind_readings_alone(room: ReadingRoom) -> None:
    films = _dozen(room)
    for film, share in zip(films, SHARES, strict=True):
        room.read(film, "professor", hand_at(share))
        room.read(film, "ben", {**shifted(hand_at(share), 1, ("Radius",)), "Ulna": None})
        room.predict(film, shifted(hand_at(share), 2, ("MC1",)))
        room.set_gold(film, hand_at(share))
    by_name = {score.voice: score for score in gold_scores(_table(room), "rus_chn")}
    assert list(by_name) == [ANNA, BEN, MODEL]  # the professor knew what the gold readings are
    anna, ben, model = by_name.values()
    assert (anna.films, anna.bones, anna.exact, anna.within_one, anna.grade_error) == (12, 156, 1.0, 1.0, 0.0)
    assert anna.mean_kappa == 1.0 and anna.ages.mean == 0.0
    assert (ben.films, ben.bones, ben.unreadable) == (12, 144, 12)
    radius_moved = sum(shifted(h, 1)["Radius"] != h["Radius"] for h in map(hand_at, SHARES))
    assert ben.exact == pytest.approx(1 - radius_moved / 144) and ben.within_one == 1.0
    assert ben.grade_error == pytest.approx(radius_moved / 144)
    assert ben.ages.films == 0 and ben.ages.mean is None  # no total without the ulna
    moved = [shifted(h, 2)["MC1"] - h["MC1"] for h in map(hand_at, SHARES)]  # type: ignore[operator]
    assert model.grade_error == pytest.approx(sum(moved) / 156)
    assert model.within_one == pytest.approx(1 - sum(step == 2 for step in moved) / 156)
    assert model.ages.mean is not None and model.ages.mean > 0


def test_a_gold_bone_that_cannot_be_read_scores_nobody(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "anna", hand_at(0.5))
    room.set_gold(film, {**hand_at(0.5), "Radius": None})
    (score,) = gold_scores(_table(room), "rus_chn")
    assert (score.films, score.bones, score.unreadable) == (1, 12, 0)
    assert score.mean_kappa is None


def test_without_gold_films_there_are_no_scores(room: ReadingRoom) -> None:
    _dozen(room)
    assert gold_scores(_table(room), "rus_chn") == []


def test_times_are_of_whole_films_and_say_what_was_left_out(room: ReadingRoom) -> None:
    for seconds in (60.0, 80.0, 100.0, 4000.0, 0.0):
        room.read(room.film(), "anna", hand_at(0.5), seconds=seconds, bone_seconds=seconds / 10)
    room.read(room.film(), "anna", {"Radius": 3}, seconds=5.0, bone_seconds=5.0)
    room.set_gold(room.film(), hand_at(0.5))  # is not a reading that took time
    (anna,) = reading_times(_table(room))
    assert (anna.reader, anna.unfinished) == ("anna", 1)
    assert (anna.films.counted, anna.films.interrupted, anna.films.unmeasured) == (3, 1, 1)
    assert anna.films.quartiles == (70.0, 80.0, 90.0)
    assert (anna.bones.counted, anna.bones.interrupted, anna.bones.unmeasured) == (40, 13, 13)


def test_an_empty_ledger_compares_to_nothing(room: ReadingRoom) -> None:
    table = _table(room)
    assert pairs(table) == [] and gold_scores(table, "rus_chn") == [] and reading_times(table) == []
    assert {kappa.missing for kappa in pooled_kappas(table).values()} == {"too_few"}
    found = compare(table, ANNA, BEN, "rus_chn")
    assert (found.pair.films, found.mean_kappa, found.exact, found.ages.differences.mean) == (0, None, None, None)
    assert all(one.confusion.shape == (grade_count(b) + 1,) * 2 for b, one in found.bones.items())
    assert compare(table, ANNA, MODEL, "rus_chn").pair == Pair(ANNA, MODEL, 0)
