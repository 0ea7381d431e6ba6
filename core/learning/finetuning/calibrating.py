"""The last step of the grader's fine-tuning: its calibration to radiologists' ages, fitted to all hands that are seen again.

Readers' grades move the scale of the network's ages within a few steps, and the calibration, learned from the few hands of each
step, lags behind: without this last step the ages of the youngest and the oldest hands are years off after a short run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.grading.grader import network_input
from core.bones import RUS_BONES
from core.learning.lessons.material import Material
from core.training.grader.ages import TotalAge
from core.training.loop.optimisation import fit
from models.bone_grader import BoneGrader

_BONES: Final = len(RUS_BONES)
#: The fewest hands; fewer would leave parts of the scale to chance.
_FEWEST: Final = 50
#: The most hands; more would take minutes on a CPU, and change little.
_MOST: Final = 800
_AT_ONCE: Final = 16
_STEPS: Final = 400
_LEARNING_RATE: Final = 0.02


@dataclass(frozen=True)
class Calibrated:
    """N hands. crops: 13 of each, in the order of RUS_BONES. female: N. months: N radiologists' readings."""

    crops: Sequence[NDArray[np.uint8]]
    female: NDArray[np.int64]
    months: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.crops)


def seen_again(material: Material) -> Calibrated:
    """Returns the hands of a run's material that are seen again; their crops stay on the disk until they are needed."""
    first = material.first
    whole = [f for f in material.of("replay") if first[f + 1] - first[f] == _BONES and np.isfinite(material.months[f])]
    hands = [film for film in whole if material.reading[film]][:_MOST]
    crops = [material.crops[first[film] : first[film + 1]] for film in hands]
    return Calibrated(crops, np.asarray(material.female[hands], np.int64), np.asarray(material.months[hands]))


def fit_calibration(grader: BoneGrader, hands: Calibrated, device: torch.device) -> str:
    """Fits the calibration in place, and returns what was done, in words. Network and grades stay as they are, and with fewer
    than 50 hands so does the calibration."""
    if len(hands) < _FEWEST:
        return "learned step by step" if len(hands) else "kept from the start model"
    grader = grader.to(device).eval()
    female = torch.from_numpy(hands.female).to(device)
    years = torch.from_numpy(hands.months / 12).float().to(device)
    raw = _ages(grader, hands, device)
    grader.calibration.requires_grad_(True)
    fit(
        grader.calibration.parameters(),
        lambda: F.smooth_l1_loss(grader.calibration(raw, female), years, beta=0.3),
        _LEARNING_RATE,
        _STEPS,
    )
    return f"fitted to the hands seen again: {len(hands)}"


@torch.no_grad()
def _ages(grader: BoneGrader, hands: Calibrated, device: torch.device) -> Tensor:
    """Returns RUS-CHN ages in years, before the calibration."""
    total_age, ages = TotalAge().to(device), []
    for start in range(0, len(hands), _AT_ONCE):
        crops = torch.from_numpy(np.stack(hands.crops[start : start + _AT_ONCE])).to(device)
        bones = torch.arange(_BONES, device=device).repeat(len(crops))
        views = network_input(crops.flatten(0, 1)[:, None].float() / 255)
        with torch.autocast(device.type, torch.bfloat16):
            latents = grader(views, bones)
        probabilities = grader.probabilities(latents.float(), bones).view(len(crops), _BONES, -1)
        ages.append(total_age(probabilities, torch.from_numpy(hands.female[start : start + _AT_ONCE]).to(device)))
    return torch.cat(ages)
