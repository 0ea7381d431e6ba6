"""The Queue tab in words and tables: counts, progress, the list of films, and what became of those that were sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.assessment.records import is_mature
from core.intake import Looked, TakenIn
from core.intake.background import BackgroundProgress
from core.ledger.queue.reading_queue import QueueCounts, QueueRow
from webapp.shared.templates import render
from webapp.shared.words import NO_VALUE, SEX_WORDS, counted, short_hash, time_left, years

DEMO: Final = render("queue/demo.html")

VIEWER: Final = (
    "Your role lets you look at the queue. To add films, ask whoever runs this server for the role of a reader."
)

_STATES: Final = {
    "assessing": "being assessed",
    "refused": "refused",
    "erased": "picture erased",
    "to_read": "to read",
    "skipped": "skipped",
    "read_by_me": "read by you",
}

#: Why films were not added, most important first, and how the list of them is headed.
_HEADINGS: Final = {
    "refused": "Not added",
    "twice": "Sent twice",
    "known": "Already there",
    "left_out": "Left out",
}
_TO_LOOK_AT: Final = "Films to look at"

#: How many films are named; further ones are counted.
_NAMED: Final = 50
#: For how many refused films the reason stands in the message itself.
_REASONS: Final = 3


def note(text: str, kind: str = "error", title: str = "Nothing was changed") -> str:
    """A panel with one sentence. kind: error, warning or good; no text, no panel."""
    if not text:
        return ""
    role = "alert" if kind == "error" else "status"
    return render("shared/message.html", kind=kind, title=title, text=text, role=role)


def count_tiles(counts: QueueCounts) -> str:
    """How many films are in each state, the number to read first and large; nothing if there are no films."""
    if not counts.films:
        return ""
    others = {
        "Assigned to you": counts.assigned_to_me,
        "Read by you": counts.read_by_me,
        "Read by anyone": counts.read,
        "Skipped by you": counts.skipped,
        "Flagged": counts.flagged,
        "Refused": counts.refused,
        "Being assessed": counts.assessing,
        "All films": counts.films,
    }
    return render(
        "queue/counts.html",
        to_read=f"{counts.to_read:,}",
        others={name: f"{number:,}" for name, number in others.items()},
    )


def background_panel(progress: BackgroundProgress | None) -> str:
    """How far the assessing in the background is; nothing if nothing waits."""
    if progress is None:
        return ""
    trouble = note(progress.trouble, "warning", "Assessing has stopped")
    failed = (
        note(
            f"{counted(progress.failed, 'film')} could not be assessed; the server's log says why. "
            "They will be tried again when BoneGrade restarts.",
            "warning",
            "Please note",
        )
        if progress.failed
        else ""
    )
    if progress.done + progress.failed >= progress.total:
        return trouble + failed
    left = f", {time_left(progress.seconds_left)}" if progress.seconds_left is not None else ""
    done = progress.done + progress.failed
    return (
        bar(done, progress.total, f"Assessing in the background: {done:,} of {progress.total:,} films{left}.")
        + trouble
        + failed
    )


def bar(done: int, total: int, text: str) -> str:
    """A bar of progress with its sentence."""
    return render("queue/progress.html", done=done, total=max(total, 1), text=text)


@dataclass(frozen=True)
class _Row:
    """One film of the table in words. hash: the film's name on the page."""

    id: int
    hash: str
    has_pixels: bool
    sex: str
    age: str
    gain: str
    readers: int
    flagged: bool
    assigned_to: str
    state: str
    state_words: str
    can_open: bool


def film_table(rows: Sequence[QueueRow], choose: bool) -> str:
    """The films of one page of the list. choose: whether they can be ticked, to be skipped, flagged or assigned."""
    return render("queue/films.html", rows=[_row(row) for row in rows], choose=choose)


def _row(row: QueueRow) -> _Row:
    assessed = row.state not in ("assessing", "refused")
    return _Row(
        id=row.film.id,
        hash=short_hash(row.film.sha256),
        has_pixels=row.film.consent,
        sex=SEX_WORDS[row.film.sex],
        age=_age(row),
        gain=f"{row.gain:.2f}" if assessed else NO_VALUE,
        readers=row.readers,
        flagged=row.flagged,
        assigned_to=row.assigned_to or NO_VALUE,
        state=row.state,
        state_words=_STATES[row.state],
        can_open=assessed,
    )


def _age(row: QueueRow) -> str:
    if row.bone_age_months is None:
        return NO_VALUE
    return "mature" if is_mature(row.bone_age_months, row.film.sex) else f"{years(row.bone_age_months):.1f} y"


