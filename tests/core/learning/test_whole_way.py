"""From readers' words to the live model and back: a ledger, a run of fine-tuning, the gate, promotion and rollback."""

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.assessment import live_model as live_models
from core.assessment.assessor import Assessor
from core.assessment.grading.grader import starting_cuts
from core.assessment.live_model import LiveModel, live_model, weights_folder
from core.bones import RUS_BONES
from core.dataset.split import split_key
from core.film.radiograph import read_radiograph
from core.learning.finetuning.boxing import BoxRecipe
from core.learning.finetuning.course import Pace
from core.learning.finetuning.finetune import FinetuneRecipe, Order, finetune
from core.learning.finetuning.grading import GradingRecipe
from core.learning.gate.hands import gold_hands
from core.learning.gate.passing import GateSettings, pass_gate
from core.learning.lessons.collected import collected
from core.learning.lessons.sources import LedgerLessons
from core.learning.promotion.versions import promote, rollback
from core.learning.run.candidate import Candidate, CandidateRefused, known_patients, read_candidate, weights_of
from core.learning.run.record import learned_from
from core.ledger import Consent
from core.standards import grade_count
from models import WEIGHTS
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from models.registry import register, register_intervals
from tests.hands import shipped_examples
from tests.stored_films import Store, graded

# 16 channels: with 8 the oneDNN of torch 2.14 writes out of bounds in the backward pass where a CPU has AVX-512
_OPTIONS = ResNetOptions(width=16, blocks=(1, 1, 1, 1), groups=2)
_RECIPE = FinetuneRecipe(
    grader=Pace(epochs=2, learning_rate=1e-2, average=0.5),
    grading=GradingRecipe(films=4),
    localizer=Pace(epochs=1, learning_rate=1e-3),
    boxes=BoxRecipe(films=2, others=1, side=64),
)
_SETTINGS = GateSettings(least_gold=3, stress_films=0, pictures_a_kind=0)


def _shipped(folder: Path) -> Path:
    """The shipped weights, with a small grader that knows nothing in place of the shipped one."""
    folder.mkdir()
    index = json.loads((WEIGHTS / "registry.json").read_text())
    names = ("localizer", "whole_hand")
    for name in names:
        for kind in ("safetensors", "md"):
            shutil.copy(WEIGHTS / f"{name}.{kind}", folder)
    (folder / "registry.json").write_text(json.dumps({name: index[name] for name in names}))
    torch.manual_seed(0)
    network = BoneGrader(OrdinalScale(starting_cuts()), _OPTIONS)
    hashes = {"grader": register("grader", network, _OPTIONS.to_metadata(), folder)}
    register_intervals(9.0, hashes | {"whole_hand": index["whole_hand"]["sha256"]}, folder)
    (folder / "grader.md").write_text("# Weights\n")
    return folder


def _old(number: int) -> dict[str, int]:
    """Grades of an old hand; not all hands have the same."""
    return {bone: grade_count(bone) - number % 2 for bone in RUS_BONES}


def _check_learned_is_left_out(store: Store, run: Path, candidate: Candidate, live: LiveModel) -> None:
    """A film that the model learned from, made gold afterwards, says nothing of how good the model is."""
    film = next(f for f in store.ledger.films() if {*learned_from([split_key(f)])} & candidate.learned_from)
    store.gold(film, _old(film.id))
    now = gold_hands(store.ledger)
    report = pass_gate(run, candidate, live, now, None, GateSettings())
    assert (len(now.hands), report.films.gold, report.films.learned) == (4, 3, 1)
    assert "1 more are left out, because the model has learned from their patients" in report.reasons[0]
    assert now.without(known_patients(live.folder)).learned == 1, "nor to the models after it"


def test_what_readers_said_goes_live_and_can_be_taken_back(
    tmp_path: Path, make_store: Callable[[Path], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_models, "WEIGHTS", _shipped(tmp_path / "program"))
    monkeypatch.setenv("BONEGRADE_WEIGHTS", str(tmp_path / "kept"))
    store, run = make_store(tmp_path / "store"), tmp_path / "run"
    for number in range(4):
        store.save(store.film(number), [graded(bone, grade) for bone, grade in _old(number).items()])
    store.save(store.film(8, consent=False), [graded("Radius", 3)])
    for example in shipped_examples()[:3]:
        film = store.ledger.add_film(
            read_radiograph(example.path), example.sex, reader="ann", source="queue", consent=Consent()
        ).film
        store.ledger.set_gold(
            film.id, {bone: graded(bone, grade) for bone, grade in _old(film.id).items()}, reader="rita",
            base_revision=0, token=uuid.uuid4().hex,
        )  # fmt: skip

    before = collected(store.ledger, 0)
    shipped = live_model()
    made = finetune(
        Order(lambda at: LedgerLessons(store.ledger, at), shipped.folder, run, _RECIPE, device="cpu", minutes=0.5)
    )
    assert made.start == weights_of(shipped.folder) and made.ledger_revision == before.revision
    films = made.films.grader
    assert before.taken == films["learn"] + films["held"] and before.grades == films["graded_crops"]
    assert before.left_out == made.films.left_out["grader"] and before.films == before.taken + 4

    candidate = read_candidate(run, shipped.folder)
    assert candidate.own == ("grader",) and candidate.own_intervals and candidate.revision == before.revision
    report = pass_gate(run, candidate, shipped, gold_hands(store.ledger), None, _SETTINGS)
    assert report.promotes, report.reasons
    assert live_model() == shipped, "comparing changes nothing"

    entry = promote(weights_folder(), candidate, report, "ann")
    live = live_model()
    assert live.version == entry.version and Assessor.from_registry().weights == dict(candidate.weights)
    assert collected(store.ledger, report.sides.revision or 0).films == 0, "nothing was said since"
    _check_learned_is_left_out(store, run, candidate, live)
    with pytest.raises(CandidateRefused, match="started from another model"):
        read_candidate(run, live.folder)
    assert rollback(weights_folder(), None, "ann").version == entry.before
    assert Assessor.from_registry().weights == weights_of(shipped.folder)
