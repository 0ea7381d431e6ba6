"""The figures of the paper's Table 1 on our hands, and their tables for a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.cohort.crop_store import HandCrops
from core.evaluation.figures import BySex, Cell, Inline, Table
from core.evaluation.gates import FROZEN, FrozenErrors
from core.evaluation.table1.runs import COMPARED, TITLES, NetworkOutcome
from core.evaluation.uncertainty import bootstrap95

_RESAMPLES: Final = 10_000
_SEED: Final = 1
#: The row that every other is compared with.
_PLAIN: Final = "plain"


@dataclass(frozen=True)
class OverSeeds:
    """The mean over a network's seeds and, if there are several, the standard deviation."""

    mean: float
    sd: float | None


@dataclass(frozen=True)
class AgeAccuracy:
    """Mean absolute error in years, and the share of hands within one year of their label."""

    mae_years: float
    within_one_year: float


@dataclass(frozen=True)
class ScoresOverSeeds:
    """The same over seeds."""

    mae_years: OverSeeds
    within_one_year: OverSeeds


@dataclass(frozen=True)
class NetworkRow:
    """One row of the table. frozen: its errors in months with each addition held still, means over seeds."""

    key: str
    title: str
    epochs: int
    seeds: int
    sexes: Inline[BySex[ScoresOverSeeds]]
    frozen: FrozenErrors


@dataclass(frozen=True)
class AgainstPlain:
    """A network against the plain one, hand by hand: the mean change of the absolute error in years.

    interval95: of a bootstrap over hands and over both networks' seeds. real: it leaves 0 out, on either side.
    """

    years: float
    interval95: tuple[float, float]
    real: bool


@dataclass(frozen=True)
class YearScores:
    """Of n hands of one year of age and sex, each row's means over seeds."""

    n: int
    networks: Inline[Mapping[str, AgeAccuracy]]


@dataclass(frozen=True)
class Table1:
    """The table. by_year: by year of age, then by sex; a sex without a hand of that year is left out."""

    hands: BySex[int]
    rows: Sequence[NetworkRow]
    against_plain: Mapping[str, BySex[AgainstPlain]]
    by_year: Mapping[str, Mapping[str, YearScores]]


