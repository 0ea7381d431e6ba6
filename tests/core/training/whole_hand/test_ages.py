"""What networks say of whole hands, and its weight."""

import numpy as np

from core.training.whole_hand.ages import best_weight, months_of_hands
from models.whole_hand_network import WholeHandNetwork
from tests.windows import windows_of_hands


def test_the_months_are_the_network_s_whatever_the_batch() -> None:
    some, network = windows_of_hands(3, 5, 400), WholeHandNetwork()
    months = months_of_hands(network, some)
    assert months.shape == (3,) and months.dtype == np.float64
    np.testing.assert_allclose(months_of_hands(network, some, batch=2), months, atol=1e-2)


def test_the_weight_is_the_one_with_the_least_error() -> None:
    label = np.linspace(50, 180, 40)
    wave = 10 * np.sin(np.arange(40))
    assert best_weight(label + wave, label - wave, label) == 0.5
    assert best_weight(label, label + wave, label) == 0.0
    assert best_weight(label + wave, label, label) == 0.7, "the bones always have a say"
