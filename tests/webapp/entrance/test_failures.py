"""What is refused is not quoted in the log."""

import json
import logging
from collections.abc import Iterator

import gradio as gr
import httpx
import pytest

from webapp.app import launch_settings
from webapp.entrance.failures import quote_nothing

PATIENT = "MUELLER_Anna_20141203"


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """The address of one with a function that fails, and says why."""

    def fails(word: str) -> str:
        raise RuntimeError(f"{word} is no word")

    with pytest.MonkeyPatch.context() as patch:
        for module in (gr.queueing, gr.routes):
            patch.setattr(module, "traceback", module.traceback)
        quote_nothing()
        with gr.Blocks(analytics_enabled=False) as app:
            choice, said = gr.Radio(["one", "two"]), gr.Textbox()
            choice.change(lambda word: word, choice, said, api_name="chosen")
            said.change(fails, said, said, api_name="fails")
        settings = launch_settings({}) | {"server_port": None, "prevent_thread_lock": True, "quiet": True}
        _, url, _ = app.launch(**settings)
        yield url
        app.close()


@pytest.mark.parametrize(("function", "kind"), [(0, "Error"), (1, "RuntimeError")])
def test_the_log_has_the_kind_of_an_error_and_not_what_was_sent(
    function: int, kind: str, page: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with httpx.Client(base_url=page, timeout=60) as client, caplog.at_level(logging.WARNING):
        asked = {"data": [PATIENT], "fn_index": function, "session_hash": f"s{function}"}
        assert client.post("gradio_api/queue/join", json=asked).status_code == 200
        answer = client.get("gradio_api/queue/data", params={"session_hash": f"s{function}"}).text
    done = [json.loads(line[6:]) for line in answer.splitlines() if "process_completed" in line]
    assert [one["success"] for one in done] == [False]
    written = "".join(capfd.readouterr())
    assert kind in caplog.text and PATIENT not in caplog.text + written and "Traceback" not in written
