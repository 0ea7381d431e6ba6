"""New events of the ledger, pushed to a private dataset on the hub every few minutes while the app runs."""

import atexit
import json
import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from huggingface_hub import CommitScheduler

from core.access.log import AccessLog
from core.access.roles import OPERATOR
from core.dataset.hub.forgetting import LINES, forget_films, lines_without
from core.dataset.hub.private import HubRefused, require_private, writing
from core.keeping import erasures
from core.keeping.lasting import HUB_DATASET_VARIABLE
from core.ledger import Event, FilmRecord, Ledger
from core.machine import write_whole

_log = logging.getLogger(__name__)


_MINUTES: Final = 5.0
#: How often new events are looked for, in seconds: much more often than they are pushed, so that a push has nearly all.
_LOOK_EVERY: Final = 15.0
#: Number of events written at a time while the scheduler waits.
_BATCH: Final = 1000


class Scheduler(Protocol):
    """The part of huggingface_hub.CommitScheduler that is used.

    It looks through its folder when it is made, every few minutes and at the process's end, and uploads all files that
    changed since; it holds `lock` while it looks, and only then. A failed push is made up for by the next one. It holds
    `pushing`, which CommitScheduler does not have, from before it looks until the hub has everything.
    """

    lock: Any
    pushing: Any

    def trigger(self) -> Any:
        """Pushes in the background, and returns the future."""

    def stop(self) -> None:
        """Ends all pushes, even one that was already triggered."""


class AskingScheduler(CommitScheduler):
    """Asks before each push whether the dataset is still private, for it may have been made public since; no push contains what
    was read from a file before somebody else held `pushing`."""

    def __init__(self, **options: Any):
        """As CommitScheduler, whose first push may begin before it returns."""
        self.pushing = threading.Lock()
        super().__init__(**options)

    def push_to_hub(self) -> Any:
        """Pushes, or raises HubRefused."""
        with self.pushing:
            require_private(self.repo_id, self.api)
            return super().push_to_hub()


class EventPusher:
    """Appends the ledger's new events to a file that a scheduler pushes to a private dataset on the hub.

    Nothing goes out that names a person: readers and patients are pseudonyms, notes stay here. As in an export, a consent is to
    the use of pixels, so there are lines about every film, but pictures only of those that may be shared. The file is
    `events/UUID.jsonl` in the folder, one for each process; a line is an event as `event_line` gives it. Pictures lie in
    `events/films`. What an earlier process wrote to the folder is not written again; where the folder was lost, everything is,
    so readers of the dataset should drop lines whose `id` they already have. The folder belongs to one process at a time.
    """

    def __init__(
        self,
        ledger: Ledger,
        repo: str,
        folder: Path,
        scheduler_factory: Callable[..., Scheduler] = AskingScheduler,
        *,
        pictures: bool = False,
        log: AccessLog | None = None,
        prepare: Callable[[str], None] = require_private,
        forget: Callable[[str, Collection[str], Collection[str]], None] = forget_films,
        look_every: float = _LOOK_EVERY,
    ):
        """Starts pushing. pictures: also push those of films with consent to share them; log: records which. Raises
        HubRefused."""
        self._ledger = ledger
        self._repo = repo
        self._log = log
        self._forget = forget
        self._lines = folder / "events"
        self._pictures = self._lines / "films" if pictures else None
        self._lines.mkdir(parents=True, exist_ok=True)
        self._pushed = max(map(_last_id, self._lines.glob("*.jsonl")), default=0)
        self._file = self._lines / f"{uuid.uuid4()}.jsonl"
        self._look_every = look_every
        self._writing = threading.Lock()
        self._stopped = threading.Event()
        prepare(repo)
        with writing(repo):
            self._scheduler = scheduler_factory(
                repo_id=repo,
                repo_type="dataset",
                folder_path=folder,
                every=_MINUTES,
                private=True,
                allow_patterns=[LINES, *(["events/films/*.png"] if pictures else [])],
            )
        threading.Thread(target=self._keep_writing, name="event-pusher", daemon=True).start()
        # runs before the scheduler's own last push, which was registered earlier
        atexit.register(self.write_new)

    def write_new(self) -> int:
        """Appends the events that are not in the folder yet, for the next push; returns their number."""
        written = 0
        with self._writing:
            new = self._ledger.events(after=self._pushed)
            while batch := list(islice(new, _BATCH)):
                films = {film.id: film for film in self._ledger.films([event.film_id for event in batch])}
                # nothing is told of erased films
                told = [event for event in batch if event.film_id in films]
                lines = [json.dumps(event_line(self._ledger, e, films[e.film_id])) + "\n" for e in told]
                with self._scheduler.lock:
                    if self._pictures is not None:
                        self._copy_pictures(self._pictures, films)
                    with self._file.open("a", encoding="utf-8", newline="\n") as file:
                        file.write("".join(lines))
                        file.flush()
                        os.fsync(file.fileno())
                self._pushed = batch[-1].id
                written += len(batch)
        return written

    def forget_erased(self) -> None:
        """Removes what was erased from the folder and from the hub. Raises HubRefused; then it must be tried again."""
        with self._ledger.reading_transaction() as connection:
            waiting = erasures.unfinished(connection, here=False)
        if not waiting:
            return
        films = {erasure.film_sha256 for erasure in waiting}
        unsaid = {erasure.film_sha256 for erasure in waiting if erasure.labels_too}
        # no push that has already read a file is under way meanwhile, and none begins before the hub has forgotten
        with self._writing, self._scheduler.pushing:
            for file in self._lines.glob("*.jsonl"):
                lines = file.read_bytes()
                kept = lines_without(lines, unsaid)
                if kept != lines:
                    write_whole(file, kept, by_way_of=self._ledger.folder)
            for film in films:
                # a picture that was being copied while its film was erased
                (self._lines / "films" / f"{film}.png").unlink(missing_ok=True)
            self._forget(self._repo, films, unsaid)
            with self._ledger.erasing_transaction() as connection:
                erasures.done_on_hub(connection, waiting)

    def stop(self) -> None:
        """Pushes what is new and ends."""
        self._stopped.set()
        atexit.unregister(self.write_new)
        self.write_new()
        self._scheduler.trigger().result()
        self._scheduler.stop()

    def _keep_writing(self) -> None:
        while not self._stopped.wait(self._look_every):
            try:
                self.forget_erased()
                self.write_new()
            except Exception:  # a full disk or a restarting database; the next look makes up for it
                _log.exception("New events could not be written for the hub.")

    def _copy_pictures(self, folder: Path, films: Mapping[int, FilmRecord]) -> None:
        folder.mkdir(exist_ok=True)
        for film in films.values():
            picture, copy = self._ledger.picture_file(film), folder / f"{film.sha256}.png"
            if film.allows("share", datetime.now(UTC)) and picture is not None and not copy.exists():
                if self._log is not None:
                    self._log.note(OPERATOR.name, "exported", film=film.id, detail=f"to the hub: {self._repo}")
                shutil.copyfile(picture, copy)


