"""Plotly figures of the Agreement tab: kappa by bone, confusion by grade, differences in age, time per film."""

import math
from collections.abc import Mapping, Sequence
from html import escape  # Plotly reads names as a small markup of its own, without a template
from typing import Final

import numpy as np
import plotly.graph_objects as go

from core.agreement import LEAST_FILMS, AgePairs, BoneAgreement, Kappa, ReadingTimes
from core.bones import BONE_TITLES, RUS_BONES
from core.standards import grade_label
from webapp.agreement.words import POINTS_DRAWN, duration, higher_or_lower, kappa_words, short_count, signed
from webapp.shared.bone_style import bone_colour
from webapp.shared.figures import GRID_COLOUR, TEXT_COLOUR, finished
from webapp.shared.words import counted, years

_TEAL: Final = "#2a9d8f"
_MARK: Final = "#d9480f"
_REFERENCE: Final = "#8793a5"
_CELL: Final = "42,157,143"

#: Opacity of the fullest cell, so that the page's own letters can be read on it, bright or dark.
_FULLEST: Final = 0.75

#: Grades on either side of those in use, so that the diagonal is seen to continue.
_GRADES_AROUND: Final = 1

#: The axis of kappa starts at the first or further left; it has fine ticks if it starts at the second or further right.
_LATEST_START: Final = 0.8
_FINE_TICKS_FROM: Final = 0.7

#: How far below a bone's point that of all readers stands, in rows.
_REFERENCE_BELOW: Final = 0.3

#: Share of the span of ages that is left free on the right.
_ROOM_FOR_NAMES: Final = 0.2

#: The axis of ages shows at least this many months either way, so that small differences look small.
_LEAST_MONTHS: Final = 12.0


def kappa_figure(kappas: Mapping[str, Kappa], pooled: Mapping[str, Kappa] | None = None) -> go.Figure | None:
    """Kappa by bone with its 90 % interval, wrist on top; None if no bone has one.

    pooled: of all readers, drawn beside it as what to expect.
    """
    if all(kappa.value is None for kappa in kappas.values()):
        return None
    figure = go.Figure()
    _add_reference(figure, pooled or {})
    ends = [0.0 if kappa.value is None else (kappa.interval90 or (kappa.value,))[0] for kappa in kappas.values()]
    first = max(min(_LATEST_START, math.floor((min(ends) - 0.02) * 10) / 10), -1.0)
    for bone, kappa in kappas.items():
        title, colour = BONE_TITLES[bone], bone_colour(bone)
        if kappa.value is None:
            figure.add_annotation(
                x=first, y=_row(bone), text=kappa_words(kappa), showarrow=False, xanchor="left", font={"size": 11}
            )
            continue
        low, high = kappa.interval90 or (kappa.value, kappa.value)
        figure.add_scatter(
            x=[kappa.value],
            y=[_row(bone)],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - kappa.value],
                "arrayminus": [kappa.value - low],
                "color": colour,
                "thickness": 3,
                "width": 5,
            },
            mode="markers",
            marker={"size": 12, "color": colour, "line": {"width": 1, "color": "#334155"}},
            name=title,
            showlegend=False,
            hovertemplate=f"{title}: {kappa_words(kappa)}<extra></extra>",
        )
    figure.update_xaxes(
        title_text="Weighted kappa",
        range=[first - 0.01, 1.01],
        gridcolor=GRID_COLOUR,
        zerolinecolor=TEXT_COLOUR,
        dtick=0.05 if first >= _FINE_TICKS_FROM else 0.1 if first >= 0 else 0.25,
    )
    figure.update_yaxes(
        tickvals=[_row(bone) for bone in RUS_BONES],
        ticktext=[BONE_TITLES[bone] for bone in RUS_BONES],
        range=[len(RUS_BONES) - 0.4, -0.6],
        gridcolor=GRID_COLOUR,
        zeroline=False,
    )
    return finished(figure, height=470)


