"""What is measured of maps, on maps and networks of which the answer is known."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.grading.explain import explain
from core.assessment.grading.grader import Grader, network_input
from core.assessment.records import StageGuide
from core.bones import RUS_BONES
from core.evaluation.maps.measures import (
    BLOCKS,
    CASCADE,
    DELETED,
    above_minimum,
    area,
    blocks_of,
    blurred,
    centre_first,
    deleted,
    deletion_curve,
    highest_first,
    is_even,
    randomised,
    rank_correlation,
    share_inside,
    shared_top,
)

#: The only place that the made-up network looks at: rows and columns of the crop, whole blocks, a tenth of it.
PATCH = (slice(16, 40), slice(48, 88))


def random(seed: int = 0) -> np.random.Generator:
    """A generator of its own for every use."""
    return np.random.default_rng(seed)


def looks_at_patch(crops: Tensor, bones: Tensor) -> Tensor:
    """Years of maturity from the contrast of the patch alone."""
    return 10.0 + 3.0 * crops[:, 0, PATCH[0], PATCH[1]].var((1, 2)) + 0.0 * bones


def map_of(*, patch: float, elsewhere: float) -> NDArray[np.float32]:
    """One map with one value on the patch and another elsewhere."""
    made = np.full((1, 96, 96), elsewhere, np.float32)
    made[0][PATCH] = patch
    return made


@pytest.fixture
def noisy_views() -> Tensor:
    """One crop of grey noise, standardised."""
    return torch.from_numpy(random(1).normal(size=(1, 1, 96, 96)).astype(np.float32))


def curve(orders: NDArray[np.int64], views: Tensor) -> NDArray[np.float64]:
    """The deletion curve of the network that looks at the patch."""
    return deletion_curve(looks_at_patch, views, torch.zeros(1, dtype=torch.long), orders)


def test_a_map_of_what_the_network_looks_at_beats_random_and_one_of_the_rest_loses(noisy_views: Tensor) -> None:
    right = curve(highest_first(blocks_of(map_of(patch=1, elsewhere=0)), random()), noisy_views)
    wrong = curve(highest_first(blocks_of(map_of(patch=0, elsewhere=1)), random()), noisy_views)
    chance = np.mean([curve(highest_first(np.zeros((1, BLOCKS**2)), random(i)), noisy_views) for i in range(5)], 0)
    assert right.shape == (1, len(DELETED))
    whole = float(3.0 * noisy_views[0, 0][PATCH].var())
    assert right[0, 2] == pytest.approx(whole, rel=0.1), "at 20 % the whole patch, a tenth of the crop, is gone"
    assert not wrong.any(), "half of the crop without the patch is still none of the patch"
    assert area(right)[0] > 2 * area(chance)[0] > 0 == area(wrong)[0]


def test_an_even_map_deletes_like_chance(noisy_views: Tensor) -> None:
    even = blocks_of(np.full((1, 96, 96), 0.731, np.float32) + random().normal(scale=1e-6, size=(1, 96, 96)))
    assert is_even(even).all()
    crops, bones = noisy_views.expand(200, -1, -1, -1), torch.zeros(200, dtype=torch.long)
    by_map, blind = (
        area(deletion_curve(looks_at_patch, crops, bones, highest_first(np.repeat(blocks, 200, 0), random(seed))))
        for blocks, seed in ((even, 1), (np.zeros((1, BLOCKS**2)), 2))
    )
    assert by_map.mean() == pytest.approx(blind.mean(), rel=0.15)
    assert by_map.std() > 0, "not one fixed order"


def test_deletion_blurs_the_first_blocks_and_leaves_the_others(noisy_views: Tensor) -> None:
    order = highest_first(blocks_of(map_of(patch=1, elsewhere=0)), random())
    copies = deleted(noisy_views, order)
    assert copies.shape == (len(DELETED), 1, 1, 96, 96)
    soft = blurred(noisy_views)
    for share, one in zip(DELETED, copies[:, 0, 0], strict=True):
        gone = one == soft[0, 0]
        assert gone.float().mean() == pytest.approx(share, abs=0.004)
        assert torch.equal(one[~gone], noisy_views[0, 0][~gone])
    assert (copies[2, 0, 0] == soft[0, 0])[PATCH].all()
    assert soft.std() < 0.1 * noisy_views.std()
    even = torch.full((1, 1, 96, 96), 0.3)
    assert torch.allclose(blurred(even), even, atol=1e-5), "an even crop stays as it is up to its border"


def test_area_is_the_mean_height() -> None:
    assert area(np.ones((2, 3, len(DELETED)))) == pytest.approx(np.full((2, 3), 1 - 0.05 / 2 / 0.5))
    assert area(np.array(DELETED)) == pytest.approx(0.25)


def test_rank_correlation_sees_order_alone() -> None:
    values = random().random((3, BLOCKS**2))
    other = np.stack([values[0] ** 3, -values[1], np.full(BLOCKS**2, 0.5)])
    same, opposite, none = rank_correlation(values, other)
    assert (same, opposite) == (pytest.approx(1), pytest.approx(-1)) and np.isnan(none)
    unrelated = rank_correlation(random(1).random((200, BLOCKS**2)), random(2).random((200, BLOCKS**2)))
    assert abs(unrelated.mean()) < 0.02


def test_shared_top() -> None:
    values = random().random((50, BLOCKS**2))
    assert (shared_top(values, values, random()) == 1).all()
    assert (shared_top(values, -values, random()) == 0).all()
    even = np.zeros_like(values)
    assert shared_top(even, even, random()).mean() == pytest.approx(0.2, abs=0.03)


def test_share_inside_a_region() -> None:
    region = np.zeros((3, 96, 96), bool)
    region[:, PATCH[0], PATCH[1]] = True
    maps = np.concatenate([map_of(patch=1, elsewhere=0), map_of(patch=1, elsewhere=1), map_of(patch=0, elsewhere=0)])
    inside, even, nothing = share_inside(maps, region)
    assert inside == 1 and even == pytest.approx(region[0].mean()) and np.isnan(nothing)


def test_gates_count_from_their_lowest() -> None:
    lifted = above_minimum(map_of(patch=0.8, elsewhere=0.7))
    assert lifted.max() == pytest.approx(0.1, abs=1e-6) and lifted.min() == 0
    assert not above_minimum(map_of(patch=0.73100001, elsewhere=0.731)).any()


def test_from_the_middle_outwards() -> None:
    order = centre_first(2, random())
    assert (np.sort(order) == np.arange(BLOCKS**2)).all()
    rows, columns = np.divmod(order, BLOCKS)
    distance = np.hypot(rows - 5.5, columns - 5.5)
    assert (np.diff(distance, axis=1) > -1e-6).all() and not np.array_equal(order[0], order[1])


@pytest.mark.parametrize("parts", range(len(CASCADE) + 1))
def test_randomising_reaches_down_as_far_as_asked(small_grader: Grader, parts: int) -> None:
    network = small_grader.network
    views, bones = torch.randn(13, 1, 96, 96), torch.arange(13)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    changed = randomised(network, 3, views, bones, parts)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items()), "a copy is changed"
    assert not changed.training and not network.training
    of = {"head": "head.", **{f"stage {i}": f"trunk.layer{i}." for i in (1, 2, 3, 4)}, "first layers": "trunk.conv1."}
    for number, part in enumerate(CASCADE):
        for name, value in changed.state_dict().items():
            if name.startswith(of[part]) and name.endswith("weight") and "conv" in name + "conv" * (part == "head"):
                kept = torch.equal(value, before[name])
                assert kept == (number >= parts), (part, name)
                assert torch.equal(value.flatten().sort().values, before[name].flatten().sort().values)
    for name in ("first_cut", "cut_steps", "log_steepness"):
        assert torch.equal(changed.state_dict()[name], before[name])
    assert torch.isfinite(changed(views, bones)).all()


def test_another_seed_forgets_in_another_way(small_grader: Grader) -> None:
    views, bones = torch.randn(13, 1, 96, 96), torch.arange(13)
    first, again, other = (
        randomised(small_grader.network, seed, views, bones).state_dict()["trunk.conv1.weight"] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_maps_of_gates_need_only_what_lies_below(
    small_grader: Grader, example_crops: dict[str, NDArray[np.float32]]
) -> None:
    """The spatial gates of stage 3 know nothing of stage 4 and the head, so forgetting these changes Grad-CAM alone."""
    crops = {bone: example_crops[bone] for bone in ("Radius", "PP3")}
    views = network_input(torch.from_numpy(np.stack(list(crops.values())))[:, None])
    bones = torch.tensor([RUS_BONES.index(bone) for bone in crops])
    upper = randomised(small_grader.network, 0, views, bones, CASCADE.index("stage 4") + 1)
    grades = dict.fromkeys(crops, 3)
    before, after = (
        explain(network, crops, grades, 3, 3, StageGuide()).maps for network in (small_grader.network, upper)
    )
    for bone in crops:
        np.testing.assert_array_equal(before[bone].sa_spatial, after[bone].sa_spatial)
        assert not np.allclose(before[bone].grad_cam, after[bone].grad_cam, atol=0.05)
