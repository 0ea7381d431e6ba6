"""python -m core assess: the bone age of one film."""

import json
from pathlib import Path
from typing import Annotated, Final

import cv2
import numpy as np
import typer

from core.assessment.age.measured_error import error_on_hands_like, shipped_errors
from core.assessment.assessor import Assessor
from core.assessment.grading.map_guide import guide_for
from core.assessment.records import GATE_MAPS, Assessment, Explanation
from core.bones import Sex
from core.commands.stopping import stop
from core.errors import BoneGradeError, FilmRefused
from core.film.radiograph import read_radiograph
from core.hand.several import SIDES, HandSide
from models.registry import WeightsError

app = typer.Typer(add_completion=False)


#: Exit code for a film that is refused.
_REFUSED: Final = 3


@app.command()
def assess(
    file: Annotated[
        Path,
        typer.Argument(
            help="A radiograph: DICOM, or a picture (PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, HEIC, AVIF)."
        ),
    ],
    sex: Annotated[
        Sex | None, typer.Option(help="The standards have a table for each; left out, what a DICOM says.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    wanted: Annotated[HandSide, typer.Option("--hand", help="Which to read where the film shows two.")] = "left",
    maps: Annotated[Path | None, typer.Option(help="Write crops and attention maps into this folder.")] = None,
) -> None:
    """Assesses one film. Exits with 3 and the reason where the film is refused."""
    try:
        assessor = Assessor.from_registry()
        film = read_radiograph(file)
        sex = sex or film.stated_sex
        if sex is None:
            raise BoneGradeError("The film's file does not say the child's sex: add --sex M or --sex F.")
        hand = assessor.find_hand(film, wanted=SIDES[wanted])
        assessment = assessor.assess_hand(hand, sex)
        if maps is not None:
            stage = guide_for(assessor.weights["grader"]).first_stage
            write_maps(assessor.explain(hand, assessment, stage), maps)
    except FilmRefused as refused:
        if as_json:
            typer.echo(json.dumps({"refused": refused.reason, "message": str(refused)}))
        stop(str(refused), _REFUSED)
    except (BoneGradeError, WeightsError) as error:
        stop(str(error))
    typer.echo(json.dumps(assessment.to_dict(), indent=1) if as_json else _as_text(assessment))


def write_maps(explanation: Explanation, folder: Path) -> None:
    """Writes one 8-bit grey PNG for each bone and map, e.g. MC3_grad_cam.png; level 255 is 1.0 on the map's own scale.

    Raises BoneGradeError where they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for bone, maps in explanation.maps.items():
            for name in ("crop", "grad_cam", *GATE_MAPS):
                levels = np.round(getattr(maps, name) * 255).astype(np.uint8)
                (folder / f"{bone}_{name}.png").write_bytes(cv2.imencode(".png", levels)[1].tobytes())
    except OSError as error:
        raise BoneGradeError(
            f"The maps cannot be written to {folder}: {error.strerror}. Choose another folder."
        ) from None


def _as_text(assessment: Assessment) -> str:
    lines = [
        f"{bone:7} " + ("not found" if graded is None else f"{graded.label:5} TW3 {graded.tw3_stage}")
        for bone, graded in assessment.bones.items()
    ]
    lines += [
        f"{card.name:10} total {card.total}: {assessment.table_age(card)}" for card in assessment.standards.values()
    ]
    if assessment.mature:
        lines.append("Bone age: mature or nearly so, at the end of the scale.")
    elif assessment.bone_age_months is not None and assessment.interval90_months is not None:
        low, high = assessment.interval90_months
        lines.append(f"Bone age {assessment.bone_age_months:.0f} months, 90 % interval {low:.0f} to {high:.0f}.")
    if assessment.consensus90_months is not None and not assessment.mature:
        low, high = assessment.consensus90_months
        lines.append(f"What six readers would agree on: 90 % interval {low:.0f} to {high:.0f} months.")
    if (error := error_on_hands_like(assessment, shipped_errors())) is not None:
        lines.append(error.sentence)
    if assessment.age_at_film_months is not None:
        lines.append(f"Age when the film was taken, by its file: {assessment.age_at_film_months:.0f} months.")
    lines += [f"Note: {check.message}" for check in assessment.checks if not check.passed]
    return "\n".join([*lines, "Research use only; not a medical device."])
