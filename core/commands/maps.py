"""python -m core explanation-checks | map-guide: whether the maps beside the crops mean something, and how they are shown."""

from pathlib import Path
from typing import Annotated

import typer

from core.assessment.assessor import Assessor
from core.commands.options import Hands, Json, SplitOption
from core.commands.running import run, show, write_figures
from core.evaluation.maps import checks, guide
from core.evaluation.maps.figures import as_text

app = typer.Typer(add_completion=False)


@app.command()
def explanation_checks(
    data: Hands,
    split: SplitOption = None,
    hands: Annotated[int, typer.Option(help="This many films, spread evenly over the split.", min=1)] = 100,
    print_json: Json = False,
    keep: Annotated[
        Path | None,
        typer.Option(help="Also write the figures to this file; the app reads core/data/explanation_checks.json."),
    ] = None,
) -> None:
    """Measures whether the maps change with the weights, lie on the growth plate, and mark what the grade rests on."""

    def measure() -> None:
        figures = checks.check_folder(data, split, hands, Assessor.from_registry())
        # printed first, so that minutes of work are not lost if the file cannot be written
        show(figures, as_text, print_json)
        if keep is not None:
            write_figures(keep, figures)

    run(measure)


@app.command()
def map_guide(
    data: Hands,
    split: SplitOption = None,
    print_json: Json = False,
    keep: Annotated[
        Path | None, typer.Option(help="Also write it to this file; the app reads core/data/map_guide.json.")
    ] = None,
) -> None:
    """Measures the scales that maps are shown on, the channels that tell grades apart, and which stage to show first."""

    def measure() -> None:
        figures = guide.measure_folder(data, split, Assessor.from_registry())
        show(figures, guide.as_text, print_json)
        if keep is not None:
            write_figures(keep, figures)

    run(measure)
