"""The Annotate tab in HTML: the frame that the browser's script fills, live totals, the history, a conflict."""

from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Final

from core.annotation.desk import LiveScores, Sitting
from core.annotation.saving import Clash, HistoryView
from core.assessment.person import Scores
from core.bones import BONE_TITLES, RUS_BONES
from core.hand.crops import Crop
from core.ledger import Correction, Event
from core.standards import STANDARDS, grade_count, grade_descriptions, grade_label
from webapp.shared.bone_style import bone_colour
from webapp.shared.pictures import data_uri, grey8, jpeg
from webapp.shared.words import NO_VALUE, SEX_WORDS, short_hash, year_range, years

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
    "unflag": "took the flag away",
    "assign": "assigned the film to",
}


def nothing_open(why: str = "") -> str:
    """What stands there while no film is open. why: a sentence if one could not be opened."""
    reason = f'<p class="annotate-message error" role="alert">{escape(why)}</p>' if why else ""
    return (
        f'<div class="annotate-empty">{reason}<h2>Correct a reading</h2><p>No film is open. Assess one on the <b>Assess</b> '
        "tab and press <b>Correct this reading</b>, or open one from the <b>Queue</b>.</p></div>"
    )


def toolbar() -> str:
    """The line above the film: which film it is, whether the work is kept, and what can be done with it."""
    return (
        '<div class="annotate-bar" role="toolbar" aria-label="Work on this film">'
        '<p class="annotate-film" id="annotate-film"></p>'
        '<p class="annotate-status" id="annotate-status" role="status"></p>'
        '<p class="annotate-message" id="annotate-message" role="alert"></p>'
        '<span class="annotate-tools">'
        '<button type="button" class="tool" data-do="undo" title="Undo (U)">Undo</button>'
        '<button type="button" class="tool" data-do="redo" title="Redo (R)">Redo</button>'
        '<button type="button" class="tool" data-do="download" id="annotate-download" hidden>'
        "Download my corrections (JSON)</button>"
        '<button type="button" class="tool" data-do="save" id="annotate-save" title="Save (S)">Save</button>'
        '<button type="button" class="tool main" data-do="next" id="annotate-next" title="Save and next (N)">'
        "Save and next</button></span></div>"
    )


def workplace(guide: str) -> str:
    """The bones and the bone in hand; the script fills in what differs from film to film. guide: see grade_guide."""
    rows = "".join(_row(bone) for bone in RUS_BONES)
    return (
        '<div class="workplace"><nav class="bone-list" aria-label="The 13 bones">'
        '<p class="bone-list-head" aria-hidden="true"><span>Bone</span><span>Model</span><span>You</span></p>'
        f'<ol id="bone-list">{rows}</ol>'
        '<p class="legend"><span class="says-model">5(2)</span> predicted <span class="says-you">5(2)</span> your grade '
        '<span class="says-you other">6</span> yours, unlike the model\'s</p></nav>'
        '<section class="in-hand" id="in-hand" aria-labelledby="in-hand-title">'
        '<div class="in-hand-head"><figure class="in-hand-crop"><img id="in-hand-crop" alt=""><figcaption '
        'id="in-hand-crop-note"></figcaption></figure><div class="in-hand-facts"><h3 id="in-hand-title"></h3>'
        '<p class="in-hand-model" id="in-hand-model"></p><p class="in-hand-you" id="in-hand-you" aria-live="polite"></p>'
        '<p class="look-for" id="look-for"></p>'
        '<p class="in-hand-tools"><button type="button" class="tool" data-do="accept" title="Accept the prediction (A)">'
        "Accept</button>"
        '<button type="button" class="tool" data-do="clear" title="Back to what I saved">Take back</button></p></div></div>'
        f'<div id="grade-guide" class="grade-guide">{guide}</div>'
        '<label class="bone-note"><span>Note on this bone</span><textarea id="bone-note" rows="1" maxlength="2000">'
        "</textarea></label></section></div>"
    )


