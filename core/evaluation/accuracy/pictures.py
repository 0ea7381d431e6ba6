"""Pictures of the accuracy: the reliability diagram, and errors by year of age."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from core.errors import BoneGradeError
from core.evaluation.accuracy.ages import AgeErrors, MeanErrors
from core.evaluation.accuracy.intervals import NominalCoverage
from core.evaluation.accuracy.report import Accuracy
from core.evaluation.chart import Chart, Line, write_chart
from core.evaluation.figures import BySex

_COLOURS: Final = {"all": "#2a9d8f", "male": "#4c78d0", "female": "#d9480f"}
_NAMES: Final = {"all": "all", "male": "boys", "female": "girls"}


class PicturesNotWritten(BoneGradeError):
    """The folder for the pictures cannot be written to."""

    def __init__(self, folder: Path, error: OSError):
        super().__init__(f"The figures cannot be written to {folder}: {error.strerror}. Choose another folder.")


def write_pictures(figures: Accuracy, folder: Path) -> list[Path]:
    """Writes reliability, mae_by_year and within_12_by_year, each as HTML and SVG, where there is something to draw.

    folder: made if need be. Returns the files. Raises PicturesNotWritten.
    """
    years = figures.age_by_year
    charts = {
        "reliability": reliability_chart(figures.reliability),
        "mae_by_year": year_chart(years, lambda means: means.mae_months, "Mean absolute error by age", "months"),
        "within_12_by_year": year_chart(
            years, lambda means: means.within_12_months, "Within one year of the reading, by age", "share of hands"
        ),
    }
    make_folder(folder)
    try:
        return [
            path for stem, chart in charts.items() if chart is not None for path in write_chart(chart, folder, stem)
        ]
    except OSError as error:
        raise PicturesNotWritten(folder, error) from error


def make_folder(folder: Path) -> None:
    """Makes the folder if it does not exist, so that a long measurement need not end in this error.

    Raises PicturesNotWritten.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PicturesNotWritten(folder, error) from error


def reliability_chart(rows: Sequence[NominalCoverage]) -> Chart | None:
    """Measured against nominal coverage, with Wilson 95 % whiskers; None without a hand."""
    drawn = [(row.nominal, row.measured.readings) for row in rows if row.measured.readings is not None]
    if not drawn:
        return None
    nominal = [share for share, _ in drawn]
    measured = [held.coverage for _, held in drawn]
    ends = [held.coverage_wilson95 for _, held in drawn]
    # A rounded share may lie past the rounded end of its interval, and a whisker has no negative length.
    reach = [(max(0.0, share - low), max(0.0, high - share)) for share, (low, high) in zip(measured, ends, strict=True)]
    return Chart(
        f"Reliability of the age intervals ({rows[0].measured.answered} hands)",
        "nominal coverage",
        "share of readings inside, with its 95 % interval",
        0.1,
        (
            Line("measured", _COLOURS["all"], nominal, measured, reach),
            Line("as it should be", "#76808f", nominal, nominal, dashed=True),
        ),
    )


def year_chart(
    years: Mapping[str, BySex[AgeErrors]], figure: Callable[[MeanErrors], float], title: str, unit: str
) -> Chart | None:
    """One figure by year of age, in all and by sex, n at the points of all; a year without an age is left out."""
    lines = []
    counts: tuple[str, ...] = ()
    for sex, name in _NAMES.items():
        rows = {label: row.named()[sex] for label, row in years.items()}
        drawn = {label: figure(row.means) for label, row in rows.items() if row.means is not None}
        if not drawn:
            continue
        if sex == "all":
            counts = tuple(str(rows[label].n) for label in drawn)
        middles = [sum(float(end) for end in label.split("-")) / 2 for label in drawn]
        lines.append(Line(name, _COLOURS[sex], middles, list(drawn.values())))
    if not lines:
        return None
    return Chart(f"{title} (numbers: hands)", "bone age as read, years", unit, 1.0, tuple(lines), counts)