def confusion_figure(agreement: BoneAgreement, first: str, second: str) -> go.Figure | None:
    """How often each pair of grades was given to one bone, the diagonal outlined; None with fewer than LEAST_FILMS films.

    first, second: who gave the grades of the rows and of the columns.
    """
    first, second = escape(first), escape(second)
    counts = agreement.confusion
    used = np.flatnonzero(counts.sum(0) + counts.sum(1))
    if agreement.kappa.films < LEAST_FILMS:
        return None
    lowest, highest = max(used[0] - _GRADES_AROUND, 0), min(used[-1] + _GRADES_AROUND, len(counts) - 1)
    grades = range(lowest, highest + 1)
    labels = [grade_label(agreement.bone, grade) for grade in grades]
    shown = counts[lowest : highest + 1, lowest : highest + 1]
    places = list(range(len(labels)))
    hover = [
        [
            f"{first}: grade {labels[row]}, {second}: grade {labels[column]}: {counted(int(shown[row, column]), 'film')}"
            for column in places
        ]
        for row in places
    ]
    figure = go.Figure(
        go.Heatmap(
            x=places,
            y=places,
            z=shown.tolist(),
            text=hover,
            hovertemplate="%{text}<extra></extra>",
            colorscale=[[0, f"rgba({_CELL},0)"], [1, f"rgba({_CELL},{_FULLEST})"]],
            zmin=0,
            showscale=False,
            xgap=1,
            ygap=1,
        )
    )
    filled = np.argwhere(shown > 0)
    figure.add_scatter(
        x=filled[:, 1].tolist(),
        y=filled[:, 0].tolist(),
        text=[short_count(int(shown[row, column])) for row, column in filled],
        mode="text",
        textfont={"size": 12},
        hoverinfo="skip",
        showlegend=False,
    )
    for place in places:
        figure.add_shape(
            type="rect", x0=place - 0.5, x1=place + 0.5, y0=place - 0.5, y1=place + 0.5,
            line={"color": _MARK, "width": 1.5}, layer="above",
        )  # fmt: skip
    axis = {"tickvals": places, "ticktext": labels, "showgrid": False, "zeroline": False}
    figure.update_xaxes(title_text=f"Grade by {second}", range=[-0.5, len(places) - 0.5], **axis)
    figure.update_yaxes(title_text=f"Grade by {first}", range=[len(places) - 0.5, -0.5], **axis)
    return _without_legend(figure, height=470)