def _row(bone: str) -> str:
    return (
        f'<li><button type="button" class="bone-row" data-do="bone" data-bone="{bone}" style="--bone:{bone_colour(bone)}">'
        f'<span class="bone-name" title="{escape(BONE_TITLES[bone])}">{bone}</span>'
        '<span class="says-model"></span><span class="says-you"></span></button></li>'
    )


def grade_guide(picture: GradePicture) -> str:
    """What every grade of every bone looks like, as radio buttons; the same for all films. One bone is shown at a time."""
    return "".join(_guide_of(bone, picture) for bone in RUS_BONES)


def _guide_of(bone: str, picture: GradePicture) -> str:
    descriptions = grade_descriptions(bone)
    pictures = [picture(bone, grade) for grade in range(grade_count(bone) + 1)]
    kind = "with-pictures" if any(pictures) else "without-pictures"
    cards = "".join(_card(bone, grade, pictures[grade], any(pictures)) for grade in range(1, grade_count(bone) + 1))
    absent = descriptions[0]
    rest = (
        f'<label class="grade-card plain" data-grade="0" data-look="{escape(absent.look_for)}"><input type="radio" '
        f'name="grade-{bone}" value="0"><kbd>0</kbd><b>Not visible yet</b><span class="odds"></span></label>'
        '<label class="grade-card plain" data-grade="unreadable" data-look="Hidden, cut off or blurred: no grade, so no '
        f'total."><input type="radio" name="grade-{bone}" value="unreadable"><kbd>X</kbd><b>Can\'t be read</b></label>'
    )
    return (
        f'<fieldset class="grades {kind}" data-guide="{bone}" hidden>'
        f"<legend>Your grade of {escape(BONE_TITLES[bone])}</legend>"
        f'<div class="grade-cards plain-ones">{rest}</div><div class="grade-cards">{cards}</div></fieldset>'
    )


def _card(bone: str, grade: int, picture: bytes | None, any_picture: bool) -> str:
    guide = grade_descriptions(bone)[grade]
    shown = ""
    if picture is not None:
        kind = "png" if picture.startswith(b"\x89PNG") else "webp"
        alt = f"{BONE_TITLES[bone]} at grade {guide.label}: average of several children"
        shown = f'<img src="{data_uri(picture, kind)}" alt="{escape(alt)}" loading="lazy">'
    elif any_picture:
        shown = '<span class="no-picture">no picture</span>'
    return (
        f'<label class="grade-card" data-grade="{grade}" data-look="{escape(guide.look_for)}">'
        f'<input type="radio" name="grade-{bone}" value="{grade}">{shown}'
        f'<span class="grade-name"><kbd>{grade}</kbd><b>{escape(guide.label)}</b>'
        f'<span class="stage"><span class="visually-hidden">TW3 stage </span>{escape(guide.tw3_stage)}</span></span>'
        f'<span class="grade-short">{escape(guide.short)}</span><span class="odds"></span></label>'
    )


def key_strip() -> str:
    """The keys, always in sight, and all of them with their words behind "?"."""
    strip = "".join(
        f"<span><kbd>{escape(key)}</kbd> {escape(_SHORT.get(words, words))}</span>"
        for key, words, always in KEYS
        if always
    )
    rows = "".join(f"<div><dt><kbd>{escape(key)}</kbd></dt><dd>{escape(words)}</dd></div>" for key, words, _ in KEYS)
    editor = "".join(f"<div><dt><kbd>{key}</kbd></dt><dd>{words}</dd></div>" for key, words in _EDITOR_KEYS)
    return (
        f'<div class="key-strip" id="key-strip"><span class="keys">{strip}</span>'
        '<label class="keys-on"><input type="checkbox" id="keys-on" checked> Keys on</label></div>'
        '<section class="key-help" id="key-help" hidden aria-label="All keys"><div><h4>Anywhere but in a text field</h4>'
        f"<dl>{rows}</dl></div><div><h4>On the film, after a click on it</h4><dl>{editor}</dl></div></section>"
    )


