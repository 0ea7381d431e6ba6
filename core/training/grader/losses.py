"""What the grader's training minimises: errors of ages, errors of exemplars' grades, and how far the gates fall short on the
growth plate."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.cohort.crop_store import GradedCrops, HandCrops
from core.training.grader.ages import AgeThroughGrades
from core.training.grader.guidance import beside_the_plate
from core.training.material.augment import random_views
from models.bone_grader import BoneGrader
from models.freezable import entering
from models.shuffle_attention import ShuffleAttention


def exemplar_loss(grader: BoneGrader, latents: Tensor, bones: Tensor, grades: Tensor) -> Tensor:
    """The mean `grade_loss` of crops, to each of which a person gave one grade."""
    probabilities = grader.probabilities(latents, bones)
    target = F.one_hot(grades, probabilities.shape[1]).to(probabilities.dtype)
    return grade_loss(grader, probabilities, bones, target).sum() / max(len(bones), 1)


def grade_loss(grader: BoneGrader, probabilities: Tensor, bones: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of "at least grade k" over a bone's grades, for each crop.

    probabilities, target: M x GRADES, the share of each grade, so that a target may be soft.
    """
    exceed, asked = (1.0 - shares.cumsum(1)[:, :-1] for shares in (probabilities, target))
    ranks = torch.arange(1, exceed.shape[1] + 1, device=exceed.device)
    real = (ranks <= grader.grades[bones][:, None]).float()
    loss = F.binary_cross_entropy(exceed.clamp(1e-4, 1 - 1e-4), asked.clamp(0, 1), reduction="none")
    return (loss * real).sum(1)


def step_losses(
    model: AgeThroughGrades,
    train: HandCrops,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    exemplars: GradedCrops,
    drawn: np.ndarray[tuple[int], np.dtype[np.int64]],
    generator: torch.Generator,
    cut_close: float,
    attentions: Sequence[ShuffleAttention],
) -> dict[str, Tensor]:
    """One step's losses: of the hands' ages through their totals ("age") and through each bone ("bones"), in years, of the
    exemplars' grades ("exemplars"), and how far the gates of these attentions fall short of their guidance ("guidance").

    rows, drawn: indices of the hands and of the exemplars that the step sees.
    """
    device = model.total_age.scores.device
    hand_crops = torch.from_numpy(train.crops[rows]).to(device).float() / 255
    count, bones, side = hand_crops.shape[:3]
    views = random_views(hand_crops.view(-1, 1, side, side), generator, cut_close=cut_close)
    graded_crops = torch.from_numpy(exemplars.crops[drawn]).to(device)[:, None].float() / 255
    graded = random_views(graded_crops, generator, strength=2.0, cut_close=cut_close)
    which = torch.cat([torch.arange(bones).repeat(count), torch.from_numpy(exemplars.bones[drawn])]).to(device)
    grader = model.grader
    with entering(attentions) as entered, torch.autocast(device.type, torch.bfloat16):
        latents = grader(torch.cat([views, graded]), which)
    hand_latents, graded_latents = latents[: count * bones], latents[count * bones :]
    hand_bones = which[: count * bones]
    female = torch.from_numpy(train.female[rows]).to(device)
    label = torch.from_numpy(train.months[rows]).to(device) / 12
    found = torch.from_numpy(train.found[rows]).to(device).float()

    probabilities = grader.probabilities(hand_latents, hand_bones).view(count, bones, -1)
    calibrated = grader.calibration(model.total_age(probabilities, female), female)
    complete = found.min(1).values
    age = (F.smooth_l1_loss(calibrated, label, beta=0.3, reduction="none") * complete).sum()
    by_bone = model.bone_ages(hand_latents, 2 * hand_bones + female.repeat_interleave(bones)).view(count, bones)
    each = F.smooth_l1_loss(by_bone, label[:, None].expand_as(by_bone), beta=0.5, reduction="none") * found
    return {
        "age": age / complete.sum().clamp_min(1),
        "bones": each.sum() / found.sum().clamp_min(1),
        "exemplars": exemplar_loss(
            grader, graded_latents, which[count * bones :], torch.from_numpy(exemplars.grades[drawn]).to(device)
        ),
        "guidance": beside_the_plate(entered, which),
    }
