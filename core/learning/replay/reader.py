"""A simulated reader of hands: a stronger model's maturity of each bone, with the noise of a person."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.age.bone_age import READER_SPREAD_MONTHS
from core.assessment.grading.grader import network_input
from core.bones import RUS_BONES
from core.cohort.crop_store import HandCrops
from core.training.grader.ages import TotalAge
from models.bone_grader import BoneGrader

_BONES: Final = len(RUS_BONES)
#: How far a reading of a hand scatters, in years, all bones together: a single reader's spread about the mean of six.
TOGETHER_YEARS: Final = READER_SPREAD_MONTHS / 12
#: How far each bone scatters in addition, in years of maturity: a grade is about one year long.
APART_YEARS: Final = 0.3
#: Years within which the shift of a hand's bones that brings their age to the opinion is sought.
_FARTHEST: Final = 4.0
_AT_ONCE: Final = 208


@torch.inference_mode()
def maturities(grader: BoneGrader, hands: HandCrops) -> NDArray[np.float32]:
    """Returns each bone's latent in years, N x 13, from one unchanged view."""
    grader.eval()
    crops = torch.from_numpy(hands.crops).flatten(0, 1)
    bones = torch.arange(_BONES).repeat(len(hands))
    parts = []
    for rows in torch.arange(len(crops)).split(_AT_ONCE):
        views = network_input(crops[rows][:, None].float() / 255)
        with torch.autocast("cpu", torch.bfloat16):
            parts.append(grader(views, bones[rows]))
    return np.asarray(torch.cat(parts).float().view(-1, _BONES).numpy())


@dataclass(frozen=True)
class Graded:
    """Grades and ages from maturities. probabilities N x 13 x GRADES; months N, the calibrated age."""

    probabilities: NDArray[np.float32]
    months: NDArray[np.float64]

    @property
    def grades(self) -> NDArray[np.int64]:
        """The most likely grades, N x 13."""
        return np.asarray(self.probabilities.argmax(2))


@torch.inference_mode()
def graded(grader: BoneGrader, latents: NDArray[np.float32], female: NDArray[np.int64]) -> Graded:
    """latents N x 13 in years, female N -> grades and ages, by this grader's cut points, steepness and calibration."""
    probabilities, sex = _probabilities(grader, torch.from_numpy(latents)), torch.from_numpy(female)
    years = grader.calibration(TotalAge()(probabilities, sex), sex)
    return Graded(np.asarray(probabilities.numpy(), np.float32), 12 * years.double().numpy())


def _probabilities(grader: BoneGrader, latents: Tensor) -> Tensor:
    bones = torch.arange(_BONES).repeat(len(latents))
    return grader.probabilities(latents.flatten(), bones).view(len(latents), _BONES, -1)


class SimulatedReader:
    """Reads hands as a grader and another network's opinion on the whole hand do together, with a person's noise added.

    All bones of a hand are shifted alike, so that their age becomes the mean of the grader's and the opinion. A reading then
    scatters twice: the whole hand by TOGETHER_YEARS, and each bone by a further APART_YEARS; the grade is the most likely one
    there.
    """

    def __init__(
        self,
        grader: BoneGrader,
        latents: NDArray[np.float32],
        female: NDArray[np.int64],
        opinions: NDArray[np.float64],
    ):
        """latents N x 13, from the grader. opinions: N months, NaN where there is none."""
        self._grader, self._female = grader, female
        own = graded(grader, latents, female).months
        asked = np.where(np.isnan(opinions), own, (own + opinions) / 2)
        low, high = np.full(len(latents), -_FARTHEST), np.full(len(latents), _FARTHEST)
        for _ in range(16):
            middle = (low + high) / 2
            older = graded(grader, _moved(latents, middle[:, None]), female).months > asked
            low, high = np.where(older, low, middle), np.where(older, middle, high)
        self._latents = _moved(latents, ((low + high) / 2)[:, None])

    def reading(self, seed: int) -> Graded:
        """Returns one reading of all hands; another seed is another reader, or another day."""
        chance = np.random.default_rng([seed, 7])
        together = chance.normal(0, TOGETHER_YEARS, (len(self._latents), 1))
        apart = chance.normal(0, APART_YEARS, self._latents.shape)
        return graded(self._grader, _moved(self._latents, together + apart), self._female)


def _moved(latents: NDArray[np.float32], years: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(latents + years, np.float32)
