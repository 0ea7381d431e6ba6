"""Which films are gold, and which their readers agree on and could be, for whoever may set gold readings."""

import uuid
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

import gradio as gr

from core.access.roles import Action, Reader, enforce
from core.agreement import ReadingTable, agreed_films, gold_films
from core.annotation.gold import GoldView, gold_view, make_agreed_gold, put_back, take_back
from core.errors import BoneGradeError
from core.ledger import FilmRecord, Ledger
from webapp.annotate.view import when
from webapp.shared.words import SEX_WORDS, counted, short_hash

#: So many films of each list are shown, the newest.
_LISTED: Final = 50

#: A button tells which film it is of, and at which revision the page shows it; times go by the reader's own clock.
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

    def shown(self, table: ReadingTable, reader: Reader, said: str = "") -> str:
        """Both lists; nothing at all for whoever may not set gold readings. said: what came of what was asked, in HTML."""
        if self._ledger is None or not reader.may(Action.SET_GOLD):
            return ""
        lists = self._agreed(table, reader) + self._gold(table, reader)
        return f'<div role="status">{said}</div><div class="gold-lists">{lists}</div>'

    def change(self, asked: dict[str, Any], reader: Reader) -> str:
        """Does what a button asks for; returns what came of it, in HTML. Raises BoneGradeError."""
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
                again = _button("again", "Put back", film_id, event.revision)
                return _note(f"Film {film_id} is not gold any more.", again)
            case "again":
                put_back(self._ledger, film_id, reader, revision=revision, token=token)
                return _note(f"Film {film_id} is gold again.")
        raise BoneGradeError("The page asked for what cannot be done; reload it.")

    def _agreed(self, table: ReadingTable, reader: Reader) -> str:
        film_ids = agreed_films(table).tolist()
        rows = [(film, view) for film, view in self._rows(film_ids, reader) if view.agreed_by and view.gold is None]
        if not rows:
            return _list(
                "Agreed on, not gold yet", "No film that is not gold yet has the same grades by two readers or more."
            )
        sentence = (
            f"{counted(len(film_ids), 'film')} on which at least two readers graded all 13 bones and nobody differs. "
            f"Made gold, a film is mixed into the queue of whoever has not read it.{_newest(len(film_ids))}"
        )
        lines = [
            (
                _film(film),
                escape(", ".join(view.agreed_by)),
                "" if view.last_read is None else when(view.last_read),
                _button("agreed", "Make gold", film.id, view.revision),
            )
            for film, view in rows
        ]
        return _list("Agreed on, not gold yet", sentence, ("Film", "Readers", "Last read"), lines)

    def _gold(self, table: ReadingTable, reader: Reader) -> str:
        film_ids = gold_films(table).tolist()
        lines = [
            (
                _film(film),
                escape(view.gold.reader),
                when(view.gold.made_at),
                _button("back", "Take back", film.id, view.revision),
            )
            for film, view in self._rows(film_ids, reader)
            if view.gold is not None
        ]
        if not lines:
            return _list("Gold now", "No film has a gold reading.")
        sentence = (
            f"{counted(len(film_ids), 'film')} with a gold reading. Readers are not told.{_newest(len(film_ids))}"
        )
        return _list("Gold now", sentence, ("Film", "Set by", "Set"), lines)

    def _rows(self, film_ids: Sequence[int], reader: Reader) -> list[_Row]:
        """The newest of the films with what stands of them now, which may be more than the table knows."""
        assert self._ledger is not None
        newest = list(self._ledger.films(film_ids[-_LISTED:]))
        return [(film, gold_view(self._ledger, film.id, reader)) for film in reversed(newest)]


def _newest(films: int) -> str:
    return f" Shown are the newest {_LISTED}." if films > _LISTED else ""


def _film(film: FilmRecord) -> str:
    """The film by the name it has on the Annotate tab, which the link opens."""
    title = f"Film {film.id} · {SEX_WORDS[film.sex].lower()} · {short_hash(film.sha256)}"
    return f'<a href="#film={film.id}">{title}</a>'


def _button(what: str, title: str, film_id: int, revision: int) -> str:
    return (
        f'<button type="button" class="tool" data-gold="{what}" data-film="{film_id}" data-revision="{revision}" '
        f'aria-label="{title}: film {film_id}">{title}</button>'
    )


def _note(text: str, button: str = "") -> str:
    return f'<p class="gold-note">{escape(text)} {button}</p>'


def _list(title: str, sentence: str, heads: Sequence[str] = (), rows: Sequence[Sequence[str]] = ()) -> str:
    """rows: cells in HTML, one more than there are heads, for the button."""
    text = f'<section><h4>{title}</h4><p class="agreement-sentence">{escape(sentence)}</p>'
    if not rows:
        return f"{text}</section>"
    columns = "".join(f'<th scope="col">{head}</th>' for head in heads)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    return (
        f'{text}<div class="table-scroll" tabindex="0" role="region" aria-label="{title}"><table class="gold-list">'
        f'<thead><tr>{columns}<th><span class="visually-hidden">Change</span></th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div></section>"
    )
