"""What is read next, on SQLite and PostgreSQL, compared with what the ledger says film by film."""

import random
import uuid

import numpy as np
import pytest

from core.assessment.assessor import Assessor
from core.bones import RUS_BONES
from core.ledger import FilmRecord, Ledger, PredictionRecord
from core.ledger.queue.gain import bones_apart
from core.ledger.queue.reading_queue import (
    QueueFilter,
    QueueOrder,
    counts,
    expected_gain,
    has_read_gold,
    next_film,
    queue_rows,
)
from tests.reading_room import ReadingRoom, standing
from tests.stored_films import assessment, graded, hand

READER = "anna"


def token() -> str:
    """A token such as the page makes for each save."""
    return uuid.uuid4().hex


@pytest.fixture
def ledger(room: ReadingRoom) -> Ledger:
    return room.ledger


@pytest.fixture
def films(ledger: Ledger, assessor: Assessor) -> list[FilmRecord]:
    """Twelve assessed films of both sexes, and two that are not assessed yet."""
    found = []
    for number in range(14):
        radiograph, sex = hand(number), "MF"[number % 2]
        film = ledger.add_film(radiograph, sex, reader="ben", source="queue", consent=None).film  # type: ignore[arg-type]
        if number < 12:
            ledger.add_prediction(film.id, assessment(assessor, radiograph, sex, number))  # type: ignore[arg-type]
        found.append(film)
    return found


def read(ledger: Ledger, film: FilmRecord | int, reader: str = READER, grade: int = 5) -> None:
    """A reader reads a film."""
    film_id = film if isinstance(film, int) else film.id
    ledger.save(
        film_id, [graded(bone, grade) for bone in RUS_BONES], reader=reader, base_revision=ledger.revision(film_id),
        token=token(), prediction_id=None, seconds=20,
    )  # fmt: skip


def walk(ledger: Ledger, order: QueueOrder, filter: QueueFilter | None = None, reader: str = READER) -> list[int]:
    """The films in the order in which a reader who reads them all gets them."""
    walked = []
    film = next_film(ledger, reader, order, filter)
    while film is not None:
        walked.append(film)
        assert len(walked) < 50
        read(ledger, film, reader)
        film = next_film(ledger, reader, order, filter, after=film)
    return walked


def test_an_empty_ledger_has_nothing_to_read(ledger: Ledger) -> None:
    for order in QueueOrder:
        assert next_film(ledger, READER, order) is None and queue_rows(ledger, READER, order) == []
    assert set(vars(counts(ledger, READER)).values()) == {0}


def test_the_oldest_first_and_then_it_is_finished(ledger: Ledger, films: list[FilmRecord]) -> None:
    assert walk(ledger, QueueOrder.OLDEST) == [film.id for film in films[:12]]
    assert next_film(ledger, READER, QueueOrder.OLDEST) is None
    assert next_film(ledger, "ben", QueueOrder.OLDEST) == films[0].id, "another reader's queue is their own"


def test_the_greatest_gain_first(ledger: Ledger, films: list[FilmRecord]) -> None:
    rows = queue_rows(ledger, READER, QueueOrder.EXPECTED_GAIN)
    gains = [row.gain for row in rows]
    assert len(rows) == 12 and gains == sorted(gains, reverse=True) and len(set(gains)) > 1
    assert next_film(ledger, READER, QueueOrder.EXPECTED_GAIN) == rows[0].film.id


def test_random_is_one_order_for_each_reader(ledger: Ledger, films: list[FilmRecord]) -> None:
    orders = {
        reader: [row.film.id for row in queue_rows(ledger, reader, QueueOrder.RANDOM)]
        for reader in ("anna", "ben", "zoe")
    }
    ids = [film.id for film in films[:12]]
    assert all(sorted(order) == ids and order != ids for order in orders.values())
    assert len(set(map(tuple, orders.values()))) > 1
    assert walk(ledger, QueueOrder.RANDOM) == orders["anna"]


