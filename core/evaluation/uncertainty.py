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
    """The 95 % percentile interval of a statistic over samples that are redrawn, each independently.

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
        # One resample of all samples at a time, so that the draws do not depend on how much memory there is.
        batch=1,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(ends.low), float(ends.high)


def bootstrap_of_rows(
    statistic: Callable[[NDArray[np.intp]], NDArray[np.float64]], rows: int, *, level: float, resamples: int, seed: int
) -> tuple[float, float]:
    """The percentile interval of a statistic of `rows` >= 1 rows that are redrawn together, as for paired data.

    statistic: takes positions of rows, resamples x rows, and gives one value for each resample. level: 0..1. The same seed
    gives the same interval. Of a single row the interval is its value.
    """
    if rows == 1:
        value = float(statistic(np.zeros((1, 1), np.intp))[0])
        return value, value
    ends = bootstrap(
        (np.arange(rows),),
        lambda drawn, axis: statistic(np.atleast_2d(drawn)).reshape(np.shape(drawn)[:-1]),
        n_resamples=resamples,
        batch=1000,
        vectorized=True,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(ends.low), float(ends.high)
