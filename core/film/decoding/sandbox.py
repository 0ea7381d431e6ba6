"""Decodes films in a separate process: a file that a decoder chokes on, or that is made to fill the memory, ends that process
and not this one."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, Final

import numpy as np

from core.errors import UnreadableFilm
from core.film.greys import MAX_PIXELS, Grey
from core.film.stated import Stated

#: What Python is asked to run.
_COMMAND: Final = ("-m", "core.film.decoding.sandboxed")
#: Seconds after which a film is given up, however busy the machine is; the process's own limit is on its computing time.
_MOST_SECONDS: Final = 120.0
#: Most bytes of the header that comes before an answer's pixels.
_MOST_HEADER_BYTES: Final = 1 << 20
#: What the process may know of this one's environment: where the libraries are, and no secrets.
_ENVIRONMENT: Final = ("LD_LIBRARY_PATH", "LANG", "SYSTEMROOT")

_TOO_MUCH: Final = (
    "Decoding the film takes more memory or time than a radiograph needs, or fails altogether:"
    " export it again as a PNG picture, or as DICOM without compression."
)


class Sandbox:
    """The process that decodes, started when the first film comes and kept for those after it. Safe to use from many threads:
    films are decoded one at a time, which also bounds the memory in use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, content: bytes) -> tuple[Grey, Stated]:
        """What `core.film.decoding.decode.decode` makes of the file: greys HxW in [0, 1], and what is stated. Raises
        UnreadableFilm as that does, and also where the file takes too much memory or time or ends the process."""
        header, pixels = self._ask(b"D", content)
        if pixels is None:
            raise UnreadableFilm(_TOO_MUCH)
        return pixels, Stated.from_dict(header)

    def stated_in(self, content: bytes) -> Stated:
        """What `core.film.decoding.decode.stated_in` reads of the file. Raises UnreadableFilm where the file ends the
        process."""
        return Stated.from_dict(self._ask(b"S", content)[0])

    def forget(self) -> None:
        """Leaves the process to whoever started it: after a fork, this process must not talk to it as well."""
        self._lock, self._process = threading.Lock(), None

    def _running(self) -> subprocess.Popen[bytes] | None:
        """The process, unless it has ended since the last film."""
        if self._process is not None and self._process.poll() is not None:
            _ended(self._process)
            self._process = None
        return self._process

    def _ask(self, what: bytes, content: bytes) -> tuple[dict[str, Any], Grey | None]:
        with self._lock:
            process = self._running() or _started()
            self._process = None
            overdue = threading.Timer(_MOST_SECONDS, process.kill)
            overdue.start()
            try:
                header, pixels = _answer(process, what, content)
                self._process = process
            except (OSError, ValueError, EOFError):
                # Nothing can be asked of it after half an answer; the next film has a new one.
                process.kill()
                raise UnreadableFilm(_TOO_MUCH) from None
            finally:
                overdue.cancel()
                if self._process is None:
                    _ended(process)
        if "refused" in header:
            raise UnreadableFilm(str(header["refused"]))
        return header, pixels


def _started() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *_COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pipesize=1 << 20,  # the most that Linux gives without being asked by root; elsewhere it is left out
        env=environment,
        start_new_session=True,  # signals from the terminal are not meant for it
    )


def _ended(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            assert pipe is not None
            pipe.close()
    process.wait()


def _answer(process: subprocess.Popen[bytes], what: bytes, content: bytes) -> tuple[dict[str, Any], Grey | None]:
    """One question and its answer, by the rules of `core.film.decoding.sandboxed`. Raises EOFError, ValueError or OSError
    for any answer that is incomplete: a process that decodes a stranger's file is trusted no further than that."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(what + len(content).to_bytes(8, "big"))
    process.stdin.write(content)
    process.stdin.flush()
    length = int.from_bytes(_exactly(process, 8), "big")
    if length > _MOST_HEADER_BYTES:
        raise ValueError("the header is too long")
    header = json.loads(_exactly(process, length))
    shape = header.pop("shape", None)
    if shape is None:
        return header, None
    height, width = (int(side) for side in shape)
    if not 0 < height * width <= MAX_PIXELS or height < 0:
        raise ValueError("the picture is too large")
    pixels = np.empty((height, width), np.float32)
    if process.stdout.readinto(pixels.data.cast("B")) != pixels.nbytes:  # type: ignore[attr-defined]
        raise EOFError
    return header, pixels


def _exactly(process: subprocess.Popen[bytes], length: int) -> bytes:
    assert process.stdout is not None
    content = process.stdout.read(length)
    if len(content) != length:
        raise EOFError
    return content
