"""A network that has nobody in it: runs a Python program there, and hears for whom it asks.

`python -m tests.alone FOLDER PROGRAM...`, under `unshare --map-root-user --net --mount`, prints a line for each name that the
program asks for, be it by a native library that no audit hook of Python's sees, and ends as it does. FOLDER: for what this
needs.
"""

import fcntl
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_UNSHARE: Final = ("unshare", "--map-root-user", "--net", "--mount")
#: linux/sockios.h and linux/if.h
_SET_FLAGS, _UP = 0x8914, 0x1


def can_be_alone() -> bool:
    """Whether this system lets a user have a network of their own."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def asked_by(program: Sequence[str], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """The names that a Python program, which has to end well, asks the network for. folder: for what this needs."""
    command = [*_UNSHARE, sys.executable, "-m", "tests.alone", str(folder), *program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _hear(server: socket.socket) -> None:
    while True:
        question, _ = server.recvfrom(512)
        labels, place = [], 12
        while length := question[place]:
            labels.append(question[place + 1 : place + 1 + length].decode())
            place += 1 + length
        print(".".join(labels), flush=True)


def _main(folder: Path, program: Sequence[str]) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loopback:
        fcntl.ioctl(loopback, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
    names = folder / "resolv.conf"
    names.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", str(names), "/etc/resolv.conf"], check=True)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    threading.Thread(target=_hear, args=(server,), daemon=True).start()
    return subprocess.run([sys.executable, *program], stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:]))
