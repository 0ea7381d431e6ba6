"""How the maps are to be shown, by hands of which the answer is known."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core.assessment.grading.grader import Grader
from core.assessment.grading.map_guide import MapGuide, read_guide
from core.assessment.records import GATE_MAPS
from core.errors import BoneGradeError
from core.evaluation.figures import as_json
from core.evaluation.maps import guide
from core.hand.crops import CONTEXT_SIDE, Crop
from models.bone_grader import BoneGrader


def _hands(count: int) -> list[guide.GradedHand]:
    """Hands of two bones; the higher the grade, the brighter the crop."""
    random = np.random.default_rng(3)
    hands: list[guide.GradedHand] = []
    for number in range(count):
        grade = 2 + 3 * (number % 2)
        crops: dict[str, Crop] = {
            bone: (grade / 10 + 0.1 * random.random((CONTEXT_SIDE, CONTEXT_SIDE))).astype(np.float32)
            for bone in ("MC3", "DP5")
        }
        hands.append((crops, dict.fromkeys(crops, grade)))
    return hands


def _opened(grader: Grader, stage: int) -> BoneGrader:
    """The network with the gates of one stage opened: spatial gates that follow the crop, and one channel gate in each group,
    the second."""
    network = copy.deepcopy(grader.network)
    attention = network.trunk.last_units()[stage - 1].attention
    assert attention is not None
    with torch.no_grad():
        attention.spatial_scale.fill_(3.0)
        attention.channel_scale[1] = 40.0
    return network


def test_the_stage_that_spreads_widest_comes_first(small_grader: Grader) -> None:
    measured = guide.measure(_opened(small_grader, 2), "ab" * 32, _hands(12))
    assert measured.first_stage == 2 and measured.hands == 12 and measured.grader_sha256 == "ab" * 32
    spreads = [stage.spread for stage in measured.stages]
    assert all(spread is not None for spread in spreads)
    assert max(range(4), key=lambda i: spreads[i] or 0) == 1 and (spreads[1] or 0) > 0.05
    low, high = measured.of_stage(2).scales["sa_spatial"]
    assert 0 <= low < 0.5 < high <= 1
    low, high = measured.of_stage(4).scales["sa_spatial"]
    assert low <= 0.731 <= high and high - low < 0.05, "gates that nobody opened span little"


def test_the_channels_that_differ_between_grades_are_shown(small_grader: Grader) -> None:
    network = _opened(small_grader, 2)
    attention = network.trunk.last_units()[1].attention
    assert attention is not None
    half = attention.channels // (2 * attention.groups)
    channels = guide.measure(network, "ab" * 32, _hands(12)).of_stage(2).channels
    assert channels is not None and len(channels) == min(guide.CHANNELS, attention.channels // 2)
    opened = {group * half + 1 for group in range(attention.groups)}
    assert opened <= set(channels)


def test_it_survives_its_way_through_a_file(small_grader: Grader, tmp_path: Path) -> None:
    measured = guide.measure(small_grader.network, "ab" * 32, _hands(2))
    file = tmp_path / "map_guide.json"
    file.write_text(as_json(measured))
    assert read_guide(file) == measured
    assert list(json.loads(file.read_text())["stages"][0]["scales"]) == list(GATE_MAPS)


def test_what_a_person_reads(small_grader: Grader) -> None:
    text = guide.as_text(guide.measure(small_grader.network, "ab" * 32, _hands(2)))
    assert "2 hands, grader abababab" in text and "sa_spatial" in text and len(text.splitlines()) == 6


def test_a_folder_without_a_hand_that_can_be_graded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(guide, "read_films", lambda *_: [])
    with pytest.raises(BoneGradeError, match="No film could be graded"):
        guide.measure_folder(tmp_path, None, None)  # type: ignore[arg-type]


def test_without_a_file_nothing_was_measured(tmp_path: Path) -> None:
    unmeasured = read_guide(tmp_path / "nothing.json")
    assert unmeasured == MapGuide.unmeasured() and unmeasured.hands == 0
    assert {unmeasured.of_stage(stage).scales[kind] for stage in (1, 2, 3, 4) for kind in GATE_MAPS} == {(0.0, 1.0)}
    for stage in (0, 5):
        with pytest.raises(ValueError, match=f"no stage {stage}"):
            unmeasured.of_stage(stage)
