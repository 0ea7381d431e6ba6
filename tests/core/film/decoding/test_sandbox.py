"""The process that decodes films: limits on memory and time, what it may know and write, and that the next film is read
whatever became of the last."""

import os
import resource
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from core.errors import UnreadableFilm
from core.film.decoding import sandbox
from core.film.decoding.sandbox import Sandbox
from tests.films import EXACT, GREY8, RAMP8, file_of, png, png_chunk

FILM = file_of(RAMP8, "PNG")


def with_limits(**limits: int) -> tuple[str, str]:
    """The process's command, with lower limits than its own."""
    lines = [f"sandboxed.{name} = {value}" for name, value in limits.items()]
    scans = "greys._MOST_SCANNED = 10**15"  # so that there are files that take their time
    head = "from core.film import greys\nfrom core.film.decoding import sandboxed"
    return "-c", "\n".join([head, *lines, scans, "sandboxed.main()"])


def is_read(box: Sandbox) -> bool:
    pixels, _ = box.decode(FILM)
    return bool(np.abs(pixels - GREY8).max() < EXACT)


def seconds_of_children() -> float:
    """That processes of this one have computed which have ended: a busy machine makes them no more."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_process_is_kept_from_film_to_film() -> None:
    box = Sandbox()
    assert is_read(box)
    first = box._process
    assert first is not None and is_read(box) and box._process is first


def test_film_that_takes_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 million pixels, one of them white, in 60 kB."""
    monkeypatch.setattr(sandbox, "_COMMAND", with_limits(_MOST_BYTES=600 * 2**20))
    box = Sandbox()
    lines = zlib.compress(bytes(20_001 * 2_999) + b"\0\xff" + bytes(19_999), 1)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 3_000, 8, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", lines) + png_chunk(b"IEND", b"")
    with pytest.raises(UnreadableFilm, match=r"\.$"):
        box.decode(bomb)
    assert is_read(box)


def test_film_that_takes_too_much_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A progressive JPEG whose last refinement is repeated ten thousand times."""
    monkeypatch.setattr(sandbox, "_COMMAND", with_limits(_MOST_SECONDS=1))
    box = Sandbox()
    jpeg = file_of(np.tile(RAMP8, (16, 16)), "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    before = seconds_of_children()
    with pytest.raises(UnreadableFilm, match="more memory or time"):
        box.decode(jpeg[:-2] + scan * 10_000 + jpeg[-2:])
    assert seconds_of_children() - before < 10
    assert is_read(box)


def test_a_process_that_ends_between_two_films_costs_none() -> None:
    box = Sandbox()
    assert is_read(box)
    assert box._process is not None
    os.kill(box._process.pid, signal.SIGKILL)
    box._process.wait()
    ended = box._process
    assert is_read(box) and is_read(box)
    assert box._process is not ended


def test_process_knows_no_secret_and_writes_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_TOKEN", "Zwiebelfisch")
    told = tmp_path / "told"
    told.touch()
    # Once it is ready to answer, its decoder is one that writes to a file.
    script = (
        "import os\nfrom core.film.decoding import sandboxed\n"
        f"open({str(told)!r}, 'w').write(repr(sorted(os.environ)))\n"
        "def decode(content):\n"
        f"    open({str(told)!r}, 'a').write('written by the decoder')\n"
        "sandboxed.Image.init = lambda: setattr(sandboxed, 'decode', decode)\n"
        "sandboxed.main()"
    )
    monkeypatch.setattr(sandbox, "_COMMAND", ("-c", script))
    with pytest.raises(UnreadableFilm):
        Sandbox().decode(FILM)
    assert "PYTHONPATH" in told.read_text() and "HF_TOKEN" not in told.read_text()
    assert "written" not in told.read_text()


def test_forked_process_has_a_sandbox_of_its_own() -> None:
    """Workers that load data are forks; two that spoke to one process would mix up their films."""
    script = (
        "import os, sys\nfrom core.film.radiograph import read_radiograph\n"
        "content = sys.stdin.buffer.read()\nfirst = read_radiograph(content).sha256\n"
        "child = os.fork()\n"
        "same = all(read_radiograph(content).sha256 == first for _ in range(20))\n"
        "if child == 0:\n    os._exit(0 if same else 1)\n"
        "sys.exit(0 if same and os.waitpid(child, 0)[1] == 0 else 1)"
    )
    done = subprocess.run([sys.executable, "-c", script], input=png(RAMP8, 8, 0), timeout=60, check=False)
    assert done.returncode == 0
