"""The rows of Table 1, the order of runs, and a real, very short run."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.cohort.crop_store import GradedCrops, HandCrops, complete_hands
from core.cohort.films import DataFolderError
from core.evaluation.table1.runs import TITLES, Variant, chosen_rows, order_of_runs, run_table1, variants
from core.training.grader.recipe import GraderRecipe
from models.improved_resnet import ResNetOptions
from tests.graded import crops_of_hands


def exemplars_of(hands: HandCrops) -> GradedCrops:
    """The first hand's crops, each with grade 1."""
    return GradedCrops(hands.crops[0], np.arange(13), np.ones(13, np.int64))


def test_rows_differ_in_nothing_but_what_they_say() -> None:
    rows = {row.key: row for row in variants(7)}
    assert {key: row.title for key, row in rows.items()} == TITLES
    additions = {
        key: (r.options.dual_pooling, r.options.shuffle_attention, r.options.attention_residual)
        for key, r in rows.items()
    }
    assert additions["plain"] == (False, False, False) and additions["improved"] == (True, True, True)
    assert additions["dual_pooling"] == (True, False, False) and additions["attention"] == (False, True, False)
    assert additions["residual"] == (False, False, True)
    opened = {key for key, row in rows.items() if row.options.open_gates}
    assert opened == {"improved_open", "attention_open", "improved_ours_open"}
    for key in opened:
        as_published = rows[key.removesuffix("_open")]
        assert as_published.options == dataclasses.replace(rows[key].options, open_gates=False)
        assert (as_published.recipe, as_published.seeds) == (rows[key].recipe, rows[key].seeds)
    papers = [row.recipe for key, row in rows.items() if "ours" not in key]
    assert all(recipe == papers[0] for recipe in papers)
    assert papers[0].hands == 16 and papers[0].learning_rate == 1e-4 and papers[0].epochs == 7
    assert {key: row.seeds for key, row in rows.items()} == {key: 1 if "ours" in key else 3 for key in rows}


def test_a_table_cut_short_has_every_row() -> None:
    order = [(row.key, seed) for row, seed in order_of_runs(variants(1))]
    assert [key for key, seed in order[:9]] == [row.key for row in variants(1)]
    repeated = ["plain", "improved", "improved_open", "dual_pooling", "attention", "attention_open", "residual"]
    assert order[9:] == [(key, seed) for seed in (2, 3) for key in repeated]


def test_rows_are_chosen_by_key_beside_those_that_the_table_is_about() -> None:
    chosen = chosen_rows(["attention_open", "improved_ours"], 2, 2)
    assert [(row.key, row.seeds) for row in chosen] == [
        ("plain", 2),
        ("improved", 2),
        ("attention_open", 2),
        ("improved_ours", 1),
    ]
    assert chosen_rows([], 2, 3) == variants(2)
    with pytest.raises(DataFolderError, match="There is no row shuffle: choose among plain, improved,"):
        chosen_rows(["plain", "shuffle"], 2, 1)


def test_hands_with_a_bone_missing_are_left_out() -> None:
    hands = crops_of_hands(4)
    hands.found[1, 5] = False
    assert complete_hands(hands).ids.tolist() == ["0", "2", "3"]


def test_a_short_run_keeps_its_outcomes(tmp_path: Path) -> None:
    options = ResNetOptions(width=16, groups=2, shuffle_attention=False, attention_residual=False, dual_pooling=False)
    recipe = GraderRecipe(epochs=1, hands=2, exemplars=2)
    rows = (
        Variant("plain", "ResNet", options, recipe, 1),
        Variant("improved", "improved", dataclasses.replace(options, dual_pooling=True), recipe, 1),
    )
    hands = crops_of_hands(3)
    exemplars = exemplars_of(hands)
    first = run_table1(hands, hands, exemplars, tmp_path, rows)
    assert [(o.variant, o.seed, o.months.shape) for o in first] == [("plain", 1, (3,)), ("improved", 1, (3,))]
    assert all(np.isfinite(o.months).all() for o in first)
    for outcome in first:
        assert outcome.frozen.as_is == pytest.approx(np.abs(outcome.months - hands.months).mean(), abs=2e-3)
        assert (outcome.frozen.dual_pooling is None) == (outcome.variant == "plain")
    longer = tuple(dataclasses.replace(row, recipe=dataclasses.replace(recipe, epochs=2)) for row in rows)
    with pytest.raises(DataFolderError, match="begun with another number of epochs"):
        run_table1(hands, hands, exemplars, tmp_path, longer)
    (tmp_path / "plain_1" / "checkpoint.pt").unlink()
    again = run_table1(hands, hands, exemplars, tmp_path, rows)
    np.testing.assert_array_equal(first[0].months, again[0].months)
    assert again[1].frozen == first[1].frozen
    assert not (tmp_path / "plain_1" / "checkpoint.pt").exists(), "a finished run was trained again"
