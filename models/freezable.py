"""What follows a network's input can be held still, to see whether it matters to a trained network that it varies."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


class Freezable(nn.Module):
    """A module with gates, or something like them, that can be held at one value a channel.

    unfrozen(*entering): what follows the input, BxCxHxW or BxCx1x1; every subclass says what it is.
    frozen: the C values that stand in for it while they are given; no part of the weights.
    """

    unfrozen: Callable[..., Tensor]
    frozen: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("frozen", None, persistent=False)

    def applied(self, x: Tensor, *entering: Any) -> Tensor:
        """What `forward` is to apply: `unfrozen` of what enters, or the values given, 1xCx1x1."""
        if self.frozen is None:
            return self.unfrozen(x, *entering)
        return self.frozen[None, :, None, None].to(x.dtype)


@contextmanager
def frozen_at(values: Mapping[Freezable, Tensor]) -> Iterator[None]:
    """Within the context, each module is held at its C values."""
    for module, held in values.items():
        module.frozen = held
    try:
        yield
    finally:
        for module in values:
            module.frozen = None


@contextmanager
def entering(modules: Iterable[Freezable]) -> Iterator[dict[Freezable, tuple[Any, ...]]]:
    """Within the context, yields what each module was last given, argument by argument."""
    entered: dict[Freezable, tuple[Any, ...]] = {}

    def look(module: nn.Module, given: tuple[Any, ...]) -> None:
        assert isinstance(module, Freezable)
        entered[module] = given

    hooks = [module.register_forward_pre_hook(look) for module in modules]
    try:
        yield entered
    finally:
        for hook in hooks:
            hook.remove()
