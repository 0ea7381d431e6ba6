"""How the localiser learns in fine-tuning: its losses, its steps through the boxed films, and what is held back."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.hand.looks import FILM_SIDE
from core.learning.finetuning.course import Share, StepBatch, Workers, order_of, steps_of
from core.learning.lessons.boxes import BoxFilms
from core.training.localizer.samples import batch_of, hand_sample, other_sample
from core.training.localizer.training import localizer_loss
from models.hand_localizer import HandLocalizer

#: The losses in addition to those of the heat maps and sizes, weighted as in core.training.localizer.training.
_WORDS: Final = ("hand", "inverted", "upright")


@dataclass(frozen=True)
class BoxRecipe:
    """Settings of the localiser's fine-tuning: films, films seen again from a folder of boxed hands, and non-hands per step."""

    films: int = 12
    replay: int = 4
    others: int = 2
    side: int = FILM_SIDE


class BoxLesson(nn.Module):
    """A localiser and its losses on a batch; the module that accelerate wraps."""

    def __init__(self, network: HandLocalizer):
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, batch: StepBatch) -> dict[str, Tensor]:
        """batch: as core.training.localizer.samples.batch_of makes it."""
        film = batch["film"].to(memory_format=torch.channels_last)
        with torch.autocast(film.device.type, torch.bfloat16):
            output = self.network(film)
        parts = localizer_loss(output, batch)
        loss = (
            parts["focal"]
            + parts["size"]
            + 0.5 * sum((parts[word] for word in _WORDS), torch.zeros_like(parts["focal"]))
        )
        return {"loss": loss, **{name: part.detach() for name, part in parts.items()}}


class BoxCourse:
    """The localiser's steps; see core.learning.finetuning.course.Course. Views are made on the CPU, as in its first
    training."""

    name = "localizer"

    def __init__(self, films: BoxFilms, network: HandLocalizer, recipe: BoxRecipe, seed: int):
        cv2.setNumThreads(1)  # one thread reads ahead; the others compute
        self._films, self._recipe, self._seed = films, recipe, seed
        self._learn, self._held, self._again = films.of("learn"), films.of("held"), films.of("replay")
        self.module = BoxLesson(network)
        self.films = len(self._learn)
        self.steps = steps_of(self.films, recipe.films)

    def films_of(self, epoch: int, step: int) -> NDArray[np.int64]:
        """Returns the films of a step, -1 for a place that is left empty and -2 for a non-hand; each film comes once per
        epoch."""
        places = order_of(self.films, self._recipe.films, [self._seed, epoch])
        places = places[step * self._recipe.films : (step + 1) * self._recipe.films]
        parts = [np.where(places < 0, -1, self._learn[places])]
        if len(self._again):
            chance = np.random.default_rng([self._seed, epoch, step])
            parts.append(chance.choice(self._again, self._recipe.replay))
        return np.concatenate([*parts, np.full(self._recipe.others, -2)])

    def batch(self, epoch: int, step: int, share: Share) -> StepBatch:
        """Returns this process's share of a step."""
        everything = self.films_of(epoch, step)
        mine = share.of(everything)
        chance = np.random.default_rng([self._seed, epoch, step, share.rank])
        # a process without a film contributes a non-hand
        batch = batch_of(
            [self._sample(film, chance) for film in mine.tolist() if film != -1] or [self._sample(-2, chance)]
        )
        learned = mine[: len(share.of(everything[: self._recipe.films]))]
        return {**batch, "seen": torch.tensor(int((learned >= 0).sum()))}

    def _sample(self, film: int, chance: np.random.Generator) -> Any:
        if film < 0:
            return other_sample(self._films, self._recipe.side, chance)
        return hand_sample(self._films[film], self._recipe.side, chance)

    def losses(self, module: nn.Module, batch: StepBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Returns the module's losses on the batch."""
        return module(batch)  # type: ignore[no-any-return]

    @torch.inference_mode()
    def measure(self, averaged: nn.Module, workers: Workers) -> dict[str, float]:
        """Returns the loss on one view of each film held back, always the same view."""
        sums = torch.zeros(2, dtype=torch.float64)
        for films in workers.share.batches(self._held, self._recipe.films):
            views = [self._sample(film, np.random.default_rng([self._seed, film])) for film in films.tolist()]
            batch = {name: part.to(workers.device) for name, part in batch_of(views).items()}
            sums += torch.tensor([averaged(batch)["loss"].item() * len(films), len(films)], dtype=torch.float64)
        loss, count = workers.sum(sums).tolist()
        return {"held_loss": loss / count}
