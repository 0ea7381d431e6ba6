"""Training samples of the localiser, held against a drawn hand whose regions are bright discs."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from core.bones import ALL_BONES
from core.training.localizer.boxed_films import BoxedFilm
from core.training.localizer.samples import Sample, batch_of, hand_sample, other_sample
from tests.hands import drawn_hand

SIDE = 128


def _film() -> BoxedFilm:
    return BoxedFilm(*drawn_hand())


@cache
def _samples() -> tuple[Sample, ...]:
    film = _film()
    return tuple(hand_sample(film, SIDE, np.random.default_rng(seed)) for seed in range(80))


def test_shapes_and_ranges() -> None:
    for sample in _samples():
        assert sample.film.shape == (1, SIDE, SIDE) and sample.film.dtype == np.float32
        assert np.abs(sample.film).max() <= 2
        assert sample.heat.shape == (21, SIDE // 2, SIDE // 2)
        assert sample.heat.min() >= 0 and sample.heat.max() <= 1
        assert sample.centres.shape == sample.log_sizes.shape == (21, 2)
        assert np.isfinite(sample.centres).all() and np.isfinite(sample.log_sizes).all()
        assert sample.hand == 1.0
        assert {sample.inverted, sample.upright, sample.judged} <= {0.0, 1.0}


def test_heat_peaks_at_the_centres() -> None:
    for sample in _samples():
        for region in np.flatnonzero(sample.visible):
            row, column = np.unravel_index(sample.heat[region].argmax(), sample.heat[region].shape)
            assert sample.heat[region, row, column] == 1.0
            assert np.abs(sample.centres[region] - [column, row]).max() <= 0.5 + 1e-3
        assert not sample.heat[sample.visible == 0].any()


def test_the_peaks_lie_on_the_discs_and_the_label_says_which_way_the_greys_go() -> None:
    brighter = []
    for sample in _samples():
        picture = sample.film[0]
        for x, y in sample.centres[sample.visible == 1]:
            disc = picture[round(2 * y) : round(2 * y) + 2, round(2 * x) : round(2 * x) + 2].mean()
            higher = disc - np.median(picture)
            brighter.append(-higher if sample.inverted else higher)
    # Letters, noise and contrast enhancement may hide a disc, but seldom.
    assert len(brighter) > 400
    assert np.mean(np.array(brighter) > 0.25) > 0.9


def test_both_greys_are_drawn() -> None:
    assert 0.3 < np.mean([sample.inverted for sample in _samples()]) < 0.7


def test_turned_and_mirrored_hands_have_no_heat_map_to_learn() -> None:
    turned = [sample for sample in _samples() if not sample.upright]
    assert 0.1 < len(turned) / len(_samples()) < 0.45
    for sample in turned:
        assert not sample.known.any() and not sample.visible.any() and not sample.heat.any()
    for sample in _samples():
        assert not sample.upright or sample.known.all()


def test_an_upright_hand_is_upright() -> None:
    thumb, little, tip, wrist = (ALL_BONES.index(bone) for bone in ("MC1", "MC5", "DP3", "Radius"))
    for sample in _samples():
        if sample.upright:
            up = sample.centres[wrist] - sample.centres[tip]
            across = sample.centres[thumb] - sample.centres[little]
            assert up[1] * across[0] - up[0] * across[1] > 0, "a left hand, not its mirror image"
            assert abs(np.degrees(np.arctan2(up[0], up[1]))) < 70


def test_a_region_that_nobody_boxed_is_not_known() -> None:
    grey, boxes = drawn_hand()
    boxes[3] = np.nan
    for seed in range(10):
        sample = hand_sample(BoxedFilm(grey, boxes), SIDE, np.random.default_rng(seed))
        assert sample.known[3] == 0 and sample.visible[3] == 0 and not sample.heat[3].any()
        assert np.isfinite(sample.centres).all() and np.isfinite(sample.log_sizes).all()


def test_sizes_follow_the_hand() -> None:
    boxes = drawn_hand()[1]
    extent = boxes[:, 2:] - boxes[:, :2]
    for sample in _samples()[:10]:
        ratio = np.exp(sample.log_sizes) * SIDE / extent
        assert np.ptp(ratio) < 1e-4, "one factor for the whole hand"


@pytest.mark.parametrize("maker", [hand_sample, other_sample])
def test_the_same_random_numbers_give_the_same_sample(maker: Any) -> None:
    films = _film() if maker is hand_sample else [_film()]
    first, second, other = (maker(films, SIDE, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.film, second.film)
    np.testing.assert_array_equal(first.heat, second.heat)
    assert not np.array_equal(first.film, other.film)


def test_what_is_no_hand_has_no_region() -> None:
    for seed in range(25):
        sample = other_sample([_film()], SIDE, np.random.default_rng(seed))
        assert sample.film.shape == (1, SIDE, SIDE) and np.isfinite(sample.film).all()
        assert sample.hand == 0.0 and sample.judged == 0.0
        assert not sample.heat.any() and not sample.visible.any()
        assert sample.known.all(), "that there is none is known"


def test_a_batch() -> None:
    batch = batch_of(list(_samples()[:3]))
    assert set(batch) == set(Sample.__dataclass_fields__)
    assert batch["film"].shape == (3, 1, SIDE, SIDE) and batch["heat"].shape == (3, 21, SIDE // 2, SIDE // 2)
    assert batch["hand"].tolist() == [1.0, 1.0, 1.0]
    assert all(tensor.dtype == torch.float32 for tensor in batch.values())
