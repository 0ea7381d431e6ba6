"""The numbers of the Agreement tab's figures as tables, for those who read them that way, and the tiles on top."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from core.agreement import (
    LEAST_FILMS,
    LONGEST_BONE_SECONDS,
    MODEL,
    AgeDifferences,
    BoneAgreement,
    BoneResult,
    Comparison,
    GoldScore,
    Kappa,
    ReadingTimes,
    Times,
)
from core.bones import BONE_TITLES, RUS_BONES
from core.standards import grade_label
from webapp.agreement.words import (
    duration,
    kappa_number,
    kappa_range,
    kappa_words,
    months_range,
    share_words,
    signed,
    too_few_films,
    voice_name,
)
from webapp.shared.templates import render
from webapp.shared.words import NO_VALUE


@dataclass(frozen=True)
class _Tile:
    name: str
    value: str
    note: str


@dataclass(frozen=True)
class _Row:
    """bone: whose mark the row has, "" for no mark."""

    head: str
    cells: Sequence[str]
    bone: str = ""


def headline_tiles(comparison: Comparison, scale_name: str) -> str:
    """The comparison in four numbers."""
    differences = comparison.ages.differences
    limits = "" if differences.limits is None else f"95 %: {months_range(differences.limits)}"
    few = comparison.pair.films < LEAST_FILMS
    tiles = (
        _Tile("Films both read", f"{comparison.pair.films:,}", ""),
        _Tile(
            "Weighted kappa",
            kappa_number(comparison.mean_kappa),
            "too few films" if comparison.mean_kappa is None else "mean over the bones",
        ),
        _Tile(
            "Same grade",
            NO_VALUE if few else share_words(comparison.exact),
            "too few films" if few else f"at most one apart: {share_words(comparison.within_one)}",
        ),
        _Tile(
            f"Difference in {scale_name} age",
            NO_VALUE if differences.mean is None else f"{signed(differences.mean)} months",
            limits or too_few_films(differences.films).lower(),
        ),
    )
    return render("agreement/tiles.html", tiles=tiles)


def kappa_table(kappas: Mapping[str, Kappa], bones: Mapping[str, BoneAgreement] | None) -> Markup:
    """Kappa, its interval and, between two voices, the shares of equal grades."""
    heads = ["Films", "Kappa", "90 % interval"]
    heads += [] if bones is None else ["Same grade", "Within one", "Unreadable"]
    rows = []
    for bone in RUS_BONES:
        kappa = kappas[bone]
        cells = [
            f"{kappa.films:,}",
            kappa_number(kappa.value) if kappa.value is not None else kappa_words(kappa).partition(" (")[0],
            NO_VALUE if kappa.interval90 is None else kappa_range(kappa.interval90),
        ]
        if bones is not None:
            one = bones[bone]
            cells += [share_words(one.exact), share_words(one.within_one), f"{one.unreadable:,}"]
        rows.append(_Row(BONE_TITLES[bone], cells, bone))
    return _table("Weighted kappa by bone", "Bone", heads, rows)


def confusion_table(agreement: BoneAgreement, first: str, second: str) -> Markup:
    """The counts; rows are the first voice's grades."""
    grades = [grade_label(agreement.bone, grade) for grade in range(len(agreement.confusion))]
    rows = [_Row(label, [f"{n:,}" for n in line]) for label, line in zip(grades, agreement.confusion, strict=True)]
    return _table(f"Grades of {BONE_TITLES[agreement.bone]}", f"{first} \\ {second}", grades, rows)


def ages_table(differences: AgeDifferences) -> Markup:
    """Mean and limits with their intervals."""
    reach, interval = differences.limit_reach90, differences.mean_interval90
    rows = [_Row("Films", [f"{differences.films:,}", NO_VALUE])]
    if differences.mean is not None and differences.limits is not None and reach is not None and interval is not None:
        lower, upper = differences.limits
        rows += [
            _Row("Mean difference, months", [signed(differences.mean), months_range(interval)]),
            _Row("Lower 95 % limit", [signed(lower), months_range((lower - reach, lower + reach))]),
            _Row("Upper 95 % limit", [signed(upper), months_range((upper - reach, upper + reach))]),
        ]
    return _table("Differences in age", "", ["Value", "90 % interval"], rows)


def times_table(readers: Sequence[ReadingTimes]) -> Markup:
    """Median and quartiles per film and per bone by reader, and what was left out."""
    heads = [
        "Films", "Median per film", "Middle half", "Median per bone", "Middle half of bones", "Incomplete", "Reader away",
        "Not timed",
    ]  # fmt: skip
    rows = [
        _Row(
            one.reader,
            [
                f"{one.films.counted:,}", *_quartiles(one.films), *_quartiles(one.bones), f"{one.unfinished:,}",
                f"{one.films.interrupted:,}", f"{one.films.unmeasured:,}",
            ],
        )
        for one in readers
    ]  # fmt: skip
    note = f"Bones that took more than {duration(LONGEST_BONE_SECONDS)} are left out likewise."
    return _table("Time by reader", "Reader", heads, rows, note)


def gold_table(scores: Sequence[GoldScore], scale_name: str) -> str:
    """Each voice's score; empty without one."""
    if not scores:
        return ""
    heads = [
        "Films", "Bones", "Same grade", "Within one", "Kappa", "Mean error, grades", "Unreadable",
        f"{scale_name[0].upper()}{scale_name[1:]} age, months", "95 % of ages",
    ]  # fmt: skip
    rows = []
    for score in scores:
        ages = score.ages
        cells = [
            f"{score.films:,}",
            f"{score.bones:,}",
            share_words(score.exact),
            share_words(score.within_one),
            "too few films" if score.mean_kappa is None else kappa_number(score.mean_kappa),
            NO_VALUE if score.grade_error is None else f"{score.grade_error:.2f}",
            f"{score.unreadable:,}",
            "too few films" if ages.mean is None else signed(ages.mean),
            NO_VALUE if ages.limits is None else months_range(ages.limits),
        ]
        name = voice_name(score.voice)
        rows.append(_Row(f"{name[0].upper()}{name[1:]}" if score.voice == MODEL else name, cells))
    return _table("Scores on gold films", "Reader", heads, rows)


def look_back_table(bones: Sequence[BoneResult]) -> Markup:
    """A reader's own results on gold films, bone by bone."""
    rows = [
        _Row(
            BONE_TITLES[one.bone],
            [
                f"{one.kappa.films:,}",
                share_words(one.exact),
                NO_VALUE if one.bias is None else signed(one.bias),
                kappa_number(one.kappa.value)
                if one.kappa.value is not None
                else kappa_words(one.kappa).partition(" (")[0],
            ],
            one.bone,
        )
        for one in bones
    ]
    return _table("Your grades against gold", "Bone", ["Films", "Same grade", "Bias, grades", "Kappa"], rows)


def _quartiles(times: Times) -> tuple[str, str]:
    if times.quartiles is None:
        return NO_VALUE, NO_VALUE
    first, median, third = times.quartiles
    return duration(median), f"{duration(first)} to {duration(third)}"


def _table(name: str, corner: str, heads: Sequence[str], rows: Sequence[_Row], note: str = "") -> Markup:
    return render("agreement/table.html", name=name, corner=corner, heads=heads, rows=rows, note=note)
