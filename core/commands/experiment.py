"""python -m core experiment: reruns the comparisons between networks that the documents report."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from core.assessment.age.second_opinion import window_side
from core.cohort.crop_store import complete_hands, cut_films
from core.cohort.films import read_films
from core.cohort.opinions import read_opinions
from core.commands.options import DataOption, Every, Hands, Json, Seed, SplitOption, WorkersOption
from core.commands.running import run as run_program
from core.commands.running import show
from core.evaluation.accuracy.pictures import make_folder
from core.evaluation.chart import write_chart
from core.evaluation.figures import Inline, as_json
from core.evaluation.gates import GateFigures, gate_figures, gates_text
from core.evaluation.learning_curve import CURVE_HEIGHT, curve_chart, curve_text, learning_curve
from core.evaluation.table1.figures import by_year_text, frozen_text, table1_figures, table1_text
from core.evaluation.table1.pictures import by_year_chart, table1_plot
from core.evaluation.table1.runs import chosen_rows, run_table1
from core.hand.localizer import Localizer
from core.learning.replay.figures import replay_chart, replay_figures, replay_text
from core.learning.replay.orders import ORDERS, Ordering
from core.learning.replay.runs import Replay, ReplayRecipe
from core.training.loop.clock import TimeLimit
from core.training.material.sources import GraderSources, HandSources
from models.registry import load_grader, load_localizer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Reruns the experiments whose results docs/ reports."
)


@app.command()
def table1(
    data: DataOption,
    run: Annotated[Path, typer.Option(help="Folder for crops, checkpoints, outcomes; run again to resume.")] = Path(
        "runs/table1"
    ),
    epochs: Annotated[int, typer.Option(help="Passes over the training hands, for every network.", min=1)] = 12,
    row: Annotated[
        list[str] | None,
        typer.Option(
            help="Beside the plain and the improved network train only this one, by its key; may be repeated."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="At most this many seeds of each row.", min=1)] = 3,
    out: Annotated[Path | None, typer.Option(help="Write table1.json and the pictures into this folder.")] = None,
) -> None:
    """The paper's Table 1 and the ablation it lacks: plain and improved ResNet, same hands, same budget, several seeds."""

    def program() -> None:
        rows = chosen_rows(row or [], epochs, seeds)
        if out is not None:
            make_folder(out)
        material = GraderSources.in_folder(data).material(run)
        val = complete_hands(material.val)
        outcomes = run_table1(material.train, val, material.exemplars, run, rows)
        figures = table1_figures(outcomes, val)
        typer.echo("\n\n".join((table1_text(figures), frozen_text(figures), by_year_text(figures.by_year))))
        if out is not None:
            (out / "table1.json").write_text(as_json(figures) + "\n")
            table1_plot(outcomes, val).write_html(out / "table1.html", include_plotlyjs="directory")
            for sex in ("all", "male", "female"):
                write_chart(by_year_chart(figures.by_year, sex), out, f"table1_by_year_{sex}")

    run_program(program)


@app.command()
def replay(
    data: DataOption,
    opinions: Annotated[Path, typer.Option(help="A table that train opinions wrote, of the hands of `train`.")],
    run: Annotated[Path, typer.Option(help="Folder for crops, weights, outcomes; run again to resume.")] = Path(
        "runs/replay"
    ),
    orders: Annotated[
        list[Ordering] | None,
        typer.Option("--order", help="An order to read in; may be repeated. All if not given."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Start no further fine-tuning after this many minutes; all if not given.", min=0.0),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write replay.json and the picture into this folder.")] = None,
) -> None:
    """How many readings a weak model needs to get better, in the queue's order and in others, by a simulated reader."""

    def program() -> None:
        if out is not None:
            make_folder(out)
        material = GraderSources.in_folder(data).material(run)
        replayed = Replay(material, read_opinions(opinions), run, ReplayRecipe())
        outcomes = replayed.outcomes(tuple(orders or ORDERS), TimeLimit(minutes))
        figures = replay_figures(replayed.start_worth, outcomes)
        typer.echo(replay_text(figures))
        if out is not None:
            (out / "replay.json").write_text(as_json(figures) + "\n")
            write_chart(replay_chart(figures), out, "replay")

    run_program(program)


@app.command("learning-curve")
def hands_needed(
    data: Hands,
    small: Annotated[Path, typer.Option(help="An .npz of small hands with their ages to learn from.")],
    hands: Annotated[list[int], typer.Option(help="Train on this many of them; give it several times.", min=1)],
    run: Annotated[Path, typer.Option(help="Folder for windows and checkpoints; run again to resume.")] = Path(
        "runs/learning_curve"
    ),
    steps: Annotated[int, typer.Option(help="Of 64 hands each, for every network.", min=1)] = 800,
    seed: Seed = 1,
    workers: WorkersOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Write learning_curve.json and the picture into this folder.")
    ] = None,
) -> None:
    """How the whole hand's error on `val` falls with the number of hands learned from, at the same number of steps."""

    def program() -> None:
        if out is not None:
            make_folder(out)
        sources = HandSources(data, small=small)
        learned, val = sources.small_and_val(run, window_side(CURVE_HEIGHT), workers or os.cpu_count() or 1)
        curve = learning_curve(learned, val, hands, steps, seed, run)
        typer.echo(curve_text(curve))
        if out is not None:
            (out / "learning_curve.json").write_text(as_json(curve) + "\n")
            write_chart(curve_chart(curve), out, "learning_curve")

    run_program(program)


@dataclass(frozen=True)
class GradersGates:
    """What is printed about one grader's gates. split: of the hands on which they were measured; None for all."""

    grader_sha256: str
    split: str | None
    gates: Inline[GateFigures]


@app.command()
def gates(
    data: Hands,
    split: SplitOption = "val",
    every: Every = 1,
    weights: Annotated[str, typer.Option(help="Name of a registered grader.")] = "grader",
    as_json: Json = False,
) -> None:
    """Whether a grader's gates matter: its error with each of the three additions frozen at its mean, and how gates spread."""

    def measure() -> GradersGates:
        network, file = load_grader(weights)
        hands = cut_films(read_films(data, split)[::every], Localizer(load_localizer()[0]))
        return GradersGates(file.sha256, split, gate_figures(network, hands))

    show(run_program(measure), _gates_text, as_json)


def _gates_text(measured: GradersGates) -> str:
    return f"{gates_text(measured.gates)}\n\nGrader {measured.grader_sha256[:12]}, split {measured.split or 'all'}."
