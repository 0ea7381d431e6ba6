"""Kappa, ages and times on cases worked out by hand, and compared with scikit-learn."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from core.agreement.measures import age_differences, confusion, kappa_of_many, kappa_of_two, times

#: Twelve films, grades 0..2: nine agree (4 x 0, 3 x 1, 2 x 2), two are one apart, one is two apart.
FIRST = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 0, 1, 0], np.int8)
SECOND = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 1, 2, 2], np.int8)


def _drawn(seed: int, films: int, noise: float) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Two readers of bones with 15 grades who see the truth with some noise."""
    chance = np.random.default_rng(seed)
    truth = chance.uniform(0, 14, films)
    one, other = (np.clip(np.rint(truth + chance.normal(0, noise, films)), 0, 14).astype(np.int8) for _ in range(2))
    return one, other


def test_kappa_by_hand() -> None:
    # Squared differences: 1 + 1 + 4 = 6 of 12 films. First: 6 x 0, 4 x 1, 2 x 2; second: 4 x 0, 4 x 1, 4 x 2. All 144
    # pairs: 6 x (4 x 0 + 4 x 1 + 4 x 4) + 4 x (4 + 0 + 4) + 2 x (4 x 4 + 4 x 1 + 0) = 120 + 32 + 40 = 192.
    kappa = kappa_of_two(FIRST, SECOND)
    assert kappa.films == 12 and kappa.missing is None
    assert kappa.value == pytest.approx(1 - (6 / 12) / (192 / 144))
    assert kappa.value == pytest.approx(0.625)


def test_confusion_counts_each_pair_with_the_first_voice_in_rows() -> None:
    assert confusion(FIRST, SECOND, 3).tolist() == [[4, 1, 1], [0, 3, 1], [0, 0, 2]]
    assert confusion(SECOND, FIRST, 3).tolist() == [[4, 0, 0], [1, 3, 0], [1, 1, 2]]


@pytest.mark.parametrize(("seed", "films", "noise"), [(0, 10, 0.5), (1, 40, 1.0), (2, 500, 3.0)])
def test_kappa_is_that_of_scikit_learn_whatever_the_number_of_grades(seed: int, films: int, noise: float) -> None:
    first, second = _drawn(seed, films, noise)
    for grades in (15, 40):
        known = cohen_kappa_score(first, second, labels=list(range(grades)), weights="quadratic")
        assert kappa_of_two(first, second).value == pytest.approx(known)


def test_with_two_grades_it_is_the_unweighted_kappa() -> None:
    first, second = (np.minimum(voice, 1) for voice in (FIRST, SECOND))
    assert kappa_of_two(first, second).value == pytest.approx(cohen_kappa_score(first, second))


