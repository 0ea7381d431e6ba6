"""The tables of scores, their grades, stages and descriptions, against the files that they are read from."""

import hashlib
from importlib import resources

import numpy as np
import pytest

from core.bones import RUS_BONES, Sex
from core.standards import (
    GRADE_COUNTS,
    STANDARDS,
    grade_count,
    grade_descriptions,
    grade_label,
    standard,
    total_of_grades,
    tw3_stage,
)
from tests.core.standards.samples import all_at, every_table, read


def test_no_cell_of_a_table_changes_by_accident() -> None:
    # The examples cannot reach every cell; whoever corrects a table on purpose changes its checksum here.
    files = {key: (resources.files("core") / "data" / f"{key}.json").read_bytes() for key in STANDARDS}
    assert {key: hashlib.sha256(content).hexdigest() for key, content in files.items()} == {
        "rus_chn": "f36c0b1e14e21227ded21d09a70b37efc2c23e31f8e6f930fcfb63935043f2fd",
        "tw3_rus": "1168872ef97a1522e4e3e122a46e581acc11a618e32b7bb28c4c892590646e1a",
        "tw3_c_rus": "0774ab2872783afb2948760750d2e7a125f16b899d69823bda4d7226878abb57",
    }
    assert standard("tw3_c_rus").scores == standard("tw3_rus").scores


@every_table
def test_scores_of_grades_start_at_zero_never_fall_and_end_at_1000(key: str, sex: Sex) -> None:
    scores = {bone: standard(key).scores_of_grades(sex, bone) for bone in RUS_BONES}
    assert all(len(scores[bone]) == GRADE_COUNTS[bone] + 1 and scores[bone][0] == 0 for bone in RUS_BONES)
    assert all(np.all(np.diff(values) >= (1 if key == "rus_chn" else 0)) for values in scores.values())
    assert total_of_grades(key, sex, all_at(99)) == sum(values[-1] for values in scores.values()) == 1000
    assert total_of_grades(key, sex, all_at(0)) == 0


def test_both_tw3_stages_of_a_boys_middle_finger_score_four() -> None:
    table = standard("tw3_rus")
    assert table.labels["PP3"][:3] == ("A", "B", "C") and table.scores["M"]["PP3"][:3] == (0, 4, 4)
    assert table.scores["F"]["PP3"][1] < table.scores["F"]["PP3"][2]


def test_grades_and_stages() -> None:
    assert dict(GRADE_COUNTS) == read("rus_chn")["n_grades"]
    assert (grade_label("Radius", 0), tw3_stage("Radius", 0)) == ("0", "A")
    assert (grade_label("Radius", 6), tw3_stage("Radius", 6)) == ("5(2)", "F")
    assert (grade_label("MC3", 5), tw3_stage("MC3", 5)) == ("4(2)", "E")
    assert (grade_label("Ulna", 12), tw3_stage("Ulna", 12)) == ("7(4)", "H")
    stages = {bone: [tw3_stage(bone, grade) for grade in range(1, GRADE_COUNTS[bone] + 1)] for bone in RUS_BONES}
    assert stages == read("tw3_c_rus")["rus_chn_grade_to_tw3_stage"]
    assert [standard(key).name for key in STANDARDS] == ["RUS-CHN", "TW3-RUS", "TW3-C RUS"]
    assert standard("rus_chn") is standard("rus_chn")


@pytest.mark.parametrize("bone", RUS_BONES)
def test_descriptions_agree_with_the_grades(bone: str) -> None:
    described = grade_descriptions(bone)
    assert [row.grade for row in described] == list(range(GRADE_COUNTS[bone] + 1))
    assert all(row.label == grade_label(bone, row.grade) and row.short and row.look_for for row in described)
    guide = read("grade_descriptions")
    rows = guide["groups"][guide["bone_to_group"][bone]]["rus_chn"]
    assert [(row.label, row.tw3_stage) for row in described[1:]] == [(row["label"], row["tw3_stage"]) for row in rows]
    assert described[0].short == "Not visible yet" and described[0].tw3_stage == "A"


def test_wrong_names_and_grades_are_refused() -> None:
    with pytest.raises(ValueError, match="no standard 'gp'"):
        standard("gp")
    for wrong in (grade_count, grade_descriptions):
        with pytest.raises(ValueError, match="'MC2' is not one of the 13"):
            wrong("MC2")
    with pytest.raises(ValueError, match="'MC2' is not one of the 13"):
        grade_label("MC2", 1)
    for grade in (-1, 15):
        with pytest.raises(ValueError, match="Radius has the grades 0 to 14"):
            tw3_stage("Radius", grade)
