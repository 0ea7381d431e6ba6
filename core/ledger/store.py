"""The ledger: what films there are, what the model said of them, and what people said. Nothing said is lost or changed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self

import sqlalchemy as sa

from core.assessment.records import Assessment
from core.bones import Sex
from core.film.likeness import Look
from core.film.radiograph import Radiograph
from core.ledger import copies, drafts, erasing, events, films, predictions, projection, stages
from core.ledger.checks import checked_name
from core.ledger.database import PAGE, Database
from core.ledger.errors import DamagedStore, InvalidCorrection, InvalidFilm
from core.ledger.events import Words
from core.ledger.films import AddedFilm
from core.ledger.patients import Pseudonyms
from core.ledger.pictures import PictureFolder
from core.ledger.readings import fold
from core.ledger.records import Consent, Correction, Event, FilmRecord, PredictionRecord, Reading
from core.ledger.saying import say
from core.ledger.settings import LedgerSettings
from core.ledger.stages import StageWord
from core.machine import make_folder


class Ledger:
    """One store; safe to use from many threads, and the same store from many processes.

    Every change is on the disk before its method returns. Names of readers come from the caller, who has made sure of
    them and of what their role allows: see core.access.roles.
    """

    def __init__(self, database: Database, pictures: PictureFolder, pseudonyms: Pseudonyms):
        self._database = database
        self._pictures = pictures
        self._pseudonyms = pseudonyms

    @classmethod
    def open(cls, settings: LedgerSettings) -> Self:
        """Opens the store, or makes it, and brings its tables up to date.

        Raises UnreachableDatabase, or DamagedStore where the folder or the secret is not the one that the database was used
        with.
        """
        try:
            make_folder(settings.folder)
            with suppress(PermissionError):  # of a mounted folder, the owner may be another
                settings.folder.chmod(0o700)
            pictures = PictureFolder(settings.folder)
        except OSError as error:
            raise DamagedStore(
                f"The data folder {settings.folder} cannot be written to: check BONEGRADE_DATA and who owns the folder."
            ) from error
        database = Database(settings.url, settings.folder)
        with database.writing() as connection:
            folder, secret = settings.folder, settings.secret
            pseudonyms = Pseudonyms.given(secret) if secret else Pseudonyms.of_folder(folder, pictures.incoming)
            pseudonyms.check(connection)
        return cls(database, pictures, pseudonyms)

    def close(self) -> None:
        """Closes the connections; the ledger is of no use afterwards."""
        self._database.close()

    def reading_transaction(self) -> AbstractContextManager[sa.Connection]:
        """For queries over the tables of core.ledger.schema, such as the queue's."""
        return self._database.reading()

    # Films and their pictures

    def add_film(
        self,
        radiograph: Radiograph,
        sex: Sex,
        *,
        reader: str,
        source: str,
        consent: Consent | None,
        patient: str | None = None,
        age_months: float | None = None,
        name: str = "",
    ) -> AddedFilm:
        """Adds a film. The same pixels again change nothing, except that a consent given now is kept with the picture, and
        a name where there was none.

        consent: to keeping the pixels; None where there is none. patient: the patient's own id, of which only a keyed
        pseudonym is stored. age_months: when the film was taken; where nobody says it, what the film's file says. name: of
        the film's file, where it may be kept; one that holds the patient's id is not. Raises InvalidFilm.
        """
        films.check(sex, age_months)
        reader = checked_name(reader)
        if patient and patient.strip().casefold() in name.casefold():
            name = ""
        known = self.film_by_hash(radiograph.sha256)
        if known is not None and (known.consent or consent is None) and (known.file_name or not name):
            return AddedFilm(known, known=True)
        # The picture is on the disk before a row names it; without the row the file means nothing.
        keeps = consent is not None and not (known and known.consent)
        picture = self._pictures.keep(radiograph) if keeps else None
        with self._database.writing() as connection:
            known = films.by_hash(connection, radiograph.sha256)
            if known is None:
                film_id = films.insert(
                    connection,
                    radiograph,
                    sex,
                    reader=reader,
                    source=source,
                    patient_key=self._pseudonyms.of(patient),
                    age_months=age_months,
                )
                projection.add_film(connection, films.by_id(connection, film_id))
            else:
                film_id = known.id
            if consent is not None and picture is not None and not (known and known.consent):
                if not self._pictures.path(picture).exists():  # an erasure of the same pixels has just removed it
                    self._pictures.keep(radiograph)
                films.insert_consent(connection, film_id, picture, reader, consent)
                if known is not None:
                    projection.picture_changed(connection, films.by_id(connection, film_id))
            if name and not (known and known.file_name):
                films.insert_name(connection, film_id, name, reader)
            return AddedFilm(films.by_id(connection, film_id), known is not None)

    def film(self, film_id: int) -> FilmRecord:
        """The film. Raises UnknownFilm."""
        with self._database.reading() as connection:
            return films.by_id(connection, film_id)

    def film_by_hash(self, sha256: str) -> FilmRecord | None:
        """The film with these pixels (core.film.radiograph.film_hash), None if there is none."""
        with self._database.reading() as connection:
            return films.by_hash(connection, sha256)

    def films(self, film_ids: Sequence[int] | None = None) -> Iterator[FilmRecord]:
        """All films, or those of these ids that there are; in id order, streamed."""
        if film_ids is None:
            yield from self._database.pages(films.page, 0, None)
            return
        wanted = sorted(set(film_ids))
        for start in range(0, len(wanted), PAGE):
            with self._database.reading() as connection:
                found = list(films.of_ids(connection, wanted[start : start + PAGE]))
            yield from found

    def radiograph(self, film: FilmRecord) -> Radiograph | None:
        """The film's pixels and what is known of it; None where nobody consented to keeping them. Raises DamagedStore."""
        return self._pictures.radiograph(film)

    def picture_file(self, film: FilmRecord) -> Path | None:
        """The PNG file that the film's pixels are kept in; None where nobody consented to keeping them."""
        return None if film.picture is None else self._pictures.path(film.picture)

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._pictures.folder.parent

    def patient_key(self, patient: str) -> str:
        """The pseudonym of a patient's own id; "" for none."""
        return self._pseudonyms.of(patient)

    def reader_key(self, reader: str) -> str:
        """The pseudonym of a reader in data that leave the store; 16 hexadecimal digits, always the same ones."""
        return self._pseudonyms.of_reader(reader)

    def film_key(self, sha256: str) -> str:
        """The pseudonym of a film's hash: see core.ledger.lately_erased."""
        return self._pseudonyms.of_film(sha256)

    # Erasures: see core.dataset.erasing

    @contextmanager
    def erasing_transaction(self) -> Iterator[sa.Connection]:
        """A writing transaction in which rows may be changed and removed."""
        with self._database.writing() as connection:
            erasing.begin(connection)
            yield connection
            erasing.end(connection)
        self._database.forget_journal()

    def remove_picture(self, picture: str) -> None:
        """Removes the file of this name; the caller sees to it that no film's pixels are kept in it."""
        self._pictures.remove(picture)

    # Films that look the same

    def looks(self) -> list[tuple[int, Look]]:
        """Every film's look that is kept, with the film's id; some kilobytes each."""
        with self._database.reading() as connection:
            return list(copies.looks(connection))

    def add_look(self, film_id: int, look: Look, others: Sequence[int]) -> None:
        """Keeps which films look the same as one, and, as long as its pixels are kept, its look. The first look stands. Raises
        UnknownFilm."""
        with self._database.writing() as connection:
            film = films.by_id(connection, film_id)
            if not copies.has_look(connection, film_id):
                if film.consent:
                    copies.insert(connection, film_id, look)
                copies.insert_pairs(connection, film_id, others)

    def near_copies(self) -> list[tuple[int, int]]:
        """Ids of films that look the same, the one that came in earlier second."""
        with self._database.reading() as connection:
            return copies.pairs(connection)

    # Predictions

    def add_prediction(self, film_id: int, assessment: Assessment) -> PredictionRecord:
        """Stores what the model said. The first word of the same weights stands; it is returned again.

        Raises InvalidFilm for an assessment of another film, or for another sex than the film's.
        """
        film = self.film(film_id)
        if assessment.film_sha256 != film.sha256:
            raise InvalidFilm("The assessment belongs to another film: assess this one.")
        if assessment.sex != film.sex:
            raise InvalidFilm(
                f"The assessment is for sex {assessment.sex}, and the ledger has this film with sex {film.sex}: "
                "assess it for that sex."
            )
        return self._add_prediction(film_id, predictions.assessed(assessment), assessment.weights)

    def add_refusal(self, film_id: int, weights: Mapping[str, str], message: str) -> PredictionRecord:
        """Stores that the model refused the film, and why."""
        return self._add_prediction(film_id, predictions.refused(weights, message), weights)

    def prediction(self, film_id: int, prediction_id: int | None = None) -> PredictionRecord | None:
        """One prediction of the film, by default the latest; None if there is none."""
        with self._database.reading() as connection:
            return predictions.find(connection, film_id, prediction_id)

    def prediction_by(self, film_id: int, weights: Mapping[str, str]) -> PredictionRecord | None:
        """What these weights (SHA-256 by network) said of the film; None if they have not seen it."""
        with self._database.reading() as connection:
            return predictions.by_weights(connection, film_id, weights)

    def films_to_assess(self, weights: Mapping[str, str] | None = None) -> list[int]:
        """Ids of the films whose pixels are kept and of which these weights have said nothing yet, in the order in which
        they came in; without weights, of all whose pixels are kept."""
        with self._database.reading() as connection:
            return predictions.unseen_films(connection, weights)

    # What people say

    def revision(self, film_id: int) -> int:
        """How often the film's reading was changed: 0 before anything was said."""
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
        StaleRevision where the film was read further since.
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
        """Keeps TW3 stages to which several grades answer, and returns how many of them the reader had not said before."""
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
        """Makes an earlier state the reader's reading, as a new event: what the one who said `event_id` had said of the
        film right after it, or the gold reading if it set one. Raises as `save`."""
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
        """Says something of the film's place in the queue: skip it for this reader, flag or unflag it for all, assign it to
        the reader named in `note` (to nobody if that is empty). Does not touch the reading's revision."""
        if kind not in ("skip", "flag", "unflag", "assign"):
            raise InvalidCorrection(f"{kind!r} says nothing of a film's place in the queue.")
        return self._say(film_id, Words(kind, reader, token, note=note.strip() if kind == "assign" else note))

    # What stands: always a query over the events

    def reading(self, film_id: int, reader: str) -> Reading:
        """One reader's word on the film; empty if there is none."""
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
        """Makes the tables of the queue anew from what was said, as after rows were added by other means."""
        with self._database.writing() as connection:
            projection.rebuild(connection)

    def _add_prediction(self, film_id: int, values: Mapping[str, Any], weights: Mapping[str, str]) -> PredictionRecord:
        with self._database.writing() as connection:
            film = films.by_id(connection, film_id)
            known = predictions.by_weights(connection, film_id, weights)
            if known is not None:
                return known
            prediction = predictions.insert(connection, film_id, values)
            projection.add_prediction(connection, film, prediction, fold(events.history(connection, film_id)))
            return prediction

    def _say(self, film_id: int, words: Words) -> Event:
        with self._database.writing() as connection:
            return say(connection, film_id, words)
