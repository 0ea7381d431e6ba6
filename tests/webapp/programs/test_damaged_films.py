"""Five hundred damaged films through the running app: an answer or a sentence to each, soon, and the next film is read."""

import json
import os
import time
from collections.abc import Mapping
from typing import Final

import httpx
import pytest

from tests.hands import shipped_examples
from tests.mutated import WHOLE, mutated
from tests.webapp.running_app import RunningApp, Seconds

#: Of each of the twenty-one kinds.
_EACH: Final = 28
#: From the upload to the answer, as far as it is the server's doing: less what it had to wait for a core that others held.
#: A film by itself takes a tenth of a second, and may compute for no longer either.
_MOST_SECONDS: Final = 5.0
#: By which the server's memory may grow over all of them: a film of 64 million pixels in float32 has 244.
_MOST_MIB: Final = 200


def assessed(client: httpx.Client, name: str, content: bytes) -> tuple[str, str]:
    """How /assess ends with a film, "complete" or "error", and what it says."""
    (path,) = client.post("/upload", files={"files": (name, content)}).raise_for_status().json()
    asked = client.post("/call/v2/assess", json={"film": {"path": path}, "sex": "F"}).raise_for_status().json()
    answer = client.get(f"/call/v2/assess/{asked['event_id']}").raise_for_status().text
    lines = [line for line in answer.splitlines() if line.startswith(("event: ", "data: "))]
    ended = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")][-1]
    return ended, lines[-1].removeprefix("data: ")


def test_five_hundred_damaged_films(app: RunningApp, tokens: Mapping[str, str]) -> None:
    headers = {"Authorization": f"Bearer {tokens['viewer']}"}
    with httpx.Client(base_url=f"{app.url}/gradio_api", headers=headers, timeout=60) as client:
        example = shipped_examples()[0]
        assert assessed(client, example.path.name, example.path.read_bytes())[0] == "complete", "the weights are loaded"
        ends = {"complete": 0, "error": 0}
        memory = app.memory_mib()
        for kind in WHOLE:
            for number in range(_EACH):
                before, mine, started = app.seconds(), Seconds.of(os.getpid()), time.monotonic()
                ended, said = assessed(client, "film.bin", mutated(kind, number))
                took, passed = app.seconds() - before, time.monotonic() - started
                waited = took.waiting + (Seconds.of(os.getpid()) - mine).waiting
                where = f"{kind}, number {number}: {said[:300]} ({passed:.1f} s, {waited:.1f} of them waiting; {took})"
                assert passed - waited < _MOST_SECONDS and took.computing < _MOST_SECONDS, where
                assert "Traceback" not in said and "Something went wrong" not in said, where
                if ended == "error":
                    assert json.loads(said)["error"].endswith("."), where
                ends[ended] += 1
            grown = app.memory_mib() - memory
            assert grown < _MOST_MIB, f"after {kind} the server has {grown} MiB more than before"
        assert sum(ends.values()) >= 500 and ends["error"] > 400
        ended, said = assessed(client, example.path.name, example.path.read_bytes())
        (assessment,) = json.loads(said)
        assert ended == "complete" and assessment["bone_age_months"] == pytest.approx(12 * example.age_years, abs=30)
