"""The paper's Table 1 on our hands: plain against improved ResNet, and which of its three additions does what.

All networks see the same crops of the same split for the same number of steps; seeds change the start and what is drawn.
As in the paper: batches of 16 (here whole hands, because only hands have a label), an initial learning rate of 1e-4, turned
views, age groups evened out. Our own recipe on the improved network stands beside it.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.cohort.crop_store import GradedCrops, HandCrops
from core.cohort.settings import settle
from core.evaluation.chart import Chart, Line
from core.training.grader import GraderRecipe, months_of, train_grader
from core.training.score_road import ScoreRoadRecipe, fit_score_road
from models.improved_resnet import ResNetOptions

_WIDTH, _GROUPS = 32, 4
_RESAMPLES = 10_000
#: The row that every other is held against; and the two rows that the paper's table is about.
_PLAIN = "plain"
_COMPARED = (_PLAIN, "improved")


@dataclass(frozen=True)
class Variant:
    """One row of the table: which additions the network has, and with how many seeds it is trained."""

    key: str
    title: str
    options: ResNetOptions
    recipe: GraderRecipe
    seeds: int


def _options(*, shuffle_attention: bool, attention_residual: bool, dual_pooling: bool) -> ResNetOptions:
    return ResNetOptions(
        width=_WIDTH,
        groups=_GROUPS,
        shuffle_attention=shuffle_attention,
        attention_residual=attention_residual,
        dual_pooling=dual_pooling,
    )


def _opened(options: ResNetOptions) -> ResNetOptions:
    return dataclasses.replace(options, open_gates=True)


def variants(epochs: int) -> tuple[Variant, ...]:
    """The rows of the table, each trained for `epochs` passes over the training hands.

    Shuffle Attention starts as published; where a row says "open gates", as models.shuffle_attention opens them.
    """
    paper = GraderRecipe(epochs=epochs, learning_rate=1e-4, warm_up=False, evening=1.0, cut_close=0.0)
    ours = GraderRecipe(epochs=epochs)
    plain = _options(shuffle_attention=False, attention_residual=False, dual_pooling=False)
    improved = _options(shuffle_attention=True, attention_residual=True, dual_pooling=True)
    attention = dataclasses.replace(plain, shuffle_attention=True)
    residual = dataclasses.replace(plain, attention_residual=True)
    return (
        Variant("plain", "ResNet", plain, paper, 3),
        Variant("improved", "improved ResNet", improved, paper, 3),
        Variant("improved_open", "improved ResNet, open gates", _opened(improved), paper, 3),
        Variant("dual_pooling", "ResNet + dual pooling", dataclasses.replace(plain, dual_pooling=True), paper, 3),
        Variant("attention", "ResNet + Shuffle Attention", attention, paper, 3),
        Variant("attention_open", "ResNet + Shuffle Attention, open gates", _opened(attention), paper, 3),
        Variant("residual", "ResNet + attention residual", residual, paper, 3),
        Variant("improved_ours", "improved ResNet, our recipe", improved, ours, 1),
        Variant("improved_ours_open", "improved ResNet, our recipe, open gates", _opened(improved), ours, 1),
    )


def order_of_runs(rows: Sequence[Variant]) -> Iterator[tuple[Variant, int]]:
    """(row, seed), the first seed of every row first, so that a table cut short is a whole table with fewer seeds."""
    for seed in range(1, max(row.seeds for row in rows) + 1):
        for row in rows:
            if seed <= row.seeds:
                yield row, seed


@dataclass(frozen=True)
class Outcome:
    """What one trained network says of the hands that it was not trained on. months N, in the order of the hands."""

    variant: str
    seed: int
    epochs: int
    months: NDArray[np.float64]


def run_table1(train: HandCrops, val: HandCrops, exemplars: GradedCrops, folder: Path, epochs: int) -> list[Outcome]:
    """Trains every row that `folder` does not have yet, each to be resumed where it stopped; returns all outcomes.

    Raises DataFolderError where the folder was begun for another number of epochs.
    """
    settle(folder / "settings.json", {"number of epochs": epochs})
    return [
        _outcome(row, seed, train, val, exemplars, folder / f"{row.key}_{seed}")
        for row, seed in order_of_runs(variants(epochs))
    ]


def _outcome(
    row: Variant, seed: int, train: HandCrops, val: HandCrops, exemplars: GradedCrops, folder: Path
) -> Outcome:
    saved = folder / "outcome.json"
    if not saved.is_file():
        recipe = dataclasses.replace(row.recipe, seed=seed, options=row.options)
        network = train_grader(train, val, exemplars, folder, recipe)
        fit_score_road(network, train, exemplars, ScoreRoadRecipe(views=1, seed=seed))
        found = {"epochs": recipe.epochs, "months": np.round(months_of(network, val), 3).tolist()}
        saved.write_text(json.dumps(found))
    kept = json.loads(saved.read_text())
    return Outcome(row.key, seed, kept["epochs"], np.array(kept["months"]))


def _scores(months: NDArray[np.float64], label: NDArray[np.float64], rows: NDArray[np.bool_]) -> dict[str, float]:
    error = np.abs(months - label)[rows] / 12
    return {"mae_years": float(error.mean()), "within_one_year": float((error <= 1).mean())}


def table1_figures(outcomes: Sequence[Outcome], val: HandCrops) -> dict[str, Any]:
    """The table, JSON-ready: for each row and sex the mean and, over seeds, the standard deviation.

    MAE in years; within_one_year is a share. `against_plain` holds each other row against the plain network hand by hand:
    the mean change of the absolute error in years, with the 95 % interval of a bootstrap over hands and over both networks'
    seeds, and whether the interval leaves 0 out, on either side. `by_year`: by year of age, sex and row, n and the mean of
    both figures over seeds.
    """
    label = val.months.astype(float)
    sexes: dict[str, NDArray[np.bool_]] = {
        "all": np.ones(len(val), bool), "male": val.female == 0, "female": val.female == 1,
    }  # fmt: skip
    rows = []
    for row in variants(1):
        own = [o for o in outcomes if o.variant == row.key]
        if not own:
            continue
        by_sex = {}
        for sex, members in sexes.items():
            scores = [_scores(outcome.months, label, members) for outcome in own]
            by_sex[sex] = {
                name: {"mean": round(float(np.mean(values)), 4), "sd": _spread(values)}
                for name in ("mae_years", "within_one_year")
                for values in [[score[name] for score in scores]]
            }
        rows.append({"key": row.key, "title": row.title, "epochs": own[0].epochs, "seeds": len(own), **by_sex})
    return {
        "hands": {sex: int(members.sum()) for sex, members in sexes.items()},
        "rows": rows,
        "against_plain": _against_plain(outcomes, label, sexes),
        "by_year": {
            f"{year}-{year + 1}": {
                sex: _by_row(outcomes, label, members & in_year)
                for sex, members in sexes.items()
                if (members & in_year).any()
            }
            for year in range(int(label.max() // 12) + 1)
            for in_year in [(label >= 12 * year) & (label < 12 * (year + 1))]
            if in_year.any()
        },
    }


def _by_row(outcomes: Sequence[Outcome], label: NDArray[np.float64], rows: NDArray[np.bool_]) -> dict[str, Any]:
    found: dict[str, Any] = {"n": int(rows.sum())}
    for key in dict.fromkeys(outcome.variant for outcome in outcomes):
        scores = [_scores(o.months, label, rows) for o in outcomes if o.variant == key]
        found[key] = {name: round(float(np.mean([s[name] for s in scores])), 4) for name in scores[0]}
    return found


def _spread(values: Sequence[float]) -> float | None:
    return round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else None


def _against_plain(
    outcomes: Sequence[Outcome], label: NDArray[np.float64], sexes: Mapping[str, NDArray[np.bool_]]
) -> dict[str, dict[str, Any]]:
    errors: dict[str, list[NDArray[np.float64]]] = {}
    for outcome in outcomes:
        errors.setdefault(outcome.variant, []).append(np.abs(outcome.months - label) / 12)
    plain = errors.pop(_PLAIN, None)
    if plain is None:
        return {}
    return {
        key: {sex: _difference(np.stack(own)[:, rows], np.stack(plain)[:, rows]) for sex, rows in sexes.items()}
        for key, own in errors.items()
    }


def _difference(errors: NDArray[np.float64], plain: NDArray[np.float64]) -> dict[str, Any]:
    """errors, plain: absolute errors in years, seeds x hands; the hands are the same."""
    random = np.random.default_rng(1)
    hands = plain.shape[1]
    means = np.empty(_RESAMPLES)
    for i in range(_RESAMPLES):
        change = _resampled_mean(errors, random) - _resampled_mean(plain, random)
        means[i] = change[random.integers(0, hands, hands)].mean()
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "years": round(float(errors.mean() - plain.mean()), 4),
        "interval95": [round(float(low), 4), round(float(high), 4)],
        "real": bool(low > 0 or high < 0),
    }


def _resampled_mean(errors: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    seeds = len(errors)
    return np.asarray(errors[random.integers(0, seeds, seeds)].mean(0))


def table1_text(figures: dict[str, Any]) -> str:
    """The table in Markdown, and for each row and sex a sentence on whether it is better than the plain network."""
    lines = [
        "| network | epochs | seeds | MAE male, years | MAE female | within one year, male | female |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in figures["rows"]:
        cells = [_cell(row[sex]["mae_years"], 1, 3) for sex in ("male", "female")]
        cells += [_cell(row[sex]["within_one_year"], 100, 1) + " %" for sex in ("male", "female")]
        lines.append(f"| {row['title']} | {row['epochs']} | {row['seeds']} | " + " | ".join(cells) + " |")
    titles = {row["key"]: row["title"] for row in figures["rows"]}
    for key, by_sex in figures["against_plain"].items():
        lines.append("")
        for sex, found in by_sex.items():
            low, high = found["interval95"]
            verdict = ("better" if high < 0 else "worse") if found["real"] else "no more than chance"
            lines.append(
                f"{titles[key]} against {titles[_PLAIN]}, {sex}: {found['years']:+.3f} years ({low:+.3f} to {high:+.3f}): "
                f"{verdict}."
            )
    return "\n".join(lines)


def _cell(value: dict[str, float | None], factor: float, digits: int) -> str:
    mean, spread = value["mean"], value["sd"]
    assert mean is not None
    text = f"{factor * mean:.{digits}f}"
    return text if spread is None else f"{text} ± {factor * spread:.{digits}f}"


def by_year_text(figures: dict[str, Any]) -> str:
    """Markdown: n, MAE in years and the share within one year, by year of age, of the plain and the improved ResNet."""
    lines = [
        "| year | n | MAE, plain | improved | within one year, plain | improved |",
        "|---|---|---|---|---|---|",
    ]
    for year, by_sex in figures["by_year"].items():
        found = by_sex["all"]
        cells = [f"{found[key]['mae_years']:.2f}" for key in _COMPARED]
        cells += [f"{100 * found[key]['within_one_year']:.0f} %" for key in _COMPARED]
        lines.append(f"| {year} | {found['n']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_year_chart(figures: dict[str, Any], sex: str) -> Chart:
    """MAE by year of age of the plain and the improved ResNet; the numbers are hands. sex: all, male or female."""
    drawn = {year: by_sex[sex] for year, by_sex in figures["by_year"].items() if sex in by_sex}
    middles = [int(year.split("-")[0]) + 0.5 for year in drawn]
    lines = tuple(
        Line(name, colour, middles, [found[key]["mae_years"] for found in drawn.values()])
        for key, name, colour in (("plain", "ResNet", "#76808f"), ("improved", "improved ResNet", "#2a9d8f"))
    )
    counts = tuple(str(found["n"]) for found in drawn.values())
    return Chart(
        f"Plain and improved ResNet by age, {sex} (numbers: hands)",
        "bone age as read, years",
        "MAE, years",
        1.0,
        lines,
        counts,
    )


def table1_plot(outcomes: Sequence[Outcome], val: HandCrops) -> go.Figure:
    """One dot for each trained network: its MAE in years, boys and girls apart."""
    label = val.months.astype(float)
    figure = go.Figure()
    for name, members, colour in (("male", val.female == 0, "#2a9d8f"), ("female", val.female == 1, "#a463b8")):
        points = [
            (row.title, _scores(outcome.months, label, members)["mae_years"])
            for row in variants(1)
            for outcome in outcomes
            if outcome.variant == row.key
        ]
        titles, errors = zip(*points, strict=True)
        figure.add_trace(
            go.Scatter(x=errors, y=titles, mode="markers", name=name, marker={"color": colour, "size": 11})
        )
    figure.update_layout(
        xaxis_title="mean absolute error, years",
        yaxis={"autorange": "reversed"},
        template="plotly_white",
        height=420,
        margin={"l": 210},
    )
    return figure
