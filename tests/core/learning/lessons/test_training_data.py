"""The folder that a server has of what the shipped weights learned from, and what is wrong with one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.cohort.exemplar_frame import FEWEST_HANDS
from core.cohort.films import DataFolderError
from core.learning.lessons.training_data import TRAINING_DATA_VARIABLE, training_data


def write_folder(folder: Path, train: int = FEWEST_HANDS) -> Path:
    """Hands of `train` and one of `val` beside an exemplar, whose pictures nobody opens."""
    (folder / "hands").mkdir(parents=True)
    (folder / "graded_rois").mkdir()
    rows = ["id,file,sex,bone_age_months,split"]
    for number in range(train + 1):
        (folder / "hands" / f"{number}.png").touch()
        rows.append(f"{number},{number}.png,F,100,{'train' if number < train else 'val'}")
    (folder / "hands" / "labels.csv").write_text("\n".join(rows) + "\n")
    table = "file,bone_group,bone,rus_chn_grade,quality\n1.png,MC,,5,exemplar\n2.png,,Ulna,4,unverified\n"
    (folder / "graded_rois" / "labels.csv").write_text(table)
    return folder


def test_what_a_run_would_see_again_is_counted(tmp_path: Path) -> None:
    assert training_data({}) is None and training_data({TRAINING_DATA_VARIABLE: ""}) is None
    found = training_data({TRAINING_DATA_VARIABLE: str(write_folder(tmp_path / "data"))})
    assert found is not None and found.folder == tmp_path / "data"
    assert (found.train, found.val, found.exemplars) == (FEWEST_HANDS, 1, 2), "an exemplar of MC is of two bones"
    hands_alone = training_data({TRAINING_DATA_VARIABLE: str(tmp_path / "data" / "hands")})
    assert hands_alone is not None and (hands_alone.train, hands_alone.exemplars) == (FEWEST_HANDS, 0)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda data: (data / "hands" / "labels.csv").unlink(), r"labels\.csv is missing\. Point at a folder with"),
        (lambda data: (data / "hands" / "3.png").unlink(), r"hands/3\.png is missing: bring the picture"),
        (lambda data: (data / "hands" / "boxes21.csv").write_text("id\n"), r"boxes21\.csv has no column bone"),
        (lambda data: (data / "graded_rois" / "labels.csv").write_text("file\n"), "has no column bone"),
        (
            lambda data: (data / "hands" / "labels.csv").write_text("id,file,sex,bone_age_months\n1,1.png,F,9\n"),
            "has no column split",
        ),
    ],
)
def test_a_folder_that_no_run_could_use_is_one_sentence(
    damage: Callable[[Path], object], sentence: str, tmp_path: Path
) -> None:
    data = write_folder(tmp_path / "data")
    damage(data)
    with pytest.raises(
        DataFolderError, match=f"{TRAINING_DATA_VARIABLE} names a folder that no run can learn from.*{sentence}"
    ):
        training_data({TRAINING_DATA_VARIABLE: str(data)})


def test_exemplars_need_hands_to_be_framed_by(tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data", train=2)
    with pytest.raises(DataFolderError, match="has 2 hands for training: exemplars need at least 8 others"):
        training_data({TRAINING_DATA_VARIABLE: str(data)})
