"""What the files of a run's folder are called, and what its record says: apart from what writes them, so that the page can
look into one without torch."""

import json
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


def record_of(run: Path) -> dict[str, Any] | None:
    """What a run's folder says of the run; None where it has nothing that can be read, as a folder that somebody put there."""
    with suppress(OSError, ValueError):
        said = json.loads((run / RUN).read_text(encoding="utf-8"))
        if isinstance(said, dict):
            return said
    return None
