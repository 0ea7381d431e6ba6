"""Erases what somebody no longer agrees to: a film's pixels and everything made from them, with or without its labels.

The database first says what has to go, in one transaction; then the files are removed, and what an interruption leaves is
removed at the next start. Exports of older revisions still work, without it. Copies that have left this store, such as
backups and datasets that somebody downloaded, are for people to remove: see docs/hosting.md.
"""

import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from core.access.log import AccessLog
from core.access.roles import OPERATOR, Action, Reader, enforce
from core.access.settings import USUAL_DAYS, days_kept
from core.errors import BoneGradeError
from core.intake.crop_shelf import CropShelf
from core.keeping import erasures
from core.keeping.lasting import HUB_DATASET_VARIABLE
from core.ledger import EventKind, Ledger
from core.ledger.queue import projection
from core.ledger.rows import films
from core.ledger.rows.events import Words
from core.ledger.saying import say
from core.ledger.store.patients import ERASED_NAME
from core.machine import keep_doing

_EVERY_SECONDS: Final = 3600.0
#: Longer than any page remembers a film: see core.keeping.lately_erased.
_KNOWN_FOR: Final = timedelta(days=1)
#: The environment variables that Retention is read from, in its order.
RETENTION_VARIABLES: Final = ("BONEGRADE_UNREAD_DAYS", "BONEGRADE_DRAFT_DAYS")

#: What to say of copies that nobody here can remove.
COPIES_ELSEWHERE: Final = (
    "Backups, datasets and fine-tuning runs made earlier, and exports that were downloaded or written to a folder, "
    "still have it: remove them, or make them again. Push an export that is on the hub again."
)
#: What to say of what a running app pushes to the hub.
HUB_GOES: Final = (
    "Pictures and events on the hub are removed by themselves while the app runs. What was pushed there from "
    "a ledger that is lost, as after a restart of a Space, stays: remove it by hand."
)
HUB_WAITS: Final = (
    "Pictures and events on the hub stay there until an app is started with BONEGRADE_HUB_DATASET, which is not set: name the "
    "dataset that they were pushed to."
)
#: What to say of copies of a reader's name.
NAME_ELSEWHERE: Final = (
    "Backups made earlier still have it, as do the access log until its entries expire, the record and the cards of the "
    "models that they promoted, and the list of the programs' tokens that they made; if they may no longer sign in, remove "
    "them from the list of users, too."
)


def copies_elsewhere(ledger: Ledger, environment: Mapping[str, str] = os.environ) -> str:
    """What people need to know after films were erased: which copies remain, and whether those on the hub will be removed."""
    if environment.get(HUB_DATASET_VARIABLE, "").strip():
        return f"{COPIES_ELSEWHERE} {HUB_GOES}"
    with ledger.reading_transaction() as connection:
        waiting = erasures.unfinished(connection, here=False)
    return f"{COPIES_ELSEWHERE} {HUB_WAITS}" if waiting else COPIES_ELSEWHERE


class NothingToErase(BoneGradeError):
    """The ledger has nothing under the name that was given."""


def erase_films(
    ledger: Ledger, film_ids: Iterable[int], reader: Reader, *, labels_too: bool, reason: str = ""
) -> list[int]:
    """Removes films' pixels, crops and copies for the hub; labels_too: and all that the model and people said of them.

    Returns the films. Raises NotAllowed, and UnknownFilm before anything was erased.
    """
    enforce(reader, Action.ERASE)
    kind: EventKind = "erase" if labels_too else "withdraw"
    wanted = list(dict.fromkeys(film_ids))
    with ledger.reading_transaction() as connection:
        for film_id in wanted:
            films.by_id(connection, film_id)
    for film_id in wanted:
        with ledger.erasing_transaction() as connection:
            film = films.by_id(connection, film_id)
            say(connection, film_id, Words(kind, reader.name, secrets.token_hex(16), note=reason))
            erasures.picture(connection, film, ledger.film_key(film.sha256), labels_too=labels_too)
            if labels_too:
                erasures.everything_said(connection, film_id)
            else:
                projection.picture_changed(connection, films.by_id(connection, film_id))
    finish(ledger)
    return wanted


def erase_patient(ledger: Ledger, patient: str, reader: Reader, *, labels_too: bool, reason: str = "") -> list[int]:
    """As erase_films, for all films that came with a patient's own id. Raises NothingToErase."""
    enforce(reader, Action.ERASE)
    with ledger.reading_transaction() as connection:
        found = erasures.of_patient(connection, ledger.patient_key(patient))
    if not patient.strip() or not found:
        raise NothingToErase("No film came with this patient's id: check it, or erase the films by their numbers.")
    return erase_films(ledger, found, reader, labels_too=labels_too, reason=reason)


