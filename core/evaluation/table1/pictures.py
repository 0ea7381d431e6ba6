"""The pictures of the paper's Table 1 on our hands."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from core.cohort.crop_store import HandCrops
from core.evaluation.chart import Chart, Line
from core.evaluation.table1.figures import YearScores, scores_of
from core.evaluation.table1.runs import TITLES, NetworkOutcome


def by_year_chart(by_year: Mapping[str, Mapping[str, YearScores]], sex: str) -> Chart:
    """MAE by year of age of the plain and the improved ResNet; the numbers are hands. sex: all, male or female."""
    drawn = {year: by_sex[sex] for year, by_sex in by_year.items() if sex in by_sex}
    middles = [int(year.split("-")[0]) + 0.5 for year in drawn]
    lines = tuple(
        Line(name, colour, middles, [found.networks[key].mae_years for found in drawn.values()])
        for key, name, colour in (("plain", TITLES["plain"], "#76808f"), ("improved", TITLES["improved"], "#2a9d8f"))
    )
    counts = tuple(str(found.n) for found in drawn.values())
    return Chart(
        f"Plain and improved ResNet by age, {sex} (numbers: hands)",
        "bone age as read, years",
        "MAE, years",
        1.0,
        lines,
        counts,
    )


def table1_plot(outcomes: Sequence[NetworkOutcome], val: HandCrops) -> go.Figure:
    """One dot for each trained network: its MAE in years, boys and girls apart."""
    label = val.months.astype(float)
    figure = go.Figure()
    for name, members, colour in (("male", val.female == 0, "#2a9d8f"), ("female", val.female == 1, "#a463b8")):
        points = [
            (title, scores_of(outcome, label, members).mae_years)
            for key, title in TITLES.items()
            for outcome in outcomes
            if outcome.variant == key
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
