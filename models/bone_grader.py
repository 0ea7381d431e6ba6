"""The grading network: improved ResNet, one maturity latent a crop, and ordinal cut points for each bone."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.improved_resnet import ImprovedResNet, ResNetOptions
from models.monotone_map import MonotoneMap


@dataclass(frozen=True)
class OrdinalScale:
    """Where the grades start: cut points in years of maturity, bones x n_max, NaN beyond a bone's last grade."""

    cuts: Tensor

    @property
    def grades(self) -> Tensor:
        """Number of grades above 0 of each bone."""
        return (~self.cuts.isnan()).sum(1)


class BoneGrader(nn.Module):
    """Crops Bx1x96x96 and bone numbers B -> ordinal grade probabilities.

    Each crop gets one latent, its maturity in years of a boy's skeleton; a bone's grades lie between increasing cut
    points on that scale, the same for both sexes: P(grade >= k) = sigmoid(steepness * (latent - cut_k)) (cumulative
    link model, McCullagh 1980). The network never sees the sex. `calibration` turns the age under RUS-CHN into the
    radiologists' Greulich-Pyle age, increasing, one function a sex (0 male, 1 female), both in years.
    """

    grades: Tensor

    def __init__(self, scale: OrdinalScale, options: ResNetOptions | None = None, dropout: float = 0.3):
        super().__init__()
        self.trunk = ImprovedResNet(options)
        bones = scale.cuts.shape[0]
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.trunk.features, bones)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, 0.0)
        self.register_buffer("grades", scale.grades)
        filled = scale.cuts.clone()
        for bone in range(bones):  # cut points that a bone does not have still need a place, out of reach
            count = int(self.grades[bone])
            extra = torch.arange(1, filled.shape[1] - count + 1)
            filled[bone, count:] = filled[bone, count - 1] + extra
        steps = filled.diff(dim=1).clamp_min(0.05)
        self.first_cut = nn.Parameter(filled[:, 0].clone())
        self.cut_steps = nn.Parameter(torch.log(torch.expm1(steps)))
        self.log_steepness = nn.Parameter(torch.full((bones,), 0.7))
        knots = torch.arange(0.0, 21.0, 1.0)
        self.calibration = MonotoneMap(knots, knots.repeat(2, 1))

    def cuts(self) -> Tensor:
        """Cut points in years, bones x n_max, increasing along the second axis."""
        return torch.cat(
            [self.first_cut[:, None], self.first_cut[:, None] + F.softplus(self.cut_steps).cumsum(1)], dim=1
        )

    def forward(self, crops: Tensor, bones: Tensor) -> Tensor:
        """Maturity in years of each crop, B. crops: standardised, see core.assessment.grading.grader.standardise_crops. bones:
        their numbers, B integers from 0."""
        features = self.dropout(self.trunk(crops, bones)).float()
        weight, bias = self.head.weight[bones], self.head.bias[bones]
        latents: Tensor = 10.0 + 10.0 * ((features * weight).sum(1) + bias)
        return latents

    def probabilities(self, latents: Tensor, bones: Tensor) -> Tensor:
        """Grade probabilities, B x (n_max + 1), grade 0 first; zero beyond a bone's last grade. latents: years, B. bones: as
        for the network."""
        cuts = self.cuts()[bones]
        steepness = self.log_steepness[bones].exp()[:, None]
        exceed = torch.sigmoid(steepness * (latents[:, None] - cuts))
        ranks = torch.arange(1, cuts.shape[1] + 1, device=cuts.device)
        exceed = exceed * (ranks <= self.grades[bones][:, None])
        ones = torch.ones_like(exceed[:, :1])
        return torch.cat([ones, exceed], 1) - torch.cat([exceed, 0 * ones], 1)
