"""The network that sees the whole hand."""

import pytest
import torch
import torch.nn.functional as F

from models.efficientnet_lite import imagenet_state
from models.whole_hand_network import WholeHandNetwork, WholeHandOptions


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


def test_a_network_that_grows_says_what_it_said_until_it_is_trained_on() -> None:
    torch.manual_seed(0)
    network = WholeHandNetwork(WholeHandOptions("resnet", height=128, width=16))
    pictures, female = torch.randn(3, 1, 512, 384), torch.tensor([0.0, 1.0, 1.0])
    network(F.avg_pool2d(pictures, 4), female)  # norms have seen pictures
    torch.nn.init.normal_(network.age.weight, std=0.1)
    before = network.eval()(F.avg_pool2d(pictures, 4), female)
    assert before.std() > 0.1
    network.grow(256)
    torch.testing.assert_close(network.eval()(F.avg_pool2d(pictures, 2), female), before, atol=1e-5, rtol=0)
    network.grow(512)
    torch.testing.assert_close(network.eval()(pictures, female), before, atol=1e-5, rtol=0)
    assert network.options == WholeHandOptions("resnet", height=512, width=16)
    again = WholeHandNetwork(network.options)
    again.load_state_dict(network.state_dict())
    network.train()(pictures, female).sum().backward()
    for branch in again.encoder.stem.details:
        torch.nn.init.normal_(branch[-1].weight)
    assert (again.eval()(pictures, female) - before).abs().max() > 1e-3, "it can come to see what is finer"
    for branch in network.encoder.stem.details:
        assert branch[-1].weight.grad.abs().sum() > 0


def test_options_as_text_and_those_that_there_are_not() -> None:
    options = WholeHandOptions("resnet", 512, 24, (1, 2, 3, 4))
    assert WholeHandOptions.from_metadata({**options.to_metadata(), "weight": "0.4"}) == options
    assert WholeHandOptions.from_metadata({"weight": "0.4"}) == WholeHandOptions()
    for height in (64, 192, 300):
        with pytest.raises(ValueError, match="not a multiple of 128"):
            WholeHandOptions("resnet", height)
    with pytest.raises(ValueError, match="384, not 128 times a power of 2"):
        WholeHandOptions("resnet", 384)
    assert WholeHandOptions("efficientnet_lite0", 384).height == 384