def ages_figure(ages: AgePairs, first: str, second: str) -> go.Figure | None:
    """Bland and Altman's plot: difference over mean of both ages, with mean and limits; None below LEAST_FILMS films."""
    first, second = escape(first), escape(second)
    if len(ages.film_ids) < LEAST_FILMS:
        return None
    # The same films are drawn each time; mean and limits are over all.
    drawn = np.random.default_rng(0).permutation(len(ages.film_ids))[:POINTS_DRAWN]
    apart = (ages.first - ages.second)[drawn]
    middle = (ages.first + ages.second)[drawn] / 2
    figure = go.Figure(
        go.Scatter(
            x=[years(float(months)) for months in middle],
            y=apart.tolist(),
            mode="markers",
            marker={"size": 8, "color": _TEAL, "opacity": 0.75, "line": {"width": 0.5, "color": "white"}},
            text=[
                f"Film {film}: {first} {higher_or_lower(float(months), second)}, about {years(float(age)):.1f} years"
                for film, months, age in zip(ages.film_ids[drawn], apart, middle, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    )
    reach = float(np.abs(ages.first - ages.second).max())
    differences = ages.differences
    if differences.mean is not None and differences.limits is not None:
        _mark_level(figure, differences.mean, "mean", None)
        reach = max(reach, *(abs(limit) for limit in differences.limits))
        for limit in differences.limits:
            _mark_level(figure, limit, "95 % limit", "dash")
        if differences.mean_interval90 is not None:
            low, high = differences.mean_interval90
            figure.add_hrect(y0=low, y1=high, fillcolor=_MARK, opacity=0.15, line_width=0, layer="below")
    reach = max(reach, _LEAST_MONTHS) * 1.15
    figure.update_yaxes(
        title_text=f"Months: {first} minus {second}", range=[-reach, reach], gridcolor=GRID_COLOUR,
        zerolinecolor=TEXT_COLOUR,
    )  # fmt: skip
    youngest, oldest = years(float(middle.min())), years(float(middle.max()))
    figure.update_xaxes(
        title_text="Mean of both ages in years",
        # The levels' names stand at the right end, clear of the points.
        range=[youngest - 0.5, oldest + 0.5 + _ROOM_FOR_NAMES * (oldest - youngest)],
        gridcolor=GRID_COLOUR,
        zeroline=False,
    )
    return _without_legend(figure, height=400)


def times_figure(readers: Sequence[ReadingTimes]) -> go.Figure | None:
    """Seconds per film by reader: box from the first to the third quartile, whiskers at 5 and 95 %; None while no reader
    has LEAST_FILMS films."""
    timed = [one for one in readers if one.films.quartiles is not None and one.films.whiskers is not None]
    if max((one.films.counted for one in timed), default=0) < LEAST_FILMS:
        return None
    figure = go.Figure()
    # Plotly draws the first row at the bottom.
    for one in reversed(timed):
        if one.films.quartiles is None or one.films.whiskers is None:
            continue
        reader = escape(one.reader)
        (first, median, third), (low, high) = one.films.quartiles, one.films.whiskers
        figure.add_box(
            y=[reader],
            q1=[first],
            median=[median],
            q3=[third],
            lowerfence=[low],
            upperfence=[high],
            orientation="h",
            name=reader,
            line={"color": _TEAL, "width": 2},
            fillcolor=f"rgba({_CELL},0.25)",
            hoverinfo="skip",
            showlegend=False,
        )
        # The box itself would show five numbers without a word.
        figure.add_scatter(
            x=[median],
            y=[reader],
            mode="markers",
            marker={"size": 14, "color": _TEAL, "opacity": 0},
            hovertemplate=f"{reader}: median {duration(median)} per film, half of the films {duration(first)} to "
            f"{duration(third)} ({counted(one.films.counted, 'film')})<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title_text="Seconds per film", rangemode="tozero", gridcolor=GRID_COLOUR, zeroline=False)
    figure.update_yaxes(showgrid=False)
    return _without_legend(figure, height=120 + 44 * len(timed))


def _add_reference(figure: go.Figure, pooled: Mapping[str, Kappa]) -> None:
    """What all readers reach among themselves, as hollow diamonds."""
    known = {bone: kappa.value for bone, kappa in pooled.items() if kappa.value is not None}
    if not known:
        return
    figure.add_scatter(
        x=list(known.values()),
        y=[_row(bone) + _REFERENCE_BELOW for bone in known],
        text=[f"{BONE_TITLES[bone]}: {value:.2f} among all readers" for bone, value in known.items()],
        mode="markers",
        marker={"symbol": "diamond-open", "size": 8, "color": _REFERENCE, "line": {"width": 2}},
        name="All readers among themselves",
        hovertemplate="%{text}<extra></extra>",
    )


def _without_legend(figure: go.Figure, height: int) -> go.Figure:
    """The app's style without the space that a legend takes on top."""
    return finished(figure, height).update_layout(margin_t=12)


def _row(bone: str) -> int:
    """Where a bone stands in the figure of kappas, the wrist on top."""
    return RUS_BONES.index(bone)


def _mark_level(figure: go.Figure, months: float, name: str, dash: str | None) -> None:
    figure.add_hline(
        y=months,
        line={"color": _MARK, "width": 2 if dash is None else 1.5, "dash": dash},
        annotation_text=f"{name} {signed(months)}",
        annotation_position="top right",
        annotation_font={"color": _MARK, "size": 12},
    )
