"""What the files of a run's folder are called, and what its record says: apart from what writes them, so that the page can
look into one without torch."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

RUN: Final = "run.json"
LOG: Final = "log.jsonl"
CHECKPOINT: Final = "checkpoint.pt"
#: A file of this name ends the run with its next step.
CANCEL: Final = "cancel"
#: Where the weights of a finished run lie, as models.registry writes them.
WEIGHTS: Final = "weights"
#: Where the lessons lie.
MATERIAL: Final = "material"
#: Where an export that came as a zip is unpacked for as long as its lessons are being written.
UNPACKED: Final = "unpacked"
#: Held by the process of a run as long as it lives.
LOCK: Final = "lock"
#: What the process of a run prints, where the page started it.
OUTPUT: Final = "output.txt"

#: Hexadecimal digits that a patient is named by.
_HASHED: Final = 16
_OF_A_JOB: Final = ("id", "url", "hardware", "stage", "place")


def record_of(run: Path) -> dict[str, Any] | None:
    """What a run's folder says of the run; None where it has nothing that can be read, as a folder that somebody put there."""
    with suppress(OSError, ValueError):
        said = json.loads((run / RUN).read_text(encoding="utf-8"))
        if isinstance(said, dict):
            return said
    return None


def names_in(record: Mapping[str, Any], key: str) -> frozenset[str] | None:
    """The names that a run lists under a key, such as those of its patients; None where it has no list of names there."""
    said = record.get(key)
    return frozenset(said) if isinstance(said, list) and all(isinstance(name, str) for name in said) else None


def learned_from(patients: Iterable[str]) -> list[str]:
    """Patients by a hash of the key that decides their part of the split, or films by one of their names, each once, so that a
    run's folder names nobody."""
    return sorted({hashlib.sha256(key.encode()).hexdigest()[:_HASHED] for key in patients})


def job_of(record: Mapping[str, Any]) -> dict[str, str] | None:
    """Where on the hub a run runs or ran, as core.learning.finetuning.hub_job writes it: id, url, hardware, stage and place,
    all of them text; None for a run on this machine, and where something else is written there."""
    job = record.get("job")
    if not isinstance(job, dict) or not all(isinstance(job.get(name), str) for name in _OF_A_JOB):
        return None
    return {name: job[name] for name in _OF_A_JOB} if job["url"].startswith(("https://", "http://")) else None
