"""A trained grader is registered."""

from pathlib import Path

from core.assessment.grading.grader import starting_cuts
from core.cohort.crop_store import no_graded_crops
from core.cohort.exemplar_frame import EXEMPLARS_KEY
from core.training.grader.recipe import GraderRecipe
from core.training.material.sources import GradingMaterial
from core.training.programs.grader import register_grader
from models import registry
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from models.whole_hand_network import WholeHandNetwork
from tests.graded import crops_of_hands

RECIPE = GraderRecipe(options=ResNetOptions(width=16, groups=2))


def test_a_new_grader_is_without_the_opinion_on_the_old_one(weights: Path) -> None:
    registry.register("whole_hand", WholeHandNetwork(), {"weight": "0.4"}, weights)
    hands = crops_of_hands(1)
    network = BoneGrader(OrdinalScale(starting_cuts()), RECIPE.options)
    register_grader(network, GradingMaterial(hands, hands, no_graded_crops()), RECIPE)
    assert registry.load_whole_hand(folder=weights) is None
    assert registry.load_intervals({"grader": registry.load_grader(folder=weights)[1].sha256}, weights) > 0
    assert registry.load_grader(folder=weights)[1].metadata[EXEMPLARS_KEY] == "none"