def event_line(ledger: Ledger, event: Event, film: FilmRecord) -> dict[str, Any]:
    """What is pushed of an event, JSON-ready: reader and patient as pseudonyms, no notes, the film by its hash."""
    answered = None if event.prediction_id is None else ledger.prediction(event.film_id, event.prediction_id)
    return {
        "id": event.id,
        "film": film.sha256,
        "patient_key": film.patient_key or None,
        "sex": film.sex,
        "age_months": film.age_months,
        "kind": event.kind,
        "revision": event.revision,
        "base_revision": event.base_revision,
        "target": event.target,
        "reader": ledger.reader_key(event.reader),
        "made_at": event.made_at.isoformat(),
        "seconds": event.seconds,
        "prediction_weights": None if answered is None else answered.weights,
        "corrections": [
            {"bone": c.bone, "verdict": c.verdict, "grade": c.grade, "box": c.box and list(c.box),
             "accepted": c.accepted, "seconds": c.seconds}
            for c in event.corrections
        ],
    }  # fmt: skip


def _last_id(file: Path) -> int:
    """The last event in a file that an earlier process wrote; an unfinished last line is removed."""
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(file, len(whole))
    lines = whole.splitlines()
    return int(json.loads(lines[-1])["id"]) if lines else 0


def start_pushing(
    ledger: Ledger,
    env: Mapping[str, str] = os.environ,
    log: AccessLog | None = None,
    try_again: float = _MINUTES * 60,
) -> threading.Thread | None:
    """Pushes to the dataset that BONEGRADE_HUB_DATASET names, by way of the data folder; None if it is not set.

    BONEGRADE_HUB_PICTURES=1 pushes the pictures of films with consent to share them too; log: records which. The app need not
    wait: a thread, which is returned, starts the pushing; where the hub refuses, it says so in the server's log and tries again
    every `try_again` seconds.
    """
    repo = env.get(HUB_DATASET_VARIABLE, "").strip()
    if not repo:
        return None

    def start() -> None:
        while True:
            try:
                pictures = env.get("BONEGRADE_HUB_PICTURES") == "1"
                EventPusher(ledger, repo, ledger.folder / "hub", pictures=pictures, log=log)
            except (HubRefused, OSError) as refusal:  # the hub, or a full disk
                _log.error("%s", refusal)
                time.sleep(try_again)
            else:
                return

    thread = threading.Thread(target=start, name="hub-start", daemon=True)
    thread.start()
    return thread
