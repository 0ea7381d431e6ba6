"""What the queue learns from readers, and that its tables always agree with the events."""

import random
import uuid
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from core.bones import RUS_BONES
from core.ledger import Correction
from core.ledger.queue import projection
from core.ledger.queue.gain import (
    FARTHEST,
    Hardness,
    bones_apart,
    comparisons,
    disagreement_of,
    mean_disagreement,
    reading_times,
)
from core.ledger.store import schema
from core.standards import GRADE_COUNTS
from core.standards.maturity import grade_starts
from tests.reading_room import ReadingRoom, hand_at, shifted

EVEN = np.full(len(RUS_BONES), 1 / len(RUS_BONES))
RADIUS, DP5 = RUS_BONES.index("Radius"), RUS_BONES.index("DP5")


def _tables(room: ReadingRoom) -> list[list[Any]]:
    queries = (
        sa.select(schema.queue_film).order_by(schema.queue_film.c.film_id),
        sa.select(schema.queue_reader).order_by(schema.queue_reader.c.reader, schema.queue_reader.c.film_id),
    )
    with room.ledger.reading_transaction() as connection:
        return [[tuple(row) for row in connection.execute(query)] for query in queries]


def _learned(room: ReadingRoom) -> Any:
    with room.ledger.reading_transaction() as connection:
        return connection.execute(sa.select(schema.queue_hardness)).one()


def _gains(room: ReadingRoom) -> dict[int, float]:
    with room.ledger.reading_transaction() as connection:
        rows = connection.execute(sa.select(schema.queue_film.c.film_id, schema.queue_film.c.gain))
        return {row.film_id: row.gain for row in rows}


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [(5, 5, 0.0), (5, 6, 0.5), (8, 6, 2 / 3), (0, 1, 0.5), (None, None, 0.0), (None, 5, 1.0), (0, None, 1.0)],
)
def test_disagreement_grows_with_the_grades_between(mine: int | None, theirs: int | None, expected: float) -> None:
    def verdict(grade: int | None) -> Correction:
        return Correction("Radius", "unreadable" if grade is None else "graded" if grade else "absent", grade)

    assert disagreement_of(verdict(mine), verdict(theirs)) == pytest.approx(expected)
    assert disagreement_of(verdict(theirs), verdict(mine)) == pytest.approx(expected)


def test_three_readers_are_three_comparisons() -> None:
    words = {name: {"Radius": Correction("Radius", "graded", grade)} for name, grade in (("a", 5), ("b", 5), ("c", 6))}
    words["c"]["Ulna"] = Correction("Ulna", "graded", 3)
    compared = comparisons(words)
    assert compared.pairs[RADIUS] == 3 and compared.disagreement[RADIUS] == 1.0 and compared.pairs.sum() == 3
    assert mean_disagreement(compared)[RADIUS] == pytest.approx(1 / 3)
    assert mean_disagreement(compared)[DP5] == 0.0


def test_before_anybody_read_all_bones_weigh_the_same() -> None:
    assert Hardness.none().weights() == pytest.approx(EVEN)


def test_bones_that_readers_dispute_or_ponder_weigh_more() -> None:
    seconds = reading_times([Correction(b, "graded", 3, seconds=30.0 if b == "DP5" else 3.0) for b in RUS_BONES] * 30)
    pairs = Hardness.none()
    pairs.pairs[:] = 100
    pairs.disagreement[:] = 5
    pairs.disagreement[RADIUS] = 60
    for learned, hard in ((seconds, DP5), (pairs, RADIUS)):
        weights = learned.weights()
        assert weights.sum() == pytest.approx(1.0) and (weights > 0).all()
        assert weights.argmax() == hard and weights[hard] > 2 * np.median(weights)
    assert set(np.argsort((seconds + pairs).weights())[-2:]) == {RADIUS, DP5}


def test_few_readings_move_the_weights_little() -> None:
    one = reading_times([Correction(b, "graded", 3, seconds=30.0 if b == "DP5" else 3.0) for b in RUS_BONES])
    assert np.abs(one.weights() / EVEN - 1).max() < 0.25
    assert reading_times([Correction("Radius", "graded", 3)]).timed.sum() == 0  # a missing time is not a quick reading


def test_the_sums_survive_their_way_through_the_table() -> None:
    one = reading_times([Correction("DP5", "graded", 3, seconds=0.1)])
    assert Hardness.from_list(one.to_list()).to_list() == one.to_list()
    assert ((one + one) - one).to_list() == one.to_list()


