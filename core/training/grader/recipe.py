"""The settings of one training of the grader."""

from dataclasses import dataclass, field

from models.improved_resnet import ResNetOptions


@dataclass(frozen=True)
class GraderRecipe:
    """Settings of one run, chosen on `val`. Losses are weighted relative to that of the whole hand's age (weight 1).

    hands, exemplars: in one step. warm_up: the learning rate rises over the first tenth of the steps, instead of starting at
    its highest. evening: see core.cohort.crop_store.drawing_weights. cut_close: share of the films' and exemplars' views that
    look cut out by hand, see core.training.material.augment.random_views: what is learned from ages then holds for exemplars,
    and vice versa. guidance: weight of the gates' shortfall on the growth plate, see core.training.grader.guidance. start:
    SHA-256 of the weights that are trained further, None for new ones. half_way: the weights end half way between those of the
    start and those trained, see core.training.loop.optimisation.half_way.
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
