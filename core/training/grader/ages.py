"""From grades to ages, differentiable: the hand's through its total, and each bone's by itself."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.assessment.grading.grader import Grader, score_table
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import HandCrops
from core.standards import MATURE_TOTAL, age_of_total, total_of_age
from models.bone_grader import BoneGrader
from models.monotone_map import MonotoneMap

_SEXES: tuple[Sex, Sex] = ("M", "F")


class TotalAge(nn.Module):
    """Expected RUS-CHN total of 13 grade distributions, and its age, both differentiable."""

    scores: Tensor
    ages: Tensor

    def __init__(self) -> None:
        super().__init__()
        totals = np.arange(MATURE_TOTAL + 1, dtype=float)
        self.register_buffer("scores", torch.stack([score_table(sex) for sex in _SEXES]))
        ages = [torch.from_numpy(age_of_total("rus_chn", sex, totals)).float() for sex in _SEXES]
        self.register_buffer("ages", torch.stack(ages))

    def forward(self, probabilities: Tensor, female: Tensor) -> Tensor:
        """probabilities Hx13x15, female H (0 or 1) -> RUS-CHN age in years H, linear between whole totals."""
        total = (probabilities * self.scores[female]).sum((1, 2)).clamp(0, MATURE_TOTAL - 1e-3)
        below = total.detach().floor().long()
        left, right = self.ages[female, below], self.ages[female, below + 1]
        return left + (right - left) * (total - below)


def bone_age_maps() -> MonotoneMap:
    """Latent (boys' scale) -> the radiologists' age, one increasing function for each bone and sex (row 2 * bone + sex).

    Starts at the identity for boys and, for girls, at the age with the same total. Used only in training: it lets every bone's
    latent learn from the hand's age by itself.
    """
    knots = np.arange(0.0, 21.0, 2.0)
    girls = age_of_total("rus_chn", "F", total_of_age("rus_chn", "M", knots))
    girls = girls + 0.1 * np.arange(len(knots))  # strictly increasing beyond the table too
    start = torch.from_numpy(np.stack([knots, girls])).float()
    return MonotoneMap(torch.from_numpy(knots).float(), start.repeat(len(RUS_BONES), 1))


class AgeThroughGrades(nn.Module):
    """The grader with the two paths from latents to ages."""

    def __init__(self, grader: BoneGrader):
        super().__init__()
        self.grader = grader
        self.total_age = TotalAge()
        self.bone_ages = bone_age_maps()

    def forward(self, crops: Tensor, female: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """crops Hx13xCxC standardised, female H -> RUS-CHN age H, the same calibrated H, each bone's age Hx13; years."""
        hands, bones = crops.shape[:2]
        which = torch.arange(bones, device=crops.device).repeat(hands)
        latents = self.grader(crops.flatten(0, 1)[:, None], which)
        probabilities = self.grader.probabilities(latents, which).view(hands, bones, -1)
        raw = self.total_age(probabilities, female)
        rows = 2 * which + female.repeat_interleave(bones)
        return raw, self.grader.calibration(raw, female), self.bone_ages(latents, rows).view(hands, bones)


@torch.inference_mode()
def months_of(network: BoneGrader, hands: HandCrops) -> NDArray[np.float64]:
    """Calibrated bone ages in months of hands with all 13 bones, the mean over the test-time views."""
    grader, total_age = Grader(network), TotalAge()
    bones = torch.arange(len(RUS_BONES))
    months = []
    for start in range(0, len(hands), 16):
        crops = torch.from_numpy(hands.crops[start : start + 16]).float() / 255
        which = bones.repeat(len(crops))
        with torch.autocast("cpu", torch.bfloat16):
            latents = grader.latents(crops.flatten(0, 1)[:, None], which)
        probabilities = network.probabilities(latents.float(), which).view(len(crops), len(bones), -1)
        female = torch.from_numpy(hands.female[start : start + 16])
        months.append(12 * network.calibration(total_age(probabilities, female), female).double().numpy())
    return np.concatenate(months)
