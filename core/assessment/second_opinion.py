"""The whole hand as one upright picture of standard size, for the network that gives a second opinion on the age."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.bone_age import SecondOpinion
from core.bones import Sex
from core.film.enhance import enhance
from core.film.radiograph import Radiograph
from core.hand.geometry import Affine, compose, fit_similarity, mean_hand, resample, similarity
from core.hand.localization import Localization
from models.whole_hand_network import WholeHandNetwork

#: The network looks at pictures of this size, in pixels.
HEIGHT, WIDTH = 256, 192
#: Hands are cut as squares of this side, so that slightly turned, shifted or scaled views have pixels to show.
WINDOW_SIDE = 400
#: A view shows so many of the window's pixels; the centres of the 21 regions span _HAND_HEIGHT of them.
_VIEW_HEIGHT, _VIEW_WIDTH, _HAND_HEIGHT = 320, 240, 256
#: Test-time views: turn in degrees, zoom, whether mirrored.
_VIEWS = (
    (0.0, 1.0, False),
    (0.0, 1.0, True),
    (-5.0, 1.0, False),
    (5.0, 1.0, True),
    (0.0, 0.95, True),
    (0.0, 1.05, False),
)


def _window_affine(localization: Localization) -> Affine:
    """From the film to a window with the hand as a left hand, upright and of standard size."""
    mean = mean_hand().centres
    weights = localization.all_confidences**2 + 1e-9
    to_hand = fit_similarity(localization.all_centres, mean, weights).affine
    low, high = mean.min(0), mean.max(0)
    scale = _HAND_HEIGHT / float(high[1] - low[1])
    to_window = similarity(scale, 0.0, False, (low + high) / 2, np.full(2, WINDOW_SIDE / 2))
    return compose(to_window, to_hand)


def hand_window(radiograph: Radiograph, localization: Localization) -> NDArray[np.float32]:
    """The hand with a margin, WINDOW_SIDE x WINDOW_SIDE float32 in [0, 1], bone bright, enhanced."""
    pixels = np.float32(1.0) - radiograph.pixels if localization.inverted else radiograph.pixels
    return enhance(resample(pixels, _window_affine(localization), WINDOW_SIDE))


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
        """What it says of one hand; window: of hand_window."""
        months = self.months(torch.from_numpy(window)[None, None], torch.tensor([float(sex == "F")]))
        return SecondOpinion(float(months[0]), self.weight)
