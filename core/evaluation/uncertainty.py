"""How sure a figure is: the interval of a share that was counted, and of anything that was measured on a sample."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap


def wilson95(held: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share, `held` of `n` >= 1 (Wilson 1927, J Am Stat Assoc 22:209)."""
    ends: Any = binomtest(held, n).proportion_ci(confidence_level=0.95, method="wilson")
    return round(float(ends.low), 4), round(float(ends.high), 4)


def bootstrap95(
    statistic: Callable[..., Any], *samples: NDArray[Any], resamples: int, seed: int
) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic over samples that are drawn anew, each by itself.

    samples: one-dimensional. statistic: takes as many arrays, whose last axis is the sample's and whose other axes are
    those of resamples, and gives one value for each of these. A sample of a single value is left as it is. The same seed
    gives the same interval.
    """
    drawn = [sample for sample in samples if len(sample) > 1]
    if not drawn:
        value = float(statistic(*samples))
        return value, value

    def of_resamples(*anew: NDArray[Any], axis: int = -1) -> Any:
        left, resampled = iter(anew), anew[0].shape[:-1]
        return statistic(
            *(next(left) if len(sample) > 1 else np.broadcast_to(sample, (*resampled, 1)) for sample in samples)
        )

    ends = bootstrap(
        drawn,
        of_resamples,
        n_resamples=resamples,
        # One resample of all samples after the other, so that the draws do not depend on how much memory there is.
        batch=1,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(ends.low), float(ends.high)