def test_kappa_for_chance_and_for_contradiction() -> None:
    # Every pair of three grades once: exactly what chance would give.
    grid = np.arange(9, dtype=np.int8)
    assert kappa_of_two(np.tile(grid // 3, 2), np.tile(grid % 3, 2)).value == pytest.approx(0.0)
    turned = np.tile(np.array([0, 1], np.int8), 6)
    assert kappa_of_two(turned, 1 - turned).value == pytest.approx(-1.0)


def test_grades_that_one_voice_did_not_give_count_for_nothing() -> None:
    first = np.concatenate([FIRST, [-1, -2, 2, 0]]).astype(np.int8)
    second = np.concatenate([SECOND, [0, 1, -2, -1]]).astype(np.int8)
    assert kappa_of_two(first, second) == kappa_of_two(FIRST, SECOND)
    assert confusion(first, second, 3).sum() == len(FIRST)


def test_too_few_films_give_no_kappa() -> None:
    kappa = kappa_of_two(FIRST[:9], SECOND[:9])
    assert (kappa.films, kappa.value, kappa.interval90, kappa.missing) == (9, None, None, "too_few")
    assert kappa_of_two(FIRST[:0], SECOND[:0]).films == 0


def test_one_grade_throughout_gives_no_kappa_and_one_voice_with_one_grade_gives_none_beyond_chance() -> None:
    same = np.full(20, 7, np.int8)
    assert kappa_of_two(same, same).missing == "one_grade"
    assert kappa_of_two(same, np.tile(np.array([7, 6], np.int8), 10)).value == pytest.approx(0.0)


def test_perfect_agreement_is_one_and_has_no_interval() -> None:
    kappa = kappa_of_two(FIRST, FIRST)
    assert (kappa.value, kappa.interval90, kappa.missing) == (1.0, None, None)


@pytest.mark.parametrize(("films", "noise"), [(12, 0.8), (12, 2.0), (60, 0.8), (60, 2.0)])
def test_the_interval_holds_the_true_kappa_about_nine_times_in_ten(films: int, noise: float) -> None:
    truth = kappa_of_two(*_drawn(0, 300_000, noise)).value
    assert truth is not None
    intervals = [kappa_of_two(*_drawn(seed, films, noise)).interval90 for seed in range(1, 401)]
    held = [low <= truth <= high for low, high in (interval for interval in intervals if interval is not None)]
    assert len(held) >= 398
    assert 0.84 <= np.mean(held) <= 0.96


def test_the_interval_narrows_with_the_root_of_the_films() -> None:
    wide, narrow = (kappa_of_two(*_drawn(3, films, 1.0)).interval90 for films in (400, 40_000))
    assert wide is not None and narrow is not None
    assert (wide[1] - wide[0]) / (narrow[1] - narrow[0]) == pytest.approx(10, rel=0.25)
    assert narrow[0] < narrow[1] < 1


def test_pooled_kappa_of_two_readers_does_not_ask_who_is_who() -> None:
    grades = np.stack([FIRST, SECOND], 1)
    both_ways = cohen_kappa_score(np.concatenate([FIRST, SECOND]), np.concatenate([SECOND, FIRST]), weights="quadratic")
    assert kappa_of_many(grades).value == pytest.approx(both_ways)
    assert kappa_of_many(grades[:, ::-1]) == kappa_of_many(grades)


def test_pooled_kappa_counts_each_film_once_however_many_read_it() -> None:
    # Three readers on each film: all six ordered pairs, each with a sixth of the weight.
    first, second = _drawn(4, 50, 1.0)
    third, _ = _drawn(5, 50, 1.0)
    grades = np.stack([first, second, third], 1)
    ordered = [(i, j) for i in range(3) for j in range(3) if i != j]
    stacked = [np.concatenate([grades[:, pair[side]] for pair in ordered]) for side in (0, 1)]
    kappa = kappa_of_many(grades)
    assert kappa.films == 50
    assert kappa.value == pytest.approx(cohen_kappa_score(*stacked, weights="quadratic"))
    # A film that only one reader graded says nothing about agreement.
    alone = np.array([[3, -1, -2]], np.int8)
    assert kappa_of_many(np.concatenate([grades, alone])) == kappa


def test_age_differences_by_hand() -> None:
    # Ten differences, 1 -1 1 -1 ... and 2 more each: mean 2, sum of squares about it 10, deviation sqrt(10 / 9).
    second = np.linspace(60, 150, 10)
    first = second + 2 + np.tile([1.0, -1.0], 5)
    found = age_differences(first, second)
    deviation = np.sqrt(10 / 9)
    assert found.films == 10 and found.mean == pytest.approx(2.0)
    assert found.limits == pytest.approx((2 - 1.959964 * deviation, 2 + 1.959964 * deviation))
    assert found.mean_interval90 == pytest.approx(
        (2 - 1.644854 * deviation / np.sqrt(10), 2 + 1.644854 * deviation / np.sqrt(10))
    )
    assert found.limit_reach90 == pytest.approx(1.644854 * deviation * np.sqrt(3 / 10))
    turned = age_differences(second, first)
    assert turned.mean == pytest.approx(-2.0) and turned.limits == pytest.approx([-end for end in found.limits[::-1]])  # type: ignore[index]


def test_how_few_films_are_too_few_can_be_said() -> None:
    first, second = np.array([1, 2, 3]), np.array([1, 3, 3])
    assert kappa_of_two(first, second).missing == "too_few"
    # squares of the differences: mean 1/3; of all 9 pairs: 14/3 + 19/3 - 2 * 2 * 7/3 = 5/3
    assert kappa_of_two(first, second, least=3).value == pytest.approx(1 - (1 / 3) / (5 / 3))
    assert kappa_of_two(first, second, least=4).missing == "too_few"


def test_too_few_ages_give_no_limits() -> None:
    found = age_differences(np.arange(9.0), np.zeros(9))
    assert (found.films, found.mean, found.limits) == (9, None, None)


def test_times_leave_out_interruptions_and_what_nobody_timed() -> None:
    found = times(np.array([0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 0.0, 5000.0]), longest=60.0)
    assert (found.counted, found.interrupted, found.unmeasured) == (5, 1, 2)
    assert found.quartiles == (20.0, 30.0, 40.0)
    assert found.whiskers == pytest.approx((12.0, 48.0))
    nothing = times(np.zeros(3), longest=60.0)
    assert (nothing.counted, nothing.unmeasured, nothing.quartiles, nothing.whiskers) == (0, 3, None, None)
