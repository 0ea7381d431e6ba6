"""The network that looks at the whole hand."""

import numpy as np
import pytest
import torch

from core.assessment.age.second_opinion import (
    WholeHandReader,
    hand_views,
    months_of_windows,
    plain_views,
    view_affines,
    window_side,
)
from core.hand.hand import Hand
from models.registry import load_whole_hand
from models.whole_hand_network import WholeHandNetwork, WholeHandOptions

SIDE, HEIGHT, WIDTH = 400, 256, 192


def _view(window: torch.Tensor, degrees: float = 0.0, zoom: float = 1.0, stretch: float = 1.0) -> torch.Tensor:
    given = (torch.tensor([value]) for value in (degrees, zoom, stretch, 0.0, 0.0))
    return hand_views(window, view_affines(*given), HEIGHT)


def test_the_plain_view_is_the_middle_of_the_window() -> None:
    window = torch.zeros(1, 1, SIDE, SIDE)
    middle = SIDE // 2
    window[..., middle - 20 : middle + 20, middle - 20 : middle + 20] = 1.0
    view = _view(window)
    assert view.shape == (1, 1, HEIGHT, WIDTH)
    y, x = torch.nonzero(view[0, 0] > 0, as_tuple=True)
    assert abs(y.float().mean() - HEIGHT / 2) < 1 and abs(x.float().mean() - WIDTH / 2) < 1
    assert (_view(window, zoom=1.2) > 0).sum() > 1.3 * (view > 0).sum()
    wider = torch.nonzero(_view(window, stretch=1.5)[0, 0] > 0.5)
    high, wide = (wider.amax(0) - wider.amin(0) + 1).tolist()
    assert wide == pytest.approx(1.5 * high, abs=2)


def test_turned_by_a_quarter_it_is_turned_not_sheared() -> None:
    window = torch.zeros(1, 1, SIDE, SIDE)
    middle = SIDE // 2
    window[..., middle - 60 : middle + 60, middle - 10 : middle + 10] = 1.0
    upright, lying = (_view(window, degrees)[0, 0] > 0 for degrees in (0.0, 90.0))

    def extent(mask: torch.Tensor) -> tuple[int, int]:
        y, x = torch.nonzero(mask, as_tuple=True)
        return int(y.max() - y.min()), int(x.max() - x.min())

    assert extent(upright) == pytest.approx(extent(lying)[::-1], abs=2)


@pytest.mark.parametrize("height", [128, 256, 512])
def test_a_view_shows_the_same_whatever_the_size_of_window_and_picture(height: int) -> None:
    ramp = torch.linspace(0, 1, 200)
    small = (ramp[:, None] * ramp[None, :])[None, None]
    large = torch.nn.functional.interpolate(small, size=window_side(height), mode="bilinear")
    views = [plain_views(window, height) for window in (small, large)]
    assert views[0].shape == views[1].shape == (1, 1, height, height * 3 // 4)
    torch.testing.assert_close(views[0], views[1], atol=0.05, rtol=0)
    assert window_side(height) * 0.8 >= height, "nothing is enlarged"


def test_windows_much_finer_than_the_picture_are_averaged_not_sampled() -> None:
    stripes = (torch.arange(400) % 2).float().expand(1, 1, 400, 400)
    assert plain_views(stripes, 128).abs().max() < 0.2, "one grey"


def test_a_reader_looks_at_the_size_that_its_network_is_for(example_hand: Hand) -> None:
    torch.manual_seed(0)
    network = WholeHandNetwork(WholeHandOptions("resnet", height=512, width=16))
    seen = []
    network.encoder.register_forward_pre_hook(lambda _, given: seen.append(tuple(int(side) for side in given[0].shape)))
    opinion = WholeHandReader([(network, 0.3)]).opinion(example_hand, "F")
    assert set(seen) == {(1, 1, 512, 384)} and opinion.weight == 0.3 and np.isfinite(opinion.months)


def test_a_reader_gives_months_whatever_else_is_in_the_batch(example_hand: Hand) -> None:
    shipped = load_whole_hand()
    assert shipped is not None
    network, height = shipped[0], shipped[0].options.height
    reader, side = WholeHandReader([(network, 0.3)]), window_side(height)
    windows = torch.from_numpy(np.random.default_rng(0).random((3, 1, side, side), np.float32))
    months = months_of_windows(network, height, windows, torch.tensor([1.0, 0.0, 1.0]))
    assert months.shape == (3,) and months.isfinite().all() and months.unique().numel() == 3
    windows[1, 0] = torch.from_numpy(example_hand.window(side))
    expected = months_of_windows(network, height, windows, torch.tensor([1.0, 0.0, 1.0]))[1].item()
    alone = reader.opinion(example_hand, "M")
    assert alone.weight == reader.weight and alone.months == pytest.approx(expected, abs=1e-2)
    assert abs(alone.months - reader.opinion(example_hand, "F").months) > 1, "sex counts"


def test_several_networks_are_heard_by_their_weights(example_hand: Hand) -> None:
    torch.manual_seed(0)
    networks = [WholeHandNetwork(WholeHandOptions("resnet", height, width=16)) for height in (128, 256)]
    networks[1].age.bias.data += 1.0
    low, high = (WholeHandReader([(network, 0.3)]).opinion(example_hand, "F").months for network in networks)
    assert high - low > 30
    together = WholeHandReader([(networks[0], 0.3), (networks[1], 0.1)]).opinion(example_hand, "F")
    assert together.weight == pytest.approx(0.4) and together.months == pytest.approx(0.75 * low + 0.25 * high, abs=0.5)
    unweighed = WholeHandReader([(network, 0.0) for network in networks]).opinion(example_hand, "F")
    assert unweighed.weight == 0 and unweighed.months == pytest.approx((low + high) / 2, abs=0.5)
