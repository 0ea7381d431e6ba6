"""Where training computes: the processor, or one GPU."""

from typing import Final

import torch

from core.errors import BoneGradeError

CPU: Final = torch.device("cpu")


class DeviceError(BoneGradeError):
    """The device asked for is not there; the message says what to ask for instead."""


def device_of(name: str) -> torch.device:
    """The device of "cpu", "cuda", or "auto": the GPU where there is one, else the processor.

    Raises DeviceError where "cuda" is asked for and PyTorch sees no GPU, or the name is not one of the three.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"There is no device {name!r}: choose auto, cpu or cuda.")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise DeviceError(
            "PyTorch sees no GPU: install its CUDA build and the driver, or train on the processor with --device cpu."
        )
    return torch.device("cuda") if there and name != "cpu" else CPU
