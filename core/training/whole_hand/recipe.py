"""The settings of one training on whole hands: its stages of growing pictures, and the usual ones."""

from dataclasses import dataclass

from core.cohort.films import DataFolderError
from models.whole_hand_network import Encoder


@dataclass(frozen=True)
class Stage:
    """Training on pictures of one height. passes: over the larger hands, or over the small ones where there are no others.

    small: the share of a step's pictures that are small hands'. time: the share of the minutes, in proportion to the other
    stages'. A stage ends with its passes or with its time, whichever comes first, and the learning rate with it.
    """

    height: int
    passes: int
    batch: int
    learning_rate: float
    small: float
    time: float


@dataclass(frozen=True)
class WholeHandRecipe:
    """Settings of one run. evening: see core.cohort.crop_store.drawing_weights. average: decay of the weight average."""

    encoder: Encoder
    stages: tuple[Stage, ...]
    seed: int
    weight_decay: float = 0.03
    evening: float = 0.3
    average: float = 0.998

    @property
    def height(self) -> int:
        """Height of the pictures that the network sees at the end."""
        return self.stages[-1].height


#: A ResNet grows from stage to stage, and learns mostly from small hands, of which there are ten times as many; EfficientNet
#: starts from ImageNet, on pictures large enough for it.
_STAGES: dict[Encoder, tuple[Stage, ...]] = {
    "resnet": (
        Stage(128, passes=40, batch=64, learning_rate=2e-3, small=0.9, time=0.3),
        Stage(256, passes=300, batch=64, learning_rate=1e-3, small=0.75, time=0.7),
        Stage(512, passes=60, batch=64, learning_rate=5e-4, small=0.3, time=0.2),
    ),
    "efficientnet_lite0": (
        Stage(256, passes=200, batch=128, learning_rate=1e-3, small=0.7, time=0.6),
        Stage(384, passes=90, batch=64, learning_rate=4e-4, small=0.25, time=0.4),
    ),
}


def whole_hand_recipe(encoder: Encoder, finest: int, seed: int) -> WholeHandRecipe:
    """The usual recipe. finest: height in pixels of the largest pictures, 128, 256, 384 or 512. Raises DataFolderError where
    the encoder has no pictures as small."""
    stages = tuple(stage for stage in _STAGES[encoder] if stage.height <= finest)
    if not stages:
        raise DataFolderError(f"{encoder} is not trained on pictures {finest} pixels high: give --finest 256 or more.")
    return WholeHandRecipe(encoder, stages, seed)
