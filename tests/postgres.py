"""A PostgreSQL server for tests: the one that BONEGRADE_TEST_DB names, or a private one started from the system's binaries."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """The folder of initdb and postgres, None where no server is installed."""
    found = sorted(_DEBIAN.glob("*/bin/initdb")) if _DEBIAN.is_dir() else []
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def available() -> bool:
    """Whether tests on PostgreSQL can run here."""
    return bool(os.environ.get("BONEGRADE_TEST_DB")) or binaries() is not None


@contextmanager
def server() -> Iterator[str]:
    """A URL of a database server to make databases on; a private server is stopped and removed afterwards."""
    named = os.environ.get("BONEGRADE_TEST_DB")
    if named:
        yield named
        return
    folder = binaries()
    assert folder is not None, "there is no PostgreSQL on this computer"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # initdb refuses to run as root
    user = "nobody" if getpass.getuser() == "root" else None
    data = Path(tempfile.mkdtemp(prefix="bonegrade-postgres-", dir="/tmp"))
    if user is not None:
        shutil.chown(data, user)
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        _run(
            [folder / "initdb", "-D", data / "db", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"],
            user,
            data,
        )
        _run([folder / "pg_ctl", "-D", data / "db", "-o", options, "-l", data / "log", "-w", "start"], user, data)
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run([folder / "pg_ctl", "-D", data / "db", "-m", "immediate", "stop"], user, data)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _run(command: list[str | Path], user: str | None, folder: Path) -> None:
    subprocess.run(
        [str(part) for part in command], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=120
    )
