"""The Annotate tab in HTML: the frame that the browser's script fills, live totals, the history, a conflict."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from core.annotation.desk import LiveScores
from core.annotation.saving import Clash, HistoryView
from core.annotation.sitting import Sitting
from core.annotation.work import Disagreement
from core.assessment.age.person import Scores
from core.assessment.records import END_OF_SCALE
from core.bones import RUS_BONES
from core.hand.crops import Crop
from core.ledger import Correction, Event
from core.ledger.checks import LONGEST_NOTE
from core.standards import STANDARDS, GradeDescription, ScoreCard, grade_descriptions, grade_label
from webapp.shared.pictures import data_uri, grey8, jpeg
from webapp.shared.templates import render
from webapp.shared.words import NO_VALUE, SEX_WORDS, counted, short_hash, year_range, years

_CROP_QUALITY: Final = 92

#: Gives the composite picture of a bone at a grade as a WebP or PNG file, None where there is none.
GradePicture = Callable[[str, int], bytes | None]

#: What each key does: the key's name as printed, what it does, and whether it is in the strip that is always shown.
KEYS: Final = (
    ("J", "next bone", True),
    ("K", "previous bone", True),
    ("A", "accept the model's grade, go to the next bone not judged", True),
    ("+", "one grade up", True),
    ("\N{MINUS SIGN}", "one grade down", True),
    ("1 \N{HORIZONTAL ELLIPSIS} 14", "this grade; type both digits of a two-digit one quickly", True),
    ("0", "not visible yet", True),
    ("X", "can't be read", True),
    ("U", "undo (also Ctrl Z)", True),
    ("R", "redo (also Ctrl Y)", True),
    ("S", "save", True),
    ("N", "save and next film", True),
    ("M", "write a note on this bone; Esc leaves it", False),
    ("?", "show or hide this list", True),
)

_EDITOR_KEYS: Final = (
    ("C", "draw a box"), ("D", "move boxes again"), ("E", "relabel the box"), ("Delete", "delete the box"),
    ("Space", "whole film again after zooming with the wheel"),
)  # fmt: skip

_SHORT: Final = {
    "accept the model's grade, go to the next bone not judged": "accept",
    "this grade; type both digits of a two-digit one quickly": "grade",
    "one grade up": "up",
    "one grade down": "down",
    "undo (also Ctrl Z)": "undo",
    "redo (also Ctrl Y)": "redo",
    "save and next film": "save, next",
    "show or hide this list": "all keys",
}

_VERDICT_WORDS: Final = {"absent": "Not visible yet", "unreadable": "Can't be read"}

_RESTORABLE: Final = ("correction", "undo", "restore", "gold")

_EVENT_WORDS: Final = {
    "correction": "saved",
    "undo": "undid",
    "restore": "restored",
    "gold": "set the gold reading",
    "ungold": "took back the gold reading",
    "skip": "skipped the film",
    "flag": "flagged the film",
    "unflag": "removed the flag",
    "withdraw": "withdrew the consent: the pixels are gone",
    "assign": "assigned the film to",
}


def nothing_open(why: str = "") -> str:
    """What the tab shows while no film is open. why: a sentence if one could not be opened."""
    return render("annotate/nothing_open.html", why=why)


def toolbar() -> str:
    """The line above the film: which film it is, whether the work is kept, and what can be done with it."""
    return render("annotate/toolbar.html")


def workplace(guide: Markup) -> str:
    """The bones and the bone in hand; the script fills in what differs from film to film. guide: see grade_guide."""
    return render("annotate/workplace.html", bones=RUS_BONES, guide=guide, longest_note=LONGEST_NOTE)


@dataclass(frozen=True)
class _GradeCard:
    """One grade to choose. picture: a data URI, "" for none."""

    grade: int
    guide: GradeDescription
    picture: str


@dataclass(frozen=True)
class _BoneGuide:
    """The grades of one bone. absent: the words of grade 0. with_pictures: whether any card has one."""

    bone: str
    absent: GradeDescription
    cards: tuple[_GradeCard, ...]
    with_pictures: bool


def grade_guide(picture: GradePicture) -> Markup:
    """What every grade of every bone looks like, as radio buttons; the same for all films. One bone is shown at a time."""
    return render("annotate/grade_guide.html", bones=[_guide_of(bone, picture) for bone in RUS_BONES])


def _guide_of(bone: str, picture: GradePicture) -> _BoneGuide:
    absent, *grades = grade_descriptions(bone)
    cards = tuple(
        _GradeCard(grade, guide, _picture_uri(picture(bone, grade))) for grade, guide in enumerate(grades, start=1)
    )
    return _BoneGuide(bone, absent, cards, any(card.picture for card in cards))


def _picture_uri(file: bytes | None) -> str:
    if file is None:
        return ""
    return data_uri(file, "png" if file.startswith(b"\x89PNG") else "webp")


def key_strip() -> str:
    """The keys, always in sight, and all of them with their words behind "?"."""
    return render(
        "annotate/keys.html",
        strip=[(key, _SHORT.get(words, words)) for key, words, always in KEYS if always],
        anywhere=[(key, words) for key, words, _ in KEYS],
        on_film=_EDITOR_KEYS,
    )


@dataclass(frozen=True)
class _Age:
    """A bone age in months, with its years and their interval in words."""

    months: float
    years: str
    interval: str


@dataclass(frozen=True)
class _Total:
    """What a reading comes to under one standard. total: None without one; `age` then says why."""

    standard: str
    total: int | None
    age: str
    interval: str


@dataclass(frozen=True)
class _ScoresRow:
    """One reading in the table of totals. kind: as the script knows it. remark: stands beside `who`."""

    kind: str
    who: str
    remark: str
    age: _Age | None
    totals: tuple[_Total, ...]


def totals(live: LiveScores) -> str:
    """Bone age and every standard, the model's and the reader's side by side, and which of the reader's grades to look at
    again."""
    missing = len(RUS_BONES) - live.judged
    rows = [
        _scores_row("model", "Model", f"with {live.regraded} of your boxes" if live.regraded else "", live.model),
        _scores_row(
            "you", "You", f"{live.judged} of {len(RUS_BONES)} judged" if missing else "all judged", live.person
        ),
    ]
    if live.filled is not None:
        rows.append(_scores_row("filled", "You", f"+ the model's {missing}", live.filled))
    return render(
        "annotate/totals.html",
        standards=[live.model.cards[key].name for key in STANDARDS],
        rows=rows,
        out_of_line=_out_of_line(live),
        two_hands=live.two_hands,
    )


def _out_of_line(live: LiveScores) -> str:
    """A hint, which keeps nobody from saving."""
    if not live.out_of_line:
        return ""
    sentences = " ".join(one.sentence for one in live.out_of_line)
    again = "it" if len(live.out_of_line) == 1 else "them"
    return f"{sentences} Look at {again} again; what you see on the film counts, and can be saved."


def _scores_row(kind: str, who: str, remark: str, scores: Scores) -> _ScoresRow:
    age = None
    if scores.age is not None:
        interval = year_range(*(years(end) for end in scores.age.interval90))
        age = _Age(scores.age.months, f"{years(scores.age.months):.1f}", interval)
        if scores.mature:
            age = _Age(scores.age.months, "mature", f"{years(END_OF_SCALE[scores.sex]):g} years or more")
    totals = (_total(key, scores.cards[key], scores.mature) for key in STANDARDS)
    return _ScoresRow(kind, who, remark, age, tuple(totals))


def _total(key: str, card: ScoreCard, mature: bool) -> _Total:
    """mature: the hand is, so that no number looks like a child's age, whatever this standard says."""
    if card.mature:
        return _Total(key, card.total, "mature", "")
    if mature:
        return _Total(key, card.total, "mature or nearly so", "")
    interval = "" if card.interval90_years is None else year_range(*card.interval90_years)
    return _Total(key, card.total, card.age_text, interval)


