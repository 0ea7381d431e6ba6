"""What of the Train tab is there, and when nothing starts from it."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

from core.access.roles import Reader, Role
from core.learning.lessons.training_data import TRAINING_DATA_VARIABLE
from core.ledger import Ledger, LedgerSettings
from webapp.app import build_app
from webapp.desk import Desk
from webapp.entrance.who.identity import Access


@pytest.mark.parametrize("token", ["hf_of_the_lab", ""])
def test_on_a_space_a_run_is_sent_to_the_hub_where_a_token_is_set_and_compared_there(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.dataset.hub.private.get_token", lambda: token or None)
    space = {"SPACE_ID": "lab/bonegrade", "SYSTEM": "spaces", "OAUTH_CLIENT_ID": "id"}
    for name, value in space.items():
        monkeypatch.setenv(name, value)
    for name in ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL"):
        monkeypatch.setattr(f"gradio.oauth.{name}", "http://127.0.0.1:9")  # which gradio reads once, when it is loaded
    environment = {"BONEGRADE_DATA": str(tmp_path), **space}
    access, ledger = Access.from_environment(environment), Ledger.open(LedgerSettings.from_environment(environment))
    parts = build_app(Desk(lambda: pytest.fail("nothing is assessed"), ledger, access, access.log)).config["components"]
    ledger.close()
    shown = {one["props"].get("elem_id"): one["props"]["visible"] for one in parts if "visible" in one["props"]}
    assert shown["train-on-hub"] is bool(token)
    assert shown["train-compare"] is bool(token), "what a job brings back can be promoted there"
    assert shown["train-start"] is False, "nothing is trained on a Space"


class _AsReader:
    """Lets whoever comes be a reader."""

    keeps = True
    mode = "local"

    def reader_of(self, request: gr.Request | None) -> Reader:
        return Reader("ben", Role.READER)


def act(name: str, ledger: Ledger, access: Any) -> str:
    """What the page says after the act of a button, by whoever the access names."""
    app = build_app(Desk(lambda: pytest.fail("nothing is assessed"), ledger, access))
    handlers = {(one.fn.__module__, one.fn.__name__): one.fn for one in app.fns.values() if hasattr(one.fn, "__name__")}
    said = handlers["webapp.train.tab", name](None, gr.Request(Request({"type": "http", "headers": []})))
    (text,) = (value for value in said.values() if value)
    return str(text)


@pytest.mark.parametrize("name", ["_start", "_cancel", "_compare", "_promote", "_rollback"])
def test_a_reader_does_none_of_it(name: str, ledger: Ledger) -> None:
    assert "does not allow you to train and promote models" in act(name, ledger, _AsReader())


def test_no_run_starts_without_grades_to_learn_from(ledger: Ledger) -> None:
    access = Access.from_environment({"BONEGRADE_DATA": str(ledger.folder)})
    assert "There are no grades to learn from" in act("_start", ledger, access)
    assert not (ledger.folder / "runs").exists()


def test_no_run_starts_with_a_folder_that_it_could_not_see_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TRAINING_DATA_VARIABLE, str(tmp_path / "nowhere"))
    environment = {"BONEGRADE_DATA": str(tmp_path / "data")}
    access, ledger = Access.from_environment(environment), Ledger.open(LedgerSettings.from_environment(environment))
    said = act("_start", ledger, access)
    ledger.close()
    assert "nowhere/labels.csv is missing" in said and "Not done" in said
    assert not (tmp_path / "data" / "runs").exists()
