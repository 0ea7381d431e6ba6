"""What the Annotate tab tells the browser's script, as JSON: the film with the model's answers, and what came of a request."""

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.access.roles import Action, Reader
from core.bones import BONE_TITLES, RUS_BONES
from core.film.box import Box
from core.hand.crops import Crop
from core.standards import grade_count, grade_label, tw3_stage
from webapp.annotate.boxes import FilmFrame
from webapp.annotate.state import own_boxes, predicted_boxes, says_of
from webapp.shared.pictures import data_uri, grey8, jpeg
from webapp.shared.words import SEX_WORDS, short_hash

if TYPE_CHECKING:
    from core.ledger import Reading
    from webapp.annotate.desk import AnnotateDesk, Opened, Sitting
    from webapp.annotate.saving import Saved
    from webapp.annotate.state import Work

Kind = Literal["good", "warning", "error"]

_CROP_QUALITY = 92


def told(**facts: Any) -> str:
    """One message to the script; the nonce tells it from an earlier one that is seen again."""
    return json.dumps({"nonce": uuid.uuid4().hex, **facts}, allow_nan=False)


def remark(text: str, kind: Kind) -> dict[str, str] | None:
    """A sentence for the reader; None for no sentence."""
    return {"text": text, "kind": kind} if text else None


def opened_facts(opened: "Opened", annotate: "AnnotateDesk", reader: Reader, text: str = "") -> dict[str, Any]:
    """All that the script needs to know of a film, and the reader's work on it. text: a sentence, else the remark."""
    sitting, work = opened.sitting, opened.work
    keeps = annotate.desk.ledger is not None and annotate.desk.access.keeps
    may = reader.may(Action.CORRECT)
    return {
        "film": {
            "title": _title(sitting),
            "sha256": sitting.sha256,
            "reader": reader.name,
            "keeps": keeps,
            "may_save": keeps and may,
            "why_not": ""
            if may
            else f"You may look but not save: your role ({reader.role.name.lower()}) does not allow "
            f"you to {Action.CORRECT.value}.",
            "frame": _frame_facts(frame_of(sitting)),
            "bones": _bones(sitting),
            "regraded": {},
            "saved": {
                bone: said.model_dump(mode="json") for bone, said in says_of(opened.saved, sitting.assessment).items()
            },
            "kept_at": None if opened.draft_of is None else opened.draft_of.isoformat(),
        },
        "regraded": regraded_boxes(work, sitting, annotate),
        "work": work.model_dump(mode="json"),
        "draft": None if opened.draft_of is None else opened.draft_of.isoformat(),
        "message": remark(text or opened.remark, "good" if text else "warning"),
    }


def frame_of(sitting: "Sitting") -> FilmFrame:
    """How the film lies in the editor."""
    one = sitting.assessment
    return FilmFrame.of(one.width, one.height, one.rotation_degrees)


def _frame_facts(frame: FilmFrame) -> dict[str, Any]:
    return {"width": frame.width, "height": frame.height, "turns": frame.turns, "shown": list(frame.shown_size)}


def _title(sitting: "Sitting") -> str:
    number = "New film" if sitting.film is None else f"Film {sitting.film.id}"
    return f"{number} · {SEX_WORDS[sitting.sex].lower()} · {short_hash(sitting.sha256)}"


def _bones(sitting: "Sitting") -> dict[str, Any]:
    boxes = predicted_boxes(sitting.assessment)
    regions = {region.bone: region for region in sitting.assessment.localization.regions}
    facts: dict[str, Any] = {}
    for bone in RUS_BONES:
        found = sitting.assessment.bones[bone]
        model = None
        if found is not None:
            crop = None if sitting.hand is None else sitting.hand.cut(regions[bone])
            model = _answer(bone, np.array(found.probabilities), crop)
        facts[bone] = {
            "title": BONE_TITLES[bone],
            "labels": [grade_label(bone, grade) for grade in range(grade_count(bone) + 1)],
            "box": list(boxes[bone]) if bone in boxes else None,
            "confidence": float(regions[bone].confidence),
            "model": model,
        }
    return facts


def _answer(bone: str, probabilities: NDArray[np.float64], crop: Crop | None) -> dict[str, Any]:
    grade = int(probabilities.argmax())
    return {
        "grade": grade,
        "label": grade_label(bone, grade),
        "stage": tw3_stage(bone, grade),
        "probabilities": [round(float(p), 5) for p in probabilities],
        "crop": "" if crop is None else data_uri(jpeg(grey8(crop), _CROP_QUALITY), "jpeg"),
    }


def graded_box(sitting: "Sitting", annotate: "AnnotateDesk", bone: str, box: Box) -> dict[str, Any]:
    """The model's answer for a reader's box. Raises core.errors.BoxRefused."""
    regraded = annotate.regrade(sitting, bone, box)
    return {"box": list(box), **_answer(bone, regraded.probabilities, regraded.crop)}


def regraded_boxes(work: "Work", sitting: "Sitting", annotate: "AnnotateDesk") -> dict[str, Any]:
    """The model's answers for all boxes that the reader moved or drew; none without the film's pixels."""
    if sitting.radiograph is None:
        return {}
    return {bone: graded_box(sitting, annotate, bone, box) for bone, box in own_boxes(work).items()}


def kept_message(work: "Work", was_kept: bool, totals: str) -> str:
    """The server has the work. totals: what it comes to, as HTML."""
    return told(
        sha256=work.sha256,
        seq=work.seq,
        film=work.film,
        prediction=work.prediction,
        kept_at=datetime.now(UTC).isoformat() if was_kept else None,
        totals=totals,
    )


def saved_facts(saved: "Saved", reading: "Reading", sitting: "Sitting") -> dict[str, Any]:
    """What stands in the ledger after a save."""
    return {
        "film": saved.work.film,
        "prediction": saved.work.prediction,
        "revision": saved.revision,
        "waiting": list(saved.waiting),
        "says": {bone: said.model_dump(mode="json") for bone, said in says_of(reading, sitting.assessment).items()},
    }
