"""The gold reading on the Annotate tab, for whoever may set it: how it stands, and the buttons that change it."""

from dataclasses import dataclass

from core.access.roles import Action, Reader, enforce
from core.annotation.gold import GoldView, gold_view, make_own_gold, put_back, take_back, why_not_gold
from core.annotation.saving import UNSAVED_FIRST
from core.annotation.work import Work
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from webapp.annotate.command import ChangeGold
from webapp.desk import Desk
from webapp.shared.templates import render


@dataclass(frozen=True)
class _Button:
    """What it asks for, and what stands on it. why_not: why it cannot be pressed, a sentence that stands beside it."""

    what: str
    words: str
    why_not: str = ""


def gold_panel(desk: Desk, film_id: int | None, reader: Reader) -> str:
    """The panel; nothing at all for whoever may not set gold readings. film_id: None for a film that is not filed yet."""
    if desk.ledger is None or not reader.may(Action.SET_GOLD):
        return ""
    view = None if film_id is None else gold_view(desk.ledger, film_id, reader)
    reason = why_not_gold({} if view is None else view.own)
    event, beside = None, ""
    if view is None:
        stands, buttons = "None yet.", [_Button("own", "Make my saved reading gold", reason)]
    elif view.gold is not None:
        stands, event, beside = "Set by", view.gold, _beside_own(view)
        buttons = [_Button("back", "Take back")]
        if not reason and view.differing:
            buttons.append(_Button("own", "Make my saved reading gold instead"))
        reason = ""
    elif view.taken_back is not None:
        stands, event, beside = "Taken back by", view.taken_back, "."
        buttons = [_Button("again", "Put back"), _Button("own", "Make my saved reading gold", reason)]
    else:
        stands, buttons = "None yet.", [_Button("own", "Make my saved reading gold", reason)]
    return render(
        "annotate/gold.html",
        stands=stands,
        event=event,
        beside=beside,
        why_not=reason,
        buttons=buttons,
        revision=0 if view is None else view.revision,
    )


def change_gold(desk: Desk, command: ChangeGold, work: Work, reader: Reader) -> str:
    """Does what a button of the panel asks for, and says what came of it. Raises BoneGradeError."""
    enforce(reader, Action.SET_GOLD)
    if work.is_touched:
        raise BoneGradeError(UNSAVED_FIRST)
    if work.film is None or desk.ledger is None:
        raise BoneGradeError(why_not_gold({}))
    revision = command.revision
    match command.what:
        case "own":
            event = make_own_gold(desk.ledger, work.film, reader, revision=revision, token=work.token)
            return f"Your saved reading is the film's gold reading, as no. {event.id}."
        case "back":
            event = take_back(desk.ledger, work.film, reader, revision=revision, token=work.token)
            return f"The film no longer has a gold reading, as no. {event.id} says; it can be put back."
        case "again":
            event = put_back(desk.ledger, work.film, reader, revision=revision, token=work.token)
            return f"The gold reading is back, as no. {event.id}."


def _beside_own(view: GoldView) -> str:
    if not view.own:
        return "; you have no saved reading to compare it with."
    if len(view.own) < len(RUS_BONES):
        return f"; your saved reading has {len(view.own)} of {len(RUS_BONES)} bones."
    if not view.differing:
        return "; your saved reading says the same."
    return f"; your saved reading differs on {', '.join(view.differing)}."
