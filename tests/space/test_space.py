"""The repository started just as a Hugging Face Space starts it: `make space`, for releases, and not a part of `make test`,
because the fresh environment is gigabytes to fetch the first time."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import expect

from tests.hands import shipped_examples
from tests.space.as_a_space import Space, installed
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, chromium

pytestmark = pytest.mark.space

#: On which gradio would serve the program's files to whoever asks, see webapp.entrance.doors.doors.reload_nothing.
_RELOADING = 7887


@pytest.fixture(scope="module")
def space() -> Iterator[Space]:
    """One for all tests of this file."""
    with installed() as space:
        yield space


def explain(url: str) -> dict[str, object]:
    """Has an example assessed, and one of its bones explained."""
    example = shipped_examples()[0]
    said = Client(url, verbose=False, httpx_kwargs={"timeout": 120}).predict(
        handle_file(example.path), "Radius", example.sex, "left", None, api_name="/explain"
    )
    about: dict[str, object] = said[-1]
    return about


def is_open(port: int) -> bool:
    """Whether somebody listens on this machine."""
    with socket.socket() as ask:
        return ask.connect_ex(("127.0.0.1", port)) == 0


def test_it_is_run_by_another_user(space: Space) -> None:
    if space.user is None:
        pytest.skip("this user may not start programs as another, or the other may run no Python here")
    said = space.run("-c", "import os; print(os.getuid(), os.access('.', os.W_OK))", more={})
    assert said.stdout.split() == [str(space.user), "False"]


def test_on_cpu_basic_it_assesses_writes_nothing_and_says_that_corrections_will_not_outlive_it(space: Space) -> None:
    before = space.files()
    with space.served({}) as url:
        assert explain(url)["bone"] == "Radius"
        if CHROMIUM is not None:
            with chromium() as browser:
                page = browser.new_page()
                page.goto(url)
                expect(page.locator("#who")).to_contain_text(
                    "Sign in with your Hugging Face account", timeout=ANSWER_MS
                )
                expect(page.locator("#who")).to_contain_text("corrections will not survive its next restart")
        assert not is_open(_RELOADING)
    assert space.files() == before


def test_the_doctor_says_what_it_lacks(space: Space) -> None:
    said = space.run("-m", "core", "doctor", more={})
    assert said.returncode == 2, said.stderr
    wrong = [line for line in said.stdout.splitlines() if line.startswith("wrong")]
    assert len(wrong) == 1 and "is lost at each restart of the Space" in wrong[0]
    hub = {"BONEGRADE_HUB_DATASET": "me/said"}
    assert "there is no token for me/said" in space.run("-m", "core", "doctor", more=hub).stdout


def test_on_zero_gpu_it_starts_and_asks_for_no_gpu(space: Space) -> None:
    with lender() as (address, asked):
        zero = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": address, "ACCELERATOR": "zero-a10g"}
        with space.served(zero) as url:
            assert asked == ["/startup-report"], "without it ZeroGPU ends a Space"
            assert explain(url)["bone"] == "Radius"
            assert asked == ["/startup-report"], "no visitor waits for a GPU"
        assert "ZeroGPU" in space.run("-m", "core", "doctor", more=zero).stdout


@contextmanager
def lender() -> Iterator[tuple[str, list[str]]]:
    """What lends GPUs on ZeroGPU, which says yes to all: its address, and what it was asked."""
    asked: list[str] = []

    class Lends(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path.partition("?")[0])
            body = json.dumps({}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lends)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
