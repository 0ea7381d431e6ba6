"""The app as a program, behind a login, with programs of every role that may come in by their tokens."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.access.roles import Role
from core.access.tokens import Tokens
from core.access.users import Users
from tests.webapp.running_app import RunningApp, running

PASSWORD = "correct horse"


@pytest.fixture(scope="package")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder."""
    folder = tmp_path_factory.mktemp("data")
    Users(folder).add("anna", Role.ADMIN, PASSWORD)
    return folder


@pytest.fixture(scope="package")
def tokens(data: Path) -> Mapping[str, str]:
    """Of a program of each role, by the role's name."""
    made = Tokens(data)
    return {role.name.lower(): made.make(role.name.lower(), role, 30) for role in Role}


@pytest.fixture(scope="package")
def app(data: Path, tokens: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app."""
    passing = tmp_path_factory.mktemp("passing")
    with running(settings={"BONEGRADE_DATA": str(data), "GRADIO_TEMP_DIR": str(passing)}) as app:
        yield app
