"""The names of the files in a run's folder."""

from typing import Final

RUN: Final = "run.json"
LOG: Final = "log.jsonl"
CHECKPOINT: Final = "checkpoint.pt"
#: A file of this name ends the run at its next step.
CANCEL: Final = "cancel"
#: Where the weights of a finished run lie, as models.registry writes them.
WEIGHTS: Final = "weights"
#: Where the lessons lie.
MATERIAL: Final = "material"
#: Where an export that came as a zip is unpacked while its lessons are being written.
UNPACKED: Final = "unpacked"
#: Held by the process of a run for as long as it lives.
LOCK: Final = "lock"
#: What the process of a run prints, where the page started it.
OUTPUT: Final = "output.txt"