def verdict_words(said: Correction | None, bone: str) -> str:
    """A correction in a word or two: "5(2)", "Not visible yet", "Can't be read", or a dash for none."""
    if said is None:
        return NO_VALUE
    if said.verdict == "graded" and said.grade is not None:
        return grade_label(bone, said.grade)
    return _VERDICT_WORDS[said.verdict]


@dataclass(frozen=True)
class _Choice:
    """Both words on one bone. has_theirs: whether there is anything to take over."""

    bone: str
    differs: bool
    mine: str
    theirs: str
    has_theirs: bool


def clash_panel(clash: Clash) -> str:
    """Both versions bone by bone, and the three ways to go on."""
    rows = [_choice(row) for row in clash.rows]
    return render("annotate/clash.html", revision=clash.revision, who=clash.who, rows=rows)


def _choice(row: Disagreement) -> _Choice:
    mine, theirs = verdict_words(row.mine, row.bone), verdict_words(row.theirs, row.bone)
    if row.differs and row.mine is not None and row.theirs is not None and mine == theirs:
        mine, theirs = f"{mine}, my box", f"{theirs}, their box"
    return _Choice(row.bone, row.differs, mine, theirs, row.theirs is not None)


@dataclass(frozen=True)
class _Entry:
    """One event of the history in words. did: what the reader did. bones: what was said of each, "" for nothing."""

    event: Event
    did: str
    facts: str
    bones: str
    undone: bool
    can_restore: bool


def history_panel(view: HistoryView, can_restore: bool) -> str:
    """Who said what, when, in how many seconds and on which prediction; the newest first."""
    if view.blind:
        remark = "Others have read this film; you will see what they said once you have saved your own verdict on every bone."
    else:
        remark = "" if view.events else "Nobody has said anything about this film yet."
    entries = [_entry(event, view, can_restore) for event in reversed(view.events)]
    return render("annotate/history.html", remark=remark, entries=entries)


def _entry(event: Event, view: HistoryView, can_restore: bool) -> _Entry:
    facts = [f"{event.seconds:.0f} s"] if event.kind == "correction" else []
    if event.prediction_id is not None and event.prediction_id in view.weights:
        facts.append(f"on the prediction of grader {short_hash(view.weights[event.prediction_id])}")
    if event.target is not None:
        facts.append(f"of no. {event.target}")
    did = _EVENT_WORDS[event.kind]
    return _Entry(
        event=event,
        did=f"{did} {counted(len(event.corrections), 'bone')}" if event.corrections else did,
        facts=", ".join(facts),
        bones="; ".join(
            f"{one.bone} {verdict_words(one, one.bone)}" + (f" ({one.note})" if one.note else "")
            for one in event.corrections
        ),
        undone=event.id in view.undone,
        can_restore=can_restore and event.kind in _RESTORABLE,
    )


def writing_panel(places: list[bytes]) -> str:
    """Points out writing on the film, with a picture of every place."""
    return render(
        "annotate/writing.html",
        text=f"In {counted(len(places), 'place')}: check that it names nobody before you save with its pixels.",
        pictures=[data_uri(file, "jpeg") for file in places],
    )


def film_title(sitting: Sitting) -> str:
    """The film by its number, sex and hash."""
    number = "New film" if sitting.film is None else f"Film {sitting.film.id}"
    return f"{number} · {SEX_WORDS[sitting.sex].lower()} · {short_hash(sitting.sha256)}"


def crop_uri(crop: Crop) -> str:
    """A crop as text that an <img> can show."""
    return data_uri(jpeg(grey8(crop), _CROP_QUALITY), "jpeg")
