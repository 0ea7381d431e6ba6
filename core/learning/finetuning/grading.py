"""What the grader learns in fine-tuning: readers' grades as shares, the age where there is no grade, and what it must
not forget."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.assessment.grading.grader import network_input
from core.bones import RUS_BONES
from core.learning.finetuning.course import Share, StepBatch, Workers, order_of, steps_of
from core.learning.lessons.material import CropGrader, Material
from core.training.grader.ages import TotalAge
from core.training.grader.losses import grade_loss
from core.training.material.augment import random_views
from models.bone_grader import BoneGrader

_BONES: Final = len(RUS_BONES)


@dataclass(frozen=True)
class GradingRecipe:
    """Settings of the grader's fine-tuning.

    films: per step. replay, exemplars: hands and graded crops of the folder of labelled hands that are seen again with each
    step, if there is such a folder. loyalty: if there is none, the share of the start model's own answer in what is learned
    from a graded crop. unasked: weight of its answer on a crop without a grade. age_weight: weight of a radiologist's reading
    of the bone age, in years; chronological: of a child's age, from which a bone age may differ by years.
    """

    films: int = 16
    replay: int = 8
    exemplars: int = 16
    loyalty: float = 0.2
    unasked: float = 0.1
    grade_weight: float = 0.3
    age_weight: float = 1.0
    chronological: float = 0.1
    cut_close: float = 0.1


class GradingLesson(nn.Module):
    """A grader and its losses on a batch; the module that accelerate wraps, so that several processes share the gradients."""

    def __init__(self, grader: BoneGrader, calibrate: bool):
        super().__init__()
        self.grader = grader
        self.total_age = TotalAge()
        self.grader.calibration.requires_grad_(calibrate)
        self.grader.trunk.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, views: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """views Mx1xCxC; see GraderCourse.batch. Losses are shares of the whole step's, however much of it this process has."""
        bones, film = batch["bones"], batch["film"]
        with torch.autocast(views.device.type, torch.bfloat16):
            latents = self.grader(views, bones)
        probabilities = self.grader.probabilities(latents.float(), bones)
        grades = (grade_loss(self.grader, probabilities, bones, batch["target"]) * batch["weight"]).sum()
        # a bone with a grade is not moved by the age, which teaches only the others
        told = torch.where(batch["graded"][:, None], probabilities.detach(), probabilities)
        female = batch["female"]
        by_bone = torch.zeros(len(female), _BONES, told.shape[1], device=told.device)
        by_bone = by_bone.index_put((film, bones), told)
        age = self.grader.calibration(self.total_age(by_bone, female), female)
        ages = (F.smooth_l1_loss(age, batch["years"], beta=0.3, reduction="none") * batch["age_weight"]).sum()
        return {"loss": grades + ages, "grades": grades.detach(), "ages": ages.detach()}


def answers_of(grader: BoneGrader, device: torch.device) -> CropGrader:
    """Returns a function that grades crops as they are, without rotating them."""
    grader = grader.to(device).eval()

    @torch.inference_mode()
    def answers(crops: NDArray[np.uint8], bones: NDArray[np.int64]) -> NDArray[np.float32]:
        which = torch.from_numpy(bones).to(device)
        views = network_input(torch.from_numpy(crops)[:, None].to(device).float() / 255)
        with torch.autocast(device.type, torch.bfloat16):
            latents = grader(views, which)
        return np.asarray(grader.probabilities(latents.float(), which).cpu().numpy(), np.float32)

    return answers


