"""The answer in words and numbers: bone age, standards, checks, score table and where it all comes from."""

from html import escape
from typing import Final

from core.assessment.records import Assessment
from core.bones import BONE_TITLES, RUS_BONES
from core.standards import STANDARDS, ScoreCard
from webapp.shared.bone_style import bone_colour
from webapp.shared.words import (
    NO_VALUE,
    SEX_WORDS,
    SIDE_WORDS,
    short_hash,
    weights_line,
    year_range,
    years,
    years_and_months,
)

WELCOME: Final = """
<section class="welcome" aria-label="How it works">
  <h2>Read a hand radiograph bone by bone</h2>
  <ol>
    <li><b>Choose the child's sex.</b> The score tables differ for girls and boys.</li>
    <li><b>Add a film</b> (DICOM, PNG, JPEG, TIFF, WebP or BMP), or pick an example.</li>
    <li><b>Press Assess.</b> The 13 epiphyses are found, graded and scored; you see why, and how sure the age is.</li>
  </ol>
  <p>Any rotation, either hand, dark or bright, inverted or not. The film is not kept: it is removed from the server
  within two hours, and names, dates and numbers in a DICOM file are never stored or shown.</p>
</section>
"""


def message(text: str, kind: str = "error", title: str | None = None) -> str:
    """A panel with one sentence that stays until the next try. kind: "error" or "warning"; no text, no panel."""
    if not text:
        return ""
    title = title or {"error": "Not assessed", "warning": "Please note"}[kind]
    return f'<div class="message {kind}" role="alert"><b>{escape(title)}</b><span>{escape(text)}</span></div>'


def missing_sentence(assessment: Assessment) -> str:
    """What to know if bones were not found; empty if all were."""
    if not assessment.missing:
        return ""
    found = len(assessment.bones) - len(assessment.missing)
    names = ", ".join(BONE_TITLES[bone] for bone in assessment.missing)
    return (
        f"{found} of {len(assessment.bones)} bones were found, so there is no total and no bone age. "
        f"Not found: {names}. Use a film that shows the whole hand and wrist."
    )


def headline(assessment: Assessment) -> str:
    """The bone age first and large, its interval, the three standards, and the checks."""
    tiles = "".join(_tile(assessment.standards[key]) for key in STANDARDS)
    return (
        f'<section class="headline" aria-label="Bone age">{_age(assessment)}'
        f'<div class="tiles">{tiles}</div>{_checks(assessment)}</section>'
    )


def _age(assessment: Assessment) -> str:
    about = f"Bone age · {SEX_WORDS[assessment.sex].lower()}"
    months = assessment.bone_age_months
    if months is None:
        found = len(assessment.bones) - len(assessment.missing)
        return (
            f'<p class="eyebrow">{about}</p><p id="bone-age" data-months="" class="no-age">No bone age</p>'
            f'<p class="interval">{found} of {len(assessment.bones)} bones found; an age needs all of them.</p>'
            f"{_hint(assessment)}"
        )
    interval = assessment.interval90_months
    span = ""
    if interval is not None:
        low, high = (years(end) for end in interval)
        span = f'<p class="interval">90 % interval <b>{year_range(low, high)} years</b>{_consensus(assessment)}</p>'
    return (
        f'<p class="eyebrow">{about}</p>'
        f'<p id="bone-age" data-months="{months!r}"><strong>{years(months):.1f}</strong> years'
        f"<span>{years_and_months(months)}</span></p>{span}"
        f'<p class="scale-note">Calibrated to the Greulich-Pyle readings of radiologists.{_opinions(assessment)}</p>'
    )


def _consensus(assessment: Assessment) -> str:
    if assessment.consensus90_months is None:
        return ""
    low, high = (years(end) for end in assessment.consensus90_months)
    return f' for one reader, <b id="consensus">{year_range(low, high)}</b> for what six would agree on'


def _hint(assessment: Assessment) -> str:
    second = assessment.second_opinion
    if second is None:
        return ""
    return (
        '<p class="scale-note" id="hint">The network that looks at the whole hand would say '
        f"<b>{years(second.months):.1f}</b> years: a hint, no bone age.</p>"
    )


