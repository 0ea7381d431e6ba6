"""What of the Train tab is there."""

from pathlib import Path

import pytest

from core.ledger import Ledger, LedgerSettings
from webapp.app import build_app
from webapp.desk import Desk
from webapp.entrance.identity import Access


@pytest.mark.parametrize("token", ["hf_of_the_lab", ""])
def test_on_a_space_a_run_is_sent_to_the_hub_where_a_token_is_set_and_compared_there(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.dataset.hub.get_token", lambda: token or None)
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
