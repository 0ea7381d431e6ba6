"""The localiser's network and how peaks of its heat maps become centres, extents and confidences."""

from functools import cache

import pytest
import torch
from torch import Tensor

from models.hand_localizer import FilmLogits, HandLocalizer, peaks


@cache
def localizer() -> HandLocalizer:
    torch.manual_seed(0)
    return HandLocalizer().eval()


@pytest.mark.parametrize("side", [64, 96])
def test_shapes(side: int) -> None:
    with torch.no_grad():
        output = localizer()(torch.randn(2, 1, side, side))
    cells = side // 2
    assert output.heatmaps.shape == (2, 21, cells, cells)
    assert output.sizes.shape == (2, 42, cells, cells)
    assert output.hand.shape == output.inverted.shape == output.upright.shape == (2,)
    assert all(part.isfinite().all() for part in output)


def test_films_of_a_batch_do_not_mix() -> None:
    films = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        together, alone = localizer()(films), localizer()(films[1:])
    for both, one in zip(together, alone, strict=True):
        torch.testing.assert_close(both[1:], one, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(together.heatmaps[0], together.heatmaps[1])


def test_three_words_are_three_outputs() -> None:
    network = HandLocalizer(regions=2).eval()
    with torch.no_grad():
        network.film.weight.zero_()
        network.film.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
        output = network(torch.randn(1, 1, 64, 64))
    assert (output.hand.item(), output.inverted.item(), output.upright.item()) == (1.0, 2.0, 3.0)
    assert output.heatmaps.shape == (1, 2, 32, 32) and output.sizes.shape == (1, 4, 32, 32)


def test_logits_of_every_place_are_in_the_mean_those_of_the_film() -> None:
    film = torch.randn(1, 1, 96, 64)
    with torch.no_grad():
        logits, output = FilmLogits(localizer())(film), localizer()(film)
    assert logits.shape == (1, 3, 3, 2)
    torch.testing.assert_close(logits.mean((2, 3))[0], torch.cat([output.hand, output.inverted, output.upright]))


def test_untrained_network_expects_background_and_tenths_of_the_film() -> None:
    heat, size = localizer().heat.bias, localizer().size.bias
    assert heat is not None and size is not None
    assert torch.equal(heat, torch.full((21,), -5.0))
    torch.testing.assert_close(size.exp(), torch.full((42,), 0.1), atol=0.001, rtol=0)


def test_gradient_reaches_every_parameter() -> None:
    torch.manual_seed(0)
    network = HandLocalizer(regions=2)
    output = network(torch.randn(2, 1, 64, 64))
    torch.stack([(part * torch.randn_like(part)).sum() for part in output]).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all() and parameter.grad.any(), name


def test_parameter_count() -> None:
    encoder = 2_958_272
    decoder = sum(
        # to the new width, from the encoder, two normalisations, one 3x3 convolution
        below * width + skip * width + 4 * width + 9 * width * width
        for below, skip, width in [(320, 112, 128), (128, 40, 96), (96, 24, 64), (64, 16, 48)]
    )
    heads = 48 * 63 + 63 + 320 * 3 + 3
    assert sum(parameter.numel() for parameter in localizer().parameters()) == encoder + decoder + heads


def nothing(regions: int = 1, height: int = 20, width: int = 30) -> tuple[Tensor, Tensor]:
    """Empty heat maps and sizes, taller than wide so that mixed-up axes show."""
    return torch.zeros(1, regions, height, width), torch.zeros(1, 2 * regions, height, width)


def found(heatmaps: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is found in heat maps of probabilities."""
    return peaks(torch.logit(heatmaps), sizes)


def test_one_cell_is_found_at_its_middle() -> None:
    heatmaps, sizes = nothing()
    heatmaps[0, 0, 7, 12] = 0.8
    centres, _, confidence = found(heatmaps, sizes)
    assert centres.shape == (1, 1, 2) and confidence.shape == (1, 1)
    torch.testing.assert_close(centres[0, 0], torch.tensor([12.5 / 30, 7.5 / 20]))
    assert confidence.item() == pytest.approx(0.8)


def test_centre_is_the_centroid_around_the_peak() -> None:
    heatmaps, sizes = nothing()
    heatmaps[0, 0, 7, 12], heatmaps[0, 0, 7, 13], heatmaps[0, 0, 9, 12] = 0.6, 0.2, 0.2
    heatmaps[0, 0, 7, 15] = heatmaps[0, 0, 10, 12] = 0.5  # three cells away: another thing, not counted
    centres, _, confidence = found(heatmaps, sizes)
    # column 12 + 0.2 * 1, row 7 + 0.2 * 2
    torch.testing.assert_close(centres[0, 0], torch.tensor([12.7 / 30, 7.9 / 20]))
    assert confidence.item() == pytest.approx(0.6)


@pytest.mark.parametrize(("x", "y"), [(12.3, 8.8), (15.0, 10.5), (4.49, 16.0)])
def test_blob_is_found_within_a_tenth_of_a_cell(x: float, y: float) -> None:
    rows, columns = torch.arange(20.0)[:, None], torch.arange(30.0)[None]
    _, sizes = nothing()
    blob = torch.exp(-((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2) / 2)
    centres, _, _ = found(blob[None, None], sizes)
    assert abs(centres[0, 0, 0].item() * 30 - x) < 0.1
    assert abs(centres[0, 0, 1].item() * 20 - y) < 0.1


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 29), (19, 0), (19, 29)])
def test_peak_in_a_corner_counts_no_cell_twice(row: int, column: int) -> None:
    heatmaps, sizes = nothing()
    inward = 1 if column == 0 else -1
    heatmaps[0, 0, row, column], heatmaps[0, 0, row, column + inward] = 0.6, 0.2
    centres, _, _ = found(heatmaps, sizes)
    torch.testing.assert_close(centres[0, 0], torch.tensor([(column + 0.25 * inward + 0.5) / 30, (row + 0.5) / 20]))


def test_extents_are_read_at_each_region_s_peak_widths_first() -> None:
    heatmaps, sizes = nothing(regions=2)
    heatmaps[0, 0, 3, 4], heatmaps[0, 1, 15, 20] = 0.9, 0.4
    sizes[0, 0, 3, 4], sizes[0, 2, 3, 4] = torch.log(torch.tensor([0.10, 0.20]))  # region 0: width, height
    sizes[0, 1, 15, 20], sizes[0, 3, 15, 20] = torch.log(torch.tensor([0.30, 0.05]))  # region 1
    centres, extents, confidence = found(heatmaps, sizes)
    torch.testing.assert_close(extents, torch.tensor([[[0.10, 0.20], [0.30, 0.05]]]))
    torch.testing.assert_close(confidence, torch.tensor([[0.9, 0.4]]))
    torch.testing.assert_close(centres, torch.tensor([[[4.5 / 30, 3.5 / 20], [20.5 / 30, 15.5 / 20]]]))


def test_films_of_a_batch_keep_their_own_peaks() -> None:
    heatmaps, sizes = nothing()
    heatmaps, sizes = heatmaps.repeat(2, 1, 1, 1), sizes.repeat(2, 1, 1, 1)
    heatmaps[0, 0, 2, 3], heatmaps[1, 0, 9, 8] = 0.5, 0.7
    sizes[1] = -1.0
    centres, extents, confidence = found(heatmaps, sizes)
    torch.testing.assert_close(centres[:, 0], torch.tensor([[3.5 / 30, 2.5 / 20], [8.5 / 30, 9.5 / 20]]))
    torch.testing.assert_close(extents[:, 0, 0], torch.tensor([1.0, 0.367879]))
    torch.testing.assert_close(confidence[:, 0], torch.tensor([0.5, 0.7]))


def test_empty_heat_map_has_no_confidence_but_a_place() -> None:
    centres, extents, confidence = found(*nothing())
    assert confidence.item() == 0
    assert centres.isfinite().all() and extents.isfinite().all()
