"""A line chart described once and written twice: as a Plotly page to look into, and as an SVG for a document."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

_SIZE_INCHES = (6.4, 4.0)


@dataclass(frozen=True)
class Line:
    """A line of markers. x, y: of equal length. reach: below and above each y, for whiskers. dashed: no markers."""

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    reach: Sequence[tuple[float, float]] | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines over common axes, the upright one from 0.

    x_step: between two ticks. text: labels at the points of the first line, such as counts; empty for none.
    """

    title: str
    x_title: str
    y_title: str
    x_step: float
    lines: tuple[Line, ...]
    text: tuple[str, ...] = ()


def write_chart(chart: Chart, folder: Path, stem: str) -> list[Path]:
    """Writes `stem`.html, beside plotly.min.js, and `stem`.svg into an existing folder. Raises OSError."""
    page, picture = folder / f"{stem}.html", folder / f"{stem}.svg"
    plotly_figure(chart).write_html(page, include_plotlyjs="directory")
    # One seed for the names inside, and no date, so that the same figures give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "bonegrade", "svg.fonttype": "none", "font.size": 10}):
        _drawing(chart).savefig(picture, metadata={"Date": None})
    return [page, picture]


def plotly_figure(chart: Chart) -> go.Figure:
    """The chart for a browser."""
    figure = go.Figure()
    for place, line in enumerate(chart.lines):
        text = list(chart.text) if place == 0 and chart.text else None
        figure.add_scatter(
            x=list(line.x),
            y=list(line.y),
            name=line.name,
            mode="lines" if line.dashed else "lines+markers" + ("+text" if text else ""),
            text=text,
            textposition="top center",
            line={"color": line.colour, "dash": "dash" if line.dashed else "solid"},
            error_y=None
            if line.reach is None
            else {
                "type": "data",
                "symmetric": False,
                "array": [above for _, above in line.reach],
                "arrayminus": [below for below, _ in line.reach],
            },
        )
    figure.update_layout(template="plotly_white", title=chart.title, legend={"orientation": "h", "y": 1.08})
    figure.update_xaxes(title_text=chart.x_title, dtick=chart.x_step)
    figure.update_yaxes(title_text=chart.y_title, rangemode="tozero")
    return figure


def _drawing(chart: Chart) -> Figure:
    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot(title=chart.title, xlabel=chart.x_title, ylabel=chart.y_title)
    for line in chart.lines:
        reach = None if line.reach is None else list(zip(*line.reach, strict=True))
        axes.errorbar(
            line.x,
            line.y,
            yerr=reach,
            label=line.name,
            color=line.colour,
            linestyle="--" if line.dashed else "-",
            marker="" if line.dashed else "o",
            markersize=4,
            capsize=3,
        )
    for x, y, text in zip(chart.lines[0].x, chart.lines[0].y, chart.text, strict=False):
        axes.annotate(text, (x, y), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=7)
    axes.xaxis.set_major_locator(MultipleLocator(chart.x_step))
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure
