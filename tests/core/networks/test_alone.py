"""Nobody is told of a film that is read, not even by the libraries that are not Python's."""

import os
from pathlib import Path

import pytest

from tests.alone import asked_by, can_be_alone
from tests.hands import shipped_examples

pytestmark = pytest.mark.skipif(not can_be_alone(), reason="this system lets nobody have a network of their own")


def test_a_film_is_assessed_and_nobody_is_asked_for(tmp_path: Path) -> None:
    """ONNX Runtime would tell its makers of each session, and keep an id of this machine in the home folder."""
    home, film = tmp_path / "home", shipped_examples()[0]
    home.mkdir()
    unsettled = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    program = ("-m", "core", "assess", str(film.path), "--sex", film.sex)
    assert asked_by(program, tmp_path, unsettled | {"HOME": str(home)}) == []
    assert list(home.iterdir()) == []


def test_who_asks_is_heard(tmp_path: Path) -> None:
    program = "import socket\ntry:\n    socket.getaddrinfo('films.example.org', 80)\nexcept OSError:\n    pass"
    assert set(asked_by(("-c", program), tmp_path, os.environ)) == {"films.example.org"}
