"""Datasets on the hub, with a dummy client: what is put there is private, and what fails is one sentence."""

import inspect
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import HfApi

from core.access.roles import OPERATOR
from core.dataset.exporting.export import export
from core.dataset.hub.private import HubRefused, hub_errors, push_dataset, push_folder, require_private
from core.dataset.manifest import DamagedDataset
from core.machine import DISK_FULL
from tests.core.dataset.hub.dummies import DummyHub
from tests.stored_films import Store


def test_a_dataset_is_made_private_and_a_public_one_refused() -> None:
    hub: Any = DummyHub()
    require_private("lab/readings", hub)
    assert hub.calls[0] == (
        "create_repo", {"repo_id": "lab/readings", "repo_type": "dataset", "private": True, "exist_ok": True}
    )  # fmt: skip
    require_private("lab/readings", hub)
    public: Any = DummyHub(private=False)
    with pytest.raises(HubRefused, match="lab/readings on the hub is public"):
        require_private("lab/readings", public)


def test_an_export_is_pushed_whole(store: Store, tmp_path: Path) -> None:
    store.accept(store.film(1))
    export(store.ledger, OPERATOR, tmp_path / "out")
    hub: Any = DummyHub()
    push_dataset(tmp_path / "out", "lab/readings", hub)
    name, options = hub.calls[-1]
    assert name == "upload_folder"
    assert (options["folder_path"], options["repo_type"]) == (tmp_path / "out", "dataset")
    assert not any(pattern.startswith(("events", "*")) for pattern in options["delete_patterns"])
    public: Any = DummyHub(private=False)
    with pytest.raises(HubRefused):
        push_dataset(tmp_path / "out", "lab/readings", public)
    assert "upload_folder" not in dict(public.calls)
    (tmp_path / "out" / "labels.csv").write_text("tampered")
    with pytest.raises(DamagedDataset):
        push_dataset(tmp_path / "out", "lab/readings", hub)


def test_a_hub_that_cannot_be_reached_is_one_sentence() -> None:
    class Away(DummyHub):
        def create_repo(self, **options: Any) -> None:
            raise ConnectionError("no route\nto host")

    away: Any = Away()
    with pytest.raises(HubRefused, match="cannot be written") as caught:
        require_private("lab/readings", away)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("refused", DISK_FULL)
def test_a_full_disk_is_not_blamed_on_the_hub(tmp_path: Path, refused: int) -> None:
    class Full(DummyHub):
        def upload_folder(self, **options: Any) -> SimpleNamespace:
            raise OSError(refused, os.strerror(refused), "cache")

    full: Any = Full()
    with pytest.raises(OSError, match="cache"):
        push_folder(tmp_path, "lab/readings", "", [], "An export", full)


def test_what_has_a_sentence_already_keeps_it() -> None:
    with pytest.raises(HubRefused, match=r"^It is public\.$"), hub_errors(lambda error: HubRefused(f"{error}.")):
        raise HubRefused("It is public.")


def test_an_upload_takes_what_it_is_given() -> None:
    uploads = set(inspect.signature(HfApi.upload_folder).parameters)
    assert {"repo_id", "repo_type", "folder_path", "delete_patterns", "commit_message"} <= uploads
