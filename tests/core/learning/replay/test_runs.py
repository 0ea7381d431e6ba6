"""A very short replay on crops of noise: its cells are kept, and a folder that was begun otherwise is told."""

import dataclasses
from pathlib import Path

import pytest

from core.cohort.films import DataFolderError
from core.cohort.opinions import Opinion
from core.learning.finetuning.grading import GradingRecipe
from core.learning.replay.orders import Ordering
from core.learning.replay.runs import Replay, ReplayCell, ReplayRecipe, cells
from core.training.loop.clock import TimeLimit
from core.training.material.sources import GradingMaterial
from tests.core.evaluation.table1.test_runs import exemplars_of
from tests.core.learning.made_lessons import OPTIONS
from tests.graded import crops_of_hands

_RECIPE = ReplayRecipe(
    start_hands=2, start_epochs=1, films=(2, 3), seeds=1, options=OPTIONS, passes=1,
    grading=GradingRecipe(films=2, replay=1, exemplars=1),
)  # fmt: skip


def test_the_first_seed_of_all_cells_comes_first() -> None:
    order = list(cells((Ordering.QUEUE, Ordering.RANDOM), ReplayRecipe()))
    assert len(order) == 24 and {cell.seed for cell in order[:8]} == {1}
    assert order[0] == ReplayCell(Ordering.QUEUE, 50, 1)


def test_a_replay_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = crops_of_hands(5)
    material = GradingMaterial(hands, crops_of_hands(2, seed=1), exemplars_of(hands))
    opinions = [Opinion(str(number), 100.0, ("ab" * 32,)) for number in range(5)]
    replay = Replay(material, opinions, tmp_path, _RECIPE)
    assert replay.outcomes((Ordering.QUEUE,), TimeLimit(0.0)) == [], "no time, nothing begun"
    done = replay.outcomes((Ordering.QUEUE,), TimeLimit(None))
    assert [one.cell.films for one in done] == [2, 3]
    assert all(0 < one.worth.mae_months < 240 and one.worth.exact <= one.worth.within_one for one in done)
    assert {path.suffix for path in (tmp_path / "cells").iterdir()} == {".json"}, "nothing but what came out is kept"

    again = Replay(material, opinions, tmp_path, _RECIPE)
    monkeypatch.setattr(Replay, "_learned", lambda *_: pytest.fail("it was done before"))
    assert again.start_worth == replay.start_worth
    assert again.outcomes((Ordering.QUEUE,), TimeLimit(None)) == done
    with pytest.raises(DataFolderError, match="begun with another recipe"):
        Replay(material, opinions, tmp_path, dataclasses.replace(_RECIPE, seeds=2))


def test_too_few_hands(tmp_path: Path) -> None:
    hands = crops_of_hands(3)
    material = GradingMaterial(hands, hands, exemplars_of(hands))
    with pytest.raises(DataFolderError, match="3 hands of train with all 13 bones are too few: 5 are needed"):
        Replay(material, [], tmp_path, _RECIPE)
