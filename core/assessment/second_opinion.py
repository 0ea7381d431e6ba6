"""A second opinion on the age, of a network that looks at the whole hand instead of its 13 bones."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.records import SecondOpinion
from core.bones import Sex
from core.hand.crops import WINDOW_SIDE
from models.whole_hand_network import WholeHandNetwork

#: The network looks at pictures of this size, in pixels.
HEIGHT, WIDTH = 256, 192
#: A view shows so many of the hand's window's pixels.
_VIEW_HEIGHT, _VIEW_WIDTH = 320, 240
#: Test-time views: turn in degrees, zoom, whether mirrored.
_VIEWS = (
    (0.0, 1.0, False),
    (0.0, 1.0, True),
    (-5.0, 1.0, False),
    (5.0, 1.0, True),
    (0.0, 0.95, True),
    (0.0, 1.05, False),
)


def hand_views(windows: Tensor, degrees: Tensor, zoom: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Nx1xSxS windows in [0, 1] (S = WINDOW_SIDE), each turned by `degrees`, zoomed and shifted (shares of its height), N each
    -> Nx1xHEIGHTxWIDTH, standardised."""
    cos, sin = torch.cos(torch.deg2rad(degrees)) / zoom, torch.sin(torch.deg2rad(degrees)) / zoom
    across, down = _VIEW_WIDTH / WINDOW_SIDE, _VIEW_HEIGHT / WINDOW_SIDE
    affine = torch.stack(
        [
            torch.stack([cos * across, -sin * down, 2 * x * down], 1),
            torch.stack([sin * across, cos * down, 2 * y * down], 1),
        ],
        1,
    )
    grid = F.affine_grid(affine, [len(windows), 1, HEIGHT, WIDTH], align_corners=False)
    return (F.grid_sample(windows, grid, padding_mode="border", align_corners=False) - 0.5) / 0.25


class WholeHandReader:
    """The second opinion's network in use."""

    def __init__(self, network: WholeHandNetwork, weight: float):
        """weight: the opinion's share in the bone age, 0..1, chosen on `val`."""
        self.network = network.eval()
        self.weight = weight

    @torch.inference_mode()
    def months(self, windows: Tensor, female: Tensor) -> Tensor:
        """The radiologists' ages in months, N, the mean over test-time views. windows Nx1xSxS in [0, 1] (S = WINDOW_SIDE),
        female N (0 or 1)."""
        ages = []
        for turn, zoom, mirrored in _VIEWS:
            given = (torch.full((len(windows),), value) for value in (turn, zoom, 0.0, 0.0))
            views = hand_views(windows, *given)
            ages.append(self.network(views.flip(3) if mirrored else views, female))
        months: Tensor = 12 * torch.stack(ages).mean(0)
        return months

    def opinion(self, window: NDArray[np.float32], sex: Sex) -> SecondOpinion:
        """What it says of one hand; window: core.hand.hand.Hand.window."""
        months = self.months(torch.from_numpy(window)[None, None], torch.tensor([float(sex == "F")]))
        return SecondOpinion(float(months[0]), self.weight)
