"""python -m core evaluate | evaluate-grades | evaluate-places: how good the shipped weights are, on labelled data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from core.commands.options import one_of
from core.commands.stopping import run

evaluation = typer.Typer(no_args_is_help=True, add_completion=False, help="How good the shipped weights are.")
_DATA = Path("../shared/data")

_QUALITIES, _PARTS = ("unverified", "exemplar"), ("all", "trained", "left_out")

_Hands = Annotated[Path, typer.Option("--data", help="Folder with labels.csv, images and, if any, boxes21.csv.")]
_Marked = Annotated[
    Path, typer.Option("--data", help="Folder of hands with boxes_ossification17.csv or keypoints21.csv.")
]
_Crops = Annotated[Path, typer.Option("--data", help="Folder with labels.csv and the crops that it names.")]
_Every = Annotated[int, typer.Option(help="Take every n-th film.", min=1)]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@evaluation.command()
def evaluate(
    data: _Hands = _DATA / "hands",
    split: Annotated[str | None, typer.Option(help="Rows of this split, e.g. val; all rows if not given.")] = None,
    every: _Every = 1,
    figures: Annotated[
        Path | None, typer.Option(help="Write the reliability diagram and errors by year of age into this folder.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Measures boxes, bone ages, their intervals and whether grades rise with age, on labelled films."""
    from core import evaluation as measuring
    from core.assessment.assessor import Assessor

    def measure() -> dict[str, Any]:
        if figures is not None:
            measuring.make_folder(figures)
        measured = measuring.evaluate(data, split, Assessor.from_registry(), every)
        if figures is not None:
            measuring.write_pictures(measured, figures)
        return measured

    _show(measure, measuring.as_text, as_json)


@evaluation.command("evaluate-grades")
def evaluate_grades(
    data: _Crops = _DATA / "graded_rois",
    quality: Annotated[
        str,
        typer.Option(
            help="unverified (crops of whole hands) or exemplar (of the atlas).", callback=one_of("quality", _QUALITIES)
        ),
    ] = "unverified",
    part: Annotated[
        str,
        typer.Option(
            help="left_out (of training), trained (the others) or all; unverified crops are always left out.",
            callback=one_of("part", _PARTS),
        ),
    ] = "left_out",
    as_json: _Json = False,
) -> None:
    """Measures grades on crops that a person graded: exact, within one, and kappa, in all and by bone."""
    from core import evaluation as measuring
    from core.assessment.grader import Grader
    from core.cohort.exemplar_frame import Part
    from models.registry import load_grader

    def measure() -> dict[str, Any]:
        network, weights = load_grader()
        return measuring.evaluate_graded(
            data, cast(measuring.Quality, quality), cast(Part, part), Grader(network), weights
        )

    _show(measure, measuring.graded_as_text, as_json)


@evaluation.command("evaluate-places")
def evaluate_places(data: _Marked = _DATA / "hands", every: _Every = 1, as_json: _Json = False) -> None:
    """Measures where the bones are found against ossification boxes and joints that other people marked."""
    from core import evaluation as measuring
    from core.hand.localizer import Localizer
    from models.registry import load_localizer

    def measure() -> dict[str, Any]:
        network, sha256 = load_localizer()
        return measuring.evaluate_places(data, Localizer(network), sha256, every)

    _show(measure, measuring.places_as_text, as_json)


def _show(measure: Callable[[], dict[str, Any]], as_text: Callable[[dict[str, Any]], str], as_json: bool) -> None:
    figures = run(measure)
    typer.echo(json.dumps(figures, indent=1) if as_json else as_text(figures))
