"""Trains the grading network on exemplars with a grade and, through the score tables, on hands with an age."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from core.assessment.grading.grader import network_input, starting_cuts
from core.cohort.crop_store import GradedCrops, HandCrops, drawing_weights
from core.cohort.films import DataFolderError
from core.hand.crops import CROP_SIDE
from core.training.grader.ages import AgeThroughGrades
from core.training.grader.guidance import guided
from core.training.grader.losses import step_losses
from core.training.grader.recipe import GraderRecipe
from core.training.loop.clock import Clock
from core.training.loop.device import CPU
from core.training.loop.optimisation import half_way, rate_share, weight_average
from core.training.loop.run import Part, Resumable, Run, seed_everything
from models.bone_grader import BoneGrader, OrdinalScale

#: The learning rate rises over this share of the steps.
_WARM_UP = 0.1


@torch.inference_mode()
def validate(model: AgeThroughGrades, hands: HandCrops) -> dict[str, float]:
    """Errors in months on hands not trained on: of the calibrated age, the raw RUS-CHN age, the mean of the bones' ages."""
    device = model.total_age.scores.device
    raw_error, error, bone_error = [], [], []
    for start in range(0, len(hands), 16):
        rows = slice(start, start + 16)
        crops = torch.from_numpy(hands.crops[rows]).float() / 255
        views = network_input(crops.flatten(0, 1)[:, None]).view(*crops.shape[:2], CROP_SIDE, CROP_SIDE).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            raw, calibrated, bones = model(views, torch.from_numpy(hands.female[rows]).to(device))
        label = torch.from_numpy(hands.months[rows]).to(device) / 12
        found = torch.from_numpy(hands.found[rows]).to(device).float()
        raw_error.append(raw - label)
        error.append(calibrated - label)
        bone_error.append((bones * found).sum(1) / found.sum(1).clamp_min(1) - label)
    months = [12 * torch.cat(e) for e in (error, raw_error, bone_error)]
    return {
        "val_mae": round(months[0].abs().mean().item(), 3),
        "val_within_12": round((months[0].abs() <= 12).float().mean().item(), 4),
        "val_bias": round(months[0].mean().item(), 3),
        "val_mae_raw": round(months[1].abs().mean().item(), 3),
        "val_mae_bones": round(months[2].abs().mean().item(), 3),
    }


def train_grader(
    train: HandCrops,
    val: HandCrops,
    exemplars: GradedCrops,
    run_folder: Path,
    recipe: GraderRecipe,
    device: torch.device = CPU,
    seconds: float = math.inf,
    start: BoneGrader | None = None,
) -> BoneGrader:
    """Trains, checkpointing every epoch; called again on the same folder it resumes where it stopped.

    `val` is only measured, for the log. Without exemplars, the recipe's `exemplars` must be 0. seconds: after which it ends,
    and the learning rate with it, unless its epochs are done before; see Clock. start: a grader of the recipe's options whose
    weights are trained further. Returns the weight-averaged network, on the device.
    Raises DataFolderError where the folder was begun with another recipe, or the recipe asks for weights half way from a start
    that was not given.
    """
    if recipe.half_way and start is None:
        raise DataFolderError("There are weights half way only between two: name the first with --start.")
    seed_everything(recipe.seed)
    run = Run(run_folder, dataclasses.asdict(recipe))
    model = AgeThroughGrades(BoneGrader(OrdinalScale(starting_cuts()), recipe.options)).to(device)
    if start is not None:
        model.grader.load_state_dict(start.state_dict())
    model.grader.trunk.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    training = _Training(model, recipe, train, exemplars, Clock(seconds))
    resumable = Resumable(run, network=model, **training.kept_parts())
    for epoch in range(resumable.resume(), recipe.epochs):
        losses = training.epoch(epoch)
        if not losses:
            break
        measured = validate(training.averaged, val)
        run.log(epoch=epoch + 1, seconds=round(training.clock.used, 1), **losses, **measured)
        resumable.keep(epoch + 1)
    grader = training.averaged.grader
    if recipe.half_way and start is not None:
        half_way(grader, start)
    return grader


