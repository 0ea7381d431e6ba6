"""The gold reading on the Annotate tab, for whoever may set it: how it stands, and the buttons that change it."""

from html import escape
from typing import Any, Final

from core.access.roles import Action, Reader, enforce
from core.annotation.gold import GoldView, gold_view, make_own_gold, put_back, take_back, why_not_gold
from core.annotation.saving import UNSAVED_FIRST
from core.annotation.work import Work
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from core.ledger import Event
from webapp.annotate.view import when
from webapp.desk import Desk

_WHAT_FOR: Final = "Readers are measured against it; none of them is told that there is one."


def gold_panel(desk: Desk, film_id: int | None, reader: Reader) -> str:
    """The panel; nothing at all for whoever may not set gold readings. film_id: None for a film that is not filed yet."""
    if desk.ledger is None or not reader.may(Action.SET_GOLD):
        return ""
    view = None if film_id is None else gold_view(desk.ledger, film_id, reader)
    reason = why_not_gold({} if view is None else view.own)
    if view is None:
        stands, buttons = "None yet.", [_button("own", "Make my saved reading gold", 0, reason)]
    elif view.gold is not None:
        stands = f"Set by {_who_and_when(view.gold)}{escape(_beside_own(view))}"
        buttons = [_button("back", "Take back", view.revision)]
        if not reason and view.differing:
            buttons.append(_button("own", "Make my saved reading gold instead", view.revision))
        reason = ""
    else:
        stands = "None yet." if view.taken_back is None else f"Taken back by {_who_and_when(view.taken_back)}."
        buttons = [] if view.taken_back is None else [_button("again", "Put back", view.revision)]
        buttons.append(_button("own", "Make my saved reading gold", view.revision, reason))
    why = f'<p class="blind" id="why-not-gold">{escape(reason)}</p>' if reason else ""
    return (
        f'<section class="gold-panel" aria-labelledby="gold-title"><h3 class="part" id="gold-title">Gold reading</h3>'
        f'<p>{stands} <small>{_WHAT_FOR}</small></p>{why}<p class="gold-tools">{"".join(buttons)}</p></section>'
    )


def change_gold(desk: Desk, command: dict[str, Any], work: Work, reader: Reader) -> str:
    """Does what a button of the panel asks for, and says what came of it. Raises BoneGradeError."""
    enforce(reader, Action.SET_GOLD)
    if work.is_touched:
        raise BoneGradeError(UNSAVED_FIRST)
    if work.film is None or desk.ledger is None:
        raise BoneGradeError(why_not_gold({}))
    revision = int(command["revision"])
    match command["what"]:
        case "own":
            event = make_own_gold(desk.ledger, work.film, reader, revision=revision, token=work.token)
            return f"Your saved reading is the film's gold reading, as no. {event.id}."
        case "back":
            event = take_back(desk.ledger, work.film, reader, revision=revision, token=work.token)
            return f"The film has no gold reading any more, as no. {event.id} says; it can be put back."
        case "again":
            event = put_back(desk.ledger, work.film, reader, revision=revision, token=work.token)
            return f"The gold reading is back, as no. {event.id}."
    raise BoneGradeError("The page asked for what cannot be done; reload it.")


def _who_and_when(event: Event) -> str:
    return f"<b>{escape(event.reader)}</b>, {when(event.made_at)}"


def _beside_own(view: GoldView) -> str:
    if not view.own:
        return "; you have no saved reading to hold it against."
    if len(view.own) < len(RUS_BONES):
        return f"; your saved reading has {len(view.own)} of {len(RUS_BONES)} bones."
    if not view.differing:
        return "; your saved reading says the same."
    return f"; your saved reading differs on {', '.join(view.differing)}."


def _button(what: str, title: str, revision: int, why_not: str = "") -> str:
    """why_not: why it cannot be pressed; it is described by the sentence beside it."""
    disabled = ' disabled aria-describedby="why-not-gold"' if why_not else ""
    return (
        f'<button type="button" class="tool" data-do="gold" data-what="{what}" data-revision="{revision}"{disabled}>'
        f"{title}</button>"
    )
