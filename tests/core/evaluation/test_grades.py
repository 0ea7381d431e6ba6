"""Agreement of grades with people's and with age, on cases worked out by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from core.assessment.grading.grader import Grader
from core.bones import RUS_BONES
from core.cohort.exemplar_frame import read_graded
from core.cohort.films import DataFolderError
from core.evaluation.figures import plain
from core.evaluation.grades import agreement_figures, as_text, evaluate_graded, likeliest_grades
from models.registry import WeightFile
from tests.graded import COLUMNS, write_graded


def test_agreement_by_hand() -> None:
    radius, ulna = RUS_BONES.index("Radius"), RUS_BONES.index("Ulna")
    bones = np.array([radius] * 4 + [ulna])
    labels, predicted = np.array([1, 2, 3, 4, 5]), np.array([1, 3, 3, 7, 5])
    figures = plain(agreement_figures(bones, labels, predicted))
    assert list(figures["by_bone"]) == ["Radius", "Ulna"]
    of_radius = figures["by_bone"]["Radius"]
    assert (of_radius["n"], of_radius["exact"], of_radius["within_one"]) == (4, 0.5, 0.75)
    assert of_radius["mean_difference"] == 1.0
    # squares of the differences: 0, 1, 0, 9, mean 2.5; of all 16 pairs: 7.5 + 17 - 2 * 2.5 * 3.5 = 7
    assert of_radius["kappa"] == pytest.approx(1 - 2.5 / 7, abs=1e-3)
    assert of_radius["kappa_interval90"] is None, "of so few crops it would span the scale"
    assert figures["by_bone"]["Ulna"]["kappa"] is None and figures["by_bone"]["Ulna"]["exact"] == 1.0
    assert (figures["all"]["n"], figures["all"]["exact"], figures["all"]["within_one"]) == (5, 0.6, 0.8)


def test_kappa_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(1, 12, 60)
    predicted = np.clip(labels + random.integers(-2, 3, 60), 0, 12)
    figures = plain(agreement_figures(np.zeros(60, np.int64), labels, predicted))["all"]
    assert figures["kappa"] == pytest.approx(cohen_kappa_score(labels, predicted, weights="quadratic"), abs=1e-3)
    low, high = figures["kappa_interval90"]
    assert low < figures["kappa"] < high < 1


def _crops(folder: Path) -> Path:
    """Two exemplars of each of two grades, and one crop of a hand."""
    rows = [
        ("PP_9_1.png", "PP", "", 9, "exemplar"),
        ("PP_9_0.png", "PP", "", 9, "exemplar"),
        ("U_3_0.png", "Ulna", "", 3, "exemplar"),
        ("U_3_1.png", "Ulna", "", 3, "exemplar"),
        ("hand.png", "MC", "MC3", 5, "unverified"),
    ]
    write_graded(folder, pd.DataFrame(rows, columns=COLUMNS))
    return folder


def _weights(**metadata: str) -> WeightFile:
    return WeightFile("grader", "grader.safetensors", {}, metadata, "f" * 64)


def test_graded_crops_of_a_folder(small_grader: Grader, tmp_path: Path) -> None:
    measured = evaluate_graded(_crops(tmp_path), "exemplar", "left_out", small_grader, _weights())
    figures = plain(measured)
    assert figures["data"] == {"quality": "exemplar", "part": "left_out", "crops": 3, "trained_on": True}
    assert list(figures["by_bone"]) == ["Ulna", "PP3", "PP5"] and figures["all"]["n"] == 3
    crops = read_graded(tmp_path, "exemplar", "left_out")
    for bone, label, grade in zip(crops.bones, crops.grades, likeliest_grades(small_grader, crops), strict=True):
        row = figures["by_bone"][RUS_BONES[bone]]
        assert row["mean_difference"] == grade - label and row["exact"] == float(grade == label)
    text = as_text(measured)
    assert "3 crops" in text and "some of them trained on" in text and "PP5" in text and "f" * 64 in text


@pytest.mark.parametrize(
    ("quality", "part", "trained_part", "trained_on"),
    [
        ("exemplar", "left_out", "trained", False),
        ("exemplar", "trained", "trained", True),
        ("exemplar", "all", "trained", True),
        ("exemplar", "left_out", "all", True),
        ("exemplar", "trained", "none", False),
        ("unverified", "left_out", "all", False),
        ("unverified", "all", "trained", False),
    ],
)
def test_what_was_trained_on_is_told(
    small_grader: Grader, tmp_path: Path, quality: str, part: str, trained_part: str, trained_on: bool
) -> None:
    weights = _weights(exemplars=trained_part)
    figures = evaluate_graded(_crops(tmp_path), quality, part, small_grader, weights)  # type: ignore[arg-type]
    assert figures.data.trained_on is trained_on


def test_no_crops_of_the_part(small_grader: Grader, tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="no crop of quality unverified in the part trained"):
        evaluate_graded(_crops(tmp_path), "unverified", "trained", small_grader, _weights())
    (tmp_path / "labels.csv").unlink()
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing"):
        evaluate_graded(tmp_path, "unverified", "all", small_grader, _weights())
