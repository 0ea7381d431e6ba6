"""The answer in words and numbers: bone age, standards, checks, score table and where it all comes from."""

from dataclasses import dataclass
from typing import Final

from core.assessment.age.measured_error import MeasuredErrors, error_on_hands_like
from core.assessment.records import END_OF_SCALE, Assessment, Check
from core.bones import BONE_TITLES, RUS_BONES, Sex
from core.standards import STANDARDS
from webapp.shared.templates import render
from webapp.shared.words import (
    DISCLAIMER,
    NO_VALUE,
    SEX_WORDS,
    SIDE_WORDS,
    percent,
    short_hash,
    weights_line,
    year_range,
    years,
    years_and_months,
)

WELCOME: Final = render("assess/welcome.html")

#: Checks that, failed, also stand above the result.
_ABOVE: Final = ("one_hand", "stated_sex")


def message(text: str, kind: str = "error", title: str | None = None) -> str:
    """A panel with one sentence that stays until the next try. kind: "error" or "warning"; no text, no panel."""
    if not text:
        return ""
    title = title or {"error": "Not assessed", "warning": "Please note"}[kind]
    return render("shared/message.html", kind=kind, title=title, text=text, role="alert")


def missing_sentence(assessment: Assessment) -> str:
    """What to know if bones were not found; empty if all were."""
    if not assessment.missing:
        return ""
    found = len(assessment.bones) - len(assessment.missing)
    names = ", ".join(BONE_TITLES[bone] for bone in assessment.missing)
    return (
        f"{found} of {len(assessment.bones)} bones were found, so there is no total and no bone age. "
        f"Not found or cut off: {names}. Use a film that shows the whole hand and wrist."
    )


def sex_message(said: Sex | None, sex: Sex | None, by_file: bool) -> str:
    """Says where the sex comes from if the film's file chose it, and points out a choice that differs from what it says."""
    if said is None or (said == sex and not by_file):
        return ""
    word = SEX_WORDS[said].lower()
    if sex == said:
        return message(f"The sex was chosen by the film's file, which says {word}.", "warning")
    chosen = "no sex" if sex is None else SEX_WORDS[sex].lower()
    return message(
        f"The film's file says {word}, and {chosen} is chosen: check the sex, and that the film is this child's.",
        "warning",
    )


def what_to_know(assessment: Assessment) -> str:
    """What stands above the result: that the film shows two hands, that its file states another sex, and that bones were not
    found; empty if none of these."""
    said = [check.message for check in assessment.checks if check.name in _ABOVE and not check.passed]
    return " ".join(filter(None, [*said, missing_sentence(assessment)]))


@dataclass(frozen=True)
class _Tile:
    """One standard's age. term: that explains it. below: its interval, if there is one, and its score."""

    term: str
    name: str
    age: str
    below: tuple[str, ...]


def headline(assessment: Assessment, figures: MeasuredErrors | None) -> str:
    """The bone age, large, with its interval, and beside it how good it is.

    figures: how far off ages were when it was measured, with whichever weights.
    """
    months = assessment.bone_age_months
    second = assessment.second_opinion
    return render(
        "assess/headline.html",
        about=f"Bone age · {SEX_WORDS[assessment.sex].lower()}",
        found=len(assessment.bones) - len(assessment.missing),
        of_all=len(assessment.bones),
        months=months,
        mature_from=f"{years(END_OF_SCALE[assessment.sex]):g}" if assessment.mature else None,
        years=None if months is None else f"{years(months):.1f}",
        years_and_months=None if months is None else years_and_months(months),
        interval=_year_range(assessment.interval90_months),
        hint=None if second is None else f"{years(second.months):.1f}",
        age_at_film=_age_at_film(assessment),
        how_good=error_on_hands_like(assessment, figures),
        rare=_rare(assessment),
    )


def _rare(assessment: Assessment) -> str:
    """Says that the model learned from few hands of this age; empty where that is not so."""
    return next((check.message for check in assessment.checks if check.name == "rare_age" and not check.passed), "")


def how_it_comes_about(assessment: Assessment) -> str:
    """What the bone age is made of: the 13 bones, the whole hand, and the age under each standard."""
    second, bones_alone = assessment.second_opinion, assessment.bones_age_months
    return render(
        "assess/how_it_comes_about.html",
        told=bones_alone is not None and not assessment.mature,
        consensus=_year_range(assessment.consensus90_months),
        bones_alone=None if bones_alone is None else f"{years(bones_alone):.1f}",
        whole_hand=None if second is None else f"{years(second.months):.1f}",
        whole_hand_share=None if second is None else percent(second.weight),
        tiles=[_tile(assessment, key) for key in STANDARDS],
    )


