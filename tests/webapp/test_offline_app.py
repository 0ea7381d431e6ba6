"""That a process without a network reaches itself alone, and that what it asked for is written down."""

import subprocess
import sys
from pathlib import Path

from tests.webapp.running_app import ROOT

_PROGRAM = """
import socket, sys
from pathlib import Path
from tests.webapp.offline_app import refuse_network
refuse_network(Path(sys.argv[1]))
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5):
    print("own")
for ask in (
    lambda: socket.getaddrinfo("example.org", 443),
    lambda: socket.socket().connect(("192.0.2.7", 443)),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"?", ("192.0.2.8", 53)),
):
    try:
        ask()
    except OSError as error:
        print(error)
"""


def test_only_this_machine_is_reached(tmp_path: Path) -> None:
    log = tmp_path / "asked"
    program = [sys.executable, "-c", _PROGRAM, str(log)]
    said = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert said[0] == "own" and len(said) == 4 and all("has no network" in line for line in said[1:])
    assert [line.split()[1] for line in log.read_text().splitlines()] == ["'example.org'", "'192.0.2.7'", "'192.0.2.8'"]
