"""The figures of a replay: how good each order's models are, and how many fewer films an order needs for the same error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from core.evaluation.chart import Chart, Line
from core.evaluation.figures import Cell, Inline, Table
from core.learning.replay.orders import TITLES, Ordering
from core.learning.replay.runs import CellOutcome, Worth

#: The order with which every other is compared.
_RANDOM: Final = Ordering.RANDOM
_COLOURS: Final = ("#2a9d8f", "#76808f", "#a463b8", "#c77d2f", "#3f6fb5", "#b5473f", "#7a8f2a", "#8f5f2a")


@dataclass(frozen=True)
class OrderRow:
    """A number of films read in an order: means over the seeds. sd_months: of the error over the seeds; None for one seed."""

    order: Ordering
    films: int
    seeds: int
    sd_months: float | None
    worth: Inline[Worth]


@dataclass(frozen=True)
class FilmsSaved:
    """What an order saves. fewer: by number of random films, the share of films that this order saves at the same error; below
    0 it needs more, None where it does not reach that error. average: over the errors that it reaches."""

    fewer: Mapping[int, float | None]
    average: float | None


@dataclass(frozen=True)
class ReplayFigures:
    """A replay. start: before anything is read. falls: whether an order's mean error falls at every step, from the start on.
    saved: by order, except the random one."""

    start: Worth
    rows: Sequence[OrderRow]
    falls: Mapping[Ordering, bool]
    saved: Mapping[Ordering, FilmsSaved]


def replay_figures(start: Worth, outcomes: Sequence[CellOutcome]) -> ReplayFigures:
    """Returns the figures of what is done so far; a cell with seeds still missing is averaged over fewer."""
    rows = []
    for order, films in sorted({(one.cell.order, one.cell.films) for one in outcomes}, key=_place):
        own = [one.worth for one in outcomes if (one.cell.order, one.cell.films) == (order, films)]
        means = {name: round(float(np.mean([getattr(one, name) for one in own])), 4) for name in vars(start)}
        sd = round(float(np.std([one.mae_months for one in own], ddof=1)), 3) if len(own) > 1 else None
        rows.append(OrderRow(order, films, len(own), sd, Worth(**means)))
    errors = {order: _errors(start, rows, order) for order in dict.fromkeys(row.order for row in rows)}
    random = errors.get(_RANDOM, {})
    return ReplayFigures(
        start=start,
        rows=rows,
        falls={order: bool((np.diff(list(found.values())) < 0).all()) for order, found in errors.items()},
        saved={order: _saved(found, random) for order, found in errors.items() if order != _RANDOM},
    )


def _place(cell: tuple[Ordering, int]) -> tuple[int, int]:
    order, films = cell
    return list(TITLES).index(order), films


def _errors(start: Worth, rows: Sequence[OrderRow], order: Ordering) -> dict[int, float]:
    return {0: start.mae_months} | {row.films: row.worth.mae_months for row in rows if row.order == order}


def _saved(own: Mapping[int, float], random: Mapping[int, float]) -> FilmsSaved:
    fewer: dict[int, float | None] = {}
    for films, error in random.items():
        needed = films_for(own, error) if films else None
        if films:
            fewer[films] = None if needed is None else round(1 - needed / films, 3)
    reached = [one for one in fewer.values() if one is not None]
    return FilmsSaved(fewer, round(float(np.mean(reached)), 3) if reached else None)


def films_for(errors: Mapping[int, float], error: float) -> float | None:
    """Returns after how many films an error is first reached, interpolated linearly between the counts that were measured; None
    where it is not reached. errors: months by films, 0 the start."""
    counts = sorted(errors)
    for before, after in pairwise(counts):
        if errors[after] <= error:
            fallen = errors[before] - errors[after]
            return before + (after - before) * (1.0 if fallen <= 0 else min(1.0, (errors[before] - error) / fallen))
    return None


def replay_text(figures: ReplayFigures) -> str:
    """Returns the tables in Markdown."""
    rows: list[Sequence[Cell]] = [("start model", 0, "", *_cells(figures.start, None))]
    rows += [(TITLES[row.order], row.films, row.seeds, *_cells(row.worth, row.sd_months)) for row in figures.rows]
    head = ("order", "films read", "seeds", "MAE, months", "within 12 months", "same grade", "within one grade")
    told = [Table(head, rows).markdown()]
    if figures.saved:
        counts = sorted({films for one in figures.saved.values() for films in one.fewer})
        lines: list[Sequence[Cell]] = [
            (TITLES[order], "yes" if figures.falls[order] else "no", *(_share(one.fewer[n]) for n in counts),
             _share(one.average))
            for order, one in figures.saved.items()
        ]  # fmt: skip
        fewer = (f"fewer than {n} random films" for n in counts)
        told.append(Table(("order", "falls at every step", *fewer, "on average"), lines).markdown())
    return "\n\n".join(told)


def _cells(worth: Worth, sd: float | None) -> tuple[Cell, ...]:
    spread = "" if sd is None else f" ± {sd:.2f}"
    shares = (f"{100 * share:.1f} %" for share in (worth.within_12, worth.exact, worth.within_one))
    return f"{worth.mae_months:.2f}{spread}", *shares


def _share(value: float | None) -> str:
    return "not reached" if value is None else f"{100 * value:.0f} %"


def replay_chart(figures: ReplayFigures) -> Chart:
    """Returns a chart of the error by films read, one line per order; whiskers are one standard deviation over the seeds either
    way."""
    lines = []
    for place, order in enumerate(figures.falls):
        own = [row for row in figures.rows if row.order == order]
        reach = [(0.0, 0.0), *((row.sd_months or 0.0, row.sd_months or 0.0) for row in own)]
        errors = [figures.start.mae_months, *(row.worth.mae_months for row in own)]
        lines.append(
            Line(TITLES[order], _COLOURS[place % len(_COLOURS)], [0, *(row.films for row in own)], errors, reach)
        )
    return Chart("Error after so many films were read", "films read", "MAE, months", 100.0, tuple(lines))
