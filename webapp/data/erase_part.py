"""The part of the Data tab in which an administrator erases a film, all films of a patient, or a reader's name."""

import logging
from typing import Any, Final, Literal

import gradio as gr

from core.access.roles import Action, Reader, enforce
from core.errors import BoneGradeError
from core.keeping.erasing import (
    NAME_ELSEWHERE,
    copies_elsewhere,
    erase_films,
    erase_patient,
    erase_reader,
    note_erased,
)
from core.ledger import Ledger
from webapp.assess.summary import message
from webapp.desk import Desk
from webapp.shared.components import styled_html
from webapp.shared.errors import CHECK_WHETHER_ERASED, sentence_of
from webapp.shared.templates import render

_log = logging.getLogger(__name__)

_What = Literal["film", "patient", "reader"]

_WHATS: Final[list[tuple[str, str | int | float]]] = [
    ("A film", "film"),
    ("All films of a patient", "patient"),
    ("A reader's name", "reader"),
]
_WHICH: Final = (
    "The film's number, as Annotate shows it; the patient's own id; or the name that the reader signs in with."
)
_LABELS: Final[list[tuple[str, str | int | float]]] = [
    ("Only its picture, crops and file's name; grades and boxes stay", "stay"),
    ("Everything that was said about it, too", "go"),
]
#: What a reader said stays, so there is something to choose only for films.
_OF_FILMS_JS: Final = """(what) => ({ __type__: "update", visible: what !== "reader" })"""


class ErasePart:
    """The components of the part and what they do."""

    def __init__(self, desk: Desk):
        assert desk.ledger is not None
        self._desk = desk
        self._ledger: Ledger = desk.ledger
        with gr.Accordion("Erase a film, a patient's films or a name", open=False, elem_id="erase"):
            styled_html(render("data/erasing.html"))
            what = gr.Radio(_WHATS, value="film", label="What to erase", elem_id="erase-what")
            named = gr.Textbox(label="Which one", info=_WHICH, max_lines=1, elem_id="erase-which")
            with gr.Column() as of_films:
                labels = gr.Radio(_LABELS, value=None, label="What to remove of a film", elem_id="erase-labels")
                reason = gr.Textbox(label="Why, for the film's history; no names", max_lines=1, elem_id="erase-reason")
            button = gr.Button("Erase permanently", variant="stop", elem_id="erase-now", scale=0, min_width=220)
            said = styled_html(elem_id="erase-message", elem_classes="message-slot")
        given = [named, labels, reason]
        private: dict[str, Any] = {"api_visibility": "private"}
        what.change(None, what, of_films, js=_OF_FILMS_JS, **private)
        button.click(self._erase, [what, *given], [said, *given], **private)

    def _erase(
        self, what: _What, named: str, labels: str | None, reason: str, request: gr.Request
    ) -> tuple[str, str, str | None, str]:
        """The answer, and what stands in the other parts afterwards."""
        try:
            reader = self._desk.reader(request)
            enforce(reader, Action.ERASE)
            if not named.strip() or (what != "reader" and labels is None):
                raise BoneGradeError("Nothing was erased yet: say which one, and choose what is to go.")
            text = self._erased(what, named.strip(), labels == "go", reason, reader, request)
            return message(text, "warning", title="Erased"), "", None, ""
        except Exception as error:
            text = sentence_of(error, CHECK_WHETHER_ERASED, _log, "An erasure failed.")
            return message(text, title="Not erased"), named, labels, reason

    def _erased(
        self, what: _What, named: str, labels_too: bool, reason: str, reader: Reader, request: gr.Request
    ) -> str:
        """Erases, and says in a sentence what."""
        if what == "reader":
            places = erase_reader(self._ledger, named, reader)
            self._desk.note(request, reader, "erased", detail="a reader's name")
            return f"The name stood in {places} places, where a pseudonym stands now. {NAME_ELSEWHERE}"
        if what == "patient":
            films = erase_patient(self._ledger, named, reader, labels_too=labels_too, reason=reason)
            numbers = ", ".join(map(str, films))
            text = f"The patient's films are erased: {numbers}."
            if not labels_too:
                text = f"The pictures of the patient's films are erased: {numbers}."
        else:
            if not named.isdecimal():
                raise BoneGradeError(
                    "Nothing was erased: a film's number consists of digits only, as Annotate shows it."
                )
            films = erase_films(self._ledger, [int(named)], reader, labels_too=labels_too, reason=reason)
            text = f"Film {named} is erased." if labels_too else f"The picture of film {named} is erased."
        address = self._desk.access.address_of(request)
        note_erased(self._desk.log, films, reader.name, labels_too=labels_too, address=address)
        self._desk.erasures.look()
        return f"{text} {copies_elsewhere(self._ledger)}"
