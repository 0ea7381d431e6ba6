"""The part of the Data tab that admits programs, asked as the page asks it."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from starlette.requests import Request

from core.access.log import AccessLog
from core.access.roles import Role
from core.access.tokens import TOKEN, Tokens
from core.access.users import Users
from core.ledger import Ledger, LedgerSettings
from webapp.desk import Desk
from webapp.entrance.who.identity import Access
from webapp.programs.part import ProgramsPart
from webapp.service import live_assessor


@pytest.fixture
def part(tmp_path: Path) -> Iterator[ProgramsPart]:
    users = Users(tmp_path)
    users.add("anna", Role.ADMIN, "correct horse")
    users.add("ben", Role.REVIEWER, "correct horse")
    environment = {"BONEGRADE_DATA": str(tmp_path)}
    ledger = Ledger.open(LedgerSettings.from_environment(environment))
    access = Access.from_environment(environment)
    with gr.Blocks():
        yield ProgramsPart(Desk(live_assessor, ledger, access, access.log))
    ledger.close()


def by(name: str) -> gr.Request:
    """A request of somebody who signed in."""
    return gr.Request(Request({"type": "http", "headers": [], "client": ("10.0.0.7", 5)}), username=name)


def test_an_administrator_admits_a_program_sees_it_and_revokes_its_token(part: ProgramsPart, tmp_path: Path) -> None:
    made = part._make(" pacs ", "reader", 30, ["add_films"], by("anna"))
    found = TOKEN.search(made[part.message])
    assert found is not None
    program = Tokens(tmp_path).holder(found[0])
    assert program is not None and (program.name, program.made_by, program.only) == ("pacs", "anna", ("add_films",))
    assert "add films" in made[part.list] and found[0] not in made[part.list]
    shown = part._show(by("anna"))
    assert "pacs" in shown[part.list] and found[0] not in str(shown), "it is shown once"
    assert "pacs no longer opens anything" in part._revoke("pacs", by("anna"))[part.message]
    assert Tokens(tmp_path).holder(found[0]) is None
    log = [(one.who, one.deed, one.detail, one.address) for one in AccessLog(tmp_path).latest(9).entries]
    assert log == [
        ("anna", "revoked", "program:pacs", "10.0.0.7"),
        ("anna", "admitted", "program:pacs, reader, add_films alone, 30 days", "10.0.0.7"),
    ]


def test_nobody_else_may_and_what_is_wrong_gets_a_sentence(part: ProgramsPart, tmp_path: Path) -> None:
    for told in (
        part._make("pacs", "viewer", 30, [], by("ben")),
        part._show(by("ben")),
        part._revoke("pacs", by("ben")),
        part._show(by("nobody")),
    ):
        assert part.list not in told and ("does not allow you" in str(told) or "no longer on the list" in str(told))
    for name, days, only, sentence in (
        ("", 30, [], "cannot be a program"),
        ("pacs", None, [], "for how many days"),
        ("pacs", 30, ["export"], "A viewer may not export"),
    ):
        assert sentence in part._make(name, "viewer", days, only, by("anna"))[part.message]
    assert "no program pacs" in part._revoke("pacs", by("anna"))[part.message]
    assert Tokens(tmp_path).programs() == []
