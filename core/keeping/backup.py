"""Copies the whole store while people go on working, and restores it from such a copy.

The database is copied as of one moment (SQLite's backup, or pg_dump), and pictures after it: a picture is on the disk
before the database names it, so none is missing. Where a film or a name is erased meanwhile, both are copied again, so that
the backup neither misses a picture that it names nor contains what was erased. Crops are left out, since they can be cut
again from the pictures. A restored ledger can be opened only when all of it is there: its secret comes back first, its
database last.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from core.assessment.live_model import LIVE
from core.errors import BoneGradeError
from core.keeping import erasures
from core.ledger.store.settings import LedgerSettings
from core.machine import make_folder

USERS: Final = "users.json"
_MANIFEST: Final = "manifest.json"
_SQLITE, _POSTGRES = "ledger.sqlite", "ledger.dump"
#: What the data folder holds apart from the database; all but the first may be missing.
_FOLDERS: Final = ("pictures", "access", "hub", "weights")
#: Those of these that must agree with the database.
_NAMED_IN_DATABASE: Final = ("pictures", "hub")
#: Attempts to copy those while somebody erases.
_ATTEMPTS: Final = 5
#: Copied first: the version that live.json names is there whole by then.
_FILES: Final = ("patient_secret", USERS, f"weights/{LIVE}")
#: What a power cut while a database is being restored may leave of it.
_UNFINISHED: Final = ".unfinished"


class BackupRefused(BoneGradeError):
    """The backup cannot be made, or cannot be restored; nothing was changed."""


def backup(settings: LedgerSettings, target: Path) -> int:
    """Writes a backup into a new folder, for this user alone, and returns the number of its files. Raises BackupRefused."""
    if target.exists():
        raise BackupRefused(f"{target} is there already: name a new folder for the backup.")
    if not settings.secret and not (settings.folder / "patient_secret").exists():
        raise BackupRefused(f"There is no ledger in {settings.folder}: check BONEGRADE_DATA.")
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        make_folder(unfinished)
        for name in _FILES:
            if (settings.folder / name).exists():
                make_folder((unfinished / name).parent)
                shutil.copyfile(settings.folder / name, unfinished / name)
        for name in _FOLDERS:
            if name not in _NAMED_IN_DATABASE:
                _copy_folder(settings.folder / name, unfinished / name)
        for attempt in range(_ATTEMPTS):
            if attempt:
                _drop_gone(settings.folder, unfinished)
            erased = _erasures(settings.url)
            _copy_database(sa.make_url(settings.url), unfinished)
            for name in _NAMED_IN_DATABASE:
                _copy_folder(settings.folder / name, unfinished / name)
            if _erasures(settings.url) == erased:
                break
        else:
            raise BackupRefused("Films are being erased again and again: make the backup once that is done.")
        hashes = {path.relative_to(unfinished).as_posix(): _hash(path) for path in _files(unfinished)}
        manifest = {"kind": "bonegrade backup", "made_at": datetime.now(UTC).isoformat(), "files": hashes}
        (unfinished / _MANIFEST).write_text(json.dumps(manifest, indent=1))
        unfinished.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupRefused(
            f"The backup cannot be written to {target} ({error}): make room or name another place."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return len(hashes)


def restore(settings: LedgerSettings, source: Path) -> int:
    """Puts a backup where there is no ledger yet, and returns the number of files. The app must not run meanwhile.

    A list of users that is already there stays: the backup's would bring back people who were removed, and former roles and
    passwords. Raises BackupRefused where the backup is not whole, is of the other kind of database, or there is a ledger
    already.
    """
    hashes = _checked(source)
    url = sa.make_url(settings.url)
    sqlite = url.get_backend_name() == "sqlite"
    if (_SQLITE if sqlite else _POSTGRES) not in hashes:
        raise BackupRefused("The backup is of the other kind of database: set BONEGRADE_DB as it was when it was made.")
    if (settings.folder / "patient_secret").exists() or (sqlite and Path(url.database or "").exists()):
        raise BackupRefused(f"There is a ledger in {settings.folder} already: let BONEGRADE_DATA name a new folder.")
    if (settings.folder / USERS).exists():
        hashes = {name: known for name, known in hashes.items() if name != USERS}
    try:
        # without its secret, a database would be opened with a new one
        for name in sorted(hashes, key=lambda name: name != _FILES[0]):
            if name not in (_SQLITE, _POSTGRES):
                make_folder((settings.folder / name).parent)
                shutil.copyfile(source / name, settings.folder / name)
        if sqlite:
            database = Path(url.database or "")
            make_folder(database.parent)
            unfinished = database.with_name(f"{database.name}{_UNFINISHED}")
            shutil.copyfile(source / _SQLITE, unfinished)
            unfinished.replace(database)
        else:
            _run_postgres(
                "pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(source / _POSTGRES)
            )
    except OSError as error:
        raise BackupRefused(
            f"The backup cannot be written to {settings.folder} ({error}): make room, remove what is there, and try again."
        ) from error
    return len(hashes)


def _erasures(url: str) -> int:
    """How many times a film or a name was erased in a database."""
    parts = sa.make_url(url)
    if parts.get_backend_name() == "sqlite":
        path = Path(parts.database or "")
        engine = sa.create_engine("sqlite://", creator=lambda: _opened(path), poolclass=sa.NullPool)
    else:
        engine = sa.create_engine(parts, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return erasures.count(connection)
    except sa.exc.SQLAlchemyError as error:
        raise BackupRefused("The database cannot be read: see that it runs, and check BONEGRADE_DB.") from error


def _drop_gone(folder: Path, copies: Path) -> None:
    """Removes copies of pictures and of what waits for the hub that the data folder no longer has."""
    for name in _NAMED_IN_DATABASE:
        for copy in list(_files(copies / name)):
            if not (folder / copy.relative_to(copies)).exists():
                copy.unlink()


def _copy_database(url: sa.URL, target: Path) -> None:
    """Copies the database into a folder, in place of an earlier copy."""
    if url.get_backend_name() == "sqlite":
        (target / _SQLITE).unlink(missing_ok=True)
        _copy_sqlite(Path(url.database or ""), target / _SQLITE)
    else:
        _run_postgres("pg_dump", url, "--format=custom", "--no-owner", f"--file={target / _POSTGRES}")


def _opened(database: Path) -> sqlite3.Connection:
    """The database opened for reading; it is not created if it is missing."""
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=60)


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        closing(_opened(source)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def _run_postgres(program: str, url: sa.URL, *options: str) -> None:
    """Runs one of PostgreSQL's own programs; the password is passed where no list of processes shows it."""
    plain = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    environment = os.environ | ({"PGPASSWORD": url.password} if url.password else {})
    name = plain.render_as_string()
    try:
        done = subprocess.run([program, f"--dbname={name}", *options], env=environment, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BackupRefused(f"{program} is not installed here: install PostgreSQL's client programs.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise BackupRefused(f"{program} failed ({last}): see that the database runs, and is empty for a restore.")


def _copy_folder(source: Path, target: Path) -> None:
    for path in _files(source):
        copy = target / path.relative_to(source)
        if copy.exists():
            continue
        make_folder(copy.parent)
        try:
            shutil.copyfile(path, copy)
        except FileNotFoundError:  # erased meanwhile
            continue


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(source: Path) -> Mapping[str, str]:
    """The hashes of a backup's files, by name. Raises BackupRefused where it is not as it was written."""
    try:
        manifest = json.loads((source / _MANIFEST).read_text())
        hashes: dict[str, str] = manifest["files"]
        whole = manifest["kind"] == "bonegrade backup" and all(
            ".." not in Path(name).parts and not Path(name).is_absolute() and _hash(source / name) == known
            for name, known in hashes.items()
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{source} is not a complete backup: name the folder that `backup` has written.") from error
    if not whole:
        raise BackupRefused(f"The backup {source} was changed since it was written: take another one.")
    return hashes