class GraderCourse:
    """The grader's steps through the material; see core.learning.finetuning.course.Course."""

    name = "grader"

    def __init__(self, material: Material, grader: BoneGrader, recipe: GradingRecipe, seed: int):
        self.material, self._recipe, self._seed = material, recipe, seed
        self._learn, self._held = material.of("learn"), material.of("held")
        self._again = [(material.of("replay"), recipe.replay), (material.of("exemplar"), recipe.exemplars)]
        self._measured = material.of("measured")
        replayed = len(self._again[0][0]) > 0
        self._loyalty = 0.0 if replayed else recipe.loyalty
        self.module = GradingLesson(grader, calibrate=replayed)
        self.films = len(self._learn)
        self.steps = steps_of(self.films, recipe.films)

    def films_of(self, epoch: int, step: int) -> NDArray[np.int64]:
        """Returns the films of a step, -1 for a place that is left empty: each film once per epoch, then what is seen again."""
        order = order_of(self.films, self._recipe.films, [self._seed, epoch])
        places = order[step * self._recipe.films : (step + 1) * self._recipe.films]
        parts = [np.where(places < 0, -1, self._learn[places])]
        for number, (films, count) in enumerate(self._again):
            if len(films):
                parts.append(np.random.default_rng([self._seed, epoch, step, number]).choice(films, count))
        return np.concatenate(parts)

    def batch(self, epoch: int, step: int, share: Share) -> StepBatch:
        """Returns this process's share of a step: crops MxSxS uint8 and, for each, bones, film (its place among H), target and
        weight; graded; for the films female, years, age_weight."""
        everything = self.films_of(epoch, step)
        mine = share.of(everything)
        weights, age_weights = self._weights(everything[everything >= 0])
        batch = self._gathered(mine[mine >= 0])
        # gradients of several processes are averaged, so each counts its part that many times
        batch["weight"] = batch["weight"] * (share.processes * self._recipe.grade_weight / max(weights, 1.0))
        batch["age_weight"] = batch["age_weight"] * (share.processes * self._recipe.age_weight / max(age_weights, 1.0))
        learned = mine[: len(share.of(everything[: self._recipe.films]))]
        batch["seen"] = torch.tensor(int((learned >= 0).sum()))
        return batch

    def losses(self, module: nn.Module, batch: StepBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Makes random views of the crops, on the device where they are, and returns the module's losses on them."""
        crops = batch["crops"][:, None].float() / 255
        return module(random_views(crops, generator, cut_close=self._recipe.cut_close), batch)  # type: ignore[no-any-return]

    @torch.inference_mode()
    def measure(self, averaged: nn.Module, workers: Workers) -> dict[str, float]:
        """Returns, on films held back, the loss, the error in grades and the exact share; on hands that are only measured, the
        error in months."""
        assert isinstance(averaged, GradingLesson)
        grader, device = averaged.grader, workers.device
        sums = torch.zeros(6, dtype=torch.float64)
        for films in workers.share.batches(np.concatenate([self._held, self._measured]), self._recipe.films):
            batch = {name: part.to(device) for name, part in self._gathered(films).items()}
            views = network_input(batch["crops"][:, None].float() / 255)
            bones = batch["bones"]
            with torch.autocast(device.type, torch.bfloat16):
                latents = grader(views, bones)
            probabilities = grader.probabilities(latents.float(), bones)
            votes = batch["votes"]
            asked = torch.isin(batch["film"], torch.from_numpy(np.flatnonzero(np.isin(films, self._held))).to(device))
            asked = asked & batch["graded"]
            off = (probabilities.argmax(1) - (votes * torch.arange(votes.shape[1], device=device)).sum(1)).abs()
            loss = grade_loss(grader, probabilities, bones, votes)
            by_bone = torch.zeros(len(films), _BONES, votes.shape[1], device=device)
            by_bone = by_bone.index_put((batch["film"], bones), probabilities)
            age = grader.calibration(averaged.total_age(by_bone, batch["female"]), batch["female"])
            judged = torch.from_numpy(np.isin(films, self._measured)).to(device) & (batch["age_weight"] > 0)
            parts = (loss[asked].sum(), off[asked].sum(), (off[asked] < 0.5).sum(), asked.sum(),
                     (age - batch["years"])[judged].abs().sum() * 12, judged.sum())  # fmt: skip
            sums += torch.stack([part.double().cpu() for part in parts])
        loss_sum, off_sum, exact, count, months, hands = workers.sum(sums).tolist()
        measured = {"held_loss": loss_sum / count, "held_error": off_sum / count, "held_exact": exact / count}
        return measured | ({"measured_months": months / hands} if hands else {})

    def _weights(self, films: NDArray[np.int64]) -> tuple[float, float]:
        """Returns the sums of a step's weights over its crops and over its films."""
        rows, places = self.material.rows(films)
        voted = self.material.votes[rows].sum(1) > 0
        ungraded = np.bincount(places[~voted], minlength=len(films))
        ages = self._age_weights(films, np.bincount(places, minlength=len(films)), ungraded)
        return float(np.where(voted, 1.0, self._recipe.unasked).sum()), float(ages.sum())

    def _age_weights(
        self, films: NDArray[np.int64], crops: NDArray[np.int64], ungraded: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Returns each film's weight of age: an age counts for a hand with all 13 bones, as far as they have no grades."""
        known = np.isfinite(self.material.months[films]) & (crops == _BONES)
        kind = np.where(self.material.reading[films], 1.0, self._recipe.chronological)
        return np.asarray(np.where(known, kind * ungraded / _BONES, 0.0), np.float32)

    def _gathered(self, films: NDArray[np.int64]) -> StepBatch:
        material = self.material
        rows, places = material.rows(films)
        votes = np.asarray(material.votes[rows])
        voted = votes.sum(1) > 0
        answers = np.asarray(material.answers[rows])
        mixed = (1 - self._loyalty) * votes + self._loyalty * answers
        count = len(films)
        crops = np.bincount(places, minlength=count)
        ages = self._age_weights(films, crops, np.bincount(places[~voted], minlength=count))
        batch = {
            "crops": np.asarray(material.crops[rows]),
            "bones": material.bones[rows].astype(np.int64),
            "film": places,
            "target": np.where(voted[:, None], mixed, answers),
            "weight": np.where(voted, 1.0, self._recipe.unasked).astype(np.float32),
            "graded": voted,
            "votes": votes,
            "female": material.female[films].astype(np.int64),
            "years": np.nan_to_num(material.months[films] / 12),
            "age_weight": ages,
        }
        if not len(rows):  # a process without a film in this step contributes a crop that does not count
            batch = {name: np.zeros((1, *array.shape[1:]), array.dtype) for name, array in batch.items()}
        return {name: torch.from_numpy(array) for name, array in batch.items()}
