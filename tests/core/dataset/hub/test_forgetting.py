"""What was erased goes from the hub, from every file and commit there, whatever else happens meanwhile."""

import inspect
import shutil
import threading

import pytest
from huggingface_hub import HfApi

from core.access.roles import OPERATOR
from core.dataset.hub.events import EventPusher
from core.dataset.hub.forgetting import forget_films
from core.dataset.hub.private import HubRefused
from core.keeping import erasures
from core.keeping.erasing import erase_films
from tests.core.dataset.hub.hub_with_history import HubWithHistory
from tests.stored_films import Store


@pytest.mark.parametrize("folder_lost", [False, True])
def test_the_hub_and_its_history_tell_nothing_of_an_erased_film(store: Store, folder_lost: bool) -> None:
    hub, folder = HubWithHistory(), store.ledger.folder / "hub"
    withdrawn, film, other = store.film(1), store.film(2, patient="p"), store.film(3)
    for one in (withdrawn, film, other):
        store.accept(one)
    pusher = hub.pusher(store.ledger, folder)
    push(pusher)
    store.accept(other, "ben")
    push(pusher)
    if folder_lost:
        pusher.stop()
        shutil.rmtree(folder)
        pusher = hub.pusher(store.ledger, folder)
        push(pusher)
    assert len(hub.commits_with(film.sha256)) >= 2
    erase_films(store.ledger, [withdrawn.id], OPERATOR, labels_too=False)
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=True)
    pusher.forget_erased()
    for _ in range(2):
        assert hub.commits_with(film.sha256) == hub.commits_with(film.patient_key) == []
        assert not any(withdrawn.sha256 in path for tree in hub.trees for path in tree)
        assert withdrawn.sha256 in hub.events() and other.sha256 in hub.events(), (
            "labels stay, and what others are told of"
        )
        with store.ledger.reading_transaction() as connection:
            assert erasures.unfinished(connection, here=False) == []
        store.accept(other, "carl")
        push(pusher)
    pusher.stop()
    assert hub.commits_with(film.sha256) == []


def test_an_erasure_waits_for_a_hub_whose_folder_was_lost(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for named, waits in (("", 0), ("lab/r", 1)):
        monkeypatch.setenv("BONEGRADE_HUB_DATASET", named)
        erase_films(store.ledger, [store.film(1).id], OPERATOR, labels_too=True)
        with store.ledger.reading_transaction() as connection:
            assert len(erasures.unfinished(connection, here=False)) == waits


def test_no_push_that_read_an_older_file_comes_after_an_erasure(store: Store) -> None:
    hub = HubWithHistory()
    film = store.film(1)
    store.accept(film)
    pusher = hub.pusher(store.ledger, store.ledger.folder / "hub")
    pusher._scheduler.trigger().result()
    pusher.write_new()
    hub.before_commit, under_way = threading.Event(), hub.begun
    push_of_before = pusher._scheduler.trigger()
    assert under_way.wait(5)
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=True)
    forgetting = threading.Thread(target=pusher.forget_erased)
    forgetting.start()
    forgetting.join(0.3)
    hub.before_commit.set()
    push_of_before.result()
    forgetting.join(5)
    assert not forgetting.is_alive() and hub.commits_with(film.sha256) == []
    pusher.stop()


def test_what_others_wrote_to_the_hub_meanwhile_is_not_lost(store: Store) -> None:
    hub = HubWithHistory()
    film = store.film(1)
    store.accept(film)
    pusher = hub.pusher(store.ledger, store.ledger.folder / "hub")
    push(pusher)
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=True)
    hub.written_meanwhile = {"events/theirs.jsonl": b'{"film": "ff"}\n'}
    with pytest.raises(HubRefused):
        pusher.forget_erased()
    pusher.forget_erased()
    assert hub.commits_with(film.sha256) == [] and "ff" in hub.events()
    pusher.stop()


def test_what_the_hub_stores_apart_goes_and_what_stays_in_the_head_stays() -> None:
    hub = HubWithHistory(stored_apart=lambda path: True)
    first, second = b'{"film": "bb"}\n', b'{"film": "aa"}\n'
    files = {"events/films/aa.png": b"a", "voc/aa.xml": b"x", "films/bb.png": b"b", "labels.csv": b"l"}
    hub.put(files | {"events/1.jsonl": first})
    hub.put({"events/1.jsonl": first + second})
    forget_films("lab/r", {"aa"}, {"aa"}, hub)  # type: ignore[arg-type]
    assert hub.trees == [{"films/bb.png": b"b", "labels.csv": b"l", "events/1.jsonl": first}]
    assert sorted(hub.apart.values()) == sorted(hub.trees[0].values())


def test_an_erasure_that_the_hub_broke_off_is_finished_later() -> None:
    hub = HubWithHistory(stored_apart=lambda path: path.endswith(".png"))
    hub.put({"films/aa.png": b"a", "events/1.jsonl": b'{"film": "aa"}\n'})
    hub.squashes = False
    with pytest.raises(HubRefused):
        forget_films("lab/r", {"aa"}, {"aa"}, hub)  # type: ignore[arg-type]
    hub.squashes = True
    forget_films("lab/r", {"aa"}, {"aa"}, hub)  # type: ignore[arg-type]
    assert hub.trees == [{}] and not hub.apart


def test_the_hubs_client_takes_what_an_erasure_gives_it() -> None:
    for method, given in {
        HfApi.repo_info: {"repo_id", "repo_type"},
        HfApi.list_repo_files: {"revision", "repo_type"},
        HfApi.hf_hub_download: {"repo_type", "revision", "local_dir"},
        HfApi.create_commit: {"commit_message", "repo_type", "parent_commit"},
        HfApi.super_squash_history: {"repo_type"},
        HfApi.permanently_delete_lfs_files: {"repo_type"},
    }.items():
        assert given <= set(inspect.signature(method).parameters)


def push(pusher: EventPusher) -> None:
    """What is new, at once."""
    pusher.write_new()
    pusher._scheduler.trigger().result()
