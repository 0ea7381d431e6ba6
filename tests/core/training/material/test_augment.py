"""Random views of crops and of whole hands."""

import torch
from torch import Tensor

from core.hand.crops import CONTEXT_SIDE, CROP_SIDE
from core.training.material.augment import random_hand_views, random_views


def _crops(count: int = 6) -> Tensor:
    ramp = torch.linspace(0, 1, CONTEXT_SIDE)
    return (ramp[:, None] * ramp[None, :]).expand(count, 1, CONTEXT_SIDE, CONTEXT_SIDE).clone()


def _views(seed: int, crops: Tensor | None = None, strength: float = 1.0, cut_close: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return random_views(_crops() if crops is None else crops, generator, strength, cut_close)


def test_shape_and_range() -> None:
    views = torch.cat([_views(seed) for seed in range(10)])
    assert views.shape == (60, 1, CROP_SIDE, CROP_SIDE) and views.dtype == torch.float32
    assert views.isfinite().all()
    # Greys 0..1 are -2..2; other exposures go beyond that, but not far.
    assert views.abs().max() < 8 and views.std() > 0.3


def test_the_same_seed_gives_the_same_views_whatever_else_is_random() -> None:
    first = _views(3)
    torch.rand(17)
    torch.testing.assert_close(_views(3), first, atol=0, rtol=0)
    assert not torch.equal(_views(4), first)


def test_every_view_is_another() -> None:
    views = _views(0)
    for i in range(len(views)):
        for j in range(i):
            assert (views[i] - views[j]).abs().mean() > 1e-3


def test_crops_are_left_alone() -> None:
    crops = _crops()
    _views(0, crops)
    torch.testing.assert_close(crops, _crops(), atol=0, rtol=0)


def test_strength_scales_how_far_views_move() -> None:
    spot = torch.zeros(64, 1, CONTEXT_SIDE, CONTEXT_SIDE)
    middle = CONTEXT_SIDE // 2
    spot[:, :, middle - 3 : middle + 3, middle - 3 : middle + 3] = 1.0

    def wander(strength: float) -> float:
        flat = _views(1, spot, strength).flatten(1).argmax(1)
        place = torch.stack([flat // CROP_SIDE, flat % CROP_SIDE], 1).float()
        return float((place - CROP_SIDE / 2).norm(dim=1).median())

    assert wander(0.0) < 5 < wander(2.0)


def test_cut_close_the_surroundings_are_gone_and_the_middle_is_seen() -> None:
    crops = torch.full((64, 1, CONTEXT_SIDE, CONTEXT_SIDE), 0.25)
    middle = CONTEXT_SIDE // 2
    crops[:, :, middle - 2 : middle + 2, middle - 2 : middle + 2] = 0.75
    edge = (CONTEXT_SIDE - CROP_SIDE) // 2
    crops[:, :, edge : edge + 6, edge : edge + 6] = 1.0  # something else, in a corner of what is seen

    def seen(cut_close: float) -> tuple[float, float]:
        """Shares of the views that show the corner's bright thing, and the middle's."""
        views = _views(1, crops, strength=0.0, cut_close=cut_close)[:, 0]
        half = CROP_SIDE // 2
        background = views[:, half - 20 : half + 20, half - 20 : half + 20].flatten(1).median(1).values
        corner = views[:, 1:5, 1:5].mean((1, 2)) - background
        bone = views[:, half - 2 : half + 2, half - 2 : half + 2].mean((1, 2)) - background
        return float((corner > 0.5).float().mean()), float((bone > 0.3).float().mean())

    assert seen(0.0)[0] > 0.85 and seen(0.0)[1] > 0.85
    assert seen(1.0)[0] < 0.4 and seen(1.0)[1] > 0.85


def test_views_of_whole_hands_of_two_sizes() -> None:
    windows = [torch.full((3, 1, 400, 400), 0.2), torch.full((5, 1, 200, 200), 0.9)]
    torch.manual_seed(1)
    views = random_hand_views(windows, 128, torch.Generator().manual_seed(1))
    assert views.shape == (8, 1, 128, 96) and views.isfinite().all()
    assert views[:3].mean() < 0 < views[3:].mean(), "in the order of the windows"
    torch.manual_seed(1)
    torch.testing.assert_close(random_hand_views(windows, 128, torch.Generator().manual_seed(1)), views, atol=0, rtol=0)
    other = random_hand_views(windows, 128, torch.Generator().manual_seed(2))
    assert (other - views).abs().amax((1, 2, 3)).min() > 0.01, "each of them is drawn"
