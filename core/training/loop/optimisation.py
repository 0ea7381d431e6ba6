"""How weights move: the learning rate over time, the average of past weights, and a fit of a few parameters."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import PARAM_LIST, AveragedModel

#: The learning rate ends at this share of its highest.
_LOWEST_RATE = 0.01


def rate_share(progress: float, rise: float = 0.05) -> float:
    """The learning rate as a share of its highest: a cosine, after a linear rise over the share `rise`.

    progress: 0 at a training's beginning, 1 at its end.
    """
    if progress < rise:
        return 0.1 + 0.9 * progress / rise
    along = min(1.0, (progress - rise) / (1 - rise))
    return _LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * along))


def weight_average(network: nn.Module, decay: float = 0.999) -> AveragedModel:
    """Exponential moving average of a network's weights and buffers; its `module` is what is evaluated and shipped.

    The n-th update keeps (1 + n) / (10 + n) of the average, but at most `decay`: early updates move it further, so that the
    start is forgotten. Counters are copied.
    """

    def move(averages: PARAM_LIST, values: PARAM_LIST, updates: Tensor | int) -> None:
        if averages[0].is_floating_point():
            kept = min(decay, (1 + int(updates)) / (10 + int(updates)))
            torch._foreach_lerp_(averages, values, 1.0 - kept)
        else:
            torch._foreach_copy_(averages, values)

    average = AveragedModel(network, multi_avg_fn=move, use_buffers=True)
    average.update_parameters(network)  # the first update copies: let that be the start, so that it is averaged too
    average.eval()
    return average


@torch.no_grad()
def half_way(network: nn.Module, other: nn.Module) -> None:
    """Moves a network's weights and buffers to half way between its own and another's; counters stay.

    Where one network was trained further from the other at a low rate, the one in between errs less than either (Wortsman et
    al., Model soups, ICML 2022).
    """
    others = other.state_dict()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            value.lerp_(others[name].to(value), 0.5)


def fit(parameters: Iterable[nn.Parameter], loss: Callable[[], Tensor], learning_rate: float, steps: int) -> None:
    """Fits a few parameters to all examples at once: steps of Adam, whose rate falls to 0 along half a cosine."""
    optimizer = torch.optim.Adam(parameters, learning_rate)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
