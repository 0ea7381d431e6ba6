"""The ledger's films: their pixels, where these may be kept; films that look the same; and what models said of each."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.assessment.records import Assessment
from core.bones import Sex
from core.film.likeness import Look
from core.film.radiograph import Radiograph
from core.ledger.checks import checked_name
from core.ledger.errors import InvalidFilm
from core.ledger.queue import projection
from core.ledger.readings import fold
from core.ledger.records import Consent, FilmRecord, PredictionRecord
from core.ledger.rows import copies, events, films, predictions
from core.ledger.rows.films import AddedFilm
from core.ledger.store.database import PAGE
from core.ledger.store.opened import Store


class FilmLedger(Store):
    """The part of core.ledger.Ledger that holds films and predictions."""

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
        """Adds a film. Adding the same pixels again changes nothing, except that a consent given now is kept with the
        picture, and a name where there was none.

        consent: to keeping the pixels; None where there is none. patient: the patient's own id, of which only a keyed
        pseudonym is stored. age_months: when the film was taken; if None, the age that the film's file gives. name: of the
        film's file, if it may be kept; a name that contains the patient's id is not kept. Raises InvalidFilm.
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
        """All films, or those of the given ids that exist; in id order, streamed."""
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

    def remove_picture(self, picture: str) -> None:
        """Removes the file of this name; the caller makes sure that no film's pixels are kept in it."""
        self._pictures.remove(picture)

    # Films that look the same

    def looks(self) -> list[tuple[int, Look]]:
        """Every look that is kept, with its film's id; a few kilobytes each."""
        with self._database.reading() as connection:
            return list(copies.looks(connection))

    def add_look(self, film_id: int, look: Look, others: Sequence[int]) -> None:
        """Records which films look the same as this one and, if its pixels are kept, its look. The first look stands. Raises
        UnknownFilm."""
        with self._database.writing() as connection:
            film = films.by_id(connection, film_id)
            if not copies.has_look(connection, film_id):
                if film.consent:
                    copies.insert(connection, film_id, look)
                copies.insert_pairs(connection, film_id, others)

    def near_copies(self) -> list[tuple[int, int]]:
        """Pairs of ids of films that look the same, the one that came in earlier second."""
        with self._database.reading() as connection:
            return copies.pairs(connection)

    # Predictions

    def add_prediction(self, film_id: int, assessment: Assessment) -> PredictionRecord:
        """Stores what the model said. The first prediction of the same weights stands, and is returned again.

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
        """Ids of the films whose pixels are kept and that these weights have not assessed yet, in the order in which they
        came in; without weights, of all films whose pixels are kept."""
        with self._database.reading() as connection:
            return predictions.unseen_films(connection, weights)

    def _add_prediction(self, film_id: int, values: Mapping[str, Any], weights: Mapping[str, str]) -> PredictionRecord:
        with self._database.writing() as connection:
            film = films.by_id(connection, film_id)
            known = predictions.by_weights(connection, film_id, weights)
            if known is not None:
                return known
            prediction = predictions.insert(connection, film_id, values)
            projection.add_prediction(connection, film, prediction, fold(events.history(connection, film_id)))
            return prediction
