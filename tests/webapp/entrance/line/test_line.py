"""One visitor who fills the line, or the memory, keeps nobody else from being served."""

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest
from starlette.middleware import Middleware

from webapp.app import launch_settings
from webapp.entrance.line.line import PLACES, BoundedStates, keep_order
from webapp.entrance.line.streams import Streams


class ByHeader:
    """Believes a header of each request, as it would a proxy's: NAME is a person, anything else an address."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """Who waits."""
        who = str(request.headers.get("x-client", ""))
        return who, who.isupper()


@pytest.fixture(scope="module")
def line() -> Iterator[tuple[str, threading.Event, list[str]]]:
    """A page whose answers wait for an event; its address, the event, and who was answered in which order."""
    go, answered = threading.Event(), list[str]()

    def slow(word: str, request: gr.Request) -> str:
        go.wait(60)
        answered.append(word)
        return word

    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((gr.queueing, "Queue"), (gr.routes, "StateHolder")):
            patch.setattr(module, name, getattr(module, name))
        keep_order(ByHeader())
        with gr.Blocks(analytics_enabled=False) as app:
            said = gr.Textbox()
            said.change(slow, said, said, api_name="slow", concurrency_limit=1)
        app.queue(max_size=PLACES)
        settings = launch_settings({}) | {"server_port": None, "prevent_thread_lock": True, "quiet": True}
        settings["app_kwargs"]["middleware"].append(Middleware(Streams, ByHeader()))
        _, url, _ = app.launch(**settings)
        assert isinstance(app.server_app.state_holder, BoundedStates)
        yield url, go, answered
        go.set()
        app.close()


def join(client: httpx.Client, url: str, who: str, session: str, word: str) -> httpx.Response:
    """Asks for an answer."""
    body = {"data": [word], "fn_index": 0, "session_hash": session}
    return client.post(f"{url}gradio_api/queue/join", json=body, headers={"x-client": who})


def test_one_client_who_fills_the_line_leaves_room_for_others_and_they_take_turns(
    line: tuple[str, threading.Event, list[str]],
) -> None:
    url, go, answered = line
    with httpx.Client(timeout=60) as client:
        codes = [join(client, url, "one", f"s{number}", f"one {number}") for number in range(PLACES + 1)]
        assert [answer.status_code for answer in codes].count(200) <= PLACES // 2
        assert "from your address" in codes[-1].json()["detail"]
        assert join(client, url, "two", "t", "two 0").status_code == 200
        for number in range(60):
            join(client, url, f"other {number}", f"o{number}", "crowd")
        refused = join(client, url, "three", "v", "three 0")
        assert refused.status_code == 503 and "signed in" in refused.json()["detail"]
        # a program with a token has no page: each of its events is one of its own
        known = [join(client, url, "ANNA", f"w{number}", f"anna {number}").status_code for number in range(PLACES)]
        assert known[0] == 200 and known.count(200) <= PLACES // 2, "a program does not fill the line either"
        go.set()
        until = threading.Event()
        for _ in range(600):
            if len(answered) > 40:
                break
            until.wait(0.05)
    assert answered.index("two 0") < answered.index("one 1"), "the second client waits for what is being answered alone"
    assert answered.index("anna 0") < answered.index("one 1")


def fetched(client: httpx.Client, url: str, session: str) -> str:
    """What a page of this session is told, to the end."""
    return client.get(f"{url}gradio_api/queue/data", params={"session_hash": session}).text


def test_answers_that_nobody_fetches_push_out_their_askers_own(
    line: tuple[str, threading.Event, list[str]],
) -> None:
    url, go, _ = line
    go.set()
    with httpx.Client(timeout=60) as client:
        assert join(client, url, "patient", "p", "kept for the patient").status_code == 200
        for number in range(200):
            while join(client, url, "hasty", f"made up {number}", f"unread {number}").status_code != 200:
                threading.Event().wait(0.05)  # until some of them are answered
        assert "unread 199" in fetched(client, url, "made up 199")
        assert "kept for the patient" in fetched(client, url, "p")
        gone = fetched(client, url, "made up 0")
    assert '"session_not_found":true' in gone and "unread 0" not in gone


def test_names_of_sessions_are_short_and_events_are_those_that_there_are(
    line: tuple[str, threading.Event, list[str]],
) -> None:
    """Gradio keeps each name for ever: a thousand of 900 kB took a gigabyte."""
    url = line[0]
    with httpx.Client(timeout=60) as client:
        long = join(client, url, "one", "x" * 900_000, "word")
        assert long.status_code == 400 and "64 characters" in long.json()["detail"]
        for number in (-1, 9999):
            body = {"data": ["word"], "fn_index": number, "session_hash": "s"}
            answer = client.post(f"{url}gradio_api/queue/join", json=body)
            assert answer.status_code == 400 and "no such event" in answer.json()["detail"]


class _State:
    """What BoundedStates asks of a session. nbytes: of the film in it."""

    def __init__(self, nbytes: int = 0):
        self.state_data: dict[int, Any] = {1: type("Film", (), {"nbytes": nbytes})()}


def test_made_up_sessions_push_out_their_makers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.entrance.line.line._SESSIONS", 8)
    states = BoundedStates()
    states.belongs("mine", "me")
    states.session_data["mine"] = _State()  # type: ignore[assignment]
    for number in range(33):
        states.belongs(f"made up {number}", "them")
        states.session_data[f"made up {number}"] = _State()  # type: ignore[assignment]
        states.update(f"made up {number}")
    assert "mine" in states and len(states.session_data) == 8 and "made up 32" in states


def test_big_films_push_out_the_same_clients_older_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.entrance.line.line._SESSION_BYTES", 1000)
    states = BoundedStates()
    for session, client, size in (("mine", "me", 300), ("a", "them", 400), ("b", "them", 400)):
        states.belongs(session, client)
        states.session_data[session] = _State(size)  # type: ignore[assignment]
        states.update(session)
    assert list(states.session_data) == ["mine", "b"]
