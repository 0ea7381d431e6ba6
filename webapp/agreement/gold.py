"""Which films are gold, and which their readers agree on and could be, for whoever may set gold readings."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from core.access.roles import Action, Reader, enforce
from core.agreement import ReadingTable, agreed_films, gold_films
from core.annotation.gold import GoldView, gold_view, make_agreed_gold, put_back, take_back
from core.errors import BoneGradeError
from core.ledger import FilmRecord, Ledger
from webapp.shared.errors import CANNOT_BE_DONE
from webapp.shared.templates import render
from webapp.shared.words import SEX_WORDS, counted, short_hash

#: How many films of each list are shown, the newest first.
_LISTED: Final = 50

#: A button says which film it is for, and at which revision the page shows it; times go by the reader's own clock.
_SCRIPT: Final = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-gold]");
  if (button) trigger("asked", { ...button.dataset });
});
const showTimes = () => element.querySelectorAll("time").forEach((time) => {
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
});
showTimes();
watch("value", showTimes);
"""

_Row = tuple[FilmRecord, GoldView]


@dataclass(frozen=True)
class _Change:
    """What a button asks for. revision: of the film as the page shows it."""

    what: str
    words: str
    film_id: int
    revision: int


@dataclass(frozen=True)
class _Film:
    """One line of a list. title: the film's name on the Annotate tab. who: read it or set its gold reading. at: when."""

    id: int
    title: str
    who: str
    at: datetime | None
    change: _Change


@dataclass(frozen=True)
class _List:
    title: str
    sentence: str
    heads: tuple[str, ...] = ()
    films: tuple[_Film, ...] = ()


class GoldFilms:
    """The lists and their buttons. Every method asks whether the reader may."""

    def __init__(self, ledger: Ledger | None):
        self._ledger = ledger
        self.part = gr.HTML(
            "", apply_default_css=False, js_on_load=_SCRIPT, elem_id="agreement-gold-films", elem_classes="gold-films"
        )

    def wire(self, change: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any], **settings: Any) -> None:
        """Calls `change` with the inputs and what was asked (gr.EventData) when one of the buttons is pressed."""
        self.part.asked(change, inputs, outputs, **settings)

    def shown(self, table: ReadingTable, reader: Reader, said: Markup | None = None) -> str:
        """Both lists; nothing at all for a reader who may not set gold readings. said: the outcome of the request."""
        if self._ledger is None or not reader.may(Action.SET_GOLD):
            return ""
        return render(
            "agreement/gold_films.html", said=said, lists=[self._agreed(table, reader), self._gold(table, reader)]
        )

    def change(self, asked: dict[str, Any], reader: Reader) -> Markup:
        """Does what a button asks for; returns what came of it. Raises BoneGradeError."""
        enforce(reader, Action.SET_GOLD)
        if self._ledger is None:
            raise BoneGradeError("Nothing is kept here, so no film has a gold reading.")
        film_id, revision, token = int(asked["film"]), int(asked["revision"]), uuid.uuid4().hex
        match asked["gold"]:
            case "agreed":
                make_agreed_gold(self._ledger, film_id, reader, revision=revision, token=token)
                return _note(f"Film {film_id} is gold now, by what its readers agree on.")
            case "back":
                event = take_back(self._ledger, film_id, reader, revision=revision, token=token)
                again = _Change("again", "Put back", film_id, event.revision)
                return _note(f"Film {film_id} is no longer gold.", again)
            case "again":
                put_back(self._ledger, film_id, reader, revision=revision, token=token)
                return _note(f"Film {film_id} is gold again.")
        raise BoneGradeError(CANNOT_BE_DONE)

    def _agreed(self, table: ReadingTable, reader: Reader) -> _List:
        title, film_ids = "Agreed on, not gold yet", agreed_films(table).tolist()
        films = tuple(
            _film(film, ", ".join(view.agreed_by), view.last_read, ("agreed", "Make gold"), view.revision)
            for film, view in self._rows(film_ids, reader)
            if view.agreed_by and view.gold is None
        )
        if not films:
            return _List(title, "No film that is not gold yet has the same grades by two readers or more.")
        sentence = (
            f"{counted(len(film_ids), 'film')} on which at least two readers graded all 13 bones and all agree. "
            f"Once it is gold, a film is mixed into the queue of whoever has not read it.{_newest(len(film_ids))}"
        )
        return _List(title, sentence, ("Film", "Readers", "Last read"), films)

    def _gold(self, table: ReadingTable, reader: Reader) -> _List:
        title, film_ids = "Gold now", gold_films(table).tolist()
        films = tuple(
            _film(film, view.gold.reader, view.gold.made_at, ("back", "Take back"), view.revision)
            for film, view in self._rows(film_ids, reader)
            if view.gold is not None
        )
        if not films:
            return _List(title, "No film has a gold reading.")
        sentence = (
            f"{counted(len(film_ids), 'film')} with a gold reading. Readers are not told.{_newest(len(film_ids))}"
        )
        return _List(title, sentence, ("Film", "Set by", "Set"), films)

    def _rows(self, film_ids: Sequence[int], reader: Reader) -> list[_Row]:
        """The newest of the films as they are now, which may be more than the table knows."""
        assert self._ledger is not None
        newest = list(self._ledger.films(film_ids[-_LISTED:]))
        return [(film, gold_view(self._ledger, film.id, reader)) for film in reversed(newest)]


def _newest(films: int) -> str:
    return f" The newest {_LISTED} are shown." if films > _LISTED else ""


def _film(film: FilmRecord, who: str, at: datetime | None, change: tuple[str, str], revision: int) -> _Film:
    """change: what the film's button asks for, and what stands on it."""
    title = f"Film {film.id} · {SEX_WORDS[film.sex].lower()} · {short_hash(film.sha256)}"
    return _Film(film.id, title, who, at, _Change(*change, film.id, revision))


def _note(text: str, change: _Change | None = None) -> Markup:
    return render("agreement/gold_note.html", text=text, change=change)
