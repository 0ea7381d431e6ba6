"""What is refused, mature or warned of, on cases worked out by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.assessment.checks.film_and_age import DOUBTS
from core.assessment.records import Assessment, Check
from core.cohort.films import DataFolderError
from core.evaluation.figures import plain
from core.evaluation.refusals import Answer, answer_of, answers, read_pictures, table_of
from tests.readings import make_reading

_YOUNG = {"Radius": 3}


def _assessment(months: float | None, failed: tuple[str, ...] = (), grades: dict[str, int] | None = None) -> Assessment:
    assessment = make_reading("a", 100, months, boxes={} if months is None else None, grades=grades).assessment
    assert assessment is not None
    names = dict.fromkeys((*DOUBTS, "left_hand", *failed))
    return replace(assessment, checks=tuple(Check(name, name not in failed, "") for name in names))


@pytest.mark.parametrize(
    ("assessment", "outcome"),
    [
        (_assessment(None), "no_age"),
        (_assessment(215.0), "mature"),
        (_assessment(150.0, grades=_YOUNG), "age"),
        (_assessment(150.0, ("left_hand",), _YOUNG), "age"),
        *((_assessment(150.0, (name,), _YOUNG), "warned") for name in DOUBTS),
    ],
)
def test_what_an_assessment_tells(assessment: Assessment, outcome: str) -> None:
    """A right hand is nothing to doubt its age for."""
    assert answer_of(assessment).outcome == outcome


def test_doubts_are_kept_of_mature_hands_too() -> None:
    assert answer_of(_assessment(215.0, (DOUBTS[0],))) == Answer("mature", None, (DOUBTS[0],))


def test_figures_by_hand() -> None:
    given = [
        Answer("refused", "not_a_hand", ()),
        Answer("refused", "unreadable", ()),
        Answer("refused", "not_a_hand", ()),
        Answer("no_age", None, ()),
        Answer("mature", None, ("end_of_scale",)),
        Answer("warned", None, ("end_of_scale", "two_opinions")),
        Answer("age", None, ()),
        Answer("age", None, ()),
    ]
    figures = plain(answers(given))
    assert [figures[name] for name in ("n", "refused", "no_age", "mature", "warned", "age")] == [8, 3, 1, 1, 1, 2]
    assert figures["careful"] == 0.75
    assert figures["careful_wilson95"] == pytest.approx([0.409, 0.929], abs=1e-3)
    assert figures["reasons"] == {"not_a_hand": 2, "unreadable": 1}
    assert figures["doubts"] == {"end_of_scale": 2, "two_opinions": 1}
    (row,) = table_of({"chest": answers(given)}).rows
    assert row[:7] == ("chest", 8, 3, 1, 1, 1, 2) and row[-1] == "end_of_scale 2, two_opinions 1"


def test_none_has_no_share() -> None:
    figures = answers([])
    assert (figures.n, figures.careful, figures.careful_wilson95) == (0, None, None)
    (row,) = table_of({"chest": figures}).rows
    assert row[7:9] == (None, None)


def _folder(folder: Path, there: int = 3) -> Path:
    (folder / "labels.csv").write_text("file,kind\n0.png,a\n1.png,b\n2.png,a\n")
    for number in range(there):
        (folder / f"{number}.png").touch()
    return folder


def test_every_second_row_is_for_choosing_thresholds(tmp_path: Path) -> None:
    _folder(tmp_path)
    assert [(kind, file.name) for kind, file in read_pictures(tmp_path, "even")] == [("a", "0.png"), ("a", "2.png")]
    assert [(kind, file.name) for kind, file in read_pictures(tmp_path, "odd")] == [("b", "1.png")]
    assert len(read_pictures(tmp_path, "all")) == 3


def test_a_picture_that_is_not_there_is_not_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"names 2\.png, which is not there"):
        read_pictures(_folder(tmp_path, 2), "all")


def test_a_table_without_rows(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,kind\n")
    with pytest.raises(DataFolderError, match="names no picture"):
        read_pictures(tmp_path, "all")
