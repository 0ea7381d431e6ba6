"""A real ledger with made-up films, on which made-up readers and a made-up model say what a test wants."""

import random
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.assessment.records import Assessment, BoneAssessment
from core.bones import RUS_BONES, Sex
from core.film.box import Box
from core.film.radiograph import Radiograph, film_hash
from core.hand.localization import Localization
from core.ledger import Correction, Event, FilmState, Ledger, LedgerSettings, PredictionRecord, fold
from core.ledger.rows import predictions
from core.standards import STANDARDS, grade_count, grade_label, score_card, tw3_stage

#: Grade by bone; None: cannot be read.
Grades = Mapping[str, int | None]


def hand_at(share: float) -> dict[str, int | None]:
    """A whole hand whose bones have gone this share (0..1) of the way to their last grade."""
    return {bone: round(share * grade_count(bone)) for bone in RUS_BONES}


def shifted(grades: Grades, steps: int, bones: tuple[str, ...] = RUS_BONES) -> dict[str, int | None]:
    """The same hand with some bones so many grades further, as far as they have grades."""
    moved = dict(grades)
    for bone in bones:
        grade = grades[bone]
        moved[bone] = None if grade is None else min(max(grade + steps, 0), grade_count(bone))
    return moved


def standing(ledger: Ledger, film_id: int) -> FilmState:
    """What stands of a film, by its whole history."""
    return fold(ledger.history(film_id))


def all_predictions(ledger: Ledger) -> list[PredictionRecord]:
    """The predictions and refusals of all films, by film."""
    with ledger.reading_transaction() as connection:
        return predictions.of_films(connection, 1, sys.maxsize, datetime.now(UTC))