def _opinions(assessment: Assessment) -> str:
    second, bones = assessment.second_opinion, assessment.bones_age_months
    if second is None or bones is None:
        return ""
    return (
        f' <span id="opinions">The 13 bones alone: <b>{years(bones):.1f}</b>; a second network on the whole hand, '
        f"which counts {second.weight:.0%}: <b>{years(second.months):.1f}</b>.</span>"
    )


def _tile(card: ScoreCard) -> str:
    total = NO_VALUE if card.total is None else str(card.total)
    interval = "" if card.interval90_years is None else f"<small>90 %: {year_range(*card.interval90_years)}</small>"
    age = "No total" if card.total is None else card.age_text
    return (
        f'<div class="tile"><span class="tile-name">{escape(card.name)}</span><b>{escape(age)}</b>{interval}'
        f"<small>Score {total}</small></div>"
    )


def _checks(assessment: Assessment) -> str:
    rows = "".join(
        f'<li class="{"passed" if check.passed else "failed"}"><span class="mark" aria-hidden="true">'
        f'{"✓" if check.passed else "!"}</span><span><span class="visually-hidden">'
        f"{'Passed: ' if check.passed else 'Failed: '}</span>{escape(check.message)}</span></li>"
        for check in assessment.checks
    )
    failed = sum(not check.passed for check in assessment.checks)
    title = "All checks passed" if not failed else f"{failed} of {len(assessment.checks)} checks need a look"
    return f'<details class="checks"{" open" if failed else ""}><summary>{title}</summary><ul>{rows}</ul></details>'


def score_table(assessment: Assessment) -> str:
    """Grade and score of each bone under each standard, with totals, ages and intervals."""
    cards = [assessment.standards[key] for key in STANDARDS]
    names = "".join(f'<th colspan="2" scope="colgroup">{escape(card.name)}</th>' for card in cards)
    columns = "".join('<th scope="col">Grade</th><th scope="col">Score</th>' for _ in cards)
    rows = "".join(
        f'<tr data-bone="{bone}" style="--bone:{bone_colour(bone)}"><th scope="row">{escape(BONE_TITLES[bone])}</th>'
        + "".join(_cells(card, bone) for card in cards)
        + "</tr>"
        for bone in RUS_BONES
    )
    foot = (
        _foot("Total score", [NO_VALUE if card.total is None else str(card.total) for card in cards])
        + _foot("Table age", [card.age_text if card.total is not None else "no total" for card in cards])
        + _foot(
            "90 % interval, years",
            [NO_VALUE if card.interval90_years is None else year_range(*card.interval90_years) for card in cards],
        )
    )
    return (
        '<div class="table-scroll" tabindex="0" role="region" aria-label="Score table">'
        '<table class="scores"><thead><tr><th rowspan="2" scope="col">Bone</th>'
        f"{names}</tr><tr>{columns}</tr></thead><tbody>{rows}</tbody><tfoot>{foot}</tfoot></table></div>"
    )


def _cells(card: ScoreCard, bone: str) -> str:
    label, score = card.labels[bone], card.scores[bone]
    return f"<td>{NO_VALUE if label is None else escape(label)}</td><td>{NO_VALUE if score is None else score}</td>"


def _foot(title: str, values: list[str]) -> str:
    cells = "".join(f'<td colspan="2">{escape(value)}</td>' for value in values)
    return f'<tr><th scope="row">{title}</th>{cells}</tr>'


def provenance(assessment: Assessment) -> str:
    """Which weights and which pixels the result comes from, and how the film lay."""
    facts = {
        "Weights": weights_line(assessment.weights),
        "Film": f"{short_hash(assessment.film_sha256)} · {assessment.width} x {assessment.height} pixels",
        "Shown": f"{SIDE_WORDS[assessment.laterality]}, turned by {round(assessment.rotation_degrees)}°"
        + (", greys inverted" if assessment.inverted else ""),
        "Time": f"{assessment.seconds:.1f} s",
    }
    rows = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="provenance">{rows}</dl>'
