"""A model is promoted and rolled back while readers are at work: nothing of theirs is lost, and each answer names its model."""

import threading
import uuid
from pathlib import Path

import pytest

from core.access.roles import Reader, Role
from core.annotation.desk import AnnotateDesk
from core.annotation.saving import Saving
from core.assessment.live_model import live_model, weights_folder
from core.bones import RUS_BONES
from core.film.radiograph import Radiograph, read_radiograph
from core.intake.turns import Turns
from core.learning.promotion.versions import promote, rollback
from core.learning.run.candidate import Candidate
from core.ledger import Consent, Correction, Ledger
from models.registry import load_grader, register
from tests.core.learning.made_runs import candidate_of, report_of, write_run_file
from tests.hands import shipped_examples
from tests.made_work import grade_said, with_said
from webapp.service import LiveAssessor

ANNA = Reader("anna", Role.READER)


@pytest.fixture
def candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Candidate:
    """A run whose grader finds every bone a little older."""
    monkeypatch.setenv("BONEGRADE_WEIGHTS", str(tmp_path / "weights"))
    live = live_model()
    write_run_file(tmp_path / "run", live.folder)
    network, file = load_grader(folder=live.folder)
    network.head.bias.data += 0.5
    register("grader", network, file.metadata, tmp_path / "run" / "weights")
    return candidate_of(tmp_path / "run", live)


def film_of(ledger: Ledger, number: int) -> tuple[int, Radiograph]:
    example = shipped_examples()[number]
    radiograph = read_radiograph(example.path)
    added = ledger.add_film(radiograph, example.sex, reader="anna", source="queue", consent=Consent())
    return added.film.id, radiograph


def test_a_film_is_read_to_its_end_with_the_model_that_it_was_opened_with(ledger: Ledger, candidate: Candidate) -> None:
    live = LiveAssessor()
    desk = AnnotateDesk(ledger, live.get, Turns().now, keeps=True)
    film, _ = film_of(ledger, 0)
    opened = desk.open_film(film, ANNA)
    old = opened.sitting.assessment.weights
    box = opened.sitting.assessment.localization.region("Radius").box
    first = desk.regrade(opened.sitting, "Radius", box).probabilities
    work = with_said(opened, {"Radius": grade_said(7)})
    desk.keep(work, opened.sitting, ANNA)

    other, _ = film_of(ledger, 1)
    ended, saved = threading.Event(), []

    def read(name: str) -> None:
        while not ended.is_set() or len(saved) < 4:
            event = ledger.save(
                other, [Correction("Ulna", "graded", 5)], reader=name, base_revision=ledger.revision(other),
                token=uuid.uuid4().hex, prediction_id=None, seconds=1.0,
            )  # fmt: skip
            saved.append(event.id)

    reader = threading.Thread(target=read, args=("otto",))
    reader.start()
    promote(weights_folder(), candidate, report_of(candidate, live_model()), "ada")
    assert live.get().weights == dict(candidate.weights) != old
    rollback(weights_folder(), None, "ada")
    rollback(weights_folder(), live_version_of(candidate), "ada")
    ended.set()
    reader.join()
    assert [event.id for event in ledger.history(other)] == saved

    again = desk.open_film(film, ANNA)
    assert again.draft_of is not None and again.work.says["Radius"].grade == 7
    assert again.sitting.assessment.weights == old
    moved = box.clipped(opened.sitting.assessment.width - 3, opened.sitting.assessment.height)
    assert moved is not None
    assert (desk.regrade(again.sitting, "Radius", box).probabilities == first).all()
    assert desk.regrade(again.sitting, "Radius", moved).probabilities == pytest.approx(
        live.get().by(old).regrade(opened.sitting.hand, "Radius", moved).probabilities  # type: ignore[arg-type]
    )
    done = Saving(desk).save(again.work, again.sitting, ANNA, consent=None)
    assert done.event is not None and done.reading["Radius"].grade == 7
    prediction = ledger.prediction(film, done.event.prediction_id)
    assert prediction is not None and prediction.weights == old

    fresh, _ = film_of(ledger, 2)
    assert desk.open_film(fresh, ANNA).sitting.assessment.weights == dict(candidate.weights)
    assert set(desk.open_film(fresh, ANNA).sitting.assessment.bones) == set(RUS_BONES)


def live_version_of(candidate: Candidate) -> str:
    """The version that the candidate was promoted as."""
    folder = weights_folder() / "versions"
    return next(
        one.name for one in folder.iterdir() if candidate.weights["grader"] in (one / "registry.json").read_text()
    )
