"""One film's row: the assessment, in columns and whole as JSON, or a sentence that says why there is none."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import pyarrow as pa

from core.assessment.records import Assessment, FilmAssessor
from core.batch.films import BatchFilm, radiograph_of
from core.bones import RUS_BONES
from core.errors import BoneGradeError, FilmRefused
from core.hand.several import SIDES
from core.standards import STANDARDS

#: Values by column of FILMS, or of FAILURES where it has a `reason`. JSON can hold them.
ResultRow = dict[str, Any]

_log = logging.getLogger(__name__)

_UNEXPECTED: Final = "Something went wrong in the program with this film; the log says what kind of error it was."

#: What is known before a film is read. hand: which was asked for, should the film show two.
_OF_ALL: Final = [(name, pa.string()) for name in ("id", "path", "sex", "hand", "weights")]

#: assessment: as `python -m core assess --json` prints it.
FILMS: Final = pa.schema(
    [
        *_OF_ALL,
        ("film_sha256", pa.string()),
        ("bone_age_months", pa.float64()),
        ("interval90_low_months", pa.float64()),
        ("interval90_high_months", pa.float64()),
        *((f"{key}_total", pa.int32()) for key in STANDARDS),
        *((f"{key}_age_years", pa.float64()) for key in STANDARDS),
        *((f"grade_{bone}", pa.int32()) for bone in RUS_BONES),
        ("missing", pa.list_(pa.string())),
        ("failed_checks", pa.list_(pa.string())),
        ("seconds", pa.float64()),
        ("assessment", pa.string()),
    ]
)

#: reason: one word, as FilmRefused has it, or "failed" or "unexpected".
FAILURES: Final = pa.schema([*_OF_ALL, ("reason", pa.string()), ("sentence", pa.string())])


def row_of(assessor: FilmAssessor, film: BatchFilm) -> ResultRow:
    """Assesses one film; whatever is wrong with it is in the row, so that it never stops the others."""
    head = {**asdict(film), "weights": weights_text(assessor.weights)}
    try:
        hand = assessor.find_hand(radiograph_of(film), wanted=SIDES[film.hand])
        return {**head, **_columns(assessor.assess_hand(hand, film.sex))}
    except FilmRefused as refused:
        return {**head, "reason": refused.reason, "sentence": str(refused)}
    except BoneGradeError as error:
        return {**head, "reason": "failed", "sentence": str(error)}
    except Exception as error:
        # Neither the path nor the message goes to the log: either may name the patient.
        _log.error("Assessing a film of a batch failed with %s.", type(error).__name__)
        return {**head, "reason": "unexpected", "sentence": _UNEXPECTED}


def weights_text(weights: Mapping[str, str]) -> str:
    """The hashes of all networks as one text, the same for the same networks."""
    return json.dumps(dict(weights), sort_keys=True)


def _columns(assessment: Assessment) -> ResultRow:
    document = assessment.to_dict()
    low, high = document["interval90_months"] or (None, None)
    standards, bones = document["standards"], document["bones"]
    return {
        "film_sha256": assessment.film_sha256,
        "bone_age_months": document["bone_age_months"],
        "interval90_low_months": low,
        "interval90_high_months": high,
        **{f"{key}_total": card["total"] for key, card in standards.items()},
        **{f"{key}_age_years": card["age_years"] for key, card in standards.items()},
        **{f"grade_{bone}": graded and graded["grade"] for bone, graded in bones.items()},
        "missing": document["missing"],
        "failed_checks": [check["name"] for check in document["checks"] if not check["passed"]],
        "seconds": document["seconds"],
        "assessment": json.dumps(document),
    }
