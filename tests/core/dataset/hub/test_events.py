"""Events on the hub, with a dummy scheduler and a dummy client: what is pushed, when, and that it names nobody."""

import errno
import json
import os
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import CommitScheduler

from core.access.log import AccessLog
from core.access.roles import OPERATOR
from core.dataset.exporting.export import export
from core.dataset.exporting.options import ExportOptions
from core.dataset.hub.events import AskingScheduler, EventPusher, start_pushing
from core.dataset.hub.private import HubRefused
from core.film.box import Box
from core.ledger import Consent
from tests.core.dataset.hub.dummies import DummyHub, DummyScheduler
from tests.stored_films import Store, graded


def _pusher(
    store: Store, folder: Path, pictures: bool = False, log: AccessLog | None = None
) -> tuple[EventPusher, DummyScheduler]:
    made: list[DummyScheduler] = []

    def factory(**options: Any) -> DummyScheduler:
        made.append(DummyScheduler(**options))
        return made[-1]

    def nothing(repo: str) -> None:
        pass

    pusher = EventPusher(
        store.ledger, "lab/readings", folder, factory, pictures=pictures, log=log, prepare=nothing, look_every=3600
    )
    return pusher, made[0]


def _lines(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "events").glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_dataset_that_was_made_public_since_gets_no_push(monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: list[str] = []
    monkeypatch.setattr(CommitScheduler, "push_to_hub", lambda self: pushed.append(self.repo_id))
    scheduler = AskingScheduler.__new__(AskingScheduler)
    scheduler.repo_id = "lab/readings"
    scheduler.pushing = threading.Lock()
    for private in (True, False):
        scheduler.api = DummyHub(private)  # type: ignore[assignment]
        if private:
            scheduler.push_to_hub()
        else:
            with pytest.raises(HubRefused, match="public"):
                scheduler.push_to_hub()
    assert pushed == ["lab/readings"]


def test_new_events_are_appended_to_one_file_of_the_process(store: Store, tmp_path: Path) -> None:
    pusher, scheduler = _pusher(store, tmp_path / "hub")
    options = scheduler.options
    assert (options["repo_id"], options["repo_type"]) == ("lab/readings", "dataset")
    assert (options["every"], options["private"]) == (5, True)
    film = store.film(1, patient="p1")
    store.accept(film)
    assert pusher.write_new() == 1
    store.save(film, [graded("MC3", 4, Box(20.0, 30.0, 80.0, 110.0))], "ben")
    assert (pusher.write_new(), pusher.write_new()) == (1, 0)
    (file,) = (tmp_path / "hub" / "events").iterdir()
    assert uuid.UUID(file.stem).version == 4
    first, second = _lines(tmp_path / "hub")
    assert [first["id"], second["id"]] == [e.id for e in store.ledger.events()]
    assert len(first["corrections"]) == 13 and first["prediction_weights"] == store.assessor.weights
    assert second["corrections"] == [
        {
            "bone": "MC3",
            "verdict": "graded",
            "grade": 4,
            "box": [20.0, 30.0, 80.0, 110.0],
            "accepted": False,
            "seconds": 0,
        }
    ]
    pusher.stop()


def test_nothing_that_names_a_person_is_pushed(store: Store, tmp_path: Path) -> None:
    film = store.film(1, patient="Zwiebelfisch")
    store.accept(film, "anna.schmidt")
    token = uuid.uuid4().hex
    store.ledger.say(film.id, "assign", reader="rita.meier", token=token, note="anna.schmidt")
    pusher, scheduler = _pusher(store, tmp_path / "hub", pictures=True)
    pusher.stop()
    assert len(scheduler.pushed) == 2
    for content in scheduler.pushed.values():
        for secret in (b"Zwiebelfisch", b"anna.schmidt", b"rita.meier", b"Peter"):
            assert secret not in content
    said, assigned = _lines(tmp_path / "hub")
    assert said["reader"] == store.ledger.reader_key("anna.schmidt") != assigned["reader"]
    assert said["patient_key"] == film.patient_key


def test_the_lock_is_held_while_the_file_grows(store: Store, tmp_path: Path) -> None:
    """A scheduler that looks at its folder in the same moment sees whole lines only."""
    pusher, scheduler = _pusher(store, tmp_path / "hub")
    store.accept(store.film(1))
    with scheduler.lock:
        writer = threading.Thread(target=pusher.write_new)
        writer.start()
        writer.join(0.3)
        assert writer.is_alive() and _lines(tmp_path / "hub") == []
    writer.join(5)
    assert len(_lines(tmp_path / "hub")) == 1
    pusher.stop()


def test_a_new_process_goes_on_where_the_last_one_ended(store: Store, tmp_path: Path) -> None:
    film = store.film(1)
    store.accept(film)
    _pusher(store, tmp_path / "hub")[0].stop()
    store.accept(film, "ben")
    _pusher(store, tmp_path / "hub")[0].stop()
    assert len(list((tmp_path / "hub" / "events").iterdir())) == 2
    assert [line["id"] for line in _lines(tmp_path / "hub")] == [e.id for e in store.ledger.events()]


def test_a_line_that_a_killed_process_did_not_finish_is_written_again(store: Store, tmp_path: Path) -> None:
    film = store.film(1)
    for reader in ("anna", "ben", "carl"):
        store.accept(film, reader)
    pusher, _ = _pusher(store, tmp_path / "hub")
    pusher.stop()
    (file,) = (tmp_path / "hub" / "events").iterdir()
    file.write_bytes(file.read_bytes()[:-40])
    _pusher(store, tmp_path / "hub")[0].stop()
    assert [line["id"] for line in _lines(tmp_path / "hub")] == [e.id for e in store.ledger.events()]


def test_events_are_looked_for_without_being_asked(store: Store, tmp_path: Path) -> None:
    made: list[DummyScheduler] = []

    def factory(**options: Any) -> DummyScheduler:
        made.append(DummyScheduler(**options))
        return made[-1]

    pusher = EventPusher(
        store.ledger, "lab/readings", tmp_path / "hub", factory, prepare=lambda repo: None, look_every=0.02
    )
    store.accept(store.film(1))
    waited = threading.Event()
    for _ in range(250):
        if _lines(tmp_path / "hub"):
            break
        waited.wait(0.02)
    assert len(_lines(tmp_path / "hub")) == 1
    pusher.stop()
    assert made[0].stopped and len(made[0].pushed) == 1


def test_many_events_are_written_in_batches(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.dataset.hub.events._BATCH", 2)
    film = store.film(1)
    for number in range(5):
        store.save(film, [graded("MC3", number + 1)])
    pusher, _ = _pusher(store, tmp_path / "hub")
    assert pusher.write_new() == 5
    pusher.stop()
    assert [line["corrections"][0]["grade"] for line in _lines(tmp_path / "hub")] == [1, 2, 3, 4, 5]


def test_pictures_only_if_asked_for_and_with_consent(store: Store, tmp_path: Path) -> None:
    films = [store.film(1), store.film(2, consent=False)]
    for film in films:
        store.accept(film)
    pusher, scheduler = _pusher(store, tmp_path / "plain")
    pusher.stop()
    assert [name.split("/")[0] for name in scheduler.pushed] == ["events"]
    log = AccessLog(store.ledger.folder)
    pusher, scheduler = _pusher(store, tmp_path / "pictures", pictures=True, log=log)
    pusher.stop()
    (noted,) = log.latest(9).entries
    assert (noted.deed, noted.film, noted.detail) == ("exported", films[0].id, "to the hub: lab/readings")
    picture = store.ledger.picture_file(films[0])
    assert picture is not None
    pictures = {name: content for name, content in scheduler.pushed.items() if name.startswith("events/films/")}
    assert pictures == {f"events/films/{films[0].sha256}.png": picture.read_bytes()}


def test_a_push_and_an_export_take_the_same_pictures_and_the_same_labels(store: Store, tmp_path: Path) -> None:
    """A consent is to the use of pixels; what was said of them goes along whatever it allows."""
    over = Consent("share", ends=datetime.now(UTC) - timedelta(seconds=1))
    terms = (Consent("share"), Consent("train"), Consent("read"), over)
    films = [*(store.film(n, terms=one) for n, one in enumerate(terms, 1)), store.film(9, consent=False)]
    for film in films:
        store.accept(film)
    pusher, scheduler = _pusher(store, tmp_path / "hub", pictures=True)
    pusher.stop()
    manifest = export(store.ledger, OPERATOR, tmp_path / "out", ExportOptions(formats=("labels", "films"), use="share"))
    pictures = {Path(name).name for name in scheduler.pushed if name.endswith(".png")}
    assert pictures == {path.name for path in (tmp_path / "out" / "films").iterdir()} == {f"{films[0].sha256}.png"}
    assert {line["film"] for line in _lines(tmp_path / "hub")} == {film.sha256 for film in films}
    assert sum(manifest.split.films.values()) == len(films)


@pytest.mark.parametrize("refusal", [HubRefused("The hub is away."), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
def test_the_app_pushes_only_where_a_dataset_is_named(
    refusal: Exception, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And tries again where the hub or the disk refuses, so that a network that is down at the start does not end it."""
    asked: list[tuple[object, ...]] = []

    def pusher(*given: object, **named: object) -> None:
        asked.append((*given[1:], named))
        if len(asked) == 1:
            raise refusal

    monkeypatch.setattr("core.dataset.hub.events.EventPusher", pusher)
    assert start_pushing(store.ledger, {}) is None
    assert start_pushing(store.ledger, {"BONEGRADE_HUB_DATASET": " "}) is None
    assert asked == []
    thread = start_pushing(store.ledger, {"BONEGRADE_HUB_DATASET": "lab/readings"}, try_again=0.01)
    assert thread is not None
    thread.join(5)
    assert asked == [("lab/readings", store.ledger.folder / "hub", {"pictures": False, "log": None})] * 2
    assert str(refusal) in caplog.text


class CommittedHub(DummyHub):
    """Takes the commits of a real CommitScheduler."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[dict[str, bytes]] = []
        self.pool = ThreadPoolExecutor(1)

    def create_repo(self, **options: Any) -> SimpleNamespace:  # type: ignore[override]
        """As the hub answers."""
        super().create_repo(**options)
        return SimpleNamespace(repo_id=options["repo_id"])

    def run_as_future(self, action: Callable[[], Any]) -> Future[Any]:
        """In one thread, as HfApi does."""
        return self.pool.submit(action)

    def create_commit(self, operations: list[Any], **options: Any) -> None:
        """Keeps the files' content."""
        commit = {}
        for operation in operations:
            operation.path_or_fileobj.seek(0)
            commit[operation.path_in_repo] = operation.path_or_fileobj.read()
        self.commits.append(commit)


def test_with_the_real_scheduler(store: Store, tmp_path: Path) -> None:
    """A push has whole lines; the next one has the file again, longer, and none comes where nothing is new."""
    hub = CommittedHub()

    def factory(**options: Any) -> AskingScheduler:
        return AskingScheduler(hf_api=hub, **options)

    film = store.film(1)
    store.accept(film)
    pusher = EventPusher(
        store.ledger, "lab/readings", tmp_path / "hub", factory, prepare=lambda repo: None, look_every=3600
    )
    pusher.write_new()
    scheduler: Any = pusher._scheduler
    scheduler.trigger().result()
    scheduler.trigger().result()
    store.accept(film, "ben")
    pusher.stop()
    assert hub.calls[0][1] == {
        "repo_id": "lab/readings", "private": True, "repo_type": "dataset", "exist_ok": True
    }  # fmt: skip
    lines = [[json.loads(line)["id"] for line in content.splitlines()] for c in hub.commits for content in c.values()]
    events = [event.id for event in store.ledger.events()]
    assert lines == [events[:1], events]
    (name,) = {name for commit in hub.commits for name in commit}
    assert name.startswith("events/")
    hub.pool.shutdown()
