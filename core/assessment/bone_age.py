"""From grade probabilities, and a second opinion if there is one, to a bone age on the radiologists' Greulich-Pyle scale."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.assessment.records import AgeScale, BoneAge, GradeProbabilities, SecondOpinion
from core.bones import RUS_BONES, Sex
from core.standards import MATURE_TOTAL, age_of_total, total_distribution, widened_interval


def months_of_totals(scale: AgeScale, sex: Sex, totals: Sequence[float]) -> list[float]:
    """RUS-CHN totals (0..1000, clipped) -> months on the radiologists' scale, increasing."""
    years = age_of_total("rus_chn", sex, np.clip(np.array(totals, float), 0, MATURE_TOTAL))
    return [float(v) * 12 for v in scale.radiologists_age(years, sex)]


def bone_age(
    scale: AgeScale, sex: Sex, probabilities: GradeProbabilities, spread: float, second: SecondOpinion | None
) -> BoneAge | None:
    """The bone age of 13 graded bones; None with a bone missing.

    spread widens the distribution of the total about its median, see core.standards.widened_interval. second: None where
    nobody looked at the whole hand.
    """
    if len(probabilities) < len(RUS_BONES):
        return None
    alone = bone_age_of_total(scale, sex, total_distribution("rus_chn", sex, dict(probabilities)), spread)
    return alone if second is None else second.heard(alone)


def bone_age_of_total(scale: AgeScale, sex: Sex, distribution: NDArray[np.float64], spread: float) -> BoneAge:
    """The same from the distribution of the RUS-CHN total (1001 probabilities)."""
    months, lower, upper = _months_of_distribution(scale, sex, distribution, spread, 0.9)
    return BoneAge(months, (lower, upper))


def interval_of_total(
    scale: AgeScale, sex: Sex, distribution: NDArray[np.float64], spread: float, coverage: float
) -> tuple[float, float]:
    """The interval of another nominal coverage (0..1) in months, made as the 90 % interval is, with the same spread."""
    _, lower, upper = _months_of_distribution(scale, sex, distribution, spread, coverage)
    return lower, upper


def _months_of_distribution(
    scale: AgeScale, sex: Sex, distribution: NDArray[np.float64], spread: float, coverage: float
) -> tuple[float, float, float]:
    """Months of the mean total, and of the interval's ends."""
    mean = float(distribution @ np.arange(MATURE_TOTAL + 1))
    low, high = widened_interval(distribution, spread, coverage)
    months, lower, upper = months_of_totals(scale, sex, [mean, min(low, mean), max(high, mean)])
    return months, lower, upper
