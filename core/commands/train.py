"""python -m core train: the programs that made the shipped weights, examples and pictures of the grades."""

import dataclasses
import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.assessment.grading.grader import Grader
from core.cohort.opinions import Opinions
from core.commands import full_set
from core.commands.options import DataOption, Device, Hands, Seed, WorkersOption
from core.commands.running import run as run_program
from core.composites.example_hands import make_examples
from core.composites.grade_pictures import make_grade_pictures
from core.hand.localizer import Localizer
from core.training.grader.recipe import GraderRecipe
from core.training.loop.clock import TimeLimit
from core.training.loop.device import device_of
from core.training.material.sources import GraderSources, HandSources
from core.training.programs.grader import make_grader
from core.training.programs.intervals import make_intervals
from core.training.programs.localizer import make_localizer
from core.training.programs.whole_hand import make_whole_hand, write_whole_hand_opinions
from core.training.whole_hand.recipe import whole_hand_recipe
from models.registry import load_grader, load_localizer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The programs that made the shipped weights and examples."
)
app.add_typer(full_set.app)

More = Annotated[
    Path | None, typer.Option(help="A folder of more labelled hands, laid out as --data, all to learn from.")
]
HandRun = Annotated[
    Path, typer.Option("--run", help="Folder for pictures and checkpoints; run again to resume, or with another seed.")
]
Minutes = Annotated[
    float | None,
    typer.Option(help="Stop after this many minutes with the best so far; the whole training if not given.", min=0.1),
]
OpinionTable = Annotated[
    Path | None, typer.Option("--opinions", help="A table that train opinions wrote, to average the readings with.")
]
OpinionWeight = Annotated[float, typer.Option(help="The opinions' share in these averages, above 0 and up to 1.")]


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
    run_program(lambda: make_localizer(data, run, samples, pseudo_samples))


@app.command()
def grader(
    data: DataOption,
    run: Annotated[Path, typer.Option(help="Folder for crops, checkpoints and logs; run again to resume.")] = Path(
        "runs/grader"
    ),
    epochs: Annotated[int, typer.Option(help="Passes over the training hands.", min=1)] = 30,
    learning_rate: Annotated[float, typer.Option(help="The highest; lower where --start is given.", min=1e-6)] = 1.5e-3,
    guidance: Annotated[
        float,
        typer.Option(help="Weight of what is asked of the gates: to let through more on the growth plate.", min=0.0),
    ] = 0.0,
    start: Annotated[
        Path | None, typer.Option(help="A folder of registered weights; its grader is trained on instead of a new one.")
    ] = None,
    half_way: Annotated[
        bool, typer.Option("--half-way", help="End with weights half way between those of --start and those trained.")
    ] = False,
    minutes: Minutes = None,
    more: More = None,
    opinions: OpinionTable = None,
    opinion_weight: OpinionWeight = 0.5,
    seed: Seed = 1,
    device: Device = "cpu",
) -> None:
    """Cuts crops with the registered localiser, trains the grader on them, calibrates its interval, registers it."""

    def program() -> None:
        limit = TimeLimit(minutes)
        recipe = dataclasses.replace(
            GraderRecipe(),
            epochs=epochs,
            learning_rate=learning_rate,
            guidance=guidance,
            half_way=half_way,
            seed=seed,
        )
        sources = GraderSources.in_folder(data, more, _opinions(opinions, opinion_weight))
        make_grader(sources, run, recipe, limit, start, device_of(device))

    run_program(program)


def _opinions(table: Path | None, weight: float) -> Opinions | None:
    return None if table is None else Opinions(table, weight)


@app.command()
def whole_hand(
    data: Hands,
    small: Annotated[
        Path | None, typer.Option(help="An .npz of small hands with their ages to learn from first.")
    ] = None,
    more: More = None,
    run: HandRun = Path("runs/whole_hand"),
    minutes: Minutes = None,
    leave_out: Annotated[
        Literal["none", "even", "odd", "large"],
        typer.Option(help="Learn from none of the larger hands, or not from half of them, and register nothing."),
    ] = "none",
    encoder: Annotated[
        Literal["resnet", "efficientnet_lite0"], typer.Option(help="From scratch, or from ImageNet weights.")
    ] = "resnet",
    finest: Annotated[
        Literal["128", "256", "384", "512"] | None,
        typer.Option(help="Height in pixels of the largest pictures; if not given the recipe's on a GPU, else 256."),
    ] = None,
    opinions: OpinionTable = None,
    opinion_weight: OpinionWeight = 0.5,
    seed: Seed = 1,
    device: Device = "auto",
    workers: WorkersOption = None,
) -> None:
    """Trains the network that looks at the whole hand, and sets its weight beside the registered grader."""

    def program() -> Path:
        limit = TimeLimit(minutes)
        where = device_of(device)
        height = int(finest) if finest else 512 if where.type == "cuda" else 256
        recipe = whole_hand_recipe(encoder, height, seed)
        sources = HandSources(data, more, small)
        heard = _opinions(opinions, opinion_weight)
        count = workers or os.cpu_count() or 1
        return make_whole_hand(sources, run, recipe, leave_out, limit, heard, where, count)

    folder = run_program(program)
    done = "registered" if leave_out == "none" else "kept for its opinions on the hands that it never saw"
    typer.echo(f"The whole hand's network in {folder} is trained and {done}.")


@app.command("opinions")
def opinions_command(
    data: Hands,
    out: Annotated[
        Path, typer.Option(help="The table to write: id, months, and the networks that never saw the hand.")
    ],
    more: More = None,
    run: HandRun = Path("runs/whole_hand"),
    workers: WorkersOption = None,
) -> None:
    """Writes what networks trained by whole-hand with --leave-out say of the hands that they never saw."""
    sources = HandSources(data, more)
    known, count = run_program(lambda: write_whole_hand_opinions(sources, run, out, workers or os.cpu_count() or 1))
    typer.echo(f"{out} has an opinion on {known:,} of {count:,} hands.")


@app.command()
def intervals(
    data: Hands,
    run: Annotated[
        Path, typer.Option(help="Folder for crops and pictures; that of the registered networks saves time.")
    ] = Path("runs/grader"),
) -> None:
    """Sets the intervals of the registered networks, so that they hold 90 % of the readings of `val`."""
    setting = run_program(lambda: make_intervals(data, run))
    typer.echo(f"Single readings scatter by {setting.scatter_months:.1f} months beyond what the grades say.")


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
