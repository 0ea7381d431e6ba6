"""python -m core experiment: reruns what the documents report of networks compared with one another."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.commands.stopping import run as run_program

experiment = typer.Typer(no_args_is_help=True, help="Reruns the experiments that docs/results.md reports.")


@experiment.callback()
def _experiments() -> None:
    """Keeps `table1` a command of its own while it is the only one."""


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
