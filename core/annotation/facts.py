"""What a page needs to know of a film and the reader's work on it, as plain values for JSON."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.access.roles import Action, Reader
from core.annotation.desk import AnnotateDesk, Opened
from core.annotation.frame import FilmFrame
from core.annotation.saving import Saved
from core.annotation.sitting import Sitting
from core.annotation.work import Work, own_boxes, predicted_boxes, says_of
from core.bones import BONE_TITLES, RUS_BONES
from core.film.box import Box
from core.hand.crops import Crop
from core.standards import grade_count, grade_label, tw3_stage

#: Turns a crop into text that the page can show.
Draw = Callable[[Crop], str]


def opened_facts(opened: Opened, annotate: AnnotateDesk, reader: Reader, draw: Draw) -> dict[str, Any]:
    """All that a page needs to know of a film, and the reader's work on it."""
    sitting, work = opened.sitting, opened.work
    may = reader.may(Action.CORRECT)
    return {
        "film": {
            "sha256": sitting.sha256,
            "reader": reader.name,
            "keeps": annotate.keeps,
            "may_save": annotate.keeps and may,
            "why_not": ""
            if may
            else f"You may look but not save: your role ({reader.role.name.lower()}) does not allow "
            f"you to {Action.CORRECT.value}.",
            "frame": _frame_facts(frame_of(sitting)),
            "bones": _bones(sitting, draw),
            "regraded": {},
            "saved": {
                bone: said.model_dump(mode="json") for bone, said in says_of(opened.saved, sitting.assessment).items()
            },
            "kept_at": None if opened.draft_of is None else opened.draft_of.isoformat(),
        },
        "regraded": regraded_boxes(work, sitting, annotate, draw),
        "work": work.model_dump(mode="json"),
        "draft": None if opened.draft_of is None else opened.draft_of.isoformat(),
    }


def frame_of(sitting: Sitting) -> FilmFrame:
    """How the film is shown in the editor."""
    one = sitting.assessment
    return FilmFrame.of(one.width, one.height, one.rotation_degrees)


def _frame_facts(frame: FilmFrame) -> dict[str, Any]:
    return {"width": frame.width, "height": frame.height, "turns": frame.turns, "shown": list(frame.shown_size)}


def _bones(sitting: Sitting, draw: Draw) -> dict[str, Any]:
    boxes = predicted_boxes(sitting.assessment)
    regions = {region.bone: region for region in sitting.assessment.localization.regions}
    facts: dict[str, Any] = {}
    for bone in RUS_BONES:
        found = sitting.assessment.bones[bone]
        model = None
        if found is not None:
            crop = "" if sitting.hand is None else draw(sitting.hand.cut(regions[bone]))
            model = _answer(bone, np.array(found.probabilities), crop)
        facts[bone] = {
            "title": BONE_TITLES[bone],
            "labels": [grade_label(bone, grade) for grade in range(grade_count(bone) + 1)],
            "box": list(boxes[bone]) if bone in boxes else None,
            "confidence": float(regions[bone].confidence),
            "model": model,
        }
    return facts


def _answer(bone: str, probabilities: NDArray[np.float64], crop: str) -> dict[str, Any]:
    grade = int(probabilities.argmax())
    return {
        "grade": grade,
        "label": grade_label(bone, grade),
        "stage": tw3_stage(bone, grade),
        "probabilities": [round(float(p), 5) for p in probabilities],
        "crop": crop,
    }


def graded_box(sitting: Sitting, annotate: AnnotateDesk, bone: str, box: Box, draw: Draw) -> dict[str, Any]:
    """The model's answer for a reader's box. Raises core.errors.BoxRefused."""
    regraded = annotate.regrade(sitting, bone, box)
    return {"box": list(box), **_answer(bone, regraded.probabilities, draw(regraded.crop))}


def regraded_boxes(work: Work, sitting: Sitting, annotate: AnnotateDesk, draw: Draw) -> dict[str, Any]:
    """The model's answers for all boxes that the reader moved or drew; none without the film's pixels."""
    if sitting.radiograph is None:
        return {}
    return {bone: graded_box(sitting, annotate, bone, box, draw) for bone, box in own_boxes(work).items()}


def kept_facts(work: Work, was_kept: bool) -> dict[str, Any]:
    """That the server has the work, and whether it was kept."""
    return {
        "sha256": work.sha256,
        "seq": work.seq,
        "film": work.film,
        "prediction": work.prediction,
        "kept_at": datetime.now(UTC).isoformat() if was_kept else None,
    }


def saved_facts(saved: Saved, sitting: Sitting) -> dict[str, Any]:
    """What stands in the ledger after a save."""
    return {
        "film": saved.work.film,
        "prediction": saved.work.prediction,
        "revision": saved.revision,
        "waiting": list(saved.waiting),
        "says": {
            bone: said.model_dump(mode="json") for bone, said in says_of(saved.reading, sitting.assessment).items()
        },
    }