def test_bones_that_contradict_one_another_and_bones_not_found_make_a_film_worth_reading(room: ReadingRoom) -> None:
    even, torn, open_bones = (room.film() for _ in range(3))
    room.predict(even, hand_at(0.5))
    room.predict(torn, shifted(hand_at(0.5), -4, ("Radius", "Ulna", "MC1", "MC3")))
    room.predict(open_bones, {**hand_at(0.5), "Radius": None})
    gains = _gains(room)
    assert gains[torn] > gains[even] and gains[open_bones] > gains[even]
    later = shifted(hand_at(0.5), -6, ("Radius", "Ulna", "MC1", "MC3"))
    room.predict(even, later, weights="cd" * 32)  # the latest prediction counts
    assert _gains(room)[even] > gains[torn]


def test_how_far_a_bone_lies_from_its_hand() -> None:
    hand = {bone: np.zeros(GRADE_COUNTS[bone] + 1) for bone in RUS_BONES}
    for bone, given in hand.items():
        starts = np.array(grade_starts(bone))
        given[int(np.searchsorted(starts, 9.0))] = 1.0  # all bones of a boy of nine
    in_line = bones_apart(hand)
    assert in_line.max() < 0.4, "no farther than grades are wide"
    hand["Radius"] = np.eye(GRADE_COUNTS["Radius"] + 1)[2]
    apart = bones_apart(hand)
    years = 9.0 - np.mean(grade_starts("Radius")[1:3])
    assert apart[RADIUS] == pytest.approx(years / FARTHEST, abs=0.2) and apart.argmax() == RADIUS
    del hand["Radius"]
    assert bones_apart(hand)[RADIUS] == 1.0
    assert bones_apart({}).tolist() == [1.0] * 13, "nothing was found"


@pytest.mark.parametrize("last", [False, True])
def test_hands_without_a_centre_and_mature_hands_are_in_line(last: bool) -> None:
    hand = {bone: np.eye(count + 1)[count if last else 0] for bone, count in GRADE_COUNTS.items()}
    assert bones_apart(hand).max() < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_the_tables_are_what_the_events_say_at_any_time(
    room: ReadingRoom, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "_DRIFT", 1e9)  # with fixed weights the gains can be compared too
    chance = random.Random(seed)
    films = [room.film("MF"[number % 2]) for number in range(6)]  # type: ignore[arg-type]
    for film in films[:5]:
        room.predict(film, hand_at(chance.random()), doubt=chance.random())
    room.ledger.add_refusal(films[4], {"grader": "cd" * 32}, "No hand could be recognised.")
    for _ in range(60):
        room.say_something(chance, films)
    kept, sums = _tables(room), _learned(room).sums
    room.ledger.rebuild_queue()
    fresh_sums = _learned(room).sums
    assert np.array(sums) == pytest.approx(np.array(fresh_sums), abs=1e-9)
    gain = list(schema.queue_film.c.keys()).index("gain")
    for old, new in zip(*(tables[0] for tables in (kept, _tables(room))), strict=True):
        assert old[:gain] + old[gain + 1 :] == new[:gain] + new[gain + 1 :]
    assert kept[1] == _tables(room)[1]


def test_new_weights_reach_all_films_a_few_with_each_save(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "_AT_A_TIME", 4)
    films = [room.film() for _ in range(20)]
    for film in films:
        room.predict(film, {**hand_at(1.0), "Radius": None})  # the others are mature, and in line
    before = _gains(room)
    slow = [
        Correction(bone, "graded", 3, seconds=60.0 if bone == "Radius" else 2.0)
        for bone in ("Radius", "Ulna", "MC1", "MC3")
    ]
    moved = []
    for number in range(40):
        token = uuid.uuid4().hex
        room.ledger.save(
            films[0], slow, reader="ann", base_revision=number, token=token, prediction_id=None, seconds=1.0
        )
        moved.append(sum(gain != before[film] for film, gain in _gains(room).items() if film != films[0]))
    first = next(number for number, count in enumerate(moved) if count)
    assert 0 < moved[first] <= 4, "some films at a time"
    assert moved[-1] == len(films) - 1, "and in the end all of them"
    assert min(_gains(room).values()) > 1.5 * max(before.values())
