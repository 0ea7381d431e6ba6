"""Figures of invented outcomes whose right answer is known."""

import numpy as np
import pytest

from core.cohort.crop_store import HandCrops
from core.evaluation.figures import plain
from core.evaluation.gates import FrozenErrors
from core.evaluation.table1.figures import by_year_text, frozen_text, table1_figures, table1_text
from core.evaluation.table1.pictures import by_year_chart, table1_plot
from core.evaluation.table1.runs import NetworkOutcome
from tests.graded import crops_of_hands

NOTHING_FROZEN = FrozenErrors(6.0, None, None, None)


def _outcome(
    hands: HandCrops, variant: str, seed: int, boys: float, girls: float, frozen: FrozenErrors = NOTHING_FROZEN
) -> NetworkOutcome:
    return NetworkOutcome(
        variant, seed, 5, hands.months.astype(float) + np.where(hands.female == 1, girls, boys), frozen
    )


def test_figures_of_known_errors() -> None:
    hands = crops_of_hands(20)
    outcomes = [
        _outcome(hands, "plain", 1, 12.0, 18.0),
        _outcome(hands, "plain", 2, 6.0, 18.0),
        _outcome(hands, "improved", 1, 6.0, -18.0),
        _outcome(hands, "improved", 2, 6.0, 18.0),
    ]
    table = table1_figures(outcomes, hands)
    figures = plain(table)
    resnet, improved = figures["rows"]
    assert figures["hands"] == {"all": 20, "male": 10, "female": 10}
    assert resnet["seeds"] == 2 and resnet["epochs"] == 5
    assert resnet["male"]["mae_years"] == {"mean": 0.75, "sd": pytest.approx(0.3536, abs=1e-4)}
    assert resnet["female"]["mae_years"] == {"mean": 1.5, "sd": 0.0}
    assert resnet["female"]["within_one_year"]["mean"] == 0.0
    assert improved["male"]["within_one_year"]["mean"] == 1.0
    against_plain = figures["against_plain"]["improved"]
    # the plain network's two seeds are 12 and 6 months off, so that its mean over two drawn seeds lies anywhere between
    assert against_plain["male"] == {"years": -0.25, "interval95": [-0.5, 0.0], "real": False}
    assert against_plain["female"] == {"years": 0.0, "interval95": [0.0, 0.0], "real": False}
    text = table1_text(table)
    assert "| ResNet | 5 | 2 | 0.750 ± 0.354 | 1.500 ± 0.000 |" in text
    assert "improved ResNet against ResNet, male: -0.250 years (-0.500 to +0.000): no more than chance." in text
    assert "female: +0.000 years (+0.000 to +0.000): no more than chance." in text
    assert {trace.name: len(trace.x) for trace in table1_plot(outcomes, hands).data} == {"male": 4, "female": 4}


def test_errors_with_an_addition_frozen() -> None:
    hands = crops_of_hands(4)
    outcomes = [
        _outcome(hands, "plain", 1, 6.0, 6.0),
        _outcome(hands, "improved", 1, 6.0, 6.0, FrozenErrors(6.0, 7.0, 8.0, 9.0)),
        _outcome(hands, "improved", 2, 5.0, 5.0, FrozenErrors(5.0, 6.5, 8.0, 9.5)),
    ]
    assert frozen_text(table1_figures(outcomes, hands)).splitlines()[2:] == [
        "| ResNet | 6.00 | none | none | none |",
        "| improved ResNet | 5.50 | 6.75 | 8.00 | 9.25 |",
    ]


def test_by_year_of_age() -> None:
    hands = crops_of_hands(20)
    outcomes = [_outcome(hands, "plain", 1, 12.0, 18.0), _outcome(hands, "improved", 1, 6.0, -18.0)]
    by_year = table1_figures(outcomes, hands).by_year
    years = plain(by_year)
    assert sum(row["all"]["n"] for row in years.values()) == 20
    labels = list(years)
    assert (labels[0], labels[-1]) == ("3-4", "15-16")
    for row in years.values():
        if "male" in row:
            assert row["male"]["improved"] == {"mae_years": 0.5, "within_one_year": 1.0}
    text = by_year_text(by_year).splitlines()
    assert len(text) == 2 + len(years)
    first = years["3-4"]["all"]
    assert text[2].startswith(f"| 3-4 | {first['n']} | {first['plain']['mae_years']:.2f} |")
    chart = by_year_chart(by_year, "male")
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
    assert table1_figures([_outcome(hands, "improved", 1, 6.0, 6.0)], hands).against_plain == {}
