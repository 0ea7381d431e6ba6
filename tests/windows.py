"""Windows of whole hands, made up."""

import numpy as np

from core.cohort.hand_windows import HandWindows


def windows_of_hands(count: int, seed: int, side: int = 200, first_id: int = 0) -> HandWindows:
    """Windows whose brightness is their age, boys and girls, named by their numbers."""
    random = np.random.default_rng(seed)
    months = random.uniform(24, 216, count).astype(np.float32)
    noise = random.integers(0, 20, (count, side, side))
    return HandWindows(
        windows=(noise + months[:, None, None]).astype(np.uint8),
        months=months,
        female=random.integers(0, 2, count),
        ids=np.arange(first_id, first_id + count).astype(np.str_),
    )