def verdict(assessment: Assessment) -> str:
    """The checks, and a sentence for a report to copy."""
    return render(
        "assess/verdict.html",
        checks=sorted(assessment.checks, key=lambda check: check.passed),
        failed=bool(failed_checks(assessment)),
        checks_title=checks_title(assessment),
        sentence=report_sentence(assessment),
    )


def failed_checks(assessment: Assessment) -> list[Check]:
    """The checks that need a look."""
    return [check for check in assessment.checks if not check.passed]


def checks_title(assessment: Assessment) -> str:
    """How many checks need a look, on the page and in the report."""
    failed, of_all = len(failed_checks(assessment)), len(assessment.checks)
    if failed == 0:
        return f"All {of_all} checks passed"
    return f"1 of {of_all} checks needs a look" if failed == 1 else f"{failed} of {of_all} checks need a look"


def report_sentence(assessment: Assessment) -> str:
    """The result in words that can be put into a report, with its weights and what it may be used for; empty without an age."""
    months, interval = assessment.bone_age_months, assessment.interval90_months
    if months is None:
        return ""
    hand = f"{SIDE_WORDS[assessment.laterality]} radiograph, {SEX_WORDS[assessment.sex].lower()}"
    made_by = f"BoneGrade, weights: {weights_line(assessment.weights)}. {DISCLAIMER}"
    if assessment.mature:
        return f"Bone age ({hand}): mature or nearly so, at the end of the scale. {made_by}"
    ends = "" if interval is None else f", 90 % interval {_year_range(interval)} years"
    standards = "; ".join(
        f"{card.name} {assessment.table_age(card)} (score {card.total})" for card in assessment.standards.values()
    )
    return (
        f"Bone age ({hand}): {years(months):.1f} years ({years_and_months(months)}){ends}, on the Greulich-Pyle scale. "
        f"By the tables: {standards}. {made_by}"
    )


def _age_at_film(assessment: Assessment) -> str:
    """The child's age when the film was taken, and how far the bones are from it while they grow; empty where it is not
    stated."""
    age, bones = assessment.age_at_film_months, assessment.bone_age_months
    if age is None:
        return ""
    said = f"{years(age):.1f} years old when the film was taken, by its file"
    mature = any(check.name == "end_of_scale" and not check.passed for check in assessment.checks)
    if bones is None or mature:
        return f"{said}."
    apart = round(years(bones - age), 1)
    if apart == 0:
        return f"{said}: the bone age is the same."
    return f"{said}: the bones are {abs(apart):.1f} years {'ahead' if apart > 0 else 'behind'}."


def _year_range(months: tuple[float, float] | None) -> str | None:
    return None if months is None else year_range(*(years(end) for end in months))


def _tile(assessment: Assessment, key: str) -> _Tile:
    card, term = assessment.standards[key], "rus_chn" if key == "rus_chn" else "tw3"
    if card.total is None:
        return _Tile(term, card.name, "No total", (f"Score {NO_VALUE}",))
    score = f"Score {card.total}"
    interval = assessment.table_interval(card)
    return _Tile(
        term,
        card.name,
        assessment.table_age(card),
        (score,) if interval is None else (f"90 %: {year_range(*interval)}", score),
    )


def score_table(assessment: Assessment) -> str:
    """Grade and score of each bone under each standard, with totals, ages and intervals."""
    cards = [assessment.standards[key] for key in STANDARDS]
    totals = {
        "Total score": [NO_VALUE if card.total is None else str(card.total) for card in cards],
        "Table age": [assessment.table_age(card) if card.total is not None else "no total" for card in cards],
        "90 % interval, years": [
            NO_VALUE if (ends := assessment.table_interval(card)) is None else year_range(*ends) for card in cards
        ],
    }
    return render("assess/scores.html", cards=cards, bones=RUS_BONES, totals=totals)


def provenance(assessment: Assessment) -> str:
    """Which weights and which pixels the result comes from, and how the film was oriented."""
    facts = {
        "Weights": weights_line(assessment.weights),
        "Film": f"{short_hash(assessment.film_sha256)} · {assessment.width} x {assessment.height} pixels",
        "Shown": f"{SIDE_WORDS[assessment.laterality]}, turned by {round(assessment.rotation_degrees)}°"
        + (", greys inverted" if assessment.inverted else ""),
        "Time": f"{assessment.seconds:.1f} s",
    }
    return render("assess/provenance.html", facts=facts)