def finished(counts: QueueCounts, filtered: bool, may_add: bool) -> str:
    """Says that nothing is left to read, and what to do next. filtered: whether filters hide some films."""
    add = "Add films below: a zip, a folder or single files." if may_add else "Ask a reader to add films."
    if not counts.films:
        return _finished("The queue is empty", [add])
    if filtered and counts.to_read:
        return _finished(
            "No film left that matches the filters",
            [f"{counted(counts.to_read, 'film')} to read without them: clear the filters to go on."],
        )
    if counts.to_read:
        return _finished("No film on this page", ["Go back to the first page."])
    title = "The queue is finished: you have read all there is to read"
    following = []
    if counts.assessing:
        title = f"Nothing to read yet: {counted(counts.assessing, 'film')} being assessed"
        following.append("They appear here as soon as the model has seen them; you need not wait on this page.")
    if counts.skipped:
        following.append(
            f"You skipped {counted(counts.skipped, 'film')}: choose the state Skipped to take them up again."
        )
    if counts.flagged:
        following.append(f"{counted(counts.flagged, 'film')} flagged: choose the state Flagged to settle them.")
    if counts.refused:
        following.append(f"{counted(counts.refused, 'film')} refused: no hand that can be read.")
    following.append(f"Look at the Agreement tab to see how the readers compare. {add}")
    return _finished(title, following)


def _finished(title: str, following: Sequence[str]) -> str:
    return render("queue/finished.html", title=title, following=following)


@dataclass(frozen=True)
class Writing:
    """Writing seen on one film. name: of the file. pictures: data URIs of the places."""

    name: str
    pictures: tuple[str, ...]


def looked_through(
    looked: Sequence[Looked], passed_over: Sequence[str], writing: Sequence[Writing], hidden: int
) -> str:
    """What was found in a batch before anything is added. writing: films to show; hidden: further films with writing."""
    new = sum(one.status == "new" for one in looked)
    return render(
        "queue/looked_through.html",
        new=counted(new, "new film"),
        all=counted(len(looked), "film"),
        writing=writing,
        with_writing=counted(len(writing) + hidden, "film"),
        further=counted(hidden, "further film") if hidden else "",
        lists=_lists([(one.status, one.name, one.sentence) for one in looked], passed_over),
    )


def taken_in(taken: Sequence[TakenIn], refusals: Mapping[int, str]) -> str:
    """How many films of a batch were added, and which were refused. refusals: why the model refused films, by their ids."""
    added, refused = 0, []
    for one in taken:
        why = one.sentence if one.status == "refused" else refusals.get(one.film.id) if one.film else None
        if why is not None:
            refused.append((one.name, why))
        elif one.status == "added":
            added += 1
    films = counted(added, "film")
    return render(
        "queue/taken_in.html",
        kind="good" if added and not refused else "warning",
        text=f"{films} added to the queue, {len(refused):,} refused." if refused else f"{films} added to the queue.",
        refused=refused[:_REASONS],
        further=max(len(refused) - _REASONS, 0),
    )


def about_films(taken: Sequence[TakenIn], passed_over: Sequence[str]) -> str:
    """The films of a batch about which there is something to say."""
    lists = _lists([(one.status, one.name, one.sentence) for one in taken], passed_over)
    return render("queue/other_films.html", lists=lists)


@dataclass(frozen=True)
class _List:
    """Films with the same outcome. films, further: how many there are, and how many of them are not named; "" for none.
    named: name and sentence. opened: whether they are seen without a click."""

    heading: str
    opened: bool
    films: str
    named: Sequence[tuple[str, str]]
    further: str


def _lists(films: Sequence[tuple[str, str, str]], passed_over: Sequence[str]) -> list[_List]:
    by_heading = {
        heading: [(name, sentence) for status, name, sentence in films if status == wanted]
        for wanted, heading in _HEADINGS.items()
    }
    by_heading[_TO_LOOK_AT] = [
        (name, sentence) for status, name, sentence in films if status in ("new", "added") and sentence
    ]
    by_heading["Other files, not looked at"] = [(name, "") for name in passed_over]
    return [_list(heading, some) for heading, some in by_heading.items() if some]


def _list(heading: str, films: Sequence[tuple[str, str]]) -> _List:
    further = len(films) - _NAMED
    return _List(
        heading, heading == _TO_LOOK_AT, f"{len(films):,}", films[:_NAMED], f"{further:,}" if further > 0 else ""
    )
