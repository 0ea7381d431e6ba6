"""Plotly figures of the Train tab: a run's curve, the grades that were collected, and the gate's differences."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from core.bones import BONE_TITLES
from core.learning.gate.report import Difference, GateReport
from core.learning.lessons.collected import Collected
from webapp.shared.figures import GRID_COLOUR, TEXT_COLOUR, finished

_COLOURS: Final = {"better": "#2a9d8f", "worse": "#d9480f", "no difference": "#8793a5"}
#: From a grade that was never given to the one given most often.
_COUNTS: Final = ((0.0, "rgba(42,157,143,0.08)"), (1.0, "rgba(42,157,143,0.9)"))
#: What is drawn of a run's log; trackio has the rest.
_CURVES: Final = {
    "loss": "loss on films that it learns from",
    "held_loss": "loss on films held back",
    "held_error": "error on films held back, in grades",
    "held_exact": "share of exact grades on films held back",
    "measured_months": "error of the bone age, in months",
}
_LESSONS: Final = {"grader": "Grader", "localizer": "Localiser"}
_UNITS: Final = {"months": "Months", "kappa": "Weighted kappa", "share": "Share"}


def curve_figure(measurements: Sequence[Mapping[str, Any]]) -> go.Figure | None:
    """What a run's log says of each lesson, by step; None before there is anything."""
    lines: dict[str, tuple[list[float], list[float]]] = {}
    for row in measurements:
        lesson = _LESSONS.get(row["lesson"])
        for name, title in _CURVES.items():
            value = row.get(name)
            if lesson is None or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            x, y = lines.setdefault(f"{lesson}: {title}", ([], []))
            x.append(float(row["step"]))
            y.append(float(value))
    if not lines:
        return None
    figure = go.Figure()
    for name, (x, y) in lines.items():
        figure.add_scatter(x=x, y=y, mode="lines+markers", name=name, showlegend=True)
    figure.update_xaxes(title_text="Step", gridcolor=GRID_COLOUR, zeroline=False)
    figure.update_yaxes(gridcolor=GRID_COLOUR, zerolinecolor=TEXT_COLOUR)
    return finished(figure, height=340)


def collected_figure(found: Collected) -> go.Figure | None:
    """How often each grade of each bone was given, a row for each bone; None without a grade."""
    if not found.grades:
        return None
    most = max(map(len, found.by_bone.values()))
    rows = [[*counts, *[None] * (most - len(counts))] for counts in found.by_bone.values()]
    titles = [BONE_TITLES[bone] for bone in found.by_bone]
    figure = go.Figure(
        go.Heatmap(
            x=list(range(most)), y=titles, z=rows, text=[[count or "" for count in row] for row in rows],
            texttemplate="%{text}", colorscale=_COUNTS, zmin=0, showscale=False, xgap=2, ygap=2, hoverongaps=False,
            hovertemplate="%{y}: %{z}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(
        title_text="How often each grade was given (0: not visible yet)", dtick=1, showgrid=False, zeroline=False
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return finished(figure, height=430)


def difference_figures(report: GateReport) -> dict[str, go.Figure]:
    """The differences with their intervals by unit ("months", "kappa", "share"), drawn so that right of zero is better."""
    figures = {}
    for unit, title in _UNITS.items():
        rows = [one for one in report.differences if one.unit == unit and one.difference is not None]
        if rows:
            figures[unit] = _differences(rows, title)
    return figures


def _differences(rows: Sequence[Difference], title: str) -> go.Figure:
    figure = go.Figure()
    for row, one in enumerate(rows):
        assert one.difference is not None and one.interval is not None
        sign = 1.0 if one.higher_is_better else -1.0
        value, ends = sign * one.difference, sorted(sign * end for end in one.interval)
        figure.add_scatter(
            x=[value],
            y=[row],
            error_x={
                "type": "data", "symmetric": False, "array": [ends[1] - value], "arrayminus": [value - ends[0]],
                "color": _COLOURS[one.verdict], "thickness": 3, "width": 5,
            },
            mode="markers",
            marker={"size": 11, "color": _COLOURS[one.verdict]},
            hovertemplate=f"{one.title}: {one.live:.3f} before, {one.candidate:.3f} now, {one.verdict}<extra></extra>",
            showlegend=False,
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": TEXT_COLOUR, "width": 1})
    figure.update_xaxes(title_text=f"{title}: better to the right of 0", gridcolor=GRID_COLOUR, zeroline=False)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[one.title for one in rows], range=[len(rows) - 0.4, -0.6],
        gridcolor=GRID_COLOUR, zeroline=False,
    )  # fmt: skip
    return finished(figure, height=90 + 30 * len(rows))
