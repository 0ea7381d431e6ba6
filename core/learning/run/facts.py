"""The facts that a run's folder keeps so that the run can be repeated: revision of the program, libraries, and the machine."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

import torch

import core
from core.learning.run.record import Hardware

_LIBRARIES: Final = ("torch", "accelerate", "numpy", "opencv-python-headless", "safetensors", "pyarrow")


def git_revision() -> str | None:
    """Returns the commit at which the program was checked out, None where it is not a checkout."""
    folder = Path(core.__file__).parents[1]
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def libraries() -> dict[str, str]:
    """Returns the versions of the libraries that compute."""
    return {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES}


def hardware(device: torch.device, processes: int) -> Hardware:
    """Returns the hardware that the run computes on."""
    return Hardware(
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        processes=processes,
        threads=torch.get_num_threads(),
        processors=os.cpu_count(),
        machine=platform.machine(),
        system=platform.system(),
    )
