"""Learnable increasing functions of one variable, piecewise linear between fixed knots."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MonotoneMap(nn.Module):
    """`rows` strictly increasing functions with knots at `knots` (K, increasing); linear beyond the ends.

    values: rows x K start; must increase along K. forward(x, row) evaluates function `row[i]` at `x[i]`.
    """

    knots: Tensor

    def __init__(self, knots: Tensor, values: Tensor):
        super().__init__()
        steps = values.diff(dim=1)
        if (steps <= 0).any():
            raise ValueError("A monotone map must start from values that increase from knot to knot.")
        self.register_buffer("knots", knots.clone())
        self.first = nn.Parameter(values[:, 0].clone())
        self.steps = nn.Parameter(torch.log(torch.expm1(steps)))

    def values(self) -> Tensor:
        """The functions' values at the knots: rows x K."""
        return torch.cat([self.first[:, None], self.first[:, None] + F.softplus(self.steps).cumsum(1)], dim=1)

    def forward(self, x: Tensor, row: Tensor) -> Tensor:
        values = self.values()[row]
        index = torch.searchsorted(self.knots, x.detach().contiguous()).clamp(1, len(self.knots) - 1)
        left, right = self.knots[index - 1], self.knots[index]
        below = values.gather(-1, (index - 1)[..., None])[..., 0]
        above = values.gather(-1, index[..., None])[..., 0]
        return below + (above - below) * (x - left) / (right - left)
