"""The last step of the grader's training: with the network fixed, the cut points, their steepness and the calibration are
fitted to all hands at once, which the network's own slow steps leave unfinished."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.cohort.crop_store import GradedCrops, HandCrops
from core.training.grader.ages import TotalAge
from core.training.grader.losses import exemplar_loss
from core.training.loop.optimisation import fit
from core.training.material.augment import random_views
from models.bone_grader import BoneGrader


@dataclass(frozen=True)
class ScoreRoadRecipe:
    """views: random views of each crop from which the network's latents are taken. steps: of Adam, on everything at once."""

    views: int = 3
    steps: int = 600
    learning_rate: float = 0.02
    exemplar_weight: float = 0.15
    seed: int = 1


@torch.inference_mode()
def _latents(grader: BoneGrader, crops: Tensor, bones: Tensor, generator: torch.Generator, strength: float) -> Tensor:
    """Latents of random views of uint8 crops NxSxS, N, on the grader's device; the crops may be anywhere."""
    device = grader.head.weight.device
    parts = [torch.zeros(0, device=device)]
    for start in range(0, len(crops), 208):
        rows = slice(start, start + 208)
        views = random_views(crops[rows, None].to(device).float() / 255, generator, strength)
        with torch.autocast(device.type, torch.bfloat16):
            parts.append(grader(views, bones[rows].to(device)))
    return torch.cat(parts)


def fit_score_road(grader: BoneGrader, hands: HandCrops, exemplars: GradedCrops, recipe: ScoreRoadRecipe) -> float:
    """Fits in place on complete hands, on the grader's device; returns the last loss of the ages (years). The network itself
    does not change."""
    grader.eval()
    device = grader.head.weight.device
    generator = torch.Generator().manual_seed(recipe.seed)
    complete = hands.found.all(axis=1)
    crops = torch.from_numpy(hands.crops[complete])
    count, bones = crops.shape[:2]
    which = torch.arange(bones).repeat(count)
    flat = crops.flatten(0, 1)
    latents = torch.cat([_latents(grader, flat, which, generator, 1.0) for _ in range(recipe.views)]).clone()
    female = torch.from_numpy(hands.female[complete]).repeat(recipe.views).to(device)
    label = (torch.from_numpy(hands.months[complete]) / 12).repeat(recipe.views).to(device)
    graded_bones = torch.from_numpy(exemplars.bones)
    graded = _latents(grader, torch.from_numpy(exemplars.crops), graded_bones, generator, 1.0).clone()
    graded_bones, grades = graded_bones.to(device), torch.from_numpy(exemplars.grades).to(device)
    hand_bones = which.repeat(recipe.views).to(device)

    fitted = [grader.first_cut, grader.cut_steps, grader.log_steepness, *grader.calibration.parameters()]
    total_age = TotalAge().to(device)
    of_ages = torch.zeros(())

    def loss() -> Tensor:
        nonlocal of_ages
        probabilities = grader.probabilities(latents, hand_bones).view(len(label), bones, -1)
        age = grader.calibration(total_age(probabilities, female), female)
        of_ages = F.smooth_l1_loss(age, label, beta=0.3)
        return of_ages + recipe.exemplar_weight * exemplar_loss(grader, graded, graded_bones, grades)

    fit(fitted, loss, recipe.learning_rate, recipe.steps)
    return of_ages.item()
