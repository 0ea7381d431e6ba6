"""From grade probabilities, and a second opinion if there is one, to a bone age on the radiologists' Greulich-Pyle scale."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.assessment.records import AgeScale, BoneAge, GradeProbabilities, IntervalSetting, SecondOpinion
from core.bones import RUS_BONES, Sex
from core.standards import (
    INTERVAL_COVERAGE,
    MATURE_TOTAL,
    age_of_total,
    central_interval,
    scattered,
    total_distribution,
)

#: The standard deviation of a single reading about what six readers agree on, in months. Our labels are single readings and
#: cannot show it; networks that were measured against both can. Where errors are normal, their standard deviation is
#: sqrt(pi / 2) times the mean absolute error, and the variance that single readings add is
#: pi / 2 * (error against single readings ** 2 - error against six readers ** 2): 25 for a published network (6.1 and 4.6
#: months), and 25 for this one on others' hands (6.9 and 5.6). The six readers of the challenge's test hands are described by
#: Halabi et al. (Radiology 2019;290:498). Readers in other studies scatter more, so that this errs towards the wider interval
#: of the two.
READER_SPREAD_MONTHS: Final = 5.0


def consensus_scatter(scatter_months: float) -> float:
    """The scatter in months of what six readers would agree on: that of a single reading less the readers' own."""
    return math.sqrt(max(0.0, scatter_months**2 - READER_SPREAD_MONTHS**2))


def table_scatter_years(setting: IntervalSetting) -> float:
    """The scatter in years used for the intervals of the table ages."""
    return consensus_scatter(setting.scatter_months) / 12


def months_of_totals(scale: AgeScale, sex: Sex, totals: Sequence[float]) -> list[float]:
    """RUS-CHN totals (0..1000, clipped) -> months on the radiologists' scale, increasing."""
    years = age_of_total("rus_chn", sex, np.clip(np.array(totals, float), 0, MATURE_TOTAL))
    return [float(v) * 12 for v in scale.radiologists_age(years, sex)]


def bone_age(
    scale: AgeScale, sex: Sex, probabilities: GradeProbabilities, scatter: float, second: SecondOpinion | None
) -> BoneAge | None:
    """The bone age of 13 graded bones; None with a bone missing.

    scatter: in months, see IntervalSetting. second: None where no network looked at the whole hand.
    """
    if len(probabilities) < len(RUS_BONES):
        return None
    alone = bone_age_of_total(scale, sex, total_distribution("rus_chn", sex, dict(probabilities)), scatter)
    return alone if second is None else second.heard(alone)


def bone_age_of_total(scale: AgeScale, sex: Sex, distribution: NDArray[np.float64], scatter: float) -> BoneAge:
    """The same from the distribution of the RUS-CHN total (1001 probabilities)."""
    return intervals_of_total(scale, sex, distribution, scatter, INTERVAL_COVERAGE)


def intervals_of_total(
    scale: AgeScale, sex: Sex, distribution: NDArray[np.float64], scatter: float, coverage: float
) -> BoneAge:
    """The same with intervals of another nominal coverage (0..1) in place of the 90 % ones.

    They widen the total's own interval by `scatter` for a single reading, and by consensus_scatter for what six readers would
    agree on; see core.standards.scattered.
    """
    mean = float(distribution @ np.arange(MATURE_TOTAL + 1))
    months, *own = months_of_totals(scale, sex, [mean, *central_interval(distribution, coverage)])

    def interval(beyond: float) -> tuple[float, float]:
        low, high = scattered(months, (own[0], own[1]), beyond, coverage)
        return max(0.0, low), high

    return BoneAge(months, interval(scatter), interval(consensus_scatter(scatter)))