class ReadingRoom:
    """One ledger in a folder, with methods that each say one thing. url: of its database, SQLite in the folder by default."""

    def __init__(self, folder: Path, url: str | None = None):
        self.folder = folder
        self.settings = LedgerSettings(folder, url) if url else LedgerSettings.in_folder(folder)
        self.ledger = Ledger.open(self.settings)
        self._films = 0

    def film(self, sex: Sex = "F") -> int:
        """A new film; returns its id."""
        self._films += 1
        pixels = np.full((4, 4), self._films / 1000, np.float32)
        radiograph = Radiograph(pixels, None, None, film_hash(pixels))
        return self.ledger.add_film(radiograph, sex, reader="desk", source="queue", consent=None).film.id

    def predict(
        self,
        film_id: int,
        grades: Grades,
        months: float | None = 120.0,
        weights: str = "ab" * 32,
        doubt: float = 0.0,
    ) -> int:
        """The model's word; a bone left out was not found. doubt: 0 sure of the grades .. 1 all grades as likely. Returns
        the prediction's id."""
        film = self.ledger.film(film_id)
        certain = {
            bone: (1 - doubt) * np.eye(grade_count(bone) + 1)[grade] + doubt / (grade_count(bone) + 1)
            for bone, grade in grades.items()
            if grade is not None
        }
        assessment = Assessment(
            sex=film.sex,
            width=film.width,
            height=film.height,
            film_sha256=film.sha256,
            laterality="L",
            rotation_degrees=0.0,
            inverted=False,
            bones={bone: _assessed(bone, certain.get(bone)) for bone in RUS_BONES},
            standards={key: score_card(key, film.sex, certain, scatter_years=0.0) for key in STANDARDS},
            bone_age_months=months if len(certain) == len(RUS_BONES) else None,
            interval90_months=None,
            consensus90_months=None,
            checks=(),
            weights={"grader": weights},
            seconds=0.1,
            localization=Localization((), False, 0.0, False, 1.0, np.zeros((21, 2)), np.ones(21), 0.0),
            second_opinion=None,
        )
        return self.ledger.add_prediction(film_id, assessment).id

    def read(
        self,
        film_id: int,
        reader: str,
        grades: Grades,
        seconds: float = 90.0,
        bone_seconds: float = 6.0,
        prediction: int | None = None,
        accepted: tuple[str, ...] = (),
    ) -> Event:
        """A reader saves verdicts."""
        words = [_correction(bone, grade, bone_seconds, bone in accepted) for bone, grade in grades.items()]
        return self.ledger.save(
            film_id,
            words,
            reader=reader,
            base_revision=self.ledger.revision(film_id),
            token=uuid.uuid4().hex,
            prediction_id=prediction,
            seconds=seconds,
        )

    def undo(self, film_id: int, event: Event) -> Event:
        """The reader takes an event back."""
        return self.ledger.undo(film_id, event.id, reader=event.reader, **self._next(film_id))

    def restore(self, film_id: int, event: Event, reader: str) -> Event:
        """A reader makes the state after an event their own."""
        return self.ledger.restore(film_id, event.id, reader=reader, **self._next(film_id))

    def set_gold(self, film_id: int, grades: Grades, reader: str = "professor") -> Event:
        """A reviewer sets the film's gold reading."""
        reading = {bone: _correction(bone, grade, 0.0, False) for bone, grade in grades.items()}
        return self.ledger.set_gold(film_id, reading, reader=reader, **self._next(film_id))

    def clear_gold(self, film_id: int, reader: str = "professor") -> Event:
        """A reviewer takes the gold reading away."""
        return self.ledger.clear_gold(film_id, reader=reader, **self._next(film_id))

    def say_something(self, chance: random.Random, films: Sequence[int]) -> None:
        """One of three readers says something of one of the films that the ledger lets them say."""
        film, reader = chance.choice(films), chance.choice(["ann", "bob", "cleo"])
        kind = chance.choice(
            ["read", "read", "read", "undo", "restore", "gold", "clear", "skip", "flag", "unflag", "assign"]
        )
        said = ("correction", "undo", "restore")
        own = [event for event in self.ledger.history(film) if event.reader == reader and event.kind in said]
        undone = {event.target for event in own if event.kind == "undo"}
        if kind == "undo" and own and own[-1].id not in undone:
            self.undo(film, own[-1])
        elif kind == "restore" and own:
            self.restore(film, chance.choice(own), reader)
        elif kind == "gold":
            self.set_gold(film, hand_at(chance.random()), reader)
        elif kind == "clear" and standing(self.ledger, film).gold_reading() is not None:
            self.clear_gold(film, reader)
        elif kind in ("skip", "flag", "unflag", "assign"):
            token = uuid.uuid4().hex
            self.ledger.say(film, kind, reader=reader, token=token, note=chance.choice(["", "ann"]))  # type: ignore[arg-type]
        else:
            grades = shifted(hand_at(0.5), chance.randint(-2, 2), tuple(chance.sample(RUS_BONES, 5)))
            self.read(film, reader, grades, bone_seconds=chance.random() * 20)

    def _next(self, film_id: int) -> dict[str, object]:
        return {"base_revision": self.ledger.revision(film_id), "token": uuid.uuid4().hex}


def _correction(bone: str, grade: int | None, seconds: float, accepted: bool) -> Correction:
    verdict = "unreadable" if grade is None else "absent" if grade == 0 else "graded"
    return Correction(bone, verdict, grade, accepted=accepted, seconds=seconds)  # type: ignore[arg-type]


def _assessed(bone: str, probabilities: np.ndarray | None) -> BoneAssessment | None:  # type: ignore[type-arg]
    if probabilities is None:
        return None
    grade = int(probabilities.argmax())
    return BoneAssessment(
        bone=bone,
        box=Box(0.0, 0.0, 4.0, 4.0),
        axis_degrees=0.0,
        grade=grade,
        label=grade_label(bone, grade),
        tw3_stage=tw3_stage(bone, grade),
        probabilities=tuple(probabilities.tolist()),
        confidence=0.9,
        influence_months=(0.0, 0.0),
    )


#: How far each of twelve hands has gone.
SHARES = np.linspace(0.25, 0.8, 12)


def read_by_two(folder: Path) -> ReadingRoom:
    """Twelve films that anna and b<en have read, b<en's radius one grade higher on every third; three films are gold."""
    room = ReadingRoom(folder)
    for number, share in enumerate(SHARES):
        film = room.film()
        prediction = room.predict(film, hand_at(share), months=12 * 8.0)
        room.read(film, "anna", hand_at(share), seconds=60.0 + number, prediction=prediction, accepted=RUS_BONES)
        room.read(film, "b<en", shifted(hand_at(share), int(number % 3 == 0), ("Radius",)), seconds=200.0)
        if number < 3:
            room.set_gold(film, hand_at(share))
    return room
