"""What trained networks say of whole hands, and its best share in the bone age."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from core.assessment.age.second_opinion import months_of_windows, weighted_mean
from core.assessment.records import SecondOpinion
from core.cohort.hand_windows import HandWindows
from models.whole_hand_network import WholeHandNetwork


def months_of_hands(network: WholeHandNetwork, hands: HandWindows, batch: int = 16) -> NDArray[np.float64]:
    """The network's ages in months, N, each the mean over the test-time views."""
    network.eval()
    months = []
    for start in range(0, len(hands), batch):
        windows = torch.from_numpy(hands.windows[start : start + batch])[:, None].float() / 255
        female = torch.from_numpy(hands.female[start : start + batch]).float()
        months.append(months_of_windows(network, network.options.height, windows, female).double())
    return torch.cat(months).numpy()


def opinions_of(networks: Sequence[tuple[WholeHandNetwork, float]], hands: HandWindows) -> list[SecondOpinion]:
    """What the networks say of each hand together. networks: each with its weight in the bone age."""
    weights = [weight for _, weight in networks]
    months = weighted_mean([months_of_hands(network, hands) for network, _ in networks], weights)
    return [SecondOpinion(float(one), sum(weights)) for one in months]


def best_weight(bones: NDArray[np.float64], whole: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    """The share of the whole hand's age, in steps of 0.05 up to 0.7, with the least mean absolute error. Months, N each."""
    weights = np.arange(15) / 20
    errors = [float(np.abs((1 - w) * bones + w * whole - label).mean()) for w in weights]
    return float(weights[int(np.argmin(errors))])
