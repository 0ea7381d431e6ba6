"""Networks run outside PyTorch say what they say in it."""

import gc
import pickle
import subprocess
import sys
import weakref

import pytest
import torch
from torch import Tensor, nn

from core.networks.runner import Runner


class _Network(nn.Module):
    """What the networks are made of, and two things that it is given and says."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(1, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4)
        self.kinds = nn.Embedding(3, 4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, pictures: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.relu(self.norm(self.convolution(pictures)) + self.kinds(kinds)[:, :, None, None])
        variance, mean = torch.var_mean(features, dim=(2, 3))
        return self.dropout(features), variance + mean


@pytest.fixture(scope="module")
def network() -> _Network:
    torch.manual_seed(0)
    network = _Network()
    for _ in range(3):
        network(torch.randn(4, 1, 16, 16) + 1, torch.tensor([0, 1, 2, 0]))
    return network.eval()


@pytest.mark.parametrize("any_size", [False, True])
def test_it_says_what_the_network_says(network: _Network, any_size: bool) -> None:
    runner = Runner(network, (torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long)), any_size)
    for batch, side in ((1, 16), (3, 16), (2, 24)):
        given = torch.randn(batch, 1, side, side), torch.arange(batch)
        with torch.no_grad():
            expected = network(*given)
        for said, wanted in zip(runner(*given), expected, strict=True):
            torch.testing.assert_close(said, wanted, atol=1e-5, rtol=1e-5)
        assert torch.equal(runner(*given)[1], runner(*given)[1]), "the same answer each time"


@pytest.mark.parametrize(("beside", "threads"), [(0, 3), (1, 2), (2, 1), (5, 1)])
def test_networks_that_compute_side_by_side_share_the_threads(
    network: _Network, monkeypatch: pytest.MonkeyPatch, beside: int, threads: int
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    example = torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long)
    session = Runner(network, example, any_size=False, beside=beside).start()
    assert session.get_session_options().intra_op_num_threads == threads


def test_it_goes_to_another_process(network: _Network) -> None:
    runner = Runner(network, (torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long)), any_size=False)
    given = torch.randn(1, 1, 16, 16), torch.tensor([2])
    said = runner(*given)
    again = pickle.loads(pickle.dumps(runner))
    assert all(torch.equal(one, other) for one, other in zip(said, again(*given), strict=True))


def test_settled_it_says_the_same_and_keeps_the_network_no_longer() -> None:
    network = _Network().eval()
    runner = Runner(network, (torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long)), any_size=False)
    given = torch.randn(2, 1, 16, 16), torch.tensor([2, 0])
    said, alive = runner(*given), weakref.ref(network)
    runner.make_ready()
    del network
    gc.collect()
    assert alive() is None
    assert all(torch.equal(one, other) for one, other in zip(said, runner(*given), strict=True))
    with pytest.raises(RuntimeError, match="cannot be pickled"):
        pickle.dumps(runner)


def test_whoever_reads_films_loads_no_library_that_only_training_and_maps_need() -> None:
    heavy = {"torchvision", "torch._dynamo", "matplotlib", "captum", "scipy"}
    program = f"import sys, core.assessment.assessor; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_there_is_nothing_to_give_back_before_the_first_film(network: _Network) -> None:
    asked: list[object] = []
    hook = network.register_forward_hook(lambda *given: asked.append(given))
    runner = Runner(network, (torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long)), any_size=False)
    runner.give_back()
    hook.remove()
    assert not asked, "whoever follows the network's own layers, as the maps do, must not see a picture of another's"


def test_memory_that_is_given_back_is_taken_again(network: _Network) -> None:
    runner = Runner(network, (torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long)), any_size=False)
    given = torch.randn(2, 1, 64, 64), torch.tensor([2, 0])
    said = runner(*given)
    runner.give_back()
    assert all(torch.equal(one, other) for one, other in zip(said, runner(*given), strict=True))
