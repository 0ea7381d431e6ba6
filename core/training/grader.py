"""Trains the grading network on exemplars with a grade and, through the score tables, on hands with an age."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from core.assessment.grading.grader import Grader, network_input, score_table, starting_cuts
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import GradedCrops, HandCrops, drawing_weights
from core.cohort.films import DataFolderError
from core.hand.crops import CROP_SIDE
from core.standards import MATURE_TOTAL, age_of_total, total_of_age
from core.training.augment import random_views
from core.training.device import CPU
from core.training.guidance import beside_the_plate, guided
from core.training.loop import Clock, Part, Resumable, Run, half_way, rate_share, seed_everything, weight_average
from models.bone_grader import BoneGrader, OrdinalScale
from models.freezable import entering
from models.improved_resnet import ResNetOptions
from models.monotone_map import MonotoneMap
from models.shuffle_attention import ShuffleAttention

_SEXES: tuple[Sex, Sex] = ("M", "F")
#: The learning rate rises over this share of the steps.
_WARM_UP = 0.1


@dataclass(frozen=True)
class GraderRecipe:
    """Settings of one run, chosen on `val`. Losses are weighed against the age of the whole hand (weight 1).

    warm_up: the learning rate rises over the first tenth of the steps, instead of starting at its highest. evening: see
    core.cohort.crop_store.drawing_weights. cut_close: share of the films' and exemplars' views that look cut out by hand,
    see core.training.augment.random_views: what is learned from ages then holds for exemplars, and the other way round.
    guidance: weight of how much less than asked passes on the growth plate, see core.training.guidance. half_way: the weights
    end half way between those that were gone on with and those trained, see core.training.loop.half_way.
    """

    epochs: int = 40
    hands: int = 16
    exemplars: int = 32
    learning_rate: float = 1.5e-3
    warm_up: bool = True
    weight_decay: float = 0.05
    bone_weight: float = 0.5
    exemplar_weight: float = 0.15
    evening: float = 0.3
    cut_close: float = 0.35
    guidance: float = 0.0
    seed: int = 1
    start: str | None = None
    half_way: bool = False
    options: ResNetOptions = field(default_factory=lambda: ResNetOptions(width=32, groups=4, open_gates=True))


class TotalAge(nn.Module):
    """Expected RUS-CHN total of 13 grade distributions, and its age, both differentiable."""

    scores: Tensor
    ages: Tensor

    def __init__(self) -> None:
        super().__init__()
        totals = np.arange(MATURE_TOTAL + 1, dtype=float)
        self.register_buffer("scores", torch.stack([score_table(sex) for sex in _SEXES]))
        ages = [torch.from_numpy(age_of_total("rus_chn", sex, totals)).float() for sex in _SEXES]
        self.register_buffer("ages", torch.stack(ages))

    def forward(self, probabilities: Tensor, female: Tensor) -> Tensor:
        """probabilities Hx13x15, female H (0 or 1) -> RUS-CHN age in years H, linear between whole totals."""
        total = (probabilities * self.scores[female]).sum((1, 2)).clamp(0, MATURE_TOTAL - 1e-3)
        below = total.detach().floor().long()
        left, right = self.ages[female, below], self.ages[female, below + 1]
        return left + (right - left) * (total - below)


def bone_age_maps() -> MonotoneMap:
    """Latent (boys' scale) -> the radiologists' age, one increasing function for each bone and sex (row 2 * bone + sex).

    Starts at the identity for boys and, for girls, at the age with the same total. A helper of training alone: it lets
    every bone's latent learn from the hand's age by itself.
    """
    knots = np.arange(0.0, 21.0, 2.0)
    girls = age_of_total("rus_chn", "F", total_of_age("rus_chn", "M", knots))
    girls = girls + 0.1 * np.arange(len(knots))  # strictly increasing beyond the table too
    start = torch.from_numpy(np.stack([knots, girls])).float()
    return MonotoneMap(torch.from_numpy(knots).float(), start.repeat(len(RUS_BONES), 1))


class AgeThroughGrades(nn.Module):
    """The grader with the two roads from latents to ages."""

    def __init__(self, grader: BoneGrader):
        super().__init__()
        self.grader = grader
        self.total_age = TotalAge()
        self.bone_ages = bone_age_maps()

    def forward(self, crops: Tensor, female: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """crops Hx13xCxC standardised, female H -> RUS-CHN age H, the same calibrated H, each bone's age Hx13; years."""
        hands, bones = crops.shape[:2]
        which = torch.arange(bones, device=crops.device).repeat(hands)
        latents = self.grader(crops.flatten(0, 1)[:, None], which)
        probabilities = self.grader.probabilities(latents, which).view(hands, bones, -1)
        raw = self.total_age(probabilities, female)
        rows = 2 * which + female.repeat_interleave(bones)
        return raw, self.grader.calibration(raw, female), self.bone_ages(latents, rows).view(hands, bones)


def exemplar_loss(grader: BoneGrader, latents: Tensor, bones: Tensor, grades: Tensor) -> Tensor:
    """The mean `grade_loss` of crops to each of which a person gave one grade."""
    probabilities = grader.probabilities(latents, bones)
    target = F.one_hot(grades, probabilities.shape[1]).to(probabilities.dtype)
    return grade_loss(grader, probabilities, bones, target).sum() / max(len(bones), 1)


def grade_loss(grader: BoneGrader, probabilities: Tensor, bones: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of "at least grade k" over a bone's grades, for each crop.

    probabilities, target: M x GRADES, the share of each grade, so that a target may be soft.
    """
    exceed, asked = (1.0 - shares.cumsum(1)[:, :-1] for shares in (probabilities, target))
    ranks = torch.arange(1, exceed.shape[1] + 1, device=exceed.device)
    real = (ranks <= grader.grades[bones][:, None]).float()
    loss = F.binary_cross_entropy(exceed.clamp(1e-4, 1 - 1e-4), asked.clamp(0, 1), reduction="none")
    return (loss * real).sum(1)


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


@torch.inference_mode()
def months_of(network: BoneGrader, hands: HandCrops) -> NDArray[np.float64]:
    """Calibrated bone ages in months of hands with all 13 bones, mean of the test-time views."""
    grader, total_age = Grader(network), TotalAge()
    bones = torch.arange(len(RUS_BONES))
    months = []
    for start in range(0, len(hands), 16):
        crops = torch.from_numpy(hands.crops[start : start + 16]).float() / 255
        which = bones.repeat(len(crops))
        with torch.autocast("cpu", torch.bfloat16):
            latents = grader.latents(crops.flatten(0, 1)[:, None], which)
        probabilities = network.probabilities(latents.float(), which).view(len(crops), len(bones), -1)
        female = torch.from_numpy(hands.female[start : start + 16])
        months.append(12 * network.calibration(total_age(probabilities, female), female).double().numpy())
    return np.concatenate(months)


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
    """Trains, checkpointing every epoch; called again on the same folder it goes on where it stopped.

    seconds: it is then at its end, with the learning rate, if it has not gone through its epochs before; see Clock.
    start: a grader of the recipe's options whose weights are gone on with.
    `val` is only measured, for the log. Returns the weight-averaged network, on the device. Without exemplars, the
    recipe's `exemplars` must be 0. Raises DataFolderError where the folder was begun with another recipe, or the recipe asks
    for weights half way from a start that is not given.
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
        #: What is measured, and handed over in the end.
        self.averaged = averaged
        self._optimizer = _optimizer(model, recipe)
        self._weights = drawing_weights(train, recipe.evening)
        self._attentions = guided(model.grader) if recipe.guidance else []
        self._steps = math.ceil(len(train) / recipe.hands)

    def kept_parts(self) -> dict[str, Part]:
        """What a checkpoint holds beside the network."""
        return {"average": self._average, "optimizer": self._optimizer, "clock": self.clock}

    def epoch(self, number: int) -> dict[str, float]:
        """One epoch, or what the time leaves of it; the mean of each loss, none where time was up before the first step.

        number: epochs before; with the seed, it says what is drawn.
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
            losses = _losses(
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
        """How far the training is after so many steps, 0..1: by steps or by time, whichever is further."""
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
    """The large matrices of weights decay; biases, norms and small tables do not."""
    decayed = [p for p in model.parameters() if p.ndim >= 2 and p.numel() > 1000]
    kept = [p for p in model.parameters() if not (p.ndim >= 2 and p.numel() > 1000)]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": kept, "weight_decay": 0.0}],
        recipe.learning_rate,
    )


def _losses(
    model: AgeThroughGrades,
    train: HandCrops,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    exemplars: GradedCrops,
    drawn: np.ndarray[tuple[int], np.dtype[np.int64]],
    generator: torch.Generator,
    cut_close: float,
    attentions: Sequence[ShuffleAttention],
) -> dict[str, Tensor]:
    """One step's losses: the hand's age through its total, through each bone, and the exemplars' grades, years; and what
    lacks of the guidance of these attentions."""
    device = model.total_age.scores.device
    hand_crops = torch.from_numpy(train.crops[rows]).to(device).float() / 255
    count, bones, side = hand_crops.shape[:3]
    views = random_views(hand_crops.view(-1, 1, side, side), generator, cut_close=cut_close)
    graded_crops = torch.from_numpy(exemplars.crops[drawn]).to(device)[:, None].float() / 255
    graded = random_views(graded_crops, generator, strength=2.0, cut_close=cut_close)
    which = torch.cat([torch.arange(bones).repeat(count), torch.from_numpy(exemplars.bones[drawn])]).to(device)
    grader = model.grader
    with entering(attentions) as entered, torch.autocast(device.type, torch.bfloat16):
        latents = grader(torch.cat([views, graded]), which)
    hand_latents, graded_latents = latents[: count * bones], latents[count * bones :]
    hand_bones = which[: count * bones]
    female = torch.from_numpy(train.female[rows]).to(device)
    label = torch.from_numpy(train.months[rows]).to(device) / 12
    found = torch.from_numpy(train.found[rows]).to(device).float()

    probabilities = grader.probabilities(hand_latents, hand_bones).view(count, bones, -1)
    calibrated = grader.calibration(model.total_age(probabilities, female), female)
    complete = found.min(1).values
    age = (F.smooth_l1_loss(calibrated, label, beta=0.3, reduction="none") * complete).sum()
    by_bone = model.bone_ages(hand_latents, 2 * hand_bones + female.repeat_interleave(bones)).view(count, bones)
    each = F.smooth_l1_loss(by_bone, label[:, None].expand_as(by_bone), beta=0.5, reduction="none") * found
    return {
        "age": age / complete.sum().clamp_min(1),
        "bones": each.sum() / found.sum().clamp_min(1),
        "exemplars": exemplar_loss(
            grader, graded_latents, which[count * bones :], torch.from_numpy(exemplars.grades[drawn]).to(device)
        ),
        "guidance": beside_the_plate(entered, which),
    }