def totals(live: LiveScores) -> str:
    """Bone age and every standard, the model's and the reader's side by side, and which of the reader's grades to look at
    again."""
    cards = live.model.cards
    heads = "".join(
        f'<th scope="col">{escape(cards[key].name)} <small>total, age, 90 %</small></th>' for key in STANDARDS
    )
    moved = f" <small>with {live.regraded} of your boxes</small>" if live.regraded else ""
    missing = len(RUS_BONES) - live.judged
    rest = f"{live.judged} of {len(RUS_BONES)} judged" if missing else "all judged"
    rows = _scores_row("model", f"Model{moved}", live.model) + _scores_row(
        "you", f"You <small>{rest}</small>", live.person
    )
    if live.filled is not None:
        rows += _scores_row("filled", f"You <small>+ the model's {missing}</small>", live.filled)
    return (
        '<div class="table-scroll" tabindex="0" role="region" aria-label="Totals and ages"><table class="live-totals" '
        'id="live-totals" aria-live="polite"><thead><tr><td></td><th scope="col">Bone age <small>90 %</small></th>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div>{_out_of_line(live)}"
    )


def _out_of_line(live: LiveScores) -> str:
    """A hint, which keeps nobody from saving."""
    if not live.out_of_line:
        return ""
    sentences = " ".join(one.sentence for one in live.out_of_line)
    again = "it" if len(live.out_of_line) == 1 else "them"
    return (
        f'<p class="out-of-line" id="out-of-line" role="status"><b>Your grades:</b> {escape(sentences)} '
        f"Look at {again} again; what you see on the film counts, and can be saved.</p>"
    )


def _scores_row(kind: str, title: str, scores: Scores) -> str:
    if scores.age is None:
        age = f'<td data-of="age">{NO_VALUE}</td>'
    else:
        low, high = (years(end) for end in scores.age.interval90)
        age = (
            f'<td data-of="age" data-months="{scores.age.months!r}"><b>{years(scores.age.months):.1f}</b> '
            f"<small>{year_range(low, high)}</small></td>"
        )
    cells = ""
    for key in STANDARDS:
        card = scores.cards[key]
        if card.total is None:
            cells += f'<td data-of="{key}" title="{escape(card.age_text)}">{NO_VALUE}</td>'
            continue
        age_text = "mature" if card.mature else card.age_text
        interval = "" if card.interval90_years is None else f"{year_range(*card.interval90_years)}"
        cells += (
            f'<td data-of="{key}" data-total="{card.total}"><b>{card.total}</b> {escape(age_text)} '
            f"<small>{interval}</small></td>"
        )
    return f'<tr class="row-{kind}" data-row="{kind}"><th scope="row">{title}</th>{age}{cells}</tr>'


def verdict_words(said: Correction | None, bone: str) -> str:
    """A correction in a word or two: "5(2)", "Not visible yet", "Can't be read", or a dash for none."""
    if said is None:
        return NO_VALUE
    if said.verdict == "graded" and said.grade is not None:
        return grade_label(bone, said.grade)
    return _VERDICT_WORDS[said.verdict]


def clash_panel(clash: Clash) -> str:
    """Both versions bone by bone, and the three ways to go on."""
    rows = ""
    for row in clash.rows:
        title = escape(BONE_TITLES[row.bone])
        mine, theirs = verdict_words(row.mine, row.bone), verdict_words(row.theirs, row.bone)
        if not row.differs:
            rows += f'<tr class="same"><th scope="row">{title}</th><td colspan="2">{escape(mine)}, the same</td></tr>'
            continue
        if row.mine is not None and row.theirs is not None and mine == theirs:
            mine, theirs = f"{mine}, my box", f"{theirs}, their box"
        choice = "".join(
            f'<td><label><input type="radio" name="clash-{row.bone}" value="{side}" data-bone="{row.bone}"'
            f"{' checked' if side == 'mine' else ''}{' disabled' if word is None else ''}> {escape(text)}</label></td>"
            for side, text, word in (("mine", mine, ""), ("theirs", theirs, row.theirs))
        )
        rows += f'<tr><th scope="row">{title}</th>{choice}</tr>'
    who = escape(clash.who)
    return (
        f'<section class="clash" id="clash" role="alertdialog" aria-labelledby="clash-title" '
        f'data-revision="{clash.revision}"><h3 id="clash-title" tabindex="-1">Meanwhile this film was read by {who}</h3>'
        "<p>Nothing is lost whichever you choose: both versions stay in the history. Which is to be your reading?</p>"
        f'<div class="table-scroll"><table><thead><tr><td></td><th scope="col">Mine</th><th scope="col">{who}</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
        '<p class="clash-tools"><button type="button" class="tool main" data-do="settle-mine">Keep mine</button>'
        '<button type="button" class="tool" data-do="settle-theirs">Take theirs</button>'
        '<button type="button" class="tool" data-do="settle-chosen">Take what is chosen above</button></p></section>'
    )