def test_a_film_passed_over_comes_round_last(ledger: Ledger, films: list[FilmRecord]) -> None:
    second = next_film(ledger, READER, QueueOrder.OLDEST, after=films[0].id)
    assert second == films[1].id
    for film in films[1:12]:
        read(ledger, film)
    assert next_film(ledger, READER, QueueOrder.OLDEST, after=films[11].id) == films[0].id
    assert next_film(ledger, READER, QueueOrder.OLDEST, after=films[0].id) == films[0].id


def test_a_skipped_film_is_gone_for_who_skipped_it(ledger: Ledger, films: list[FilmRecord]) -> None:
    ledger.say(films[0].id, "skip", reader=READER, token=token())
    assert films[0].id not in walk(ledger, QueueOrder.OLDEST)
    assert next_film(ledger, "ben", QueueOrder.OLDEST) == films[0].id
    assert [row.film.id for row in queue_rows(ledger, READER, QueueOrder.OLDEST, QueueFilter(state="skipped"))] == [
        films[0].id
    ]


def test_an_assigned_film_is_offered_to_that_reader_alone(ledger: Ledger, films: list[FilmRecord]) -> None:
    ledger.say(films[3].id, "assign", reader="rita", token=token(), note=READER)
    mine = QueueFilter(assigned_to=READER)
    assert [row.film.id for row in queue_rows(ledger, READER, QueueOrder.OLDEST, mine)] == [films[3].id]
    assert counts(ledger, READER).assigned_to_me == 1 and counts(ledger, "ben").to_read == 11
    assert films[3].id not in walk(ledger, QueueOrder.OLDEST, reader="ben")
    ledger.say(films[3].id, "assign", reader="rita", token=token(), note="")
    assert next_film(ledger, "ben", QueueOrder.OLDEST) == films[3].id


def test_filters_narrow_the_list(ledger: Ledger, films: list[FilmRecord]) -> None:
    girls = queue_rows(ledger, READER, QueueOrder.OLDEST, QueueFilter(sex="F"))
    assert [row.film.id for row in girls] == [film.id for film in films[:12] if film.sex == "F"]
    ages = sorted(row.bone_age_months for row in queue_rows(ledger, READER, QueueOrder.OLDEST) if row.bone_age_months)
    middle = (ages[3], ages[7])
    between = queue_rows(ledger, READER, QueueOrder.OLDEST, QueueFilter(age_months=middle))
    assert between and all(middle[0] <= (row.bone_age_months or 0) <= middle[1] for row in between)
    everything = queue_rows(ledger, READER, QueueOrder.OLDEST, QueueFilter(state="all"))
    assert [row.film.id for row in everything] == [film.id for film in films]
    assert [row.state for row in everything[12:]] == ["assessing", "assessing"]


def test_pages_make_up_the_list(ledger: Ledger, films: list[FilmRecord]) -> None:
    for order in QueueOrder:
        whole = queue_rows(ledger, READER, order)
        pages = [queue_rows(ledger, READER, order, limit=5, offset=offset) for offset in (0, 5, 10)]
        assert [row for page in pages for row in page] == whole and len(whole) == 12


def test_counts_are_what_the_films_say(ledger: Ledger, films: list[FilmRecord]) -> None:
    rolls = random.Random(2)
    for film in films[:12]:
        for reader in ("anna", "ben"):
            roll = rolls.random()
            if roll < 0.4:
                read(ledger, film, reader, grade=rolls.randrange(1, 9))
            elif roll < 0.6:
                ledger.say(film.id, "skip", reader=reader, token=token())
        if rolls.random() < 0.3:
            ledger.say(film.id, "flag", reader="ben", token=token(), note="odd")
    ledger.add_refusal(films[12].id, {"localizer": "a", "grader": "b"}, "No hand could be recognised.")
    for reader in ("anna", "ben"):
        rows = queue_rows(ledger, reader, QueueOrder.OLDEST, QueueFilter(state="all"))
        found = counts(ledger, reader)
        mine = [film for film in films if reader in standing(ledger, film.id).readings()]
        assert found.films == 14 and found.assessing == 1 and found.refused == 1
        assert found.read_by_me == len(mine) == sum(row.state == "read_by_me" for row in rows)
        assert found.read == sum(bool(standing(ledger, film.id).readings()) for film in films)
        assert found.flagged == sum(row.flagged for row in rows) > 0
        assert found.to_read == sum(row.state == "to_read" for row in rows)
        assert [row.readers for row in rows] == [len(standing(ledger, film.id).readings()) for film in films]
    before = [queue_rows(ledger, "anna", order, QueueFilter(state="all")) for order in QueueOrder]
    ledger.rebuild_queue()
    after = [queue_rows(ledger, "anna", order, QueueFilter(state="all")) for order in QueueOrder]
    assert [[row.film.id for row in rows] for rows in before] == [[row.film.id for row in rows] for rows in after]


