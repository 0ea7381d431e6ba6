"""Measures how the maps are to be shown: scales that hold for all hands, channels that tell grades apart, the first stage."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from core.assessment.assessor import Assessor
from core.assessment.grading.explain import FINEST_CAM, explain
from core.assessment.grading.grader import network_input
from core.assessment.grading.map_guide import MapGuide
from core.assessment.records import GATE_MAPS, StageGuide
from core.bones import RUS_BONES
from core.cohort.films import read_films
from core.errors import BoneGradeError, FilmRefused
from core.evaluation.figures import Table
from core.film.radiograph import read_radiograph
from core.hand.crops import Crop
from models.bone_grader import BoneGrader
from models.freezable import entering

STAGES: Final = (1, 2, 3, 4)
#: Number of channels whose gates are shown; fewer would be one channel's whim, more come near the even mean of all.
CHANNELS: Final = 8
#: A grade with fewer crops of a bone says nothing of that grade.
_CROPS_OF_A_GRADE: Final = 5
#: The colour bar spans the middle 98 % of all places of all crops; what lies beyond has its ends' colours.
_SPANNED: Final = (1.0, 99.0)
#: Every n-th pixel along both sides is enough for that.
_STEP: Final = 8

#: Crops with margin and predicted grades, by bone, of one hand.
GradedHand = tuple[Mapping[str, Crop], Mapping[str, int]]


def measure_folder(data: Path, split: str | None, assessor: Assessor) -> MapGuide:
    """The guide for the assessor's grader, measured on the films of a data folder; all rows without a split.

    Refused films are left out. Raises core.cohort.films.DataFolderError, and BoneGradeError where no film could be graded.
    """
    hands: list[GradedHand] = []
    for film in tqdm(read_films(data, split), desc="hands", mininterval=10):
        try:
            crops = assessor.find_hand(read_radiograph(film.path)).crops
        except FilmRefused:
            continue
        grades = {bone: int(given.argmax()) for bone, given in assessor.grader.grade(crops).items()}
        hands.append((crops, grades))
    if not any(crops for crops, _ in hands):
        raise BoneGradeError("No film could be graded, so there is nothing to measure: point --data at films of hands.")
    return measure(assessor.grader.network, assessor.weights["grader"], hands)


def measure(network: BoneGrader, grader_sha256: str, hands: Sequence[GradedHand]) -> MapGuide:
    """The guide measured on these hands, of which at least one has a bone."""
    chosen = _telling_channels(network, hands)
    guides = [_measured(network, hands, stage, channels) for stage, channels in zip(STAGES, chosen, strict=True)]
    spreads = [0.0 if guide.spread is None else guide.spread for guide in guides]
    first, second, third, fourth = guides
    return MapGuide(grader_sha256, len(hands), STAGES[int(np.argmax(spreads))], (first, second, third, fourth))


@torch.inference_mode()
def _telling_channels(network: BoneGrader, hands: Sequence[GradedHand]) -> list[tuple[int, ...]]:
    """For each stage, the channels of Shuffle Attention's channel half whose gates differ most between grades."""
    attentions = [unit.attention for unit in network.trunk.last_units() if unit.attention is not None]
    gates: list[dict[tuple[str, int], list[Tensor]]] = [{} for _ in attentions]
    with entering(attentions) as entered:
        for crops, grades in hands:
            bones = [bone for bone in RUS_BONES if bone in crops]
            stack = torch.from_numpy(np.stack([crops[bone] for bone in bones]))[:, None]
            network(network_input(stack), torch.tensor([RUS_BONES.index(bone) for bone in bones]))
            for attention, of_stage in zip(attentions, gates, strict=True):
                for bone, values in zip(bones, attention.gates(*entered[attention]).channel[:, :, 0, 0], strict=True):
                    of_stage.setdefault((bone, grades[bone]), []).append(values)
    return [_most_telling(of_stage) for of_stage in gates]


def _most_telling(gates: Mapping[tuple[str, int], Sequence[Tensor]]) -> tuple[int, ...]:
    """The CHANNELS channels with the greatest variance between the grades of a bone, mean over bones. gates: of single
    crops, by bone and grade; where no bone has two grades with enough crops, the first channels."""
    count = len(next(iter(gates.values()))[0])
    between = torch.zeros(count)
    for bone in RUS_BONES:
        means = [
            torch.stack(list(values)).mean(0)
            for (of_bone, _), values in gates.items()
            if of_bone == bone and len(values) >= _CROPS_OF_A_GRADE
        ]
        if len(means) > 1:
            between += torch.stack(means).var(0, correction=0)
    return tuple(sorted(between.argsort(descending=True, stable=True)[:CHANNELS].tolist()))


def _measured(network: BoneGrader, hands: Sequence[GradedHand], stage: int, channels: tuple[int, ...]) -> StageGuide:
    places: dict[str, list[NDArray[np.float32]]] = {kind: [] for kind in GATE_MAPS}
    spreads = []
    for crops, grades in hands:
        maps = explain(network, crops, grades, stage, FINEST_CAM, StageGuide(channels)).maps.values()
        for kind in GATE_MAPS:
            places[kind] += [getattr(one, kind)[::_STEP, ::_STEP] for one in maps]
        spreads.append(float(np.mean([one.sa_spatial.std() for one in maps])))
    scales = {kind: _scale(np.stack(values)) for kind, values in places.items()}
    return StageGuide(channels, scales, round(float(np.median(spreads)), 4))


def _scale(values: NDArray[np.float32]) -> tuple[float, float]:
    """What a colour bar spans, in whole hundredths and at least one of them wide."""
    low, high = np.percentile(values, _SPANNED)
    first, last = int(np.floor(100 * low)), int(np.ceil(100 * high))
    return first / 100, max(last, first + 1) / 100


def as_text(guide: MapGuide) -> str:
    """The guide as text for a person."""
    table = Table(
        ("stage", *GATE_MAPS, "spread of sa_spatial"),
        [
            (str(stage), *("{:.2f} to {:.2f}".format(*one.scales[kind]) for kind in GATE_MAPS), one.spread)
            for stage, one in zip(STAGES, guide.stages, strict=True)
        ],
    )
    head = f"{guide.hands} hands, grader {guide.grader_sha256[:8]}; stage {guide.first_stage} is shown first."
    return f"{head}\n{table.aligned()}"
