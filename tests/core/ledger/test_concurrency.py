"""Many readers at once, several processes, and a process that is killed while it saves: nothing is lost, nothing doubled."""

import random
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.bones import RUS_BONES
from core.ledger import Correction, Event, Ledger, LedgerSettings, StaleRevision
from tests.core.ledger.conftest import Store, graded, radiograph, token

ROOT = Path(__file__).resolve().parents[3]
READERS, SAVES = 8, 250

#: Saves whole readings of new films, with pictures, until it is killed; says each event's id once it is saved.
_SAVER = """
import sys
from core.bones import RUS_BONES
from core.ledger import Ledger, LedgerSettings
from pathlib import Path
from tests.core.ledger.conftest import graded, radiograph, token
ledger = Ledger.open(LedgerSettings(Path(sys.argv[1]), sys.argv[2]))
number = int(sys.argv[3])
count = int(sys.argv[4])
print("ready", flush=True)
for number in range(number, number + count):
    film = ledger.add_film(radiograph(number), "F", reader="anna", source="queue", consent=True).film
    said = [graded(bone, 1 + number % 9) for bone in RUS_BONES]
    event = ledger.save(film.id, said, reader="anna", base_revision=0, token=token(), prediction_id=None, seconds=1)
    print(event.id, number, flush=True)
"""


def _saver(settings: LedgerSettings, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SAVER, str(settings.folder), settings.url, str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_eight_readers_at_once_lose_and_double_nothing(store: Store) -> None:
    films = [store.film().id for _ in range(20)]

    def read(reader: int) -> list[int]:
        rolls = random.Random(reader)
        events = []
        for _ in range(SAVES if store.settings.url.startswith("sqlite") else SAVES // 5):
            film, mine = rolls.choice(films), token()
            said = [graded("Radius", rolls.randrange(1, 15))]

            def save(base: int, film: int = film, mine: str = mine, said: list[Correction] = said) -> Event:
                return store.ledger.save(
                    film, said, reader=f"reader{reader}", base_revision=base, token=mine, prediction_id=None, seconds=1
                )

            while True:  # a stale save is sent again on the new revision, as a person would choose to
                base = store.ledger.revision(film)
                try:
                    event = save(base)
                except StaleRevision:
                    continue
                break
            if rolls.random() < 0.3:  # the answer was lost on the way, so the page sends the save again
                assert save(base) == event
            events.append(event.id)
        return events

    with ThreadPoolExecutor(READERS) as pool:
        acknowledged = [event for events in pool.map(read, range(READERS)) for event in events]
    kept = [event.id for event in store.ledger.events()]
    assert len(set(acknowledged)) == len(acknowledged)
    assert sorted(acknowledged) == kept
    for film in films:
        assert [event.revision for event in store.ledger.history(film)] == list(
            range(1, len(store.ledger.history(film)) + 1)
        )


def test_whoever_follows_the_events_misses_none(store: Store) -> None:
    films = [store.film().id for _ in range(6)]
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        while True:
            last = done.is_set()
            seen.extend(event.id for event in store.ledger.events(after=seen[-1] if seen else 0))
            if last:
                return

    follower = threading.Thread(target=follow)
    follower.start()

    def flag(reader: int) -> None:
        for film in films * 5:
            store.ledger.say(film, "flag", reader=f"reader{reader}", token=token(), note="look")

    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(flag, range(READERS)))
    done.set()
    follower.join()
    assert seen == [event.id for event in store.ledger.events()] and len(seen) == READERS * 30


def test_processes_share_a_new_store(settings: LedgerSettings) -> None:
    """Both find no tables and make them; then both save."""
    savers = [_saver(settings, first, 15) for first in (0, 1000, 2000)]
    said = [saver.communicate(timeout=120)[0].split("\n") for saver in savers]
    assert all(saver.returncode == 0 for saver in savers)
    acknowledged = [int(line.split()[0]) for lines in said for line in lines if line and line != "ready"]
    ledger = Ledger.open(settings)
    assert sorted(acknowledged) == [event.id for event in ledger.events()] and len(acknowledged) == 45
    ledger.close()


def test_what_was_acknowledged_survives_kill_9(settings: LedgerSettings) -> None:
    """A process is killed at random moments through 200 saves; every acknowledged one is there whole, picture included."""
    rolls = random.Random(1)
    acknowledged: dict[int, int] = {}
    first = 0
    wanted = 200 if settings.url.startswith("sqlite") else 60
    while len(acknowledged) < wanted:
        saver = _saver(settings, first, 1000)
        assert saver.stdout is not None
        assert saver.stdout.readline() == "ready\n"
        timer = threading.Timer(rolls.uniform(0.3, 1.2), saver.kill)
        timer.start()
        for line in saver.stdout:
            if line.endswith("\n"):
                event, number = map(int, line.split())
                acknowledged[event] = number
        assert saver.wait(timeout=30) == -9
        timer.cancel()
        first += 1000
    ledger = Ledger.open(settings)
    events = {event.id: event for event in ledger.events()}
    assert set(acknowledged) <= set(events)
    for event in events.values():
        assert [said.bone for said in event.corrections] == list(RUS_BONES), "no save is half there"
    for event, number in acknowledged.items():
        kept = ledger.radiograph(ledger.film(events[event].film_id))
        assert kept is not None and (kept.pixels == radiograph(number).pixels).all()
        assert {said.grade for said in events[event].corrections} == {1 + number % 9}
    for film in ledger.films():
        assert film.consent and ledger.radiograph(film) is not None
    tokens = Counter(event.film_id for event in events.values())
    assert max(tokens.values()) == 1
    ledger.close()


def test_a_temporary_file_that_was_left_behind_counts_as_no_picture(store: Store) -> None:
    film = store.film(consent=True)
    (store.settings.folder / "incoming" / "tmp1234").write_bytes(b"half a pict")
    store.ledger.close()
    store.ledger = Ledger.open(store.settings)
    assert store.ledger.radiograph(store.ledger.film(film.id)) is not None
    assert len(list((store.settings.folder / "pictures").rglob("*.png"))) == 1
