"""python -m core experiment: reruns what the documents report of networks compared with one another."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from core.commands.stopping import run as run_program

experiment = typer.Typer(no_args_is_help=True, help="Reruns the experiments that docs/results.md reports.")


@experiment.command()
def table1(
    data: Annotated[Path, typer.Option(help="Folder with hands/ and graded_rois/.")] = Path("../shared/data"),
    run: Annotated[Path, typer.Option(help="Folder for crops, checkpoints, outcomes; run again to resume.")] = Path(
        "runs/table1"
    ),
    epochs: Annotated[int, typer.Option(help="Passes over the training hands, for every network.", min=1)] = 12,
    out: Annotated[Path | None, typer.Option(help="Write table1.json and the pictures into this folder.")] = None,
) -> None:
    """The paper's Table 1 and the ablation it lacks: plain and improved ResNet, same hands, same budget, several seeds."""
    from core.cohort.crop_store import complete_hands
    from core.evaluation.chart import write_chart
    from core.evaluation.pictures import make_folder
    from core.evaluation.table1 import (
        by_year_chart,
        by_year_text,
        run_table1,
        table1_figures,
        table1_plot,
        table1_text,
    )
    from core.training.programs import grading_material

    def program() -> None:
        if out is not None:
            make_folder(out)
        material = grading_material(data / "hands", data / "graded_rois", run)
        val = complete_hands(material.val)
        outcomes = run_table1(material.train, val, material.exemplars, run, epochs)
        figures = table1_figures(outcomes, val)
        typer.echo(table1_text(figures) + "\n\n" + by_year_text(figures))
        if out is not None:
            (out / "table1.json").write_text(json.dumps(figures, indent=1) + "\n")
            table1_plot(outcomes, val).write_html(out / "table1.html", include_plotlyjs="directory")
            for sex in ("all", "male", "female"):
                write_chart(by_year_chart(figures, sex), out, f"table1_by_year_{sex}")

    run_program(program)


@experiment.command()
def gates(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and images.")] = Path("../shared/data/hands"),
    split: Annotated[str | None, typer.Option(help="Rows of this split; all rows of a table without one.")] = "val",
    every: Annotated[int, typer.Option(help="Take every n-th film.", min=1)] = 1,
    weights: Annotated[str, typer.Option(help="Name of a registered grader.")] = "grader",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Whether a grader's gates matter: its error with each of the three additions frozen at its mean, and how gates spread."""
    from core.cohort.crop_store import cut_films
    from core.cohort.films import read_films
    from core.evaluation.gates import gate_figures, gates_text
    from core.hand.localizer import Localizer
    from models.registry import load_grader, load_localizer

    def program() -> None:
        network, file = load_grader(weights)
        hands = cut_films(read_films(data, split)[::every], Localizer(load_localizer()[0]))
        figures = gate_figures(network, hands)
        if as_json:
            typer.echo(
                json.dumps({"grader_sha256": file.sha256, "split": split, **dataclasses.asdict(figures)}, indent=1)
            )
        else:
            typer.echo(f"{gates_text(figures)}\n\nGrader {file.sha256[:12]}, split {split or 'all'}.")

    run_program(program)