def history_panel(view: HistoryView, can_restore: bool) -> str:
    """Who said what, when, in how many seconds and on which prediction; the newest first."""
    if view.blind:
        note = '<p class="blind">Others have read this film; you see what they said once you have saved your own reading.</p>'
    else:
        note = "" if view.events else '<p class="blind">Nobody has said anything of this film yet.</p>'
    items = "".join(_event(event, view, can_restore) for event in reversed(view.events))
    return f'{note}<ol class="history">{items}</ol>'


def _event(event: Event, view: HistoryView, can_restore: bool) -> str:
    undone = event.id in view.undone
    words = "; ".join(
        f"{one.bone} {verdict_words(one, one.bone)}" + (f" ({one.note})" if one.note else "")
        for one in event.corrections
    )
    facts = [f"{event.seconds:.0f} s"] if event.kind == "correction" else []
    if event.prediction_id is not None and event.prediction_id in view.weights:
        facts.append(f"on the prediction of grader {short_hash(view.weights[event.prediction_id])}")
    if event.target is not None:
        facts.append(f"of no. {event.target}")
    restore = ""
    if can_restore and event.kind in _RESTORABLE:
        restore = (
            f'<button type="button" class="tool" data-do="restore" data-event="{event.id}" '
            f'aria-label="Make the reading after no. {event.id} my reading again">Restore</button>'
        )
    note = f" <q>{escape(event.note)}</q>" if event.note else ""
    count = f" {len(event.corrections)} bone{'s' if len(event.corrections) != 1 else ''}" if event.corrections else ""
    return (
        f'<li data-event="{event.id}" data-kind="{event.kind}"{" class=undone" if undone else ""}>'
        f'<span class="history-no">no. {event.id}</span> {when(event.made_at)} <b>{escape(event.reader)}</b> '
        f"{_EVENT_WORDS[event.kind]}{count}{note} <small>{escape(', '.join(facts))}</small>"
        f"{'<em> undone, does not count</em>' if undone else ''}{restore}"
        + (f"<details><summary>Bones</summary><p>{escape(words)}</p></details>" if words else "")
        + "</li>"
    )


def when(moment: datetime) -> str:
    """A moment that the script turns to the reader's own clock."""
    return f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M} UTC</time>'


def writing_panel(places: list[bytes]) -> str:
    """Points out writing on the film, with a picture of every place."""
    pictures = "".join(
        f'<img src="{data_uri(file, "jpeg")}" alt="Writing on the film, place {number}">'
        for number, file in enumerate(places, 1)
    )
    count = len(places)
    return (
        f'<div class="message warning" role="alert" id="writing"><b>There is writing on this film</b><span>In '
        f"{count} place{'s' if count != 1 else ''}: check that it names nobody before you save with its pixels.</span>"
        f'<span class="writing-places">{pictures}</span></div>'
    )


def film_title(sitting: Sitting) -> str:
    """The film by its number, sex and hash."""
    number = "New film" if sitting.film is None else f"Film {sitting.film.id}"
    return f"{number} · {SEX_WORDS[sitting.sex].lower()} · {short_hash(sitting.sha256)}"


def crop_uri(crop: Crop) -> str:
    """A crop as text that an <img> can show."""
    return data_uri(jpeg(grey8(crop), _CROP_QUALITY), "jpeg")
