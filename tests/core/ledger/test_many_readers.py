"""Eight readers at once, 2,000 saves: none lost, none doubled. And a process killed again and again loses nothing it
acknowledged."""

import hashlib
import multiprocessing
import os
import random
import re
import signal
import threading
import time
import uuid
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from core.bones import RUS_BONES
from core.film.box import Box
from core.film.radiograph import Radiograph, film_hash
from core.ledger import Consent, Correction, Ledger, LedgerSettings, StaleRevision
from core.ledger.store import schema
from tests.reading_room import ReadingRoom, hand_at

READERS = 8
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["core.ledger", "tests.reading_room"])


def _verdicts(note: str) -> list[Correction]:
    return [Correction(bone, "graded", 3, Box(0.5, 0.5, 3.5, 3.5), note=note) for bone in RUS_BONES]


def _read_many(ledger: Ledger, films: list[int], reader: str, saves: int, seconds: list[float]) -> None:
    """Saves on films that others read too; a reader who is too late looks again, and a third of the saves are sent twice."""
    chance = random.Random(reader)
    for number in range(saves):
        film, token = chance.choice(films), uuid.uuid4().hex
        base, times = ledger.revision(film), chance.choice([1, 1, 2])
        while True:
            started = time.perf_counter()
            try:
                for _ in range(times):
                    ledger.save(
                        film,
                        _verdicts(f"{reader} {number}"),
                        reader=reader,
                        base_revision=base,
                        token=token,
                        prediction_id=None,
                        seconds=1.0,
                    )
            except StaleRevision as stale:
                base = stale.conflict.revision
                continue
            finally:
                seconds.append(time.perf_counter() - started)
            break


def _read_many_in_a_process(
    settings: LedgerSettings, films: list[int], reader: str, saves: int, answer: Connection
) -> None:
    ledger = Ledger.open(settings)
    seconds: list[float] = []
    _read_many(ledger, films, reader, saves, seconds)
    ledger.close()
    answer.send(seconds)


def _check_none_lost_none_doubled(ledger: Ledger, films: list[int], saves: int) -> None:
    expected = {f"reader {reader} {number}" for reader in range(READERS) for number in range(saves)}
    notes: Counter[str] = Counter()
    for film in films:
        history = ledger.history(film)
        assert [event.revision for event in history] == list(range(1, len(history) + 1))
        assert all(event.base_revision == event.revision - 1 for event in history)
        for event in history:
            (note,) = {correction.note for correction in event.corrections}
            assert len(event.corrections) == len(RUS_BONES) and note.rpartition(" ")[0] == event.reader
            notes[note] += 1
    assert set(notes) == expected and set(notes.values()) == {1}


@pytest.mark.parametrize("together", ["threads", "processes"])
def test_eight_readers_at_once(room: ReadingRoom, together: str) -> None:
    films = [room.film() for _ in range(60)]
    # All 2,000 where our own lock is alone; starting processes, and PostgreSQL's locks, need less proof.
    saves = 250 if together == "threads" and room.settings.url.startswith("sqlite") else 50
    seconds: list[float] = []
    if together == "threads":
        threads = [
            threading.Thread(target=_read_many, args=(room.ledger, films, f"reader {reader}", saves, seconds))
            for reader in range(READERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        answers = []
        for reader in range(READERS):
            answer, theirs = _PROCESSES.Pipe(duplex=False)
            given = (room.settings, films, f"reader {reader}", saves, theirs)
            _PROCESSES.Process(target=_read_many_in_a_process, args=given).start()
            theirs.close()
            answers.append(answer)
        for answer in answers:
            seconds += answer.recv()
    _check_none_lost_none_doubled(room.ledger, films, saves)
    assert np.quantile(seconds, 0.95) < 1.0  # benchmarks/ledger.py measures the true figure on an idle machine


def test_a_save_sent_twice_at_the_same_moment_is_kept_once(room: ReadingRoom) -> None:
    film = room.film()
    for number in range(25):
        together, answers, token = threading.Barrier(3), [], uuid.uuid4().hex

        def send(
            base: int = number, token: str = token, together: threading.Barrier = together, answers: list[int] = answers
        ) -> None:
            together.wait()
            event = room.ledger.save(
                film, _verdicts("ann"), reader="ann", base_revision=base, token=token, prediction_id=None, seconds=1.0
            )
            answers.append(event.id)

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 3 and len(set(answers)) == 1
    assert [event.revision for event in room.ledger.history(film)] == list(range(1, 26))


def _add_and_read_for_ever(settings: LedgerSettings, seed: int, acknowledge: Connection) -> None:
    """Adds films with pictures and predictions and reads them, reporting each save after it is done."""
    room = ReadingRoom(settings.folder)
    ledger = room.ledger
    chance = np.random.default_rng(seed)
    while True:
        pixels = chance.integers(0, 256, (64, 48)).astype(np.float32) / np.float32(255)
        radiograph = Radiograph(pixels, None, None, film_hash(pixels))
        film = ledger.add_film(radiograph, "F", reader="ann", source="queue", consent=Consent()).film
        prediction = room.predict(film.id, hand_at(0.5))
        for number in range(3):
            event = ledger.save(
                film.id,
                _verdicts(f"{film.sha256} {number}"),
                reader="ann",
                base_revision=number,
                token=uuid.uuid4().hex,
                prediction_id=prediction,
                seconds=1.0,
            )
            acknowledge.send((event.id, film.id, film.sha256, number))


def test_kill_9_at_random_moments_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    settings = LedgerSettings.in_folder(tmp_path / "store")
    chance = random.Random(9)
    acknowledged: list[tuple[int, int, str, int]] = []
    kills = 0
    while len(acknowledged) < 200 or kills < 10:
        said, theirs = _PROCESSES.Pipe(duplex=False)
        process = _PROCESSES.Process(target=_add_and_read_for_ever, args=(settings, kills, theirs))
        process.start()
        theirs.close()
        acknowledged += [said.recv() for _ in range(chance.randint(1, 30))]
        time.sleep(chance.random() * 0.05)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(30)
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        try:
            while True:
                acknowledged.append(said.recv())
        except EOFError:
            pass

    ledger = Ledger.open(settings)
    for event_id, film_id, sha256, number in acknowledged:
        film, event = ledger.film(film_id), ledger.history(film_id)[number]
        assert (film.sha256, event.id, event.revision) == (sha256, event_id, number + 1)
        assert event.corrections == tuple(_verdicts(f"{sha256} {number}"))
        prediction = ledger.prediction(film_id)
        assert prediction is not None and event.prediction_id == prediction.id
        assert set(prediction.probabilities) == set(RUS_BONES)
    events = list(ledger.events())
    assert {event.id for event in events} >= {event_id for event_id, *_ in acknowledged}
    assert all(len(event.corrections) == len(RUS_BONES) for event in events)
    with ledger.reading_transaction() as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(schema.correction)).scalar()
    assert kept == len(events) * len(RUS_BONES)

    pictures = [path for path in (settings.folder / "pictures").rglob("*") if path.is_file()]
    for path in pictures:
        assert re.fullmatch(r"[0-9a-f]{64}\.png", path.name)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    films = list(ledger.films())
    assert {film.picture for film in films} <= {path.stem for path in pictures}
    for film in films:
        radiograph = ledger.radiograph(film)
        assert radiograph is not None and film_hash(radiograph.pixels) == film.sha256
    ledger.close()
