"""A PostgreSQL server for tests: the one that BONEGRADE_TEST_DB names, or a private one of Debian's, on a free port."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


def find_binaries() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest version that Debian installed; None without PostgreSQL."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    return versions[-1] if versions else Path(on_path).resolve().parent if on_path else None


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a server's maintenance database, for psycopg. Skips the test where no PostgreSQL is installed."""
    given = os.environ.get("BONEGRADE_TEST_DB")
    if given:
        yield given.replace("postgresql+psycopg://", "postgresql://")
        return
    binaries = find_binaries()
    if binaries is None:
        message = "No PostgreSQL is installed: apt-get install postgresql, or set BONEGRADE_TEST_DB."
        # .ci/run installs it, so there a test that is skipped is a test that is missing.
        pytest.fail(message) if os.environ.get("BONEGRADE_TEST_POSTGRES") == "required" else pytest.skip(message)
    # initdb refuses to run as root.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="bonegrade-postgres-"))
    try:
        if user:
            shutil.chown(folder, "postgres", "postgres")
        data, port = folder / "data", _free_port()

        def run(*command: str) -> None:
            subprocess.run(
                [str(binaries / command[0]), *command[1:]],
                check=True,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                **user,  # type: ignore[call-overload]
            )

        run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        # Nothing here outlives the server, so it need not wait for the disk.
        options = f"-p {port} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """A database of its own, as a SQLAlchemy URL; dropped afterwards."""
    name = f"bonegrade_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    try:
        yield server.replace("postgresql://", "postgresql+psycopg://").rpartition("/")[0] + f"/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
