"""The process in which films are decoded for core.film.decoding.sandbox: it is asked on its standard input, and answers on
its standard output.

A question is one letter (D: decode; S: what the file states), the length of the file in 8 bytes, and the file. An answer is
the length of a header in 8 bytes, the header in JSON and, if that has a "shape", as many float32 of the machine's own order.
Each file is decoded in a copy of the process that ends after it, has limits on memory and time, and may write no file. Where
such a copy ends before it has answered, the process ends too.
"""

import io
import json
import os
from contextlib import suppress
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from core.errors import UnreadableFilm
from core.film.decoding.decode import decode, stated_in
from core.film.greys import Grey
from core.machine import keep_freed

try:
    import resource
except ImportError:  # Windows: there all films are decoded in the one process, which its parent's time limit ends
    resource = None  # type: ignore[assignment]

#: Films of 64 million pixels of every format fit into it.
_MOST_BYTES: Final = 2 * 2**30
#: Seconds for one film, while others wait. A film of 16 million pixels takes at most 3, in JPEG 2000; only one of 64 million
#: pixels in that format takes more than 5.
_MOST_SECONDS: Final = 15
#: What decoding a film of a megapixel needs.
_TOUCHED_BYTES: Final = 8 * 2**20


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answers until there are no more questions. questions: unbuffered."""
    if resource is None:
        while _answer(questions, answers):
            pass
        return
    small = _small_film()
    while True:
        copy = os.fork()  # before the film comes, so that it need not wait for the fork
        if copy == 0:
            _limit()
            _warm_up(small)
            os._exit(0 if _answer(questions, answers) else 1)
        if os.waitpid(copy, 0)[1] != 0:
            return


def _small_film() -> bytes:
    """The content of a grey picture file of 256 x 256 pixels."""
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    return file.getvalue()


def _warm_up(film: bytes) -> None:
    """Makes a copy of the process touch the memory that it will decode in, which takes time once, while nobody is waiting.
    film: a small film's file."""
    keep_freed()
    decode(film)
    np.ones(_TOUCHED_BYTES, np.uint8)


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _MOST_BYTES),
        (resource.RLIMIT_CPU, _MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),  # a core dump would hold the patient's name
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most, most) if hard == resource.RLIM_INFINITY else (min(most, hard), hard))


def _answer(questions: BinaryIO, answers: BinaryIO) -> bool:
    """Answers one question; returns whether there was one."""
    what = questions.read(1)
    if not what:
        return False
    length = int.from_bytes(_exactly(questions, 8), "big")
    content = _exactly(questions, length)
    pixels: Grey | None = None
    try:
        if what == b"D":
            pixels, stated = decode(content)
            header = {"shape": pixels.shape, **stated.to_dict()}
        else:
            header = stated_in(content).to_dict()
    except UnreadableFilm as refusal:
        header = {"refused": str(refusal)}
    text = json.dumps(header).encode()
    answers.write(len(text).to_bytes(8, "big") + text)
    if pixels is not None:
        answers.write(pixels.data.cast("B"))
    answers.flush()
    return True


def _exactly(stream: BinaryIO, length: int) -> bytes:
    """The next bytes of a pipe, which delivers them in parts."""
    content = bytearray(length)
    rest = memoryview(content)
    while rest:
        count = stream.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        rest = rest[count:]
    return bytes(content)


def main() -> None:
    """Answers on the standard output until the standard input ends."""
    # Decoders write to the standard error what is wrong with a file, and quote it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    # Otherwise each copy would load again what Pillow and pydicom load only on demand.
    with suppress(UnreadableFilm):
        decode(bytes(200))
    Image.init()
    serve(os.fdopen(0, "rb", buffering=0), os.fdopen(1, "wb"))


if __name__ == "__main__":
    main()
