"""The steps of both courses: each film once an epoch, losses on cases worked out by hand, and films set upright."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.assessment.grading.grader import starting_cuts
from core.bones import ALL_BONES, RUS_BONES
from core.film.box import Box
from core.hand.crops import CONTEXT_SIDE
from core.learning.finetuning.course import Share, order_of, steps_of
from core.learning.finetuning.grading import GraderCourse, GradingLesson, GradingRecipe
from core.learning.lessons.boxes import upright
from core.learning.lessons.material import GRADES, PURPOSES, Material
from core.training.grader.losses import grade_loss
from models.bone_grader import BoneGrader, OrdinalScale
from tests.core.learning.made_lessons import OPTIONS
from tests.hands import drawn_hand
from tests.stored_films import localization


def _grader() -> BoneGrader:
    torch.manual_seed(0)
    return BoneGrader(OrdinalScale(starting_cuts()), OPTIONS)


def _material(films: int, graded: bool = True) -> Material:
    """Whole hands of noise, to learn from; nobody graded the radius."""
    crops = films * len(RUS_BONES)
    votes = np.eye(GRADES, dtype=np.float32)[np.arange(crops) % 8 + 1] * graded
    votes[:: len(RUS_BONES)] = 0
    return Material(
        np.random.default_rng(0).integers(0, 256, (crops, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8),
        np.tile(np.arange(13, dtype=np.int8), films), votes, np.full((crops, GRADES), 1 / GRADES, np.float32),
        np.arange(films + 1) * 13, np.zeros(films, np.int8), np.full(films, 120, np.float32), np.ones(films, bool),
        np.full(films, PURPOSES.index("learn"), np.int8), {},
    )  # fmt: skip


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_each_film_is_seen_once_an_epoch(processes: int) -> None:
    course = GraderCourse(_material(7), _grader(), GradingRecipe(films=4), seed=3)
    shares = [Share(rank, processes) for rank in range(processes)]
    for epoch in (0, 1):
        seen = [
            film
            for step in range(course.steps)
            for share in shares
            for film in share.of(course.films_of(epoch, step)).tolist()
            if film >= 0
        ]
        assert sorted(seen) == list(range(7))
        counted = sum(int(course.batch(epoch, step, s)["seen"]) for step in range(course.steps) for s in shares)
        assert counted == 7
    assert steps_of(7, 4) == 2 and not np.array_equal(order_of(7, 4, [3, 0]), order_of(7, 4, [3, 1]))


def test_two_processes_have_together_the_gradients_of_one() -> None:
    """Averaged over the processes, as accelerate does; without random views."""
    gradients = []
    for processes in (1, 2, 5):
        course = GraderCourse(_material(3), _grader(), GradingRecipe(films=4), seed=3)
        lesson = course.module.eval()
        for rank in range(processes):
            batch = course.batch(0, 0, Share(rank, processes))
            views = batch["crops"][:, None, 24:-24, 24:-24].float() / 255
            (lesson(views, batch)["loss"] / processes).backward()
        gradients.append(lesson.grader.first_cut.grad)
    for other in gradients[1:]:
        torch.testing.assert_close(other, gradients[0], rtol=0.02, atol=1e-3)


def test_the_loss_of_soft_grades_worked_out_by_hand() -> None:
    grader, bones = _grader(), torch.tensor([RUS_BONES.index("DP5")])
    shares = torch.zeros(1, GRADES)
    shares[0, 3] = shares[0, 4] = 0.5
    # "at least 4" is a coin's entropy; every other question is answered with a certainty of 0.9999
    assert grade_loss(grader, shares, bones, shares).item() == pytest.approx(
        math.log(2) - 10 * math.log(0.9999), rel=1e-3
    )
    off = shares.roll(3, 1)
    assert grade_loss(grader, off, bones, shares).item() > 10


def test_an_age_moves_only_the_bones_without_a_grade() -> None:
    lesson = GradingLesson(_grader(), calibrate=False).eval()
    course = GraderCourse(_material(2), lesson.grader, GradingRecipe(films=2, grade_weight=0.0), seed=1)
    batch = course.batch(0, 0, Share())
    assert batch["age_weight"].tolist() == pytest.approx([1 / 13, 1 / 13]), "of both films one bone in 13"
    views = batch["crops"][:, None, 24:-24, 24:-24].float() / 255
    lesson(views, batch)["loss"].backward()
    gradient = lesson.grader.first_cut.grad
    assert gradient is not None and gradient[0] != 0 and not gradient[1:].any()
    assert all(parameter.grad is None for parameter in lesson.grader.calibration.parameters())


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_films_are_set_upright_with_their_boxes(turns: int, mirrored: bool) -> None:
    picture, drawn = drawn_hand(unit=70.0)
    plain = replace(localization(0), all_confidences=np.full(21, 0.9))
    found, boxes, grey = plain, {"Ulna": Box(*drawn[ALL_BONES.index("Ulna")])}, picture
    if mirrored:
        grey, found, boxes = _mirrored(grey, found, boxes)
    for _ in range(turns):  # clockwise
        height = grey.shape[0]
        grey = np.rot90(grey, -1)
        centres = np.stack([height - found.all_centres[:, 1], found.all_centres[:, 0]], 1)
        found = replace(found, all_centres=centres, rotation_degrees=found.rotation_degrees + 90)
        boxes = {bone: Box(height - b.ymax, b.xmin, height - b.ymin, b.xmax) for bone, b in boxes.items()}
    film = upright(np.asarray(grey), found, boxes, 1.0)
    np.testing.assert_array_equal(film.grey, picture)
    np.testing.assert_allclose(film.boxes[ALL_BONES.index("Ulna")], drawn[ALL_BONES.index("Ulna")], atol=1e-6)
    middle = (film.boxes[:, :2] + film.boxes[:, 2:]) / 2
    np.testing.assert_allclose(middle, (drawn[:, :2] + drawn[:, 2:]) / 2, atol=1e-6)


def _mirrored(grey, found, boxes):  # type: ignore[no-untyped-def]
    width = grey.shape[1]
    centres = np.stack([width - found.all_centres[:, 0], found.all_centres[:, 1]], 1)
    turned = {bone: Box(width - b.xmax, b.ymin, width - b.xmin, b.ymax) for bone, b in boxes.items()}
    return grey[:, ::-1], replace(found, all_centres=centres, mirrored=True), turned