def table1_figures(outcomes: Sequence[NetworkOutcome], val: HandCrops) -> Table1:
    """The figures of the trained networks on `val`, the hands that they were not trained on."""
    label = val.months.astype(float)
    sexes = BySex(np.ones(len(val), bool), val.female == 0, val.female == 1)
    rows = []
    for key, title in TITLES.items():
        own = [outcome for outcome in outcomes if outcome.variant == key]
        if own:
            found = sexes.each(lambda members, own=own: _over_seeds(own, label, members))  # type: ignore[misc]
            rows.append(NetworkRow(key, title, own[0].epochs, len(own), found, _frozen(own)))
    return Table1(
        hands=sexes.each(lambda members: int(members.sum())),
        rows=rows,
        against_plain=_against_plain(outcomes, label, sexes),
        by_year={
            f"{year}-{year + 1}": {
                sex: _by_row(outcomes, label, members & in_year)
                for sex, members in sexes.named().items()
                if (members & in_year).any()
            }
            for year in range(int(label.max() // 12) + 1)
            for in_year in [(label >= 12 * year) & (label < 12 * (year + 1))]
            if in_year.any()
        },
    )


def scores_of(outcome: NetworkOutcome, label: NDArray[np.float64], rows: NDArray[np.bool_]) -> AgeAccuracy:
    """One network's accuracy on the chosen hands. label: N months. rows: which of them."""
    error = np.abs(outcome.months - label)[rows] / 12
    return AgeAccuracy(float(error.mean()), float((error <= 1).mean()))


def _over_seeds(own: Sequence[NetworkOutcome], label: NDArray[np.float64], rows: NDArray[np.bool_]) -> ScoresOverSeeds:
    scores = [scores_of(outcome, label, rows) for outcome in own]
    return ScoresOverSeeds(
        _mean_and_spread([one.mae_years for one in scores]), _mean_and_spread([one.within_one_year for one in scores])
    )


def _frozen(own: Sequence[NetworkOutcome]) -> FrozenErrors:
    """Means over a network's seeds."""
    as_is = round(float(np.mean([outcome.frozen.as_is for outcome in own])), 3)
    means = {}
    for name in FROZEN:
        errors = [getattr(outcome.frozen, name) for outcome in own]
        means[name] = None if None in errors else round(float(np.mean(errors)), 3)
    return FrozenErrors(as_is, **means)


def _mean_and_spread(values: Sequence[float]) -> OverSeeds:
    spread = round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else None
    return OverSeeds(round(float(np.mean(values)), 4), spread)


def _by_row(outcomes: Sequence[NetworkOutcome], label: NDArray[np.float64], rows: NDArray[np.bool_]) -> YearScores:
    found = {}
    for key in dict.fromkeys(outcome.variant for outcome in outcomes):
        over = _over_seeds([outcome for outcome in outcomes if outcome.variant == key], label, rows)
        found[key] = AgeAccuracy(over.mae_years.mean, over.within_one_year.mean)
    return YearScores(int(rows.sum()), found)


def _against_plain(
    outcomes: Sequence[NetworkOutcome], label: NDArray[np.float64], sexes: BySex[NDArray[np.bool_]]
) -> dict[str, BySex[AgainstPlain]]:
    errors: dict[str, list[NDArray[np.float64]]] = {}
    for outcome in outcomes:
        errors.setdefault(outcome.variant, []).append(np.abs(outcome.months - label) / 12)
    plain = errors.pop(_PLAIN, None)
    if plain is None:
        return {}
    return {
        key: sexes.each(lambda rows, own=own: _difference(np.stack(own)[:, rows], np.stack(plain)[:, rows]))  # type: ignore[misc]
        for key, own in errors.items()
    }


def _difference(errors: NDArray[np.float64], plain: NDArray[np.float64]) -> AgainstPlain:
    """errors, plain: absolute errors in years, seeds x hands; the hands are the same."""

    def change(own: NDArray[np.intp], others: NDArray[np.intp], hands: NDArray[np.intp]) -> NDArray[np.float64]:
        by_hand = errors[own].mean(-2) - plain[others].mean(-2)
        return np.asarray(np.take_along_axis(by_hand, hands, -1).mean(-1))

    places = (np.arange(length) for length in (len(errors), *plain.shape))
    low, high = bootstrap95(change, *places, resamples=_RESAMPLES, seed=_SEED)
    return AgainstPlain(
        years=round(float(errors.mean() - plain.mean()), 4),
        interval95=(round(low, 4), round(high, 4)),
        real=low > 0 or high < 0,
    )


def table1_text(figures: Table1) -> str:
    """The table in Markdown, and for each row and sex a sentence on whether it is better than the plain network."""
    rows: list[Sequence[Cell]] = []
    for row in figures.rows:
        both = (row.sexes.male, row.sexes.female)
        cells = [_cell(scores.mae_years, 1, 3) for scores in both]
        cells += [_cell(scores.within_one_year, 100, 1) + " %" for scores in both]
        rows.append((row.title, row.epochs, row.seeds, *cells))
    head = ("network", "epochs", "seeds", "MAE male, years", "MAE female", "within one year, male", "female")
    lines = [Table(head, rows).markdown()]
    for key, by_sex in figures.against_plain.items():
        lines.append("")
        for sex, found in by_sex.named().items():
            low, high = found.interval95
            verdict = ("better" if high < 0 else "worse") if found.real else "no more than chance"
            lines.append(
                f"{TITLES[key]} against {TITLES[_PLAIN]}, {sex}: {found.years:+.3f} years ({low:+.3f} to {high:+.3f}): "
                f"{verdict}."
            )
    return "\n".join(lines)


def frozen_text(figures: Table1) -> str:
    """Markdown: each row's error in months, and that with each addition frozen at its mean."""
    rows: list[Sequence[Cell]] = []
    for row in figures.rows:
        errors = [getattr(row.frozen, name) for name in ("as_is", *FROZEN)]
        rows.append((row.title, *("none" if error is None else f"{error:.2f}" for error in errors)))
    return Table(("network", "MAE, months", *FROZEN.values()), rows).markdown()


def _cell(value: OverSeeds, factor: float, digits: int) -> str:
    text = f"{factor * value.mean:.{digits}f}"
    return text if value.sd is None else f"{text} ± {factor * value.sd:.{digits}f}"


def by_year_text(by_year: Mapping[str, Mapping[str, YearScores]]) -> str:
    """Markdown: n, MAE in years and the share within one year, by year of age, of the plain and the improved ResNet."""
    rows: list[Sequence[Cell]] = []
    for year, by_sex in by_year.items():
        found = by_sex["all"]
        both = [found.networks[key] for key in COMPARED]
        rows.append(
            (
                year,
                found.n,
                *(f"{scores.mae_years:.2f}" for scores in both),
                *(f"{100 * scores.within_one_year:.0f} %" for scores in both),
            )
        )
    return Table(("year", "n", "MAE, plain", "improved", "within one year, plain", "improved"), rows).markdown()
