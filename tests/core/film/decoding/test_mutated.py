"""Ten thousand damaged films through the decoders: a picture or a sentence, soon, in bounded memory, and never a crash."""

import json
import subprocess
import sys
from typing import Final

import numpy as np
import pytest

from core.errors import UnreadableFilm
from core.film.decoding.decode import decode
from core.film.decoding.sandbox import Sandbox
from tests.films import EXACT, GREY8, RAMP8, file_of
from tests.mutated import WHOLE, mutated

#: Of each of the twenty-one kinds.
_EACH: Final = 480
#: Decodes them all in one process of its own, which a crash ends; says which one it is at, and in the end what it came to.
_DECODE_ALL: Final = """
import json, resource, sys, time
from core.errors import UnreadableFilm
from core.film.decoding.decode import decode
from tests.mutated import WHOLE, mutated

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

for whole in WHOLE.values():
    decode(whole)
before, read, refused, slowest = peak(), 0, 0, 0.0
for kind in WHOLE:
    for number in range(int(sys.argv[1])):
        print(kind, number, flush=True, file=sys.stderr)
        content, started = mutated(kind, number), time.process_time()
        try:
            pixels, _ = decode(content)
        except UnreadableFilm as refusal:
            said = str(refusal)
            assert said.endswith(".") and "\\n" not in said and "Traceback" not in said, said
            refused += 1
        else:
            assert pixels.ndim == 2 and 0 <= pixels.min() and pixels.max() <= 1, (pixels.shape, pixels.min(), pixels.max())
            read += 1
        slowest = max(slowest, time.process_time() - started)
print(json.dumps({"read": read, "refused": refused, "slowest": slowest, "grown": peak() - before}))
"""


def test_ten_thousand_damaged_films() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DECODE_ALL, str(_EACH)], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"It ended with {done.returncode} at {done.stderr.splitlines()[-12:]}."
    found = json.loads(done.stdout)
    assert found["read"] + found["refused"] == _EACH * len(WHOLE) >= 10_000
    assert min(found["read"], found["refused"]) > 1_000, "the damage is all or nothing, so little is tried by it"
    assert found["slowest"] < 5
    assert found["grown"] < 700, "MiB; more than a picture of 64 million pixels in float32 and its samples need"


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_films_are_read(kind: str) -> None:
    pixels, _ = decode(WHOLE[kind])
    assert pixels.shape[1] == RAMP8.shape[1] and np.ptp(pixels) > 0.25


def test_damaged_films_in_the_process_apart() -> None:
    """It answers as the decoders do, with its own sentence where it was ended, and reads the next film."""
    box = Sandbox()
    for kind in WHOLE:
        for number in range(8):
            content = mutated(kind, number)
            try:
                expected = decode(content)[0]
            except UnreadableFilm as refusal:
                with pytest.raises(UnreadableFilm) as caught:
                    box.decode(content)
                assert str(caught.value) == str(refusal)
            else:
                np.testing.assert_array_equal(box.decode(content)[0], expected)
    assert np.abs(box.decode(file_of(RAMP8, "PNG"))[0] - GREY8).max() < EXACT
