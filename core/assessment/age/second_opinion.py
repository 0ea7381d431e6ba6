"""A second opinion on the age, from networks that look at the whole hand instead of its 13 bones."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.records import SecondOpinion
from core.bones import Sex
from core.hand.hand import Hand
from core.networks.runner import Runner
from models.whole_hand_network import WholeHandNetwork

#: A view shows this share of the height of the hand's window, and is three quarters as wide as it is high.
_VIEW = 0.8
_WIDTH = 0.75
#: Test-time views: turn in degrees, zoom, whether mirrored.
_VIEWS = ((-5.0, 1.0, False), (5.0, 1.0, True))


def window_side(height: int) -> int:
    """Side in pixels of the windows for pictures of this height: a view then has no more pixels than its part of the window."""
    return max(400, round(height / _VIEW))


def view_affines(degrees: Tensor, zoom: Tensor, stretch: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Affine matrices Nx2x3 of views of windows, for hand_views: turned by `degrees`, then `stretch` times as wide, zoomed and
    shifted (shares of the view's height), N each."""
    cos, sin = torch.cos(torch.deg2rad(degrees)) / zoom, torch.sin(torch.deg2rad(degrees)) / zoom
    across, down = _VIEW * _WIDTH / stretch, _VIEW
    return torch.stack(
        [
            torch.stack([cos * across, -sin * down, 2 * x * down], 1),
            torch.stack([sin * across, cos * down, 2 * y * down], 1),
        ],
        1,
    )


def hand_views(windows: Tensor, affines: Tensor, height: int) -> Tensor:
    """Nx1xSxS windows in [0, 1] and view_affines Nx2x3 -> Nx1xHxW (H = height, W = 3/4 H), grey values unchanged.

    Windows that are much finer than the views are averaged down first, so that nothing aliases.
    """
    finer = int(windows.shape[2] * _VIEW / height)
    if finer > 1:
        windows = F.avg_pool2d(windows, finer)
    grid = F.affine_grid(affines, [len(windows), 1, height, round(_WIDTH * height)], align_corners=False)
    return F.grid_sample(windows, grid, padding_mode="border", align_corners=False)


def standardise_views(views: Tensor) -> Tensor:
    """What the network sees of views in [0, 1]: centred on 0 with a spread of about 1."""
    return (views - 0.5) / 0.25


def plain_views(windows: Tensor, height: int) -> Tensor:
    """Windows Nx1xSxS in [0, 1], neither turned nor shifted -> Nx1xHxW, standardised."""
    zero, one = windows.new_zeros(len(windows)), windows.new_ones(len(windows))
    return standardise_views(hand_views(windows, view_affines(zero, one, one, zero, zero), height))


@torch.inference_mode()
def months_of_windows(
    network: Callable[[Tensor, Tensor], Tensor], height: int, windows: Tensor, female: Tensor
) -> Tensor:
    """The radiologists' ages in months, N, the mean over test-time views. network: for pictures of this height; windows
    Nx1xSxS in [0, 1], female N (0 or 1)."""
    ages = []
    for turn, zoom, mirrored in _VIEWS:
        given = (windows.new_full((len(windows),), value) for value in (turn, zoom, 1.0, 0.0, 0.0))
        views = standardise_views(hand_views(windows, view_affines(*given), height))
        ages.append(network(views.flip(3) if mirrored else views, female))
    return 12 * torch.stack(ages).mean(0)


def weighted_mean(months: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> NDArray[np.float64]:
    """What several networks say together: their mean, N, weighted as in the bone age; all equal where no weight is above 0.
    months: what each says, N."""
    return np.average(np.stack(months), axis=0, weights=weights if any(weights) else None)


class _WholeHandEyes:
    """One network of the second opinion in use."""

    def __init__(self, network: WholeHandNetwork):
        self.height = network.options.height
        example = torch.zeros(1, 1, self.height, round(_WIDTH * self.height)), torch.zeros(1)
        self._runner = Runner(network, example, any_size=False, beside=1)

    def make_ready(self) -> None:
        self._runner.make_ready()

    def months(self, windows: Tensor, female: Tensor) -> Tensor:
        return months_of_windows(lambda *given: self._runner(*given)[0], self.height, windows, female)


class WholeHandReader:
    """The second opinion's networks in use."""

    def __init__(self, networks: Sequence[tuple[WholeHandNetwork, float]]):
        """networks: one or more, each with its weight in the bone age, 0..1, chosen on `val`."""
        self._weights = [weight for _, weight in networks]
        self._eyes = [_WholeHandEyes(network) for network, _ in networks]
        self._side = max(window_side(eyes.height) for eyes in self._eyes)

    @property
    def weight(self) -> float:
        """The opinion's share in the bone age, 0..1."""
        return sum(self._weights)

    def make_ready(self) -> None:
        """Makes the networks ready for the first hand, permanently; see core.networks.runner.Runner.make_ready."""
        for eyes in self._eyes:
            eyes.make_ready()

    def opinion(self, hand: Hand, sex: Sex) -> SecondOpinion:
        """What they say about one hand."""
        window = torch.from_numpy(hand.window(self._side))[None, None]
        female = torch.tensor([float(sex == "F")])
        said = [eyes.months(window, female).double().numpy() for eyes in self._eyes]
        return SecondOpinion(float(weighted_mean(said, self._weights)[0]), self.weight)