def erase_past_consents(ledger: Ledger, reader: Reader) -> list[int]:
    """Removes the pixels of films whose consent has ended; what was said of them stays."""
    with ledger.reading_transaction() as connection:
        found = erasures.ended(connection, datetime.now(UTC))
    return erase_films(ledger, found, reader, labels_too=False, reason="The consent has come to its end")


@dataclass(frozen=True)
class Retention:
    """How many days films without consent and unfinished drafts are kept. unread: films without pixels, or that the
    model refused, of which nobody has read a bone. drafts: of a reader who did not save."""

    unread: int = USUAL_DAYS
    drafts: int = USUAL_DAYS

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """BONEGRADE_UNREAD_DAYS and BONEGRADE_DRAFT_DAYS; see days_kept, which also says what it raises."""
        return cls(*(days_kept(variable, environment) for variable in RETENTION_VARIABLES))


def erase_overdue(ledger: Ledger, reader: Reader, retention: Retention) -> list[int]:
    """Removes films and drafts past their retention period; returns the films."""
    now = datetime.now(UTC)
    with ledger.erasing_transaction() as connection:
        erasures.drafts_before(connection, now - timedelta(days=retention.drafts))
        found = erasures.unread_since(connection, now - timedelta(days=retention.unread))
    return erase_films(ledger, found, reader, labels_too=True, reason="Kept for as long as it may be")


def erase_reader(ledger: Ledger, name: str, reader: Reader) -> int:
    """Replaces a reader's name with a pseudonym and returns the number of places. What they said stays, under the
    pseudonym, and their drafts are removed. Raises NothingToErase."""
    enforce(reader, Action.ERASE)
    with ledger.erasing_transaction() as connection:
        places = erasures.name_of_reader(connection, name, ERASED_NAME.format(ledger.reader_key(name)))
    if not places:
        raise NothingToErase(f"Nobody called {name} has said anything here: check the name.")
    return places


def note_erased(
    log: AccessLog | None,
    film_ids: Iterable[int],
    who: str,
    *,
    labels_too: bool,
    address: str = "",
    remark: str = "",
) -> None:
    """Notes each film that was erased; a film erased completely leaves no trace in the ledger.

    address: where the request came from. remark: where or why it was done.
    """
    what = "with its labels" if labels_too else "its picture alone"
    if log is not None:
        for film_id in film_ids:
            log.note(who, "erased", address=address, film=film_id, detail="; ".join(filter(None, (what, remark))))


def erase_what_is_due(ledger: Ledger, retention: Retention, log: AccessLog | None) -> None:
    """Removes what an erasure left over, the pixels whose consent has ended, and what has been kept for too long; log:
    where this is noted."""
    finish(ledger)
    with ledger.erasing_transaction() as connection:
        erasures.forget_lately_erased(connection, datetime.now(UTC) - _KNOWN_FOR)
    gone = erase_past_consents(ledger, OPERATOR)
    note_erased(log, gone, OPERATOR.name, labels_too=False, remark="its consent has come to its end")
    gone = erase_overdue(ledger, OPERATOR, retention)
    note_erased(log, gone, OPERATOR.name, labels_too=True, remark="kept for as long as it may be")


def keep_erasing(ledger: Ledger, retention: Retention, log: AccessLog | None) -> threading.Thread:
    """Starts a thread that does `erase_what_is_due` now and every hour, and returns it."""
    return keep_doing(lambda: erase_what_is_due(ledger, retention, log), _EVERY_SECONDS, "erasing")


def finish(ledger: Ledger) -> None:
    """Removes the files of all films that were erased, including those left over from an interruption."""
    with ledger.reading_transaction() as connection:
        waiting = erasures.unfinished(connection, here=True)
    pushed = ledger.folder / "hub"
    # the folder may have been lost since
    ask_hub = pushed.exists() or bool(os.environ.get(HUB_DATASET_VARIABLE, "").strip())
    for erasure in waiting:
        with ledger.erasing_transaction() as connection:
            if erasure.picture is not None and not erasures.is_kept(connection, erasure.picture):
                CropShelf(ledger).remove(erasure.picture)
                ledger.remove_picture(erasure.picture)
            (pushed / "events" / "films" / f"{erasure.film_sha256}.png").unlink(missing_ok=True)
            erasures.done_here(connection, erasure, ask_hub=ask_hub)
