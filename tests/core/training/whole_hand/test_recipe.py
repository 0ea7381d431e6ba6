"""The usual recipes for the whole hand."""

import pytest

from core.cohort.films import DataFolderError
from core.training.whole_hand.recipe import whole_hand_recipe


def test_the_usual_recipes() -> None:
    assert [stage.height for stage in whole_hand_recipe("resnet", 512, 1).stages] == [128, 256, 512]
    assert whole_hand_recipe("resnet", 256, 3).seed == 3 and whole_hand_recipe("resnet", 256, 3).height == 256
    assert whole_hand_recipe("efficientnet_lite0", 256, 1).height == 256
    with pytest.raises(DataFolderError, match="give --finest 256 or more"):
        whole_hand_recipe("efficientnet_lite0", 128, 1)
