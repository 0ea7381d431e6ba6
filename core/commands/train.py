"""python -m core train: the programs that made the shipped weights, examples and pictures of the grades."""

from pathlib import Path
from typing import Annotated

import typer

from core.assessment.grader import Grader
from core.commands import full_set
from core.commands.options import Hands, Material, Seed
from core.commands.running import run as run_program
from core.composites.example_hands import make_examples
from core.composites.grade_pictures import make_grade_pictures
from core.hand.localizer import Localizer
from core.training import programs
from core.training.second_opinion import SecondOpinionRecipe
from models.registry import load_grader, load_localizer

app = typer.Typer(no_args_is_help=True, help="The programs that made the shipped weights and examples.")
app.add_typer(full_set.app)


@app.command()
def localizer(
    data: Hands,
    run: Annotated[Path, typer.Option(help="Folder for checkpoints and logs; run again to resume.")] = Path(
        "runs/localizer"
    ),
    samples: Annotated[
        int, typer.Option(help="Training samples of the first pass, on hand-drawn boxes.", min=16)
    ] = 9600,
    pseudo_samples: Annotated[int, typer.Option(help="... of the second, on its own boxes as well.", min=16)] = 4800,
) -> None:
    """Trains the localiser on boxed hands, then on its own confident boxes of the others, and registers it."""
    run_program(lambda: programs.make_localizer(data, run, samples, pseudo_samples))


@app.command()
def grader(
    data: Material,
    run: Annotated[Path, typer.Option(help="Folder for crops, checkpoints and logs; run again to resume.")] = Path(
        "runs/grader"
    ),
    epochs: Annotated[int, typer.Option(help="Passes over the training hands.", min=1)] = 30,
    seed: Seed = 1,
) -> None:
    """Cuts crops with the registered localiser, trains the grader on them, calibrates its interval, registers it."""
    run_program(lambda: programs.make_grader(data, run, epochs, seed))


@app.command()
def second_opinion(
    data: Hands,
    run: Annotated[
        Path, typer.Option(help="Folder for pictures and checkpoints; a grader's run folder saves time.")
    ] = Path("runs/grader"),
    seed: Seed = 1,
) -> None:
    """Trains the network that looks at the whole hand, and sets its weight beside the registered grader."""
    run_program(lambda: programs.make_second_opinion(data, run, SecondOpinionRecipe(seed=seed)))


@app.command()
def intervals(
    data: Hands,
    run: Annotated[
        Path, typer.Option(help="Folder for crops and pictures; that of the registered networks saves time.")
    ] = Path("runs/grader"),
) -> None:
    """Sets the intervals of the registered networks, so that they hold 90 % of the readings of `val`."""
    setting = run_program(lambda: programs.make_intervals(data, run))
    typer.echo(
        f"Single readings scatter by {setting.scatter_months:.1f} months beyond what the grades say; the distribution of a "
        f"total is widened {setting.spread:.2f} times."
    )


@app.command()
def examples(
    data: Hands,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("examples"),
) -> None:
    """Makes the example hands, each the aligned average of at least eight children's."""
    run_program(lambda: make_examples(data, out, Localizer(load_localizer()[0])))


@app.command()
def grade_pictures(
    data: Hands,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("core/data/grade_pictures"),
    run: Annotated[Path | None, typer.Option(help="A grader's run folder, whose crops are taken.")] = None,
) -> None:
    """Makes the pictures of what each grade looks like, each the aligned average of at least eight children's crops."""

    def program() -> None:
        network, localizer_hash = load_localizer()
        graded, file = load_grader()
        weights = {"localizer": localizer_hash, "grader": file.sha256}
        pictures = make_grade_pictures(data, out, Localizer(network), Grader(graded), weights, run)
        made = sum(picture.file is not None for picture in pictures)
        withheld = sum(picture.withheld for picture in pictures)
        typer.echo(
            f"{made} of {len(pictures)} grades have a picture; {withheld} are withheld because they would show another "
            "grade, and the others have fewer than eight children near them."
        )

    run_program(program)
