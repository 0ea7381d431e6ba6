"""What people say in the ledger, and which readings stand: always a query over the events."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from core.ledger.checks import checked_name
from core.ledger.errors import InvalidCorrection
from core.ledger.queue import projection
from core.ledger.readings import fold
from core.ledger.records import Correction, Event, Reading
from core.ledger.rows import drafts, events, films, stages
from core.ledger.rows.events import Words
from core.ledger.rows.stages import StageWord
from core.ledger.saying import say
from core.ledger.store.opened import Store


class WordLedger(Store):
    """The part of core.ledger.Ledger that holds what people say, saved or not yet."""

    # What people say

    def revision(self, film_id: int) -> int:
        """How many times the film's reading was changed: 0 before anything was said."""
        with self._database.reading() as connection:
            return events.revision(connection, film_id)

    def save(
        self,
        film_id: int,
        corrections: Sequence[Correction],
        *,
        reader: str,
        base_revision: int,
        token: str,
        prediction_id: int | None,
        seconds: float,
        note: str = "",
    ) -> Event:
        """Stores a reader's verdicts and drops the reader's draft of the film.

        base_revision: the film's revision that the reader had before them. token: a new one for each save; the same save
        sent again under its token returns the event that is stored. Raises InvalidCorrection, UnknownFilm, or
        StaleRevision where the film's reading has changed since.
        """
        words = Words(
            kind="correction",
            reader=reader,
            token=token,
            base_revision=base_revision,
            corrections=tuple(corrections),
            prediction_id=prediction_id,
            seconds=seconds,
            note=note,
        )
        return self._say(film_id, words)

    def add_stages(self, film_id: int, words: Sequence[StageWord], *, reader: str) -> int:
        """Keeps TW3 stages that correspond to several grades, and returns how many of them the reader had not said before."""
        if not words:
            return 0
        reader = checked_name(reader)
        with self._database.writing() as connection:
            films.by_id(connection, film_id)
            return stages.add(connection, film_id, words, reader)

    def undo(self, film_id: int, event_id: int, *, reader: str, base_revision: int, token: str) -> Event:
        """Takes back one of the reader's own events, as a new one; undoing an undo is redoing. Raises as `save`."""
        words = Words(kind="undo", reader=reader, token=token, base_revision=base_revision, target=event_id)
        return self._say(film_id, words)

    def restore(self, film_id: int, event_id: int, *, reader: str, base_revision: int, token: str) -> Event:
        """Makes an earlier state the reader's reading, as a new event: the reading of whoever said `event_id` as it was
        right after it, or the gold reading if it set one. Raises as `save`."""
        words = Words(kind="restore", reader=reader, token=token, base_revision=base_revision, target=event_id)
        return self._say(film_id, words)

    def set_gold(
        self,
        film_id: int,
        reading: Mapping[str, Correction],
        *,
        reader: str,
        base_revision: int,
        token: str,
        note: str = "",
    ) -> Event:
        """Makes a reading the film's gold reading. Raises as `save`."""
        if any(bone != correction.bone for bone, correction in reading.items()):
            raise InvalidCorrection(
                "A verdict of the gold reading is filed under another bone's name: open the film again."
            )
        said = tuple(reading.values())
        words = Words(kind="gold", reader=reader, token=token, base_revision=base_revision, corrections=said, note=note)
        return self._say(film_id, words)

    def clear_gold(self, film_id: int, *, reader: str, base_revision: int, token: str) -> Event:
        """Leaves the film without a gold reading. Raises as `save`."""
        return self._say(film_id, Words("ungold", reader, token, base_revision))

    def say(
        self,
        film_id: int,
        kind: Literal["skip", "flag", "unflag", "assign"],
        *,
        reader: str,
        token: str,
        note: str = "",
    ) -> Event:
        """Says something about the film's place in the queue: skip it for this reader, flag or unflag it for all, assign it to
        the reader named in `note` (to nobody if that is empty). Does not touch the reading's revision."""
        if kind not in ("skip", "flag", "unflag", "assign"):
            raise InvalidCorrection(f"{kind!r} says nothing of a film's place in the queue.")
        return self._say(film_id, Words(kind, reader, token, note=note.strip() if kind == "assign" else note))

    # What stands: always a query over the events

    def reading(self, film_id: int, reader: str) -> Reading:
        """One reader's reading of the film; empty if there is none."""
        return fold(self.history(film_id)).reading(reader)

    def history(self, film_id: int) -> list[Event]:
        """All that was said of the film, oldest first."""
        with self._database.reading() as connection:
            return events.history(connection, film_id)

    def events(self, after: int = 0, limit: int | None = None) -> Iterator[Event]:
        """All events with an id greater than `after`, in id order, streamed; a later commit never has a smaller id."""
        return self._database.pages(events.page, after, limit)

    def ledger_revision(self) -> int:
        """The id of the last event; 0 before anything was said."""
        with self._database.reading() as connection:
            return events.latest_id(connection)

    def readers(self, up_to: int) -> list[str]:
        """Everybody who said anything in the events with an id of at most `up_to`, in alphabetical order."""
        with self._database.reading() as connection:
            return events.readers(connection, up_to)

    def readers_between(self, after: int, up_to: int) -> list[str]:
        """Everybody who read a bone in the events with an id above `after` and of at most `up_to`, in alphabetical order."""
        with self._database.reading() as connection:
            return events.readers_between(connection, after, up_to)

    # Drafts

    def keep_draft(self, film_id: int, reader: str, draft: Mapping[str, Any]) -> None:
        """Keeps a reader's unsaved work on a film in place of what was kept before. draft: JSON-ready values."""
        with self._database.writing() as connection:
            films.by_id(connection, film_id)
            drafts.keep(connection, film_id, reader, draft)

    def draft(self, film_id: int, reader: str) -> dict[str, Any] | None:
        """The reader's unsaved work on the film; None if there is none."""
        with self._database.reading() as connection:
            return drafts.find(connection, film_id, reader)

    def drop_draft(self, film_id: int, reader: str) -> None:
        """Forgets the reader's unsaved work on the film."""
        with self._database.writing() as connection:
            drafts.drop(connection, film_id, reader)

    def rebuild_queue(self) -> None:
        """Rebuilds the queue's tables from what was said, for example after rows were added by other means."""
        with self._database.writing() as connection:
            projection.rebuild(connection)

    def _say(self, film_id: int, words: Words) -> Event:
        with self._database.writing() as connection:
            return say(connection, film_id, words)
