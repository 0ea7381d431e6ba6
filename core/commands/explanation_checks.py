"""python -m core explanation-checks: whether the maps beside the crops mean something, measured on many hands."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.commands.stopping import run
from core.errors import BoneGradeError

explanation_checks = typer.Typer(add_completion=False)


@explanation_checks.command("explanation-checks")
def check_explanations(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and images.")] = Path("../shared/data/hands"),
    split: Annotated[str | None, typer.Option(help="Rows of this split; all rows if not given.")] = None,
    hands: Annotated[int, typer.Option(help="So many films, spread evenly over the split.", min=1)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option(help="Also write the figures to this file; the app reads core/data/explanation_checks.json."),
    ] = None,
) -> None:
    """Measures whether the maps change with the weights, lie on the growth plate, and mark what the grade rests on."""
    from core.assessment.assessor import Assessor
    from core.cohort.films import read_films
    from core.evaluation.maps import checks

    def measure() -> None:
        measured = checks.check(checks.evenly(read_films(data, split), hands), Assessor.from_registry())
        figures = {"split": split} | measured
        # printed first, so that minutes of work are not lost where the file cannot be written
        typer.echo(json.dumps(figures, indent=1) if as_json else checks.as_text(figures))
        if keep is not None:
            _write(keep, figures)

    run(measure)


def _write(file: Path, figures: dict[str, object]) -> None:
    try:
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise BoneGradeError(
            f"The figures cannot be written to {file}: {error.strerror}. Choose another file."
        ) from None
