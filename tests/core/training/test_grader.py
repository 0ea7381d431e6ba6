"""Training of the grader: its two roads from grades to ages, and a very short run on random crops."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.assessment.grading.grader import starting_cuts
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import GradedCrops, HandCrops
from core.cohort.films import DataFolderError
from core.hand.crops import CONTEXT_SIDE
from core.standards import age_of_total, grade_count, total_of_grades
from core.training.grader import GraderRecipe, TotalAge, bone_age_maps, exemplar_loss, train_grader
from core.training.loop import Run
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from tests.graded import crops_of_hands

SMALL = ResNetOptions(width=16, groups=2)
RECIPE = GraderRecipe(epochs=2, hands=4, exemplars=4, options=SMALL)


def _hands(count: int, seed: int = 0) -> HandCrops:
    """Made-up hands, the first without its fifth bone."""
    hands = crops_of_hands(count, seed)
    hands.found[0, 4] = False
    return hands


def _exemplars() -> GradedCrops:
    random = np.random.default_rng(9)
    return GradedCrops(
        random.integers(0, 256, (6, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8), np.arange(6), np.arange(1, 7)
    )


def _certain(grades: dict[str, int]) -> torch.Tensor:
    table = torch.zeros(1, 13, 15)
    for place, bone in enumerate(RUS_BONES):
        table[0, place, grades[bone]] = 1.0
    return table


@pytest.mark.parametrize("sex", ["M", "F"])
@pytest.mark.parametrize("share", [0.35, 0.6, 0.9])
def test_the_age_of_certain_grades_is_the_table_s(sex: Sex, share: float) -> None:
    grades = {bone: round(share * grade_count(bone)) for bone in RUS_BONES}
    age = TotalAge()(_certain(grades), torch.tensor([int(sex == "F")]))
    expected = age_of_total("rus_chn", sex, total_of_grades("rus_chn", sex, grades))
    assert age.item() == pytest.approx(expected, abs=1e-3)


def test_the_age_of_a_mature_hand_is_finite_and_learnable() -> None:
    mature = _certain({bone: grade_count(bone) for bone in RUS_BONES})
    assert TotalAge()(mature, torch.tensor([0])).item() == pytest.approx(18.0, abs=0.01)
    middle = _certain({bone: grade_count(bone) // 2 for bone in RUS_BONES}).requires_grad_()
    TotalAge()(middle, torch.tensor([1])).sum().backward()
    assert middle.grad is not None and middle.grad.isfinite().all() and middle.grad.abs().sum() > 0


def test_bone_age_maps_start_at_the_tables() -> None:
    maps = bone_age_maps()
    years = torch.tensor([4.0, 10.0, 16.0])
    for bone in (0, 7, 12):
        boys = maps(years, torch.full((3,), 2 * bone))
        girls = maps(years, torch.full((3,), 2 * bone + 1))
        torch.testing.assert_close(boys, years, atol=1e-3, rtol=0)
        assert girls[1] < 10.0, "a girl with a ten-year-old boy's skeleton is younger"
        assert (girls.diff() > 0).all()


def test_exemplar_loss_prefers_the_grade_given() -> None:
    grader = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    bones = torch.tensor([0])
    cuts = grader.cuts()[0].detach()
    middle_of_grade_7 = ((cuts[6] + cuts[7]) / 2)[None]
    losses = [exemplar_loss(grader, middle_of_grade_7, bones, torch.tensor([grade])).item() for grade in range(1, 15)]
    assert int(np.argmin(losses)) + 1 == 7
    assert losses[0] > losses[4] > losses[6] < losses[8] < losses[13], "the further off, the worse"


def test_exemplar_loss_worked_out_by_hand() -> None:
    grader = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    fifth = RUS_BONES.index("DP5")
    far_beyond = torch.tensor([200.0])
    right = exemplar_loss(grader, far_beyond, torch.tensor([fifth]), torch.tensor([11])).item()
    wrong = exemplar_loss(grader, far_beyond, torch.tensor([fifth]), torch.tensor([9])).item()
    # Each of the 11 questions is answered with certainty, which counts as a probability of 0.9999.
    assert right == pytest.approx(11 * -math.log(0.9999), rel=0.05)
    assert wrong == pytest.approx(9 * -math.log(0.9999) + 2 * -math.log(0.0001), rel=0.01)


def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands, val, exemplars = _hands(8), _hands(2, seed=1), _exemplars()
    whole = train_grader(hands, val, exemplars, tmp_path / "whole", RECIPE)

    save = Run.save

    def save_and_stop(run: Run, state: dict[str, Any]) -> None:
        save(run, state)
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        train_grader(hands, val, exemplars, tmp_path / "halves", RECIPE)
    monkeypatch.setattr(Run, "save", save)
    torch.rand(5)  # whatever else was drawn in between
    resumed = train_grader(hands, val, exemplars, tmp_path / "halves", RECIPE)

    assert not whole.training
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=1e-6, rtol=1e-5, msg=name)
    untrained = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    assert any(not torch.equal(value, untrained.state_dict()[name]) for name, value in whole.state_dict().items())
    for run in ("whole", "halves"):
        log = [json.loads(line) for line in (tmp_path / run / "log.jsonl").read_text().splitlines()]
        assert [line["epoch"] for line in log] == [1, 2]
        for line in log:
            losses = ("age", "bones", "exemplars", "val_mae", "val_mae_raw", "val_mae_bones", "val_bias")
            assert all(math.isfinite(line[name]) for name in losses)
            assert 0 <= line["val_within_12"] <= 1
    finished = train_grader(hands, val, exemplars, tmp_path / "whole", RECIPE)
    torch.testing.assert_close(finished.head.weight, whole.head.weight, atol=0, rtol=0)


def test_time_up_ends_a_training_with_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def later() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr("core.training.loop.time.monotonic", later)
    hands, val, exemplars = _hands(8), _hands(2, seed=1), _exemplars()
    recipe = dataclasses.replace(RECIPE, epochs=500)
    grader = train_grader(hands, val, exemplars, tmp_path, recipe, seconds=12.0)
    epochs = [json.loads(line)["epoch"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert 1 <= len(epochs) < 10 and epochs == list(range(1, len(epochs) + 1))
    assert all(value.isfinite().all() for value in grader.state_dict().values())


def test_a_training_goes_on_from_given_weights(tmp_path: Path) -> None:
    torch.manual_seed(3)
    start = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    torch.nn.init.normal_(start.head.weight, std=0.1)
    recipe = dataclasses.replace(RECIPE, epochs=1, learning_rate=1e-7, start="f" * 64)
    grader = train_grader(_hands(8), _hands(2, seed=1), _exemplars(), tmp_path, recipe, start=start)
    torch.testing.assert_close(grader.head.weight, start.head.weight, atol=1e-4, rtol=0)


def test_weights_end_half_way_from_where_they_started(tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    recipe = dataclasses.replace(RECIPE, epochs=1, start="f" * 64)
    given = _hands(8), _hands(2, seed=1), _exemplars()
    trained = train_grader(*given, tmp_path / "whole", recipe, start=start)
    half = dataclasses.replace(recipe, half_way=True)
    between = train_grader(*given, tmp_path / "half", half, start=start)
    weights = (network.trunk.state_dict()["conv1.weight"] for network in (start, trained, between))
    first, last, middle = (weight.contiguous() for weight in weights)
    assert not torch.equal(first, last)
    torch.testing.assert_close(middle, (first + last) / 2)
    with pytest.raises(DataFolderError, match="--start"):
        train_grader(*given, tmp_path / "none", half)
