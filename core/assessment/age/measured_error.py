"""How far off the bone age was on hands like the one read: of about the same age, the same sex and with as few doubts."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Self

from core.assessment.checks.film_and_age import DOUBTS
from core.assessment.records import Assessment
from core.bones import Sex

#: What makes hands differ apart from their age: the checks that, when failed, put it in doubt for another reason.
_DOUBTS: Final = tuple(name for name in DOUBTS if name not in ("end_of_scale", "rare_age"))


def in_doubt(assessment: Assessment) -> bool:
    """Whether a check failed that puts the age in doubt, whatever that age is."""
    return any(check.name in _DOUBTS and not check.passed for check in assessment.checks)


@dataclass(frozen=True)
class AlikeHands:
    """Which hands are taken together: those given an age of from_months <= age < to_months, None for no end on that side; of
    one sex, None for both; with or without a check that puts the age in doubt, None for either."""

    from_months: float | None
    to_months: float | None
    sex: Sex | None
    in_doubt: bool | None

    def has(self, months: float, sex: Sex, doubted: bool) -> bool:
        """Whether a hand that was given this age is one of them."""
        return (
            (self.from_months is None or self.from_months <= months)
            and (self.to_months is None or months < self.to_months)
            and self.sex in (None, sex)
            and self.in_doubt in (None, doubted)
        )

    @property
    def words(self) -> str:
        """The hands in words that follow their number: "boys given an age below 6 years, with a check that puts the age in
        doubt"."""
        who = {"F": "girls", "M": "boys", None: "children"}[self.sex]
        checks = {
            True: ", with a check that puts the age in doubt",
            False: ", without a check that puts the age in doubt",
            None: "",
        }[self.in_doubt]
        return f"{who}{self._ages}{checks}"

    @property
    def _ages(self) -> str:
        first, last = (None if end is None else f"{end / 12:g}" for end in (self.from_months, self.to_months))
        if first is None:
            return "" if last is None else f" given an age below {last} years"
        return (
            f" given an age of {first} years or more" if last is None else f" given an age of {first} to {last} years"
        )


@dataclass(frozen=True)
class MeasuredError:
    """How far off the age was, against a radiologist's reading, on similar hands that were not learned from.

    hands: with an age. mae_months: the mean absolute error; mae_months_95: its interval (bootstrap over hands).
    within_12_months: the share that was off by a year at most.
    """

    alike: AlikeHands
    hands: int
    mae_months: float
    mae_months_95: tuple[float, float]
    within_12_months: float

    @property
    def sentence(self) -> str:
        """For a report, in one line."""
        return (
            f"Off by {self.mae_months:.1f} months on average on {self.hands} {self.alike.words}; "
            "none was in the training set."
        )


@dataclass(frozen=True)
class MeasuredErrors:
    """What `python -m core evaluate --keep` measured. split: which rows. weights: SHA-256 (hex) by network, the only ones that
    the figures are valid for. groups: the most similar first, and last that of all hands."""

    split: str | None
    weights: Mapping[str, str]
    groups: tuple[MeasuredError, ...]

    @classmethod
    def from_json(cls, figures: Mapping[str, Any]) -> Self:
        """Reads what was written as JSON."""
        return cls(figures["split"], figures["weights"], tuple(_group(one) for one in figures["groups"]))

    def of_hands_like(self, months: float, sex: Sex, doubted: bool) -> MeasuredError | None:
        """The error on the hands most like one that was given this age."""
        return next((group for group in self.groups if group.alike.has(months, sex, doubted)), None)


def _group(figures: Mapping[str, Any]) -> MeasuredError:
    low, high = figures["mae_months_95"]
    return MeasuredError(
        AlikeHands(**figures["alike"]),
        figures["hands"],
        figures["mae_months"],
        (low, high),
        figures["within_12_months"],
    )


def read_errors(file: Path | Traversable) -> MeasuredErrors | None:
    """The figures that `python -m core evaluate --keep` wrote; None where there is no such file."""
    if not file.is_file():
        return None
    return MeasuredErrors.from_json(json.loads(file.read_text(encoding="utf-8")))


@functools.cache
def shipped_errors() -> MeasuredErrors | None:
    """The figures that ship."""
    return read_errors(resources.files("core").joinpath("data", "measured_errors.json"))


def error_on_hands_like(assessment: Assessment, figures: MeasuredErrors | None) -> MeasuredError | None:
    """How far off the ages of hands like this one were; None without an age, for a mature hand, and for weights other than
    those that were measured."""
    if figures is None or figures.weights != assessment.weights:
        return None
    if assessment.bone_age_months is None or assessment.mature:
        return None
    return figures.of_hands_like(assessment.bone_age_months, assessment.sex, in_doubt(assessment))
