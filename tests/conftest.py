"""All tests compute with threads as the program does, and with the shipped weights, whatever was promoted on this machine."""

import os
from pathlib import Path

import core  # noqa: F401  (settles how threads compute, before any test loads torch)

os.environ["BONEGRADE_WEIGHTS"] = str(Path(__file__).parent / "no_promoted_weights")
