"""How far off the age is on hands that are alike, as the page says it beside a result."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Final

import numpy as np

from core.assessment.age.measured_error import AlikeHands, MeasuredError, MeasuredErrors, in_doubt
from core.evaluation.accuracy.assessed import AssessedFilm
from core.evaluation.figures import Table
from core.evaluation.uncertainty import bootstrap95

#: A group of fewer hands says too little about the next one, and is taken together with others.
LEAST_HANDS: Final = 8

#: Boundaries between the groups of ages, in months: every two years, except that few hands under 3 years and of 16 and more
#: are available (core/data/rare_ages.json), which are not to be judged by others.
_ENDS: Final = (36.0, 72.0, 96.0, 120.0, 144.0, 168.0, 192.0)

_RESAMPLES: Final = 2000
_SEED: Final = 0


def measured_errors(films: Sequence[AssessedFilm], split: str | None, weights: Mapping[str, str]) -> MeasuredErrors:
    """The errors of the hands that were given an age short of the end of the scale, by how alike they are.

    Groups go by the age given, not by the age read: only the former is known of the next hand. A group of fewer than
    LEAST_HANDS is left out; the next hand of that kind then gets the figures of both sexes, of any checks, or of all.
    """
    given = [
        one for one in films if one.assessment is not None and one.months is not None and not one.assessment.mature
    ]
    groups = []
    for alike in _likenesses([one.months for one in given if one.months is not None]):
        members = [one for one in given if _is_among(one, alike)]
        if len(members) >= LEAST_HANDS:
            groups.append(_measured(alike, members))
    return MeasuredErrors(split, weights, tuple(groups))


def _is_among(one: AssessedFilm, alike: AlikeHands) -> bool:
    assert one.assessment is not None and one.months is not None
    return alike.has(one.months, one.film.sex, in_doubt(one.assessment))


def _likenesses(months: Sequence[float]) -> Iterator[AlikeHands]:
    """The closest likeness first, the loosest last. months: the ages that were given."""
    ages = _age_groups(months)
    for (first, last), doubt, sex in product(ages, (False, True), ("F", "M")):
        yield AlikeHands(first, last, sex, doubt)  # type: ignore[arg-type]  # product forgets that these are sexes
    for (first, last), doubt in product(ages, (False, True)):
        yield AlikeHands(first, last, None, doubt)
    for first, last in ages:
        yield AlikeHands(first, last, None, None)
    yield AlikeHands(None, None, None, None)


def _age_groups(months: Sequence[float]) -> list[tuple[float | None, float | None]]:
    """Ages that are taken together, open at both ends: neighbours where one of them has fewer than LEAST_HANDS hands."""
    kept: list[float] = []
    counted = 0
    for first, last in pairwise((0.0, *_ENDS, float("inf"))):
        counted += sum(first <= age < last for age in months)
        if counted >= LEAST_HANDS:
            kept.append(last)
            counted = 0
    ends = kept[:-1]  # the last group takes what is left above it
    return list(pairwise((None, *ends, None)))


def _measured(alike: AlikeHands, members: Sequence[AssessedFilm]) -> MeasuredError:
    error = np.abs([one.months - one.film.bone_age_months for one in members if one.months is not None])
    low, high = bootstrap95(lambda drawn: drawn.mean(-1), error, resamples=_RESAMPLES, seed=_SEED)
    return MeasuredError(
        alike=alike,
        hands=len(members),
        mae_months=round(float(error.mean()), 1),
        mae_months_95=(round(low, 1), round(high, 1)),
        within_12_months=round(float((error <= 12).mean()), 3),
    )


def as_table(figures: MeasuredErrors) -> Table:
    """The groups as a table for people."""
    rows = [
        (one.alike.words, one.hands, one.mae_months, *one.mae_months_95, one.within_12_months) for one in figures.groups
    ]
    return Table(("hands that are alike", "n", "MAE", "from", "to", "<= 12"), rows)
