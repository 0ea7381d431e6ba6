"""Whether grades rise with age, on cases worked out by hand."""

import dataclasses

import numpy as np

from core.bones import RUS_BONES
from core.evaluation.accuracy.rising import expected_grade, rising_figures
from core.evaluation.figures import plain
from tests.readings import BOX, make_reading


def test_the_expected_grade() -> None:
    assert expected_grade(np.array([0.5, 0.0, 0.25, 0.25])) == 1.25


def test_grades_rise_with_age() -> None:
    without_ulna = {bone: BOX for bone in RUS_BONES if bone != "Ulna"}
    ages_and_grades = [(40, 2, 5), (60, 3, 4), (80, 5, 3), (100, 7, 2)]
    readings = [
        make_reading(str(age), age, age, sex="MF"[i % 2], grades={"Radius": up, "MC1": down, "PP1": up})  # type: ignore[arg-type]
        for i, (age, up, down) in enumerate(ages_and_grades)
    ]
    readings += [make_reading("no ulna", 120, None, boxes=without_ulna, grades={"Radius": 1, "MC1": 1, "PP1": 9})]
    readings += [make_reading("refused", 50, None)]
    figures = plain(rising_figures(readings))
    # ranks of age 1..5 against 2, 3, 4, 5, 1: squares of the differences 1, 1, 1, 1, 16: 1 - 6 * 20 / 120
    assert figures["all"]["Radius"] == {"n": 5, "spearman": 0.0}
    assert figures["all"]["MC1"] == {"n": 5, "spearman": -1.0} and figures["all"]["PP1"]["spearman"] == 1.0
    assert figures["all"]["Ulna"] == {"n": 4, "spearman": None}, "all of one grade: nothing to rank"
    assert figures["lowest"] == -1.0
    assert figures["male"]["PP1"] == {"n": 3, "spearman": 1.0}
    assert figures["female"]["PP1"] == {"n": 2, "spearman": None}, "two hands are too few"


def test_an_unsure_grade_counts_with_its_mean() -> None:
    readings = []
    for age, mean in ((50, 0.2), (60, 0.4), (70, 0.1)):
        reading = make_reading(str(age), age, age)
        assert reading.assessment is not None
        graded = reading.assessment.bones["MC1"]
        assert graded is not None
        unsure = dataclasses.replace(graded, probabilities=(1 - mean, mean))
        assessment = dataclasses.replace(reading.assessment, bones={**reading.assessment.bones, "MC1": unsure})
        readings.append(dataclasses.replace(reading, assessment=assessment))
    # ranks 2, 3, 1 against 1, 2, 3: 1 - 6 * (1 + 1 + 4) / 24
    assert rising_figures(readings).sexes.all["MC1"].spearman == -0.5


def test_over_both_sexes_not_even_a_faultless_reader_reaches_1() -> None:
    # a girl of 10 has a higher total than a boy of 11: totals rise boy 10, boy 11, girl 10, girl 11, ages 1.5, 3.5, 1.5, 3.5
    both = [make_reading(f"{sex}{age}", 12 * age, 12 * age, sex=sex) for sex in ("M", "F") for age in (10, 11)]
    assert rising_figures(both).faultless == 0.4472
    assert rising_figures([one for one in both if one.film.sex == "M"] * 2).faultless == 1.0
