"""A share with the uncertainty that counting so many cases leaves in it."""

from typing import Any

from scipy.stats import binomtest


def wilson95(held: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share, `held` of `n` >= 1 (Wilson 1927, J Am Stat Assoc 22:209)."""
    ends: Any = binomtest(held, n).proportion_ci(confidence_level=0.95, method="wilson")
    return round(float(ends.low), 4), round(float(ends.high), 4)