class _Training:
    """One run of the recipe: the network with its weight average and its optimiser, what it learns from, and its time."""

    def __init__(
        self, model: AgeThroughGrades, recipe: GraderRecipe, train: HandCrops, exemplars: GradedCrops, clock: Clock
    ):
        self._model, self._recipe, self._train, self._exemplars, self.clock = model, recipe, train, exemplars, clock
        self._average = weight_average(model, 0.998)
        averaged = self._average.module
        assert isinstance(averaged, AgeThroughGrades)
        #: What is measured, and returned at the end.
        self.averaged = averaged
        self._optimizer = _optimizer(model, recipe)
        self._weights = drawing_weights(train, recipe.evening)
        self._attentions = guided(model.grader) if recipe.guidance else []
        self._steps = math.ceil(len(train) / recipe.hands)

    def kept_parts(self) -> dict[str, Part]:
        """What a checkpoint holds apart from the network."""
        return {"average": self._average, "optimizer": self._optimizer, "clock": self.clock}

    def epoch(self, number: int) -> dict[str, float]:
        """One epoch, or as much as time allows; returns the mean of each loss, none where time was up before the first step.

        number: epochs before; with the seed, it decides what is drawn.
        """
        recipe = self._recipe
        random = np.random.default_rng([recipe.seed, number])
        generator = torch.Generator().manual_seed(recipe.seed * 100_003 + number)
        torch.manual_seed(recipe.seed * 100_003 + number)  # dropout draws from here; a resumed run must draw the same
        order = random.choice(len(self._train), self._steps * recipe.hands, p=self._weights)
        self._model.train()
        seen: list[dict[str, Tensor]] = []  # as numbers only after the epoch: a device need not wait for them
        for step in tqdm(range(self._steps), desc=f"epoch {number + 1}/{recipe.epochs}", mininterval=10):
            along = self._progress(number * self._steps + step)
            if along >= 1:
                break
            rows = np.sort(order[step * recipe.hands : (step + 1) * recipe.hands])
            drawn = random.choice(len(self._exemplars), recipe.exemplars)
            losses = step_losses(
                self._model,
                self._train,
                rows,
                self._exemplars,
                drawn,
                generator,
                recipe.cut_close,
                self._attentions,
            )
            self._step(losses, along)
            seen.append({name: value.detach() for name, value in losses.items()})
        return (
            {name: round(torch.stack([each[name] for each in seen]).mean().item(), 4) for name in seen[0]}
            if seen
            else {}
        )

    def _progress(self, steps: int) -> float:
        """How far the training is after this number of steps, 0..1: by steps or by time, whichever is further."""
        return max(steps / (self._recipe.epochs * self._steps), self.clock.progress)

    def _step(self, losses: dict[str, Tensor], along: float) -> None:
        """Moves the weights against these losses. along: how far the training is, which sets the learning rate."""
        recipe = self._recipe
        rate = recipe.learning_rate * rate_share(along, _WARM_UP if recipe.warm_up else 0.0)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = losses["age"] + recipe.bone_weight * losses["bones"] + recipe.exemplar_weight * losses["exemplars"]
        loss = loss + recipe.guidance * losses["guidance"]
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 5.0)
        self._optimizer.step()
        self._average.update_parameters(self._model)


def _optimizer(model: AgeThroughGrades, recipe: GraderRecipe) -> torch.optim.AdamW:
    """AdamW, in which the large weight matrices decay; biases, norms and small tables do not."""
    decayed = [p for p in model.parameters() if p.ndim >= 2 and p.numel() > 1000]
    kept = [p for p in model.parameters() if not (p.ndim >= 2 and p.numel() > 1000)]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": kept, "weight_decay": 0.0}],
        recipe.learning_rate,
    )
