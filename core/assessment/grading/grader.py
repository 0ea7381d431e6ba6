"""Grades the crops of a hand: one batched pass, ordinal probabilities for each bone, from the pixels alone."""

import functools
import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.records import GradeProbabilities
from core.bones import RUS_BONES, Sex
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE
from core.networks.runner import Runner
from core.standards import standard
from core.standards.maturity import grade_starts
from models.bone_grader import BoneGrader

#: Test-time views: turn in degrees, zoom, shift in crop sides. The latents of all are averaged. Two more, zoomed, change
#: nothing on `val` except the time.
_VIEWS = ((0.0, 1.0, 0.0, 0.0), (-6.0, 1.0, 0.03, 0.0), (6.0, 1.0, -0.03, 0.0))


def standardise_crops(crops: Tensor) -> Tensor:
    """What the grading network sees of crops in [0, 1]: centred on 0 with a spread of about 1."""
    return (crops - 0.5) / 0.25


def network_input(crops: Tensor, degrees: float = 0.0, zoom: float = 1.0, x: float = 0.0, y: float = 0.0) -> Tensor:
    """Crops with margin, Nx1xSxS in [0, 1] (S = CONTEXT_SIDE) -> Nx1xCxC standardised (C = CROP_SIDE)."""
    grid = _grid(degrees, zoom, x, y).expand(len(crops), -1, -1, -1)
    return standardise_crops(F.grid_sample(crops, grid, padding_mode="border", align_corners=False))


@functools.cache
@torch.inference_mode(False)  # so that gradients can be asked for as well
def _grid(degrees: float, zoom: float, x: float, y: float) -> Tensor:
    scale = zoom * CROP_SIDE / CONTEXT_SIDE
    cos, sin = math.cos(math.radians(degrees)) * scale, math.sin(math.radians(degrees)) * scale
    affine = torch.tensor([[[cos, -sin, 2 * x * scale], [sin, cos, 2 * y * scale]]])
    with torch.autocast("cpu", enabled=False):  # it is kept, also for later callers who compute in higher precision
        return F.affine_grid(affine, [1, 1, CROP_SIDE, CROP_SIDE], align_corners=False)


class Grader:
    """The grading network in use."""

    def __init__(self, network: BoneGrader):
        self.network = network.eval()
        example = torch.zeros(1, 1, CROP_SIDE, CROP_SIDE), torch.zeros(1, dtype=torch.long)
        self._runner = Runner(self.network, example, any_size=False, beside=1)

    def start(self) -> None:
        """Makes the network ready for the first hand."""
        self._runner.start()

    def give_back(self) -> None:
        """See core.networks.runner.Runner.give_back."""
        self._runner.give_back()

    @torch.inference_mode()
    def latents(self, crops: Tensor, bones: Tensor) -> Tensor:
        """Maturity of each crop in years (N), the mean over the test-time views, by the network in its present state and on its
        own device. crops Nx1xSxS in [0, 1] with margin."""
        return torch.stack([self.network(network_input(crops, *view), bones) for view in _VIEWS]).mean(0)

    @torch.inference_mode()
    def grade(self, crops: Mapping[str, NDArray[np.float32]]) -> GradeProbabilities:
        """Probabilities of the RUS-CHN grades 0..n of every crop given, by bone; each sums to 1.

        crops: CONTEXT_SIDE x CONTEXT_SIDE float32 in [0, 1], as core.hand.crops.cut makes them.
        """
        if not crops:
            return {}
        batch = torch.from_numpy(np.stack(list(crops.values())))[:, None]
        bones = torch.tensor([RUS_BONES.index(bone) for bone in crops])
        latents = torch.stack([self._runner(network_input(batch, *view), bones)[0] for view in _VIEWS]).mean(0)
        probabilities = self.network.probabilities(latents, bones).double().numpy()
        graded = {}
        for row, bone in zip(probabilities, crops, strict=True):
            kept = np.clip(row[: int(self.network.grades[RUS_BONES.index(bone)]) + 1], 0.0, None)
            graded[bone] = kept / kept.sum()
        return graded

    @torch.inference_mode()
    def radiologists_age(self, rus_chn_years: NDArray[np.float64], sex: Sex) -> NDArray[np.float64]:
        """RUS-CHN ages in years -> the radiologists' Greulich-Pyle ages in years, by the calibration learned with the weights:
        increasing, one function for each sex."""
        years = torch.from_numpy(np.atleast_1d(rus_chn_years)).float()
        row = torch.full((len(years),), int(sex == "F"))
        return np.asarray(self.network.calibration(years, row).double().numpy())


def score_table(sex: Sex) -> Tensor:
    """RUS-CHN scores of grades 0..n_max, 13 x (n_max + 1), zero beyond a bone's last grade."""
    rows = [standard("rus_chn").scores_of_grades(sex, bone) for bone in RUS_BONES]
    table = torch.zeros(len(rows), max(len(r) for r in rows))
    for i, row in enumerate(rows):
        table[i, : len(row)] = torch.tensor(row, dtype=torch.float32)
    return table


def starting_cuts() -> Tensor:
    """Where grades lie on the maturity scale before training: 13 x 14 years, NaN beyond a bone's last grade; see
    core.standards.maturity.grade_starts."""
    cuts = torch.full((len(RUS_BONES), 14), math.nan)
    for i, bone in enumerate(RUS_BONES):
        starts = grade_starts(bone)
        cuts[i, : len(starts)] = torch.tensor(starts)
    return cuts
