"""The pictures of an evaluation, from readings that are made up."""

import dataclasses
import re
from pathlib import Path

import pytest

from core.evaluation.accuracy.assessed import AssessedFilm
from core.evaluation.accuracy.intervals import Coverage, Held, NominalCoverage
from core.evaluation.accuracy.pictures import PicturesNotWritten, reliability_chart, write_pictures, year_chart
from core.evaluation.accuracy.report import Accuracy, Measured, figures_of
from core.evaluation.chart import plotly_figure
from tests.readings import make_reading

RELIABILITY = [
    NominalCoverage(0.5, Coverage(10, Held(4, 0.4, (0.17, 0.69), 20.0))),
    NominalCoverage(0.9, Coverage(10, Held(9, 0.9, (0.6, 0.98), 50.0))),
]


def _figures(*films: AssessedFilm) -> Accuracy:
    return figures_of(films, Measured(None, len(films), None), {}, lambda assessment, coverage: (0.0, 100.0), {})


def _drawn() -> Accuracy:
    films = [make_reading("a", 90, 95), make_reading("b", 100, 90, sex="F"), make_reading("c", 101, 121)]
    return dataclasses.replace(_figures(*films, make_reading("refused", 60, None)), reliability=RELIABILITY)


def test_the_reliability_diagram() -> None:
    chart = reliability_chart(RELIABILITY)
    assert chart is not None and "10 hands" in chart.title
    measured, ideal = plotly_figure(chart).data
    assert tuple(measured.x) == (0.5, 0.9) and tuple(measured.y) == (0.4, 0.9)
    assert list(measured.error_y.array) == pytest.approx([0.29, 0.08])
    assert list(measured.error_y.arrayminus) == pytest.approx([0.23, 0.3])
    assert tuple(ideal.x) == tuple(ideal.y), "a perfect interval lies on the diagonal"


def test_errors_by_year() -> None:
    chart = year_chart(_drawn().age_by_year, lambda means: means.mae_months, "Error", "months")
    assert chart is not None and chart.text == ("1", "2"), "the year of the refused film alone has no error to draw"
    lines = {line.name: (list(line.x), list(line.y)) for line in chart.lines}
    assert lines == {"all": ([7.5, 8.5], [5.0, 15.0]), "boys": ([7.5, 8.5], [5.0, 20.0]), "girls": ([8.5], [10.0])}


def test_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    written = write_pictures(_drawn(), folder)
    stems = ("reliability", "mae_by_year", "within_12_by_year")
    assert written == [folder / f"{stem}.{kind}" for stem in stems for kind in ("html", "svg")]
    assert {path.name for path in folder.iterdir()} == {"plotly.min.js", *(path.name for path in written)}
    page, drawing = (folder / "reliability.html").read_text(), (folder / "reliability.svg").read_text()
    assert "plotly.min.js" in page and "https://cdn" not in page, "the page works without the internet"
    assert "Reliability of the age intervals" in drawing and len(re.findall("<path", drawing)) > 5
    again = write_pictures(_drawn(), tmp_path / "again")
    assert again[1].read_bytes() == written[1].read_bytes(), "the same figures give the same picture"


def test_nothing_to_draw(tmp_path: Path) -> None:
    assert write_pictures(_figures(), tmp_path) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PicturesNotWritten, match="Choose another folder"):
        write_pictures(_drawn(), tmp_path / "file" / "pictures")
