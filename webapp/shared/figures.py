"""Plotly figures: where the age sits, and which bones move it most."""

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from core.assessment.records import Assessment
from core.bones import BONE_TITLES
from core.standards import STANDARDS, age_distribution, standard, total_distribution
from webapp.shared.words import year_range, years

_STANDARD_COLOURS: Final = {"rus_chn": "#2a9d8f", "tw3_rus": "#4c78d0", "tw3_c_rus": "#a463b8"}
_AGE_COLOUR: Final = "#d9480f"
_LOWER_COLOUR: Final = "#4c78d0"
_HIGHER_COLOUR: Final = "#e8853d"

#: Grey that reads on white and on near-black alike; the style sheet sets it to the theme's own text colour.
TEXT_COLOUR: Final = "#76808f"
GRID_COLOUR: Final = "rgba(128,140,160,0.25)"

#: Height of the tallest bar of a distribution, as a share of the distance between two rows.
_RIDGE_HEIGHT: Final = 0.62

#: Bins of a distribution lower than this share of the highest are not drawn.
_WORTH_DRAWING: Final = 0.02

#: The axis shows at least this many years, so that a narrow interval looks narrow.
_LEAST_YEARS: Final = 4.0

#: Up to this many years a tick stands at each one, beyond that at every second one.
_YEARS_WITH_EACH_TICK: Final = 8.0


def age_figure(assessment: Assessment) -> go.Figure | None:
    """The age distribution under each standard with its table age and interval, and the calibrated age across all.

    None with a bone missing, when there is no distribution, and for a mature hand, where it would point to ages of children.
    """
    if assessment.bone_age_months is None or assessment.mature:
        return None
    figure = go.Figure()
    for row, key in enumerate(reversed(STANDARDS)):
        card = assessment.standards[key]
        edges, shares = age_distribution(
            key, assessment.sex, total_distribution(key, assessment.sex, dict(assessment.probabilities))
        )
        figure.add_trace(_ridge(row, card.name, _STANDARD_COLOURS[key], edges, shares))
        if card.interval90_years is not None:
            figure.add_trace(_interval(row, card.name, _STANDARD_COLOURS[key], card.interval90_years))
        point = card.age_years
        if point is None and card.mature:
            point = standard(key).age_range(assessment.sex)[1]
        if point is not None:
            figure.add_trace(_point(row, card.name, _STANDARD_COLOURS[key], point, card.age_text))
    _mark_age(figure, assessment)
    figure.update_yaxes(
        tickvals=list(range(len(STANDARDS))),
        ticktext=[assessment.standards[key].name for key in reversed(STANDARDS)],
        range=[-0.45, len(STANDARDS) - 0.05],
        showgrid=False,
        zeroline=False,
    )
    drawn = [years(assessment.bone_age_months), *(age for trace in figure.data for age in trace.x)]
    margin = max(0.3, (_LEAST_YEARS - max(drawn) + min(drawn)) / 2)
    first, last = min(drawn) - margin, max(drawn) + margin
    figure.update_xaxes(
        title_text="Age in years",
        gridcolor=GRID_COLOUR,
        zeroline=False,
        range=[first, last],
        dtick=1 if last - first <= _YEARS_WITH_EACH_TICK else 2,
    )
    return finished(figure, height=300)


def influence_figure(assessment: Assessment) -> go.Figure | None:
    """How many months the bone age would move if a bone were one grade lower or higher, the strongest bone on top.

    None if no bone moves the age, as when a bone is missing.
    """
    moves = {bone: one.influence_months for bone, one in assessment.bones.items() if one is not None}
    if assessment.bone_age_months is None or not any(any(pair) for pair in moves.values()):
        return None
    # Plotly draws the first row at the bottom.
    order = sorted(moves, key=lambda bone: max(abs(change) for change in moves[bone]))
    names = [BONE_TITLES[bone] for bone in order]
    figure = go.Figure()
    for title, colour, position in (
        ("One grade lower", _LOWER_COLOUR, 0),
        ("One grade higher", _HIGHER_COLOUR, 1),
    ):
        figure.add_bar(
            x=[moves[bone][position] for bone in order],
            y=names,
            orientation="h",
            name=title,
            marker_color=colour,
            hovertemplate=f"%{{y}}, {title.lower()}: %{{x:+.1f}} months<extra></extra>",
        )
    figure.update_layout(barmode="relative", bargap=0.3)
    figure.update_xaxes(title_text="Months of bone age", gridcolor=GRID_COLOUR, zerolinecolor=TEXT_COLOUR)
    figure.update_yaxes(showgrid=False)
    return finished(figure, height=430)


def _ridge(row: int, name: str, colour: str, edges: Any, shares: Any) -> go.Scatter:
    """A histogram as a filled step line that stands on its row; the thin ends are left out."""
    peak = float(shares.max())
    kept = np.flatnonzero(shares > peak * _WORTH_DRAWING)
    first, last = int(kept[0]), int(kept[-1])
    x = np.repeat(edges[first : last + 2], 2)
    y = np.concatenate(([row], np.repeat(row + _RIDGE_HEIGHT * shares[first : last + 1] / peak, 2), [row]))
    return go.Scatter(
        x=x.tolist(),
        y=y.tolist(),
        fill="toself",
        mode="lines",
        line={"width": 1, "color": colour},
        opacity=0.55,
        name=name,
        hoverinfo="skip",
        showlegend=False,
    )


def _interval(row: int, name: str, colour: str, interval: tuple[float, float]) -> go.Scatter:
    return go.Scatter(
        x=list(interval),
        y=[row - 0.14] * 2,
        mode="lines+markers",
        line={"width": 3, "color": colour},
        marker={"symbol": "line-ns", "size": 9, "line": {"width": 2, "color": colour}},
        hovertemplate=f"{name}: 90 % interval {year_range(*interval)} years<extra></extra>",
        showlegend=False,
    )


def _point(row: int, name: str, colour: str, years_old: float, text: str) -> go.Scatter:
    return go.Scatter(
        x=[years_old],
        y=[row - 0.14],
        mode="markers",
        marker={"size": 12, "color": colour, "line": {"width": 2, "color": "white"}},
        hovertemplate=f"{name}: {text}<extra></extra>",
        showlegend=False,
    )


def _mark_age(figure: go.Figure, assessment: Assessment) -> None:
    if assessment.bone_age_months is None:
        return
    age = years(assessment.bone_age_months)
    if assessment.interval90_months is not None:
        low, high = (years(end) for end in assessment.interval90_months)
        figure.add_vrect(x0=low, x1=high, fillcolor=_AGE_COLOUR, opacity=0.12, line_width=0, layer="below")
    figure.add_vline(x=age, line={"color": _AGE_COLOUR, "width": 2})
    figure.add_annotation(
        x=age,
        y=1.0,
        yref="paper",
        yanchor="bottom",
        showarrow=False,
        text=f"<b>Bone age {age:.1f} years</b>",
        font={"color": _AGE_COLOUR, "size": 13},
    )


def finished(figure: go.Figure, height: int) -> go.Figure:
    """The figure in the style that all the app's figures share. height: in pixels."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 12, "t": 34, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": TEXT_COLOUR},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        dragmode=False,
        hoverlabel={"font": {"family": "system-ui, sans-serif"}},
    )
    figure.update_xaxes(automargin=True, fixedrange=True)
    figure.update_yaxes(automargin=True, fixedrange=True)
    return figure
