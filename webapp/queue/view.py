"""The Queue tab in words and tables: counts, progress, the list of films, and what became of those that were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from core.intake import Looked, TakenIn
from core.intake.background import BackgroundProgress
from core.ledger.reading_queue import QueueCounts, QueueRow
from webapp.shared.words import NO_VALUE, SEX_WORDS, counted, short_hash, time_left, years

DEMO: Final = """
<section class="queue-empty" aria-label="Queue">
  <h2>A queue needs a place to keep films</h2>
  <p>Here a team reads many films: upload a folder or a zip, let them be assessed in the background, and read next the film
  that teaches most. This is a demo that keeps nothing, so it takes no films.</p>
  <p>To have a queue, start BoneGrade on your own computer (<code>make app</code>), or set up logins with
  <code>python -m core users add NAME --role reader</code> before it is reached from outside.</p>
</section>
"""

VIEWER: Final = (
    "Your role lets you look at the queue. To add films, ask whoever runs this server for the role of a reader."
)

_STATES: Final = {
    "assessing": "being assessed",
    "refused": "refused",
    "to_read": "to read",
    "skipped": "skipped",
    "read_by_me": "read by you",
}

#: Why films were not added, most important first, and how the list of them is headed.
_HEADINGS: Final = {
    "refused": "Not taken in",
    "twice": "Sent twice",
    "known": "Already there",
    "left_out": "Left out",
}

#: So many films are named; further ones are counted.
_NAMED: Final = 50


def note(text: str, kind: str = "error", title: str = "Nothing was changed") -> str:
    """A panel with one sentence. kind: error, warning or good; no text, no panel."""
    if not text:
        return ""
    role = "alert" if kind == "error" else "status"
    return f'<div class="message {kind}" role="{role}"><b>{escape(title)}</b><span>{escape(text)}</span></div>'


def count_tiles(counts: QueueCounts) -> str:
    """How many films are where, the number to read first and large; nothing if there are no films."""
    if not counts.films:
        return ""
    rest = (
        ("Assigned to you", counts.assigned_to_me),
        ("Read by you", counts.read_by_me),
        ("Read by anyone", counts.read),
        ("Skipped by you", counts.skipped),
        ("Flagged", counts.flagged),
        ("Refused", counts.refused),
        ("Being assessed", counts.assessing),
        ("All films", counts.films),
    )
    tiles = "".join(f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in rest)
    return (
        f'<dl class="queue-counts"><div class="first"><dt>To read</dt><dd id="to-read">{counts.to_read:,}</dd></div>'
        f"{tiles}</dl>"
    )


def background_panel(progress: BackgroundProgress | None) -> str:
    """How far the assessing in the background is; nothing if nothing waits."""
    if progress is None:
        return ""
    trouble = note(progress.trouble, "warning", "Assessing has stopped")
    failed = (
        note(
            f"{counted(progress.failed, 'film')} could not be assessed; the server's log says why. "
            "They are tried again when BoneGrade is started anew.",
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
    return (
        f'<div class="queue-progress"><p role="status">{escape(text)}</p>'
        f'<progress value="{done}" max="{max(total, 1)}" aria-label="Progress"></progress></div>'
    )


def film_table(rows: Sequence[QueueRow], choose: bool) -> str:
    """The films of one page of the list. choose: whether they can be ticked, to be skipped, flagged or assigned."""
    if not rows:
        return '<p class="queue-none">No film matches these filters.</p>'
    columns = ("Film", "Sex", "Bone age", "Gain", "Readers", "Flag", "Assigned to", "State")
    names = "".join(f'<th scope="col" class="c-{_short(name)}">{name}</th>' for name in columns)
    tick = '<th scope="col"><input type="checkbox" id="queue-all" aria-label="Choose all on this page"></th>'
    body = "".join(_row(row, choose) for row in rows)
    return (
        '<div class="table-scroll" tabindex="0" role="region" aria-label="Films"><table class="queue-table"><thead><tr>'
        f'{tick if choose else ""}{names}<th scope="col"><span class="visually-hidden">Open</span></th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _short(name: str) -> str:
    return name.split()[0].lower()


def _row(row: QueueRow, choose: bool) -> str:
    film = short_hash(row.film.sha256)
    tick = (
        f'<td><input type="checkbox" class="queue-pick" value="{row.film.id}" aria-label="Choose film {film}"></td>'
        if choose
        else ""
    )
    age = NO_VALUE if row.bone_age_months is None else f"{years(row.bone_age_months):.1f} y"
    gain = NO_VALUE if row.state in ("assessing", "refused") else f"{row.gain:.2f}"
    pixels = "" if row.film.consent else '<span class="chip" title="Its pixels are not kept">no picture</span>'
    cells = (
        ("film", f'<th scope="row" class="c-film"><code>{film}</code>{pixels}</th>'),
        ("sex", SEX_WORDS[row.film.sex]),
        ("bone", age),
        ("gain", gain),
        ("readers", str(row.readers)),
        ("flag", '<span class="chip flag">flagged</span>' if row.flagged else ""),
        ("assigned", escape(row.assigned_to) or NO_VALUE),
        ("state", f'<span class="chip {row.state}">{_STATES[row.state]}</span>'),
    )
    said = "".join(cell if name == "film" else f'<td class="c-{name}">{cell}</td>' for name, cell in cells)
    can_open = row.state not in ("assessing", "refused")
    button = f'<button type="button" class="queue-open" data-film="{row.film.id}" aria-label="Open film {film}">Open</button>'
    return f'<tr data-film="{row.film.id}">{tick}{said}<td>{button if can_open else ""}</td></tr>'


def finished(counts: QueueCounts, filtered: bool, may_add: bool) -> str:
    """That nothing is left to read, and what to do next. filtered: whether filters hide some films."""
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
        following.append(f"{counted(counts.refused, 'film')} refused, for want of a hand that can be read.")
    following.append(f"Look at the Agreement tab to see how the readers compare. {add}")
    return _finished(title, following)


def _finished(title: str, following: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in following)
    return f'<section class="queue-empty" id="queue-finished" role="status"><h2>{escape(title)}</h2><ul>{items}</ul></section>'


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
    head = (
        f'<p class="queue-found"><b>{counted(new, "new film")}</b> of {counted(len(looked), "film")} can be added.</p>'
    )
    lists = _lists([(one.status, one.name, one.sentence) for one in looked], passed_over)
    return head + _writing(writing, hidden) + lists


def _writing(writing: Sequence[Writing], hidden: int) -> str:
    if not writing:
        return ""
    cards = "".join(map(_writing_card, writing))
    more = f"<p>and on {counted(hidden, 'further film')}.</p>" if hidden else ""
    return (
        f'<div class="message warning queue-writing" role="alert"><b>Writing on {counted(len(writing) + hidden, "film")}</b>'
        "<span>The pictures would be kept with it. Look whether it names a child: initials of staff and side markers do "
        f'not. Small or faint writing may have been missed.</span><div class="queue-places">{cards}</div>{more}</div>'
    )


def _writing_card(one: Writing) -> str:
    pictures = "".join(f'<img src="{uri}" alt="Place that looks like writing">' for uri in one.pictures)
    return f"<figure>{pictures}<figcaption>{escape(one.name)}</figcaption></figure>"


def taken_in(taken: Sequence[TakenIn], passed_over: Sequence[str]) -> str:
    """What became of a batch."""
    added = sum(one.status == "added" for one in taken)
    text = f"{counted(added, 'film')} added to the queue."
    return note(text, "good" if added else "warning", "Done") + _lists(
        [(one.status, one.name, one.sentence) for one in taken], passed_over
    )


def _lists(films: Sequence[tuple[str, str, str]], passed_over: Sequence[str]) -> str:
    parts = [
        _list(heading, [(name, sentence) for status, name, sentence in films if status == wanted])
        for wanted, heading in _HEADINGS.items()
    ]
    return "".join(parts) + _list("Other files, not looked at", [(name, "") for name in passed_over])


def _list(heading: str, films: Sequence[tuple[str, str]]) -> str:
    if not films:
        return ""
    items = "".join(f"<li><code>{escape(name)}</code> {escape(sentence)}</li>" for name, sentence in films[:_NAMED])
    more = f"<li>and {len(films) - _NAMED:,} more</li>" if len(films) > _NAMED else ""
    return f'<details class="queue-list"><summary>{heading}: {len(films):,}</summary><ul>{items}{more}</ul></details>'
