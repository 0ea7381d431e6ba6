"""The network that sees the whole hand."""

import pytest
import torch

from models.efficientnet_lite import imagenet_state
from models.whole_hand_network import WholeHandNetwork


def test_one_age_a_picture_by_the_childs_sex() -> None:
    torch.manual_seed(0)
    network = WholeHandNetwork().eval()
    with torch.no_grad():
        network.age.bias.copy_(torch.tensor([0.2, -0.1]))
    pictures = torch.randn(3, 1, 64, 32)
    boys, girls = network(pictures, torch.zeros(3)), network(pictures, torch.ones(3))
    assert boys.shape == (3,) and not torch.allclose(boys, girls)
    torch.testing.assert_close(boys - girls, torch.full((3,), 1.5), atol=0.2, rtol=0)
    mixed = network(pictures, torch.tensor([0.0, 1.0, 0.0]))
    torch.testing.assert_close(mixed, torch.stack([boys[0], girls[1], boys[2]]))


def test_gradients_reach_the_first_layer() -> None:
    network = WholeHandNetwork()
    network(torch.randn(2, 1, 64, 64), torch.tensor([0.0, 1.0])).sum().backward()
    gradient = network.encoder.stem[0].weight.grad
    assert gradient is not None and gradient.abs().sum() > 0


def test_imagenet_weights_reach_the_last_convolution() -> None:
    network, state = WholeHandNetwork(), imagenet_state()
    network.load_imagenet(state)
    torch.testing.assert_close(network.last[0].weight, state["_conv_head.weight"])
    torch.testing.assert_close(network.last[1].running_var, state["_bn1.running_var"])
    with pytest.raises(KeyError):
        network.load_imagenet({name: value for name, value in state.items() if name != "_conv_head.weight"})
