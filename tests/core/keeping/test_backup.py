"""A backup that is made while somebody reads is whole, and restoring it gives the store back."""

import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from core.access.roles import OPERATOR
from core.film.radiograph import Radiograph, film_hash
from core.keeping import backup as backups
from core.keeping.backup import BackupRefused, backup, restore
from core.keeping.erasing import erase_films
from core.ledger import Consent, Ledger, LedgerSettings
from tests.faults import Fault, struck
from tests.postgres import new_database
from tests.reading_room import ReadingRoom, hand_at


def film(grey: float) -> Radiograph:
    """A grey film."""
    pixels = np.full((8, 8), grey, np.float32)
    return Radiograph(pixels, None, None, film_hash(pixels))


@pytest.fixture
def databases() -> Iterator[ExitStack]:
    """Databases that are dropped after the test."""
    with ExitStack() as stack:
        yield stack


def test_a_backup_made_while_somebody_reads_is_restored(
    room: ReadingRoom, tmp_path: Path, databases: ExitStack
) -> None:
    added = room.ledger.add_film(film(0.4), "F", reader="ann", source="queue", consent=Consent(), patient="4711").film
    room.predict(added.id, hand_at(0.5))
    stopped = threading.Event()

    def read() -> None:
        while not stopped.is_set():
            room.ledger.say(added.id, "flag", reader="ann", token=uuid.uuid4().hex)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        while room.ledger.ledger_revision() < 3:
            pass
        backup(room.settings, tmp_path / "backup")
    finally:
        stopped.set()
        reader.join()
    elsewhere = LedgerSettings.in_folder(tmp_path / "new")
    if not room.settings.url.startswith("sqlite"):
        server = room.settings.url.replace("postgresql+psycopg://", "postgresql://").rpartition("/")[0]
        elsewhere = LedgerSettings(tmp_path / "new", databases.enter_context(new_database(f"{server}/postgres")))
    restore(elsewhere, tmp_path / "backup")
    back, said = Ledger.open(elsewhere), list(room.ledger.events())
    events = list(back.events())
    assert 3 <= len(events) <= len(said) and events == said[: len(events)]
    assert list(back.films()) == list(room.ledger.films())
    kept = back.radiograph(back.film(added.id))
    assert kept is not None and kept.sha256 == added.sha256
    before, after = room.ledger.prediction(added.id), back.prediction(added.id)
    assert before is not None and after is not None and after.probabilities == before.probabilities
    assert back.add_film(film(0.9), "M", reader="b", source="queue", consent=None, patient="4711").film.patient_key == (
        added.patient_key
    ), "the secret of the pseudonyms came along"
    back.rebuild_queue()
    back.close()


def test_a_backup_made_across_an_erasure_has_neither_the_film_nor_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The film is erased after the database is copied and before the pictures are; then once more."""
    settings = LedgerSettings.in_folder(tmp_path / "data")
    ledger = Ledger.open(settings)
    films = [
        ledger.add_film(film(grey), "F", reader="ann", source="queue", consent=Consent()).film
        for grey in (0.2, 0.4, 0.6)
    ]
    going = [one.id for one in films[:2]]
    copy_database = backups._copy_database

    def then_erase(url: sa.URL, target: Path) -> None:
        copy_database(url, target)
        if going:
            erase_films(ledger, [going.pop()], OPERATOR, labels_too=False)

    monkeypatch.setattr(backups, "_copy_database", then_erase)
    backup(settings, tmp_path / "backup")
    ledger.close()
    assert len([path for path in (tmp_path / "backup" / "pictures").rglob("*") if path.is_file()]) == 1
    new = LedgerSettings.in_folder(tmp_path / "new")
    restore(new, tmp_path / "backup")
    back = Ledger.open(new)
    assert [one.id for one in back.films() if back.radiograph(one) is not None] == [films[2].id]
    assert [event.kind for event in back.events()] == ["withdraw", "withdraw"]
    back.close()


def test_what_cannot_be_backed_up_or_restored_says_so(tmp_path: Path) -> None:
    settings = LedgerSettings.in_folder(tmp_path / "data")
    with pytest.raises(BackupRefused, match="no ledger"):
        backup(settings, tmp_path / "one")
    ledger = Ledger.open(settings)
    ledger.add_film(film(0.1), "F", reader="ann", source="queue", consent=Consent())
    ledger.close()
    backup(settings, tmp_path / "one")
    assert not (tmp_path / "one").stat().st_mode & 0o077
    with pytest.raises(BackupRefused, match="there already"):
        backup(settings, tmp_path / "one")
    with pytest.raises(BackupRefused, match="a ledger in"):
        restore(settings, tmp_path / "one")
    new = LedgerSettings.in_folder(tmp_path / "new")
    with pytest.raises(BackupRefused, match="not a complete backup"):
        restore(new, tmp_path / "data")
    with pytest.raises(BackupRefused, match="other kind"):
        restore(LedgerSettings(new.folder, "postgresql+psycopg://nobody@127.0.0.1:1/x"), tmp_path / "one")
    next((tmp_path / "one" / "pictures").rglob("*.png")).write_bytes(b"another")
    with pytest.raises(BackupRefused, match="changed"):
        restore(new, tmp_path / "one")
    assert not new.folder.exists()


def test_promoted_weights_come_back_with_a_ledger(tmp_path: Path) -> None:
    settings = LedgerSettings.in_folder(tmp_path / "data")
    Ledger.open(settings).close()
    version = settings.folder / "weights" / "versions" / "0002-ab"
    version.mkdir(parents=True)
    (version / "grader.safetensors").write_bytes(b"weights")
    (settings.folder / "weights" / "live.json").write_text("[]")
    backup(settings, tmp_path / "backup")
    restore(LedgerSettings.in_folder(tmp_path / "new"), tmp_path / "backup")
    back = tmp_path / "new" / "weights"
    assert (back / "live.json").read_text() == "[]"
    assert (back / "versions" / "0002-ab" / "grader.safetensors").read_bytes() == b"weights"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("fault", ["power cut", "full disk"])
def test_a_restore_that_was_stopped_leaves_no_ledger_that_could_be_taken_for_one(tmp_path: Path, fault: Fault) -> None:
    """A database without its secret would be opened with a new one, under which patients get other pseudonyms."""
    settings = LedgerSettings.in_folder(tmp_path / "data")
    ledger = Ledger.open(settings)
    key = ledger.add_film(
        film(0.1), "F", reader="ann", source="queue", consent=Consent(), patient="4711"
    ).film.patient_key
    ledger.close()
    backup(settings, tmp_path / "backup")
    new, at = LedgerSettings.in_folder(tmp_path / "new"), 0
    while struck(new.folder, at, fault, lambda: restore(new, tmp_path / "backup")):
        assert not (new.folder / "ledger.sqlite").exists(), at
        shutil.rmtree(new.folder, ignore_errors=True)
        at += 1
    assert at > 5
    back = Ledger.open(new)
    assert back.patient_key("4711") == key and len(list(back.films())) == 1
    back.close()
