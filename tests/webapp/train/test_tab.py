"""What of the Train tab is there."""

from pathlib import Path

import pytest

from core.ledger import Ledger, LedgerSettings
from webapp.app import build_app
from webapp.desk import Desk
from webapp.entrance.identity import Access


@pytest.mark.parametrize("token", ["hf_of_the_lab", ""])
def test_a_run_is_sent_to_the_hub_only_where_a_token_is_set(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.dataset.hub.get_token", lambda: token or None)
    environment = {"BONEGRADE_DATA": str(tmp_path)}
    access, ledger = Access.from_environment(environment), Ledger.open(LedgerSettings.from_environment(environment))
    parts = build_app(Desk(lambda: pytest.fail("nothing is assessed"), ledger, access, access.log)).config["components"]
    ledger.close()
    (part,) = (one for one in parts if one["props"].get("elem_id") == "train-on-hub")
    assert part["props"]["visible"] is bool(token)
