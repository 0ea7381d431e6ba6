"""Table 1: figures of invented outcomes whose right answer is known, the order of runs, and a real, very short run."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.cohort.crop_store import GradedCrops, HandCrops, complete_hands
from core.cohort.films import DataFolderError
from core.evaluation import table1
from core.evaluation.table1 import (
    Outcome,
    Variant,
    by_year_chart,
    by_year_text,
    order_of_runs,
    run_table1,
    table1_figures,
    table1_plot,
    table1_text,
    variants,
)
from core.training.grader import GraderRecipe
from models.improved_resnet import ResNetOptions
from tests.graded import crops_of_hands


def exemplars_of(hands: HandCrops) -> GradedCrops:
    """The first hand's crops, each with grade 1."""
    return GradedCrops(hands.crops[0], np.arange(13), np.ones(13, np.int64))


def _outcome(hands: HandCrops, variant: str, seed: int, boys: float, girls: float) -> Outcome:
    return Outcome(variant, seed, 5, hands.months.astype(float) + np.where(hands.female == 1, girls, boys))


def test_rows_differ_in_nothing_but_what_they_say() -> None:
    rows = {row.key: row for row in variants(7)}
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


def test_figures_of_known_errors() -> None:
    hands = crops_of_hands(20)
    outcomes = [
        _outcome(hands, "plain", 1, 12.0, 18.0),
        _outcome(hands, "plain", 2, 6.0, 18.0),
        _outcome(hands, "improved", 1, 6.0, -18.0),
        _outcome(hands, "improved", 2, 6.0, 18.0),
    ]
    figures = table1_figures(outcomes, hands)
    plain, improved = figures["rows"]
    assert figures["hands"] == {"all": 20, "male": 10, "female": 10}
    assert plain["seeds"] == 2 and plain["epochs"] == 5
    assert plain["male"]["mae_years"] == {"mean": 0.75, "sd": pytest.approx(0.3536, abs=1e-4)}
    assert plain["female"]["mae_years"] == {"mean": 1.5, "sd": 0.0}
    assert plain["female"]["within_one_year"]["mean"] == 0.0
    assert improved["male"]["within_one_year"]["mean"] == 1.0
    against_plain = figures["against_plain"]["improved"]
    # the plain network's two seeds are 12 and 6 months off, so that its mean over two drawn seeds lies anywhere between
    assert against_plain["male"] == {"years": -0.25, "interval95": [-0.5, 0.0], "real": False}
    assert against_plain["female"] == {"years": 0.0, "interval95": [0.0, 0.0], "real": False}
    text = table1_text(figures)
    assert "| ResNet | 5 | 2 | 0.750 ± 0.354 | 1.500 ± 0.000 |" in text
    assert "improved ResNet against ResNet, male: -0.250 years (-0.500 to +0.000): no more than chance." in text
    assert "female: +0.000 years (+0.000 to +0.000): no more than chance." in text
    assert {trace.name: len(trace.x) for trace in table1_plot(outcomes, hands).data} == {"male": 4, "female": 4}


def test_by_year_of_age() -> None:
    hands = crops_of_hands(20)
    outcomes = [_outcome(hands, "plain", 1, 12.0, 18.0), _outcome(hands, "improved", 1, 6.0, -18.0)]
    years = table1_figures(outcomes, hands)["by_year"]
    assert sum(row["all"]["n"] for row in years.values()) == 20
    labels = list(years)
    assert (labels[0], labels[-1]) == ("3-4", "15-16")
    for row in years.values():
        if "male" in row:
            assert row["male"]["improved"] == {"mae_years": 0.5, "within_one_year": 1.0}
    figures = {"by_year": years}
    text = by_year_text(figures).splitlines()
    assert len(text) == 2 + len(years)
    first = years["3-4"]["all"]
    assert text[2].startswith(f"| 3-4 | {first['n']} | {first['plain']['mae_years']:.2f} |")
    chart = by_year_chart(figures, "male")
    assert [line.name for line in chart.lines] == ["ResNet", "improved ResNet"]
    assert set(chart.lines[0].y) == {1.0} and set(chart.lines[1].y) == {0.5} and chart.lines[0].x[0] == 3.5


def test_better_and_worse_than_the_plain_network() -> None:
    hands = crops_of_hands(20)
    outcomes = [
        _outcome(hands, "plain", 1, 3.0, 3.0),
        _outcome(hands, "improved", 1, 6.0, 6.0),
        _outcome(hands, "residual", 1, 1.5, 1.5),
    ]
    text = table1_text(table1_figures(outcomes, hands))
    assert "improved ResNet against ResNet, all: +0.250 years (+0.250 to +0.250): worse." in text
    assert "ResNet + attention residual against ResNet, all: -0.125 years (-0.125 to -0.125): better." in text


def test_without_the_plain_network_nothing_is_compared() -> None:
    hands = crops_of_hands(4)
    assert table1_figures([_outcome(hands, "improved", 1, 6.0, 6.0)], hands)["against_plain"] == {}


def test_hands_with_a_bone_missing_are_left_out() -> None:
    hands = crops_of_hands(4)
    hands.found[1, 5] = False
    assert complete_hands(hands).ids.tolist() == ["0", "2", "3"]


def test_a_short_run_keeps_its_outcomes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ResNetOptions(width=16, groups=2, shuffle_attention=False, attention_residual=False, dual_pooling=False)
    recipe = GraderRecipe(epochs=1, hands=2, exemplars=2)
    rows = (
        Variant("plain", "ResNet", options, recipe, 1),
        Variant("improved", "improved", dataclasses.replace(options, dual_pooling=True), recipe, 1),
    )
    monkeypatch.setattr(table1, "variants", lambda epochs: rows)
    hands = crops_of_hands(3)
    exemplars = exemplars_of(hands)
    first = run_table1(hands, hands, exemplars, tmp_path, 1)
    assert [(o.variant, o.seed, o.months.shape) for o in first] == [("plain", 1, (3,)), ("improved", 1, (3,))]
    assert all(np.isfinite(o.months).all() for o in first)
    with pytest.raises(DataFolderError, match="begun with another number of epochs"):
        run_table1(hands, hands, exemplars, tmp_path, 2)
    (tmp_path / "plain_1" / "checkpoint.pt").unlink()
    again = run_table1(hands, hands, exemplars, tmp_path, 1)
    np.testing.assert_array_equal(first[0].months, again[0].months)
    assert not (tmp_path / "plain_1" / "checkpoint.pt").exists(), "a finished run was trained again"
