"""Ages at which few hands were learned from, and how few; core.assessment.age.measured_error says how far off they are."""

import functools
import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class RareAges:
    """A range of bone ages that is rare among the hands that were learned from.

    words: names it after "hands". from_months <= age < to_months. hands: the number that the grader of that hash learned from,
    learned_from: those of them in the range.
    """

    grader_sha256: str
    words: str
    from_months: float
    to_months: float
    hands: int
    learned_from: int

    @property
    def sentence(self) -> str:
        """What a reader should know about an age in the range."""
        return f"Only {self.learned_from} of the {self.hands} hands that the model learned from were {self.words}."


def rare_age(months: float) -> RareAges | None:
    """The rare range that a bone age in months lies in; None for ages with plenty of hands to learn from."""
    return next((ages for ages in _rare_ages() if ages.from_months <= months < ages.to_months), None)


@functools.cache
def _rare_ages() -> tuple[RareAges, ...]:
    data = json.loads(resources.files("core").joinpath("data", "rare_ages.json").read_text(encoding="utf-8"))
    return tuple(RareAges(data["grader_sha256"], hands=data["hands"], **ages) for ages in data["ranges"])
