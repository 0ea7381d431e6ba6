"""The part of the Data tab in which an administrator admits programs, sees which there are, and revokes their tokens."""

import logging
from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from core.access.roles import Action, Reader, Role, RoleName, enforce
from core.access.tokens import MOST_DAYS, Power, Tokens
from core.errors import BoneGradeError
from webapp.assess.summary import message
from webapp.desk import Desk
from webapp.shared.components import Updates, styled_html
from webapp.shared.errors import NOTHING_CHANGED, sentence_of
from webapp.shared.templates import render

_log = logging.getLogger(__name__)

_ROLES: Final = [(role.name.capitalize(), role.name.lower()) for role in Role]
_POWERS: Final = [
    ("Assess what it sends", Power.ASSESS.value),
    ("Look at films", Power.LOOK.value),
    ("Save corrections", Power.CORRECT.value),
    ("Add films", Power.ADD_FILMS.value),
    ("Export the data", Power.EXPORT.value),
]
_DAYS: Final = 90


class ProgramsPart:
    """The components of the part and what they do."""

    def __init__(self, desk: Desk):
        assert desk.ledger is not None
        self._desk = desk
        self._tokens = Tokens(desk.ledger.folder)
        with gr.Accordion("Programs", open=False, elem_id="programs"):
            styled_html(render("programs/introduction.html"))
            with gr.Row():
                self.name = gr.Textbox(
                    label="Name of the program", max_lines=1, elem_id="program-name", scale=2, min_width=200
                )
                self.role = gr.Radio(_ROLES, value="viewer", label="Role", elem_id="program-role", scale=3)
                self.days = gr.Number(
                    _DAYS, label="Days that its token is valid", precision=0, minimum=1, maximum=MOST_DAYS,
                    elem_id="program-days", scale=1, min_width=230,
                )  # fmt: skip
            self.only = gr.CheckboxGroup(
                _POWERS, label="Of what the role may do, only this (none ticked: all of it)", elem_id="program-only"
            )
            with gr.Row():
                make = gr.Button("Make a token", variant="primary", elem_id="program-make", scale=0, min_width=180)
                revoke = gr.Button("Revoke its token", variant="stop", elem_id="program-revoke", scale=0, min_width=200)
                show = gr.Button("Show all programs", elem_id="program-show", scale=0, min_width=220)
            self.message = styled_html(elem_id="program-message", elem_classes="message-slot")
            self.list = styled_html(elem_id="program-list")
        private: dict[str, Any] = {"api_visibility": "private"}
        answer = [self.message, self.list, self.name]
        make.click(self._make, [self.name, self.role, self.days, self.only], answer, **private)
        revoke.click(self._revoke, [self.name], answer, **private)
        show.click(self._show, None, answer, **private)

    def _make(self, name: str, role: RoleName, days: int | None, only: list[str], request: gr.Request) -> Updates:
        def work(reader: Reader) -> Updates:
            if days is None:
                raise BoneGradeError("Say for how many days the token is to be valid.")
            program = name.strip()
            token = self._tokens.make(program, Role.named(role), days, [Power(one) for one in only], reader.name)
            powers = f", {' '.join(only)} alone" if only else ""
            self._desk.note(request, reader, "admitted", detail=f"program:{program}, {role}{powers}, {days} days")
            return {self.message: render("programs/token.html", name=program, token=token), self.name: ""}

        return self._answered(work, request)

    def _revoke(self, name: str, request: gr.Request) -> Updates:
        def work(reader: Reader) -> Updates:
            program = name.strip()
            self._tokens.revoke(program)
            self._desk.note(request, reader, "revoked", detail=f"program:{program}")
            text = f"The token of {program} no longer opens anything; what it said stays."
            return {self.message: message(text, "good", title="Revoked"), self.name: ""}

        return self._answered(work, request)

    def _show(self, request: gr.Request) -> Updates:
        return self._answered(lambda reader: {self.message: ""}, request)

    def _answered(self, work: Callable[[Reader], Updates], request: gr.Request) -> Updates:
        try:
            reader = self._desk.reader(request)
            enforce(reader, Action.ADMIT_PROGRAMS)
            updates = work(reader)
            return {**updates, self.list: render("programs/programs.html", programs=self._tokens.programs())}
        except Exception as error:
            text = sentence_of(error, NOTHING_CHANGED, _log, "Admitting or revoking a program failed.")
            return {self.message: message(text, title="Nothing was changed")}