def test_where_readers_disagree_there_is_more_to_gain(ledger: Ledger, films: list[FilmRecord]) -> None:
    def gain(film: FilmRecord) -> float:
        rows = queue_rows(ledger, "zoe", QueueOrder.OLDEST, QueueFilter(state="all"))
        return next(row.gain for row in rows if row.film.id == film.id)

    agreed, disputed = films[4], films[5]
    before = gain(agreed), gain(disputed)
    for film, others in ((agreed, 5), (disputed, 9)):
        read(ledger, film, "anna", 5)
        read(ledger, film, "ben", others)
    assert gain(agreed) / before[0] == pytest.approx(1.0, rel=0.15)
    assert gain(disputed) > 1.3 * before[1]


def test_gold_films_come_in_blindly_about_one_in_ten(ledger: Ledger, films: list[FilmRecord]) -> None:
    gold = films[11]
    reading = {"Radius": graded("Radius", 5)}
    ledger.set_gold(gold.id, reading, reader="rita", base_revision=0, token=token())
    turns = sum(next_film(ledger, f"reader{i}", QueueOrder.OLDEST, after=films[13].id) == gold.id for i in range(400))
    assert 20 <= turns <= 65, "about every tenth"
    assert gold.id in walk(ledger, QueueOrder.OLDEST), "and in the end to everybody"
    assert gold.id not in walk(ledger, QueueOrder.OLDEST, reader="rita"), "who set it cannot read it blindly"
    row = queue_rows(ledger, "ben", QueueOrder.OLDEST)[-1]
    assert row.film.id == gold.id and not hasattr(row, "gold")


def test_a_reader_has_read_gold_where_a_film_that_they_read_is_gold_by_another(
    ledger: Ledger, films: list[FilmRecord]
) -> None:
    gold, reading = films[11], {"Radius": graded("Radius", 5)}
    read(ledger, gold)
    assert not has_read_gold(ledger, READER)
    ledger.set_gold(gold.id, reading, reader="rita", base_revision=ledger.revision(gold.id), token=token())
    assert has_read_gold(ledger, READER) and not has_read_gold(ledger, "rita") and not has_read_gold(ledger, "ben")
    read(ledger, gold, "rita")
    assert not has_read_gold(ledger, "rita"), "who set it is not measured by it"


def test_bones_in_line_and_agreeing_readers_leave_nothing_to_gain() -> None:
    even = np.full(13, 1 / 13)
    assert expected_gain(np.zeros(13), np.zeros(13), even) == 0.0
    assert expected_gain(np.ones(13), np.ones(13), even) == pytest.approx(2.0)
    hard = np.eye(13)[0]
    assert expected_gain(hard, np.zeros(13), hard) == 1.0 > expected_gain(hard, np.zeros(13), even)


def test_the_list_goes_by_how_far_bones_lie_apart(ledger: Ledger, films: list[FilmRecord]) -> None:
    """A film whose bones contradict one another stands before one whose bones are in line."""
    rows = queue_rows(ledger, READER, QueueOrder.EXPECTED_GAIN)
    apart = []
    for row in rows:
        prediction = ledger.prediction(row.film.id)
        assert isinstance(prediction, PredictionRecord)
        apart.append(float(np.mean(bones_apart(prediction.probabilities))))
    assert apart == pytest.approx(sorted(apart, reverse=True), abs=1e-4)
