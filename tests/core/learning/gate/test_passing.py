"""The gate on real films: a model trained on shuffled labels does not go live, and one trained on the right ones does."""

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.assessment import live_model as live_models
from core.assessment.assessor import Assessor
from core.assessment.grading.grader import network_input, starting_cuts
from core.assessment.live_model import live_model
from core.bones import RUS_BONES
from core.evaluation.stress import trial
from core.film.radiograph import read_radiograph
from core.hand.hand import Hand
from core.learning.gate.hands import gold_hands, labelled_hands
from core.learning.gate.judging import stressed
from core.learning.gate.passing import GateSettings, kept_answer, pass_gate
from core.learning.promotion.going_live import compared
from core.learning.run.candidate import CandidateRefused, read_candidate
from core.ledger import Consent, Correction, Ledger, LedgerSettings
from models import WEIGHTS
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from models.registry import register, register_intervals
from tests.core.learning.made_runs import write_run_file
from tests.hands import Assess, Example, shipped_examples

OPTIONS = ResNetOptions(width=8, blocks=(1, 1, 1, 1), groups=2)
EXAMPLES = shipped_examples()[:3]
SETTINGS = GateSettings(least_gold=3, stress_films=0, pictures_a_kind=0)


@pytest.fixture(scope="module")
def lessons(assessed: Assess) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Crops of the examples, the bones that they show, and their grades."""
    crops, bones, grades = [], [], []
    for example in EXAMPLES:
        said = assessed(example)
        hand = Hand(read_radiograph(example.path), said.localization)
        for bone, crop in hand.crops.items():
            crops.append(crop)
            bones.append(RUS_BONES.index(bone))
            grades.append(said.bones[bone].grade)
    return torch.from_numpy(np.stack(crops))[:, None], torch.tensor(bones), torch.tensor(grades)


def taught(lessons: tuple[torch.Tensor, ...], grades: torch.Tensor) -> BoneGrader:
    """A small grader that was trained on these grades.

    Without oneDNN: that of torch 2.14 writes out of bounds in the backward pass of 8 channels where a CPU has AVX-512.
    """
    torch.manual_seed(1)
    network = BoneGrader(OrdinalScale(starting_cuts()), OPTIONS)
    steps = torch.optim.AdamW(network.parameters(), 3e-3)
    crops, bones = network_input(lessons[0]), lessons[1]
    with torch.backends.mkldnn.flags(enabled=False):
        for _ in range(70):
            given = network.probabilities(network(crops, bones), bones)[torch.arange(len(bones)), grades]
            steps.zero_grad()
            (-given.clamp_min(1e-6).log().mean()).backward()
            steps.step()
    return network.eval()


@pytest.fixture(scope="module")
def graders(lessons: tuple[torch.Tensor, ...]) -> dict[str, BoneGrader]:
    """One taught on the right grades, and one on shuffled ones."""
    shuffled = torch.zeros_like(lessons[2])
    for bone in lessons[1].unique():
        rows = lessons[1] == bone
        shuffled[rows] = lessons[2][rows].roll(1)
    return {"right": taught(lessons, lessons[2]), "shuffled": taught(lessons, shuffled)}


def register_grader(network: BoneGrader, folder: Path) -> str:
    return register("grader", network, OPTIONS.to_metadata(), folder)


@pytest.fixture
def ledger(tmp_path: Path, assessed: Assess) -> Iterator[Ledger]:
    """The examples with gold readings, and a gold film whose pixels were not kept."""
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path / "data"))
    for example in shipped_examples()[:4]:
        radiograph, said = read_radiograph(example.path), assessed(example)
        consent = Consent() if example in EXAMPLES else None
        film = ledger.add_film(radiograph, example.sex, reader="ann", source="queue", consent=consent).film.id
        reading = {bone: correction(bone, graded.grade) for bone, graded in said.bones.items() if graded is not None}
        ledger.set_gold(film, reading, reader="rita", base_revision=0, token=uuid.uuid4().hex)
    yield ledger
    ledger.close()


def correction(bone: str, grade: int) -> Correction:
    return Correction(bone, "graded" if grade else "absent", grade)


def live_and_run(
    folder: Path, live: BoneGrader, candidate: BoneGrader, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """A program with this live grader, and a run from it that brings the other."""
    program, run = folder / "program", folder / "run"
    program.mkdir(parents=True)
    shutil.copy(WEIGHTS / "localizer.safetensors", program)
    shutil.copy(WEIGHTS / "localizer.md", program)
    index = {"localizer": json.loads((WEIGHTS / "registry.json").read_text())["localizer"]}
    (program / "registry.json").write_text(json.dumps(index))
    register_intervals(9.0, {"grader": register_grader(live, program)}, program)
    (program / "grader.md").write_text("# Weights\n")
    monkeypatch.setattr(live_models, "WEIGHTS", program)
    monkeypatch.setenv("BONEGRADE_WEIGHTS", str(folder / "kept"))
    write_run_file(run, program)
    register_grader(candidate, run / "weights")
    return program, run


def test_shuffled_labels_are_refused_and_the_right_ones_promoted(
    graders: dict[str, BoneGrader], ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = gold_hands(ledger)
    assert (len(gold.hands), gold.without_pixels, gold.revision) == (3, 1, ledger.ledger_revision())
    program, run = live_and_run(tmp_path / "a", graders["right"], graders["shuffled"], monkeypatch)
    report = pass_gate(run, read_candidate(run, program), live_model(), gold, None, SETTINGS)
    assert not report.promotes and "gold_age" in {one.key for one in report.of("worse")}
    program, run = live_and_run(tmp_path / "b", graders["shuffled"], graders["right"], monkeypatch)
    candidate = read_candidate(run, program)
    with pytest.raises(CandidateRefused, match="has not been compared with the live model yet"):
        kept_answer(run, candidate, live_model(), gold, SETTINGS)
    report = pass_gate(run, candidate, live_model(), gold, None, SETTINGS)
    assert report.promotes and report.films.without_pixels == 1
    with monkeypatch.context() as nobody_judges:
        nobody_judges.setattr(
            "core.learning.gate.passing.judge", lambda *_: pytest.fail("the films were assessed again")
        )
        assert pass_gate(run, candidate, live_model(), gold, None, SETTINGS) == report, "kept for the same question"
        with pytest.raises(pytest.fail.Exception):
            pass_gate(run, candidate, live_model(), gold, None, GateSettings(2, 0, 0))
        assert kept_answer(run, candidate, live_model(), gold, SETTINGS) == report
        with pytest.raises(CandidateRefused, match="or the gold films have changed"):
            kept_answer(run, candidate, live_model(), gold, GateSettings(2, 0, 0))
    entry = compared(run, ledger, SETTINGS).go_live("ann")
    assert live_model().version == entry.version and entry.by == "ann"


def test_the_stress_knows_which_hand_each_changed_film_is_of(
    assessor: Assessor, assessed: Assess, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kinds, kept in (("CHANGES", 2), ("CUTS", 0), ("NON_HANDS", 1)):
        monkeypatch.setattr(trial, kinds, dict(list(getattr(trial, kinds).items())[:kept]))
    hand = gold_hands(ledger).hands[0]
    found = stressed([hand], assessor, assessor, 1)
    assert found.live.shape == (1, 2) and (found.live == found.candidate).all() and (found.live >= 0).all()
    assert (found.non_hands, found.live_taken, found.candidate_taken) == (7, 0, 0)
    assert stressed([], assessor, assessor, 0).live.shape == (0, 0)


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_the_command_says_how_many_gold_films_are_missing_and_changes_nothing(
    graders: dict[str, BoneGrader], ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = live_and_run(tmp_path, graders["right"], graders["shuffled"], monkeypatch)
    monkeypatch.setenv("BONEGRADE_DATA", str(ledger.folder))
    result = invoke("promote", run, "--json")
    assert result.exit_code == 4 and "The live model stays." in result.stderr
    document = json.loads(result.stdout)
    assert document["films"]["gold"] == 3 and "27 are missing" in document["reasons"][0]
    assert json.loads((run / "gate.json").read_text()) == document
    assert live_model().version == "shipped"
    assert "no earlier model" in invoke("rollback").stderr


def test_two_models_on_one_film(
    graders: dict[str, BoneGrader], example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = live_and_run(tmp_path, graders["right"], graders["shuffled"], monkeypatch)
    result = invoke("compare-models", example.path, "--sex", example.sex, "--with", run, "--json")
    assert result.exit_code == 0, result.output
    both = json.loads(result.stdout)
    live, other = both["live"]["assessment"], both["other"]["assessment"]
    assert live["film"] == other["film"] and live["weights"] != other["weights"]
    assert both["other"]["weights"]["grader"] == other["weights"]["grader"]
    refused = invoke("compare-models", example.path, "--sex", "F", "--with", "0007-none")
    assert refused.exit_code == 2 and "neither a run's folder nor a version" in refused.stderr


def test_val_hands_of_a_folder_are_compared_on_too(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,file,sex,bone_age_months,split\na,a.png,F,100,val\nb,b.png,M,90,train\n")
    found = labelled_hands(tmp_path)
    assert [(hand.name, hand.months) for hand in found.hands] == [("a", 100.0)]
    assert (found.hands[0].grades < 0).all()
