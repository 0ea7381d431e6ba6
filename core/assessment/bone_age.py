"""From grade probabilities, and a second opinion if there is one, to a bone age on the radiologists' Greulich-Pyle scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.assessment.grader import GradeProbabilities, Grader
from core.bones import RUS_BONES, Sex
from core.standards import MATURE_TOTAL, age_of_total, total_distribution, widened_interval


@dataclass(frozen=True)
class BoneAge:
    """months: of the mean RUS-CHN total, calibrated. interval90: 5 % and 95 % in months, never without `months`."""

    months: float
    interval90: tuple[float, float]


@dataclass(frozen=True)
class SecondOpinion:
    """What the network that looks at the whole hand says: months, on the radiologists' scale; weight: its share, 0..1, in
    the bone age, the rest being the 13 bones'."""

    months: float
    weight: float


def months_of_totals(grader: Grader, sex: Sex, totals: Sequence[float]) -> list[float]:
    """RUS-CHN totals (0..1000, clipped) -> months on the radiologists' scale, increasing."""
    years = age_of_total("rus_chn", sex, np.clip(np.array(totals, float), 0, MATURE_TOTAL))
    return [float(v) * 12 for v in grader.radiologists_age(years, sex)]


def bone_age(
    grader: Grader, sex: Sex, probabilities: GradeProbabilities, spread: float, second: SecondOpinion | None
) -> BoneAge | None:
    """The bone age of 13 graded bones; None with a bone missing.

    spread widens the distribution of the total about its median, see core.standards.widened_interval. second: None where
    nobody looked at the whole hand.
    """
    if len(probabilities) < len(RUS_BONES):
        return None
    alone = bone_age_of_total(grader, sex, total_distribution("rus_chn", sex, dict(probabilities)), spread)
    return alone if second is None else heard(alone, second)


def heard(bones: BoneAge, second: SecondOpinion) -> BoneAge:
    """The 13 bones' age moved towards the second opinion by its weight; the interval moves along and keeps its width,
    except that it does not reach below 0."""
    shift = second.weight * (second.months - bones.months)
    low, high = bones.interval90
    return BoneAge(max(0.0, bones.months + shift), (max(0.0, low + shift), max(0.0, high + shift)))


def without(months: float, second: SecondOpinion) -> float:
    """What the 13 bones alone say of a bone age, in months, in which the second opinion is heard."""
    return (months - second.weight * second.months) / (1 - second.weight)


def bone_age_of_total(grader: Grader, sex: Sex, distribution: NDArray[np.float64], spread: float) -> BoneAge:
    """The same from the distribution of the RUS-CHN total (1001 probabilities)."""
    months, lower, upper = _months_of_distribution(grader, sex, distribution, spread, 0.9)
    return BoneAge(months, (lower, upper))


def interval_of_total(
    grader: Grader, sex: Sex, distribution: NDArray[np.float64], spread: float, coverage: float
) -> tuple[float, float]:
    """The interval of another nominal coverage (0..1) in months, made as the 90 % interval is, with the same spread."""
    _, lower, upper = _months_of_distribution(grader, sex, distribution, spread, coverage)
    return lower, upper


def _months_of_distribution(
    grader: Grader, sex: Sex, distribution: NDArray[np.float64], spread: float, coverage: float
) -> tuple[float, float, float]:
    """Months of the mean total, and of the interval's ends."""
    mean = float(distribution @ np.arange(MATURE_TOTAL + 1))
    low, high = widened_interval(distribution, spread, coverage)
    months, lower, upper = months_of_totals(grader, sex, [mean, min(low, mean), max(high, mean)])
    return months, lower, upper
