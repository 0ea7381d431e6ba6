"""A ledger of drawn hands with predictions, and ways to say things of them."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.bones import RUS_BONES, Sex
from core.dataset.labels import Label, LabelledFilm
from core.film.box import Box
from core.film.radiograph import Radiograph, film_hash
from core.hand.localization import Localization, Region
from core.ledger import Consent, Correction, Event, FilmRecord, Ledger, LedgerSettings, PredictionRecord
from core.standards import grade_count
from tests.hands import drawn_hand


@dataclass
class Store:
    """A ledger and short ways to fill it."""

    ledger: Ledger
    assessor: Assessor

    def film(
        self,
        number: int,
        *,
        patient: str | None = None,
        consent: bool = True,
        assessed: bool = True,
        sex: Sex = "F",
        terms: Consent = Consent("share"),  # noqa: B008
    ) -> FilmRecord:
        """The drawn hand of that number, assessed."""
        radiograph = hand(number)
        added = self.ledger.add_film(
            radiograph,
            sex,
            reader="anna",
            source="queue",
            consent=terms if consent else None,
            patient=patient,
            age_months=60.0 + number,
        )
        if assessed:
            self.ledger.add_prediction(added.film.id, assessment(self.assessor, radiograph, added.film.sex, number))
        return added.film

    def save(self, film: FilmRecord, corrections: list[Correction], reader: str = "anna") -> Event:
        """A reader's word, on the film's latest revision."""
        prediction = self.ledger.prediction(film.id)
        return self.ledger.save(
            film.id, corrections, reader=reader, base_revision=self.ledger.revision(film.id), token=uuid.uuid4().hex,
            prediction_id=prediction and prediction.id, seconds=20.0, note="Peter's hand",
        )  # fmt: skip

    def accept(self, film: FilmRecord, reader: str = "anna") -> Event:
        """Takes over what the model said of all bones."""
        return self.save(film, accepted(self.prediction(film)), reader)

    def prediction(self, film: FilmRecord) -> PredictionRecord:
        """The film's prediction."""
        prediction = self.ledger.prediction(film.id)
        assert prediction is not None
        return prediction

    def gold(self, film: FilmRecord, grades: dict[str, int], reader: str = "rita") -> Event:
        """Makes a gold reading."""
        reading = {bone: graded(bone, grade) for bone, grade in grades.items()}
        base = self.ledger.revision(film.id)
        return self.ledger.set_gold(film.id, reading, reader=reader, base_revision=base, token=uuid.uuid4().hex)


def hand(number: int) -> Radiograph:
    """A drawn hand, another one for each number."""
    picture, _ = drawn_hand(unit=70.0 + number % 10)
    picture[0, : number // 10 + 1] = 90 + number % 10
    pixels = np.ascontiguousarray(picture.astype(np.float32) / np.float32(255))
    return Radiograph(pixels, None, None, film_hash(pixels))


def localization(number: int) -> Localization:
    """Where the bones of a drawn hand lie."""
    unit = 70.0 + number % 10
    _, boxes = drawn_hand(unit=unit)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    regions = []
    for bone, box, centre in zip(RUS_BONES, boxes.tolist(), centres.tolist(), strict=False):
        regions.append(Region(bone, Box(*box), (centre[0], centre[1]), 5.0, unit, 0.9, "found"))
    return Localization(tuple(regions), False, 0.0, False, 1.0, centres, np.full(21, 0.9), 0.05)


def assessment(assessor: Assessor, radiograph: Radiograph, sex: Sex, number: int) -> Assessment:
    """An assessment of a drawn hand with made-up probabilities."""
    chance = np.random.default_rng(number)
    given = {bone: chance.dirichlet(np.ones(grade_count(bone) + 1)) for bone in RUS_BONES}
    return assessor.score(radiograph, sex, localization(number), given, time.monotonic(), None)


def graded(bone: str, grade: int, box: Box | None = None) -> Correction:
    """A verdict on one bone; grade 0 is absent."""
    return Correction(bone, "graded" if grade else "absent", grade, box)


def accepted(prediction: PredictionRecord) -> list[Correction]:
    """The model's word as a reader takes it over."""
    assert prediction.localization is not None
    boxes = {region.bone: region.box for region in prediction.localization.regions}
    grades = {bone: int(np.argmax(given)) for bone, given in prediction.probabilities.items()}
    return [
        Correction(bone, "graded" if grade else "absent", grade, boxes[bone], accepted=True)
        for bone, grade in grades.items()
    ]


@pytest.fixture
def make_store(assessor: Assessor) -> Iterator[Callable[[Path], Store]]:
    """Opens ledgers in folders."""
    opened: list[Ledger] = []

    def make(folder: Path) -> Store:
        opened.append(Ledger.open(LedgerSettings.in_folder(folder)))
        return Store(opened[-1], assessor)

    yield make
    for ledger in opened:
        ledger.close()


@pytest.fixture
def store(tmp_path: Path, make_store: Callable[[Path], Store]) -> Store:
    """An empty ledger."""
    return make_store(tmp_path / "store")


def labelled_films() -> list[LabelledFilm]:
    """Two films of a label file with every kind of label."""
    first = (
        Label("Radius", "graded", 9, Box(10.25, 20.0, 60.5, 90.125)),
        Label("MC3", "absent", 0, Box(70.0, 80.0, 95.0, 120.0)),
        Label("PP5", "graded", 12, None),
        Label("DP1", "unreadable", None, Box(1.0, 2.0, 30.0, 40.0)),
        Label("DP5", "unreadable", None, None),
    )
    second = (Label("Ulna", "graded", 1, Box(0.0, 0.0, 200.0, 300.0)),)
    return [
        LabelledFilm("b é.png", first, 240, 320, "ab" * 32, "M", 120.5, "p 1"),
        LabelledFilm("a.png", second, 200, 300, None, "F", None, None),
    ]


def bare(films: list[LabelledFilm], digits: int = 12) -> list[LabelledFilm]:
    """The films without the places where their labels stood, and coordinates rounded."""

    def rounded(box: Box | None) -> Box | None:
        return box and Box(*(round(edge, digits) for edge in box))

    return [
        replace(film, place="", labels=tuple(replace(s, place="", box=rounded(s.box)) for s in film.labels))
        for film in films
    ]


def only_boxed(films: list[LabelledFilm]) -> list[LabelledFilm]:
    """The films with the labels that have a box."""
    return [replace(film, labels=tuple(s for s in film.labels if s.box is not None)) for film in films]


def rus_chn_document() -> dict[str, Any]:
    """The file of the RUS-CHN standard."""
    document: dict[str, Any] = json.loads((Path(core.__file__).parent / "data" / "rus_chn.json").read_text())
    return document
