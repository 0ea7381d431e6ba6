"""The pictures of an evaluation, from readings that are made up."""

import re
from pathlib import Path
from typing import Any

import pytest

from core.evaluation import write_pictures, year_figures
from core.evaluation.chart import plotly_figure
from core.evaluation.pictures import PicturesNotWritten, reliability_chart, year_chart
from tests.readings import make_reading

RELIABILITY = [
    {"nominal": 0.5, "answered": 10, "held": 4, "coverage": 0.4, "coverage_wilson95": [0.17, 0.69]},
    {"nominal": 0.9, "answered": 10, "held": 9, "coverage": 0.9, "coverage_wilson95": [0.6, 0.98]},
]


def _figures() -> dict[str, Any]:
    readings = [make_reading("a", 90, 95), make_reading("b", 100, 90, sex="F"), make_reading("c", 101, 121)]
    return {"reliability": RELIABILITY, "age_by_year": year_figures([*readings, make_reading("refused", 60, None)])}


def test_the_reliability_diagram() -> None:
    chart = reliability_chart(RELIABILITY)
    assert chart is not None and "10 hands" in chart.title
    measured, ideal = plotly_figure(chart).data
    assert tuple(measured.x) == (0.5, 0.9) and tuple(measured.y) == (0.4, 0.9)
    assert list(measured.error_y.array) == pytest.approx([0.29, 0.08])
    assert list(measured.error_y.arrayminus) == pytest.approx([0.23, 0.3])
    assert tuple(ideal.x) == tuple(ideal.y), "a perfect interval lies on the diagonal"


def test_errors_by_year() -> None:
    chart = year_chart(_figures()["age_by_year"], "mae_months", "Error", "months")
    assert chart is not None and chart.text == ("1", "2"), "the year of the refused film alone has no error to draw"
    lines = {line.name: (list(line.x), list(line.y)) for line in chart.lines}
    assert lines == {"all": ([7.5, 8.5], [5.0, 15.0]), "boys": ([7.5, 8.5], [5.0, 20.0]), "girls": ([8.5], [10.0])}


def test_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    written = write_pictures(_figures(), folder)
    stems = ("reliability", "mae_by_year", "within_12_by_year")
    assert written == [folder / f"{stem}.{kind}" for stem in stems for kind in ("html", "svg")]
    assert {path.name for path in folder.iterdir()} == {"plotly.min.js", *(path.name for path in written)}
    page, drawing = (folder / "reliability.html").read_text(), (folder / "reliability.svg").read_text()
    assert "plotly.min.js" in page and "https://cdn" not in page, "the page works without the internet"
    assert "Reliability of the age intervals" in drawing and len(re.findall("<path", drawing)) > 5
    again = write_pictures(_figures(), tmp_path / "again")
    assert again[1].read_bytes() == written[1].read_bytes(), "the same figures give the same picture"


def test_nothing_to_draw(tmp_path: Path) -> None:
    nobody = {"reliability": [{"nominal": 0.5, "answered": 0}], "age_by_year": {}}
    assert write_pictures(nobody, tmp_path) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PicturesNotWritten, match="Choose another folder"):
        write_pictures(_figures(), tmp_path / "file" / "pictures")
