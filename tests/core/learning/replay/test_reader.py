"""The simulated reader: brought to the opinion on the whole hand, scattering as readers do, the same for the same seed."""

import numpy as np
import pytest

from core.assessment.age.bone_age import READER_SPREAD_MONTHS
from core.learning.replay.reader import Graded, SimulatedReader, graded
from models.bone_grader import BoneGrader
from models.registry import load_grader


@pytest.fixture(scope="module")
def grader() -> BoneGrader:
    return load_grader()[0]


def _hands(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Latents of hands of 4 to 14 years, all bones alike, boys and girls in turns."""
    years = np.linspace(4, 14, count, dtype=np.float32)
    return np.repeat(years[:, None], 13, 1), np.arange(count) % 2


def _meant(reader: SimulatedReader) -> Graded:
    """What a reader without any scatter would say."""
    with pytest.MonkeyPatch.context() as steady:
        for scatter in ("TOGETHER_YEARS", "APART_YEARS"):
            steady.setattr(f"core.learning.replay.reader.{scatter}", 0.0)
        return reader.reading(1)


def test_bones_move_together_until_their_age_is_half_way_to_the_opinion(grader: BoneGrader) -> None:
    latents, female = _hands(6)
    own = graded(grader, latents, female).months
    opinions = own + np.array([12, -12, 6, 0, 24, np.nan])
    meant = _meant(SimulatedReader(grader, latents, female, opinions))
    np.testing.assert_allclose(meant.months[:5], (own + opinions)[:5] / 2, atol=0.1)
    assert meant.months[5] == pytest.approx(own[5], abs=0.1), "without an opinion the grader's age stands"


def test_readings_scatter_about_what_is_meant_as_single_readers_do(grader: BoneGrader) -> None:
    latents, female = _hands(400)
    reader = SimulatedReader(grader, latents, female, np.full(400, np.nan))
    meant, first, second = _meant(reader), reader.reading(1), reader.reading(2)
    assert (first.months - meant.months).std() == pytest.approx(READER_SPREAD_MONTHS, rel=0.5)
    steps = np.abs(first.grades - second.grades)
    assert 0.4 < (steps == 0).mean() < 0.9 and (steps <= 1).mean() > 0.85
    np.testing.assert_array_equal(first.grades, reader.reading(1).grades)
