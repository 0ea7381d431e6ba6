"""The command line: python -m core assess | evaluate | stress | export | import | users | experiment | train. Try --help."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.bones import Sex
from core.commands.dataset import dataset
from core.commands.evaluate import evaluation
from core.commands.experiment import experiment
from core.commands.explanation_checks import explanation_checks
from core.commands.full_set import full_set
from core.commands.stopping import run as run_program
from core.commands.stopping import stop
from core.commands.users import users
from core.errors import BoneGradeError, FilmRefused

_DATA = Path("../shared/data")
_HANDS = _DATA / "hands"
#: Exit code for a film that is refused.
_REFUSED = 3

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Bone age, bone by bone. Research use only.")
train = typer.Typer(no_args_is_help=True, help="The programs that made the shipped weights and examples.")
cli.add_typer(train, name="train")
train.add_typer(full_set)
cli.add_typer(dataset)
cli.add_typer(explanation_checks)
cli.add_typer(evaluation)
cli.add_typer(users, name="users")
cli.add_typer(experiment, name="experiment")


def _sex(value: str) -> Sex:
    if value == "M":
        return "M"
    if value == "F":
        return "F"
    raise typer.BadParameter("the standards have one table for boys and one for girls: give M or F.")


@cli.command()
def assess(
    file: Annotated[Path, typer.Argument(help="A radiograph: PNG, JPEG, TIFF, WebP, BMP or DICOM.")],
    sex: Annotated[str, typer.Option(help="M or F.", callback=_sex)],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    maps: Annotated[Path | None, typer.Option(help="Write crops and attention maps into this folder.")] = None,
) -> None:
    """Assesses one film. Exits with 3 and the reason where the film is refused."""
    from core.assessment.assessor import Assessor
    from core.film.radiograph import read_radiograph
    from models.registry import WeightsError

    try:
        assessor = Assessor.from_registry()
        radiograph = read_radiograph(file)
        assessment = assessor.assess(radiograph, _sex(sex))
        if maps is not None:
            from core.assessment.map_files import write_maps

            try:
                write_maps(assessor.explain(radiograph, assessment), maps)
            except OSError as error:
                stop(f"The maps cannot be written to {maps}: {error.strerror}. Choose another folder.")
    except FilmRefused as refused:
        if as_json:
            typer.echo(json.dumps({"refused": refused.reason, "message": str(refused)}))
        stop(str(refused), _REFUSED)
    except (BoneGradeError, WeightsError) as error:
        stop(str(error))
    if as_json:
        typer.echo(json.dumps(assessment.to_dict(), indent=1))
        return
    for bone, graded in assessment.bones.items():
        typer.echo(f"{bone:7} " + ("not found" if graded is None else f"{graded.label:5} TW3 {graded.tw3_stage}"))
    for card in assessment.standards.values():
        typer.echo(f"{card.name:10} total {card.total}: {card.age_text}")
    if assessment.bone_age_months is not None and assessment.interval90_months is not None:
        low, high = assessment.interval90_months
        typer.echo(f"Bone age {assessment.bone_age_months:.0f} months, 90 % interval {low:.0f} to {high:.0f}.")
    typer.echo("Research use only; not a medical device.")


@cli.command()
def stress(
    data: Annotated[Path, typer.Option(help="Folder with labels.csv and images.")] = _HANDS,
    split: Annotated[str | None, typer.Option(help="Rows of this split, e.g. val; all rows if not given.")] = None,
    every: Annotated[int, typer.Option(help="Take every n-th film.", min=1)] = 1,
    pictures: Annotated[int, typer.Option(help="Pictures of each kind that shows no hand.", min=1)] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measures how far the age moves when the same hand comes on another film, and whether non-hands are refused."""
    from core.assessment.assessor import Assessor
    from core.cohort.films import read_films
    from core.evaluation import stress as trial

    figures = run_program(lambda: trial.stress(read_films(data, split)[::every], Assessor.from_registry(), pictures))
    typer.echo(json.dumps(figures, indent=1) if as_json else trial.as_text(figures))


@train.command("localizer")
def train_localizer(
    data: Annotated[Path, typer.Option(help="Folder of hands, see core/cohort/films.py.")] = _HANDS,
    run: Annotated[Path, typer.Option(help="Folder for checkpoints and logs; run again to resume.")] = Path(
        "runs/localizer"
    ),
    samples: Annotated[
        int, typer.Option(help="Training samples of the first pass, on hand-drawn boxes.", min=16)
    ] = 9600,
    pseudo_samples: Annotated[int, typer.Option(help="... of the second, on its own boxes as well.", min=16)] = 4800,
) -> None:
    """Trains the localiser on boxed hands, then on its own confident boxes of the others, and registers it."""
    from core.training import programs

    run_program(lambda: programs.make_localizer(data, run, samples, pseudo_samples))


@train.command("grader")
def train_grader(
    data: Annotated[Path, typer.Option(help="Folder with hands/ and graded_rois/.")] = _DATA,
    run: Annotated[Path, typer.Option(help="Folder for crops, checkpoints and logs; run again to resume.")] = Path(
        "runs/grader"
    ),
    epochs: Annotated[int, typer.Option(help="Passes over the training hands.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
) -> None:
    """Cuts crops with the registered localiser, trains the grader on them, calibrates its interval, registers it."""
    from core.training import programs

    run_program(lambda: programs.make_grader(data, run, epochs, seed))


@train.command("second-opinion")
def train_second_opinion(
    data: Annotated[Path, typer.Option(help="Folder of hands, see core/cohort/films.py.")] = _HANDS,
    run: Annotated[
        Path, typer.Option(help="Folder for pictures and checkpoints; a grader's run folder saves time.")
    ] = Path("runs/grader"),
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
) -> None:
    """Trains the network that looks at the whole hand, and sets its weight beside the registered grader."""
    from core.training import programs
    from core.training.second_opinion import SecondOpinionRecipe

    run_program(lambda: programs.make_second_opinion(data, run, SecondOpinionRecipe(seed=seed)))


@train.command("examples")
def train_examples(
    data: Annotated[Path, typer.Option(help="Folder of hands.")] = _HANDS,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("examples"),
) -> None:
    """Makes the example hands, each the aligned average of at least eight children's."""
    from core.composites.example_hands import make_examples
    from core.hand.localizer import Localizer
    from models.registry import load_localizer

    run_program(lambda: make_examples(data, out, Localizer(load_localizer()[0])))


@train.command("grade-pictures")
def train_grade_pictures(
    data: Annotated[Path, typer.Option(help="Folder of hands.")] = _HANDS,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("core/data/grade_pictures"),
    run: Annotated[Path | None, typer.Option(help="A grader's run folder, whose crops are taken.")] = None,
) -> None:
    """Makes the pictures of what each grade looks like, each the aligned average of at least eight children's crops."""
    from core.assessment.grader import Grader
    from core.composites.grade_pictures import make_grade_pictures
    from core.hand.localizer import Localizer
    from models.registry import load_grader, load_localizer

    def program() -> None:
        localizer, localizer_hash = load_localizer()
        grader, file = load_grader()
        weights = {"localizer": localizer_hash, "grader": file.sha256}
        pictures = make_grade_pictures(data, out, Localizer(localizer), Grader(grader), weights, run)
        made = sum(picture.file is not None for picture in pictures)
        withheld = sum(picture.withheld for picture in pictures)
        typer.echo(
            f"{made} of {len(pictures)} grades have a picture; {withheld} are withheld because they would show another "
            "grade, and the others have fewer than eight children near them."
        )

    run_program(program)


if __name__ == "__main__":
    cli()
