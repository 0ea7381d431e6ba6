"""`python app.py` without a network: `python -m tests.webapp.offline_app LOG`.

Whoever in the process asks for a name or an address that is not this machine's is refused, and LOG gets a line.
"""

import ipaddress
import runpy
import sys
from pathlib import Path
from typing import Any

from tests.webapp.running_app import ROOT

_OWN_NAMES = {"", "localhost"}


def refuse_network(log: Path) -> None:
    """From now on this process reaches itself and its neighbours on this machine, and nobody else."""
    log.touch()

    def refuse(event: str, given: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            host = given[0]
        elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            host = given[1][0] if isinstance(given[1], tuple) else None  # a path or nothing: of this machine
        else:
            return
        if not _is_own(host):
            with log.open("a") as lines:
                lines.write(f"{event} {host!r}\n")
            raise OSError(f"This machine has no network: {host!r} is not asked.")

    sys.addaudithook(refuse)


def _is_own(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in _OWN_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


if __name__ == "__main__":
    refuse_network(Path(sys.argv[1]))
    del sys.argv[1:]
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
