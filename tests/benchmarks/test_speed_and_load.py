"""The benchmarks of speed and load: how ratios are taken, and a short visit to a served app."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
import torch
from torch import nn

from benchmarks.load import Visitors
from benchmarks.serving import resident_mib
from benchmarks.speed import forwards_of, in_turn, ratio
from core.networks.runner import Runner


def test_everything_is_done_in_turn_and_the_first_round_does_not_count() -> None:
    done: list[str] = []
    taken = in_turn({"one": lambda: done.append("one"), "other": lambda: done.append("other")}, rounds=2)
    assert done == ["one", "other"] * 3
    assert {name: len(times) for name, times in taken.items()} == {"one": 2, "other": 2}


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    taken = {"ours": [1.0, 2.0, 9.0], "theirs": [2.0, 4.0, 1.0]}  # the machine was busy in the last round
    assert ratio(taken, "ours", "theirs") == 0.5


def test_forwards_are_those_of_the_networks_on_what_they_were_given() -> None:
    runner = Runner(nn.Linear(3, 2).eval(), (torch.zeros(1, 3),), any_size=False)
    given = torch.rand(4, 3)
    (said,) = forwards_of(lambda: runner(given))()  # type: ignore[misc]
    assert torch.equal(said[0], runner(given)[0])


@pytest.fixture
def url() -> Iterator[str]:
    """A page whose API answers girls, and boys with an error."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def answer(film: str, sex: str, hand: str) -> str:
        if sex == "M":
            raise gr.Error("No hand.")
        time.sleep(0.01)
        return hand

    page = gr.Interface(answer, [gr.File(), gr.Textbox(), gr.Textbox()], gr.Textbox(), api_name="assess")
    page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True)
    yield f"http://127.0.0.1:{port}"
    page.close()


def test_visitors_note_what_they_waited_and_what_failed(url: str, tmp_path: Path) -> None:
    film = tmp_path / "film.png"
    film.write_bytes(b"film")
    pleased, turned_away = (Visitors(url, [(film, sex)]) for sex in "FM")
    for visitors in (pleased, turned_away):
        visitors.visit(users=2, seconds=0.5)
    assert len(pleased.seconds) >= 2 and min(pleased.seconds) >= 0.01 and not pleased.errors
    assert not turned_away.seconds and sum(turned_away.errors.values()) >= 2
    assert all("No hand." in said for said in turned_away.errors)
    assert resident_mib(os.getpid()) > 50, "with torch in it"
