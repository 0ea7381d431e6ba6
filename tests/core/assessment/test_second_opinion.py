"""The network that looks at the whole hand."""

import numpy as np
import pytest
import torch

from core.assessment.assessor import Assessor
from core.assessment.second_opinion import HEIGHT, WIDTH, hand_views
from core.hand.crops import WINDOW_SIDE


def test_the_plain_view_is_the_middle_of_the_window() -> None:
    window = torch.zeros(1, 1, WINDOW_SIDE, WINDOW_SIDE)
    middle = WINDOW_SIDE // 2
    window[..., middle - 20 : middle + 20, middle - 20 : middle + 20] = 1.0
    zero, one = torch.zeros(1), torch.ones(1)
    view = hand_views(window, zero, one, zero, zero)
    assert view.shape == (1, 1, HEIGHT, WIDTH)
    y, x = torch.nonzero(view[0, 0] > 0, as_tuple=True)
    assert abs(y.float().mean() - HEIGHT / 2) < 1 and abs(x.float().mean() - WIDTH / 2) < 1
    larger = hand_views(window, zero, one * 1.2, zero, zero)
    assert (larger > 0).sum() > 1.3 * (view > 0).sum()


def test_turned_by_a_quarter_it_is_turned_not_sheared() -> None:
    window = torch.zeros(1, 1, WINDOW_SIDE, WINDOW_SIDE)
    middle = WINDOW_SIDE // 2
    window[..., middle - 60 : middle + 60, middle - 10 : middle + 10] = 1.0
    zero, one = torch.zeros(1), torch.ones(1)
    upright = hand_views(window, zero, one, zero, zero)[0, 0] > 0
    lying = hand_views(window, torch.tensor([90.0]), one, zero, zero)[0, 0] > 0

    def extent(mask: torch.Tensor) -> tuple[int, int]:
        y, x = torch.nonzero(mask, as_tuple=True)
        return int(y.max() - y.min()), int(x.max() - x.min())

    assert extent(upright) == pytest.approx(extent(lying)[::-1], abs=2)


def test_a_reader_gives_months_whatever_else_is_in_the_batch(assessor: Assessor) -> None:
    windows = torch.from_numpy(np.random.default_rng(0).random((3, 1, WINDOW_SIDE, WINDOW_SIDE), np.float32))
    reader = assessor.whole_hand
    assert reader is not None
    months = reader.months(windows, torch.tensor([1.0, 0.0, 1.0]))
    assert months.shape == (3,) and months.isfinite().all() and months.unique().numel() == 3
    alone = reader.opinion(windows[1, 0].numpy(), "M")
    assert alone.weight == reader.weight and alone.months == pytest.approx(months[1].item(), abs=1e-2)
    assert abs(alone.months - reader.opinion(windows[1, 0].numpy(), "F").months) > 1, "sex counts"
