"""python -m core evaluate | evaluate-grades | evaluate-places | evaluate-refusals: how good the live weights are."""

from pathlib import Path
from typing import Annotated

import typer

from core.assessment.assessor import Assessor
from core.assessment.grading.grader import Grader
from core.assessment.live_model import live_model
from core.cohort.exemplar_frame import ExemplarPart
from core.commands.options import Every, Hands, Json, SplitOption
from core.commands.running import run, show, write_figures
from core.evaluation import grades, places, refusals
from core.evaluation.accuracy import pictures, report
from core.hand.localizer import Localizer
from models.registry import load_grader, load_localizer

app = typer.Typer(add_completion=False)


@app.command()
def evaluate(
    data: Hands,
    split: SplitOption = None,
    every: Every = 1,
    figures: Annotated[
        Path | None, typer.Option(help="Write the reliability diagram and errors by year of age into this folder.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Also write how far off hands that are alike were to this file; the app reads "
            "core/data/measured_errors.json."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measures boxes, bone ages, their intervals and whether grades rise with age, on labelled films."""

    def measure() -> report.Accuracy:
        if figures is not None:
            pictures.make_folder(figures)
        measured = report.evaluate(data, split, Assessor.from_registry(), every)
        if figures is not None:
            pictures.write_pictures(measured, figures)
        if keep is not None:
            write_figures(keep, measured.alike)
        return measured

    show(run(measure), report.as_text, as_json)


@app.command()
def evaluate_grades(
    data: Annotated[Path, typer.Option(help="Your folder of graded crops: labels.csv and the crops that it names.")],
    quality: Annotated[
        grades.Quality, typer.Option(help="unverified (crops of whole hands) or exemplar (of the atlas).")
    ] = "unverified",
    part: Annotated[
        ExemplarPart,
        typer.Option(help="left_out (of training), trained (the others) or all; unverified crops are always left out."),
    ] = "left_out",
    as_json: Json = False,
) -> None:
    """Measures grades on crops that a person graded: exact, within one, and kappa, in all and by bone."""

    def measure() -> grades.GradedFigures:
        network, weights = load_grader(folder=live_model().folder)
        return grades.evaluate_graded(data, quality, part, Grader(network), weights)

    show(run(measure), grades.as_text, as_json)


@app.command()
def evaluate_places(
    data: Annotated[Path, typer.Option(help="Your folder of hands with boxes_ossification17.csv or keypoints21.csv.")],
    every: Every = 1,
    as_json: Json = False,
) -> None:
    """Measures where the bones are found against ossification boxes and joints that other people marked."""

    def measure() -> places.PlacesReport:
        network, sha256 = load_localizer(folder=live_model().folder)
        return places.evaluate_places(data, Localizer(network), sha256, every)

    show(run(measure), places.as_text, as_json)


@app.command()
def evaluate_refusals(
    data: Annotated[
        Path,
        typer.Option(help="Your folder with hands/ (labelled films) and not_for_reading/ (labels.csv with file,kind)."),
    ],
    rows: Annotated[
        refusals.Rows, typer.Option(help="Of not_for_reading: all, even (thresholds were chosen on them) or odd.")
    ] = "all",
    split: SplitOption = None,
    every: Every = 1,
    as_json: Json = False,
) -> None:
    """Measures what is refused, mature or warned of: pictures that should get no child's age, and hands that should."""
    figures = run(lambda: refusals.evaluate_refusals(data, Assessor.from_registry(), rows, split, every))
    show(figures, refusals.as_text, as_json)
