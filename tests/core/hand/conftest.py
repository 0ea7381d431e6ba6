"""An example's film, and where its hand was found."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.film.radiograph import read_radiograph
from core.hand.localization import Localization
from tests.hands import Assess, Example


@pytest.fixture(scope="module")
def film(example: Example) -> NDArray[np.float32]:
    """Its greys, HxW in [0, 1]."""
    return read_radiograph(example.path).pixels


@pytest.fixture(scope="module")
def hand(example: Example, assessed: Assess) -> Localization:
    """Where its bones lie."""
    return assessed(example).localization
