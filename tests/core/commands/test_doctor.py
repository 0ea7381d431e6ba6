"""What the doctor finds where something is missing, and that it changes nothing."""

import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from core.access.roles import OPERATOR, Role
from core.access.users import Users
from core.commands import doctor
from core.commands.doctor import Finding, examine
from core.film.radiograph import Radiograph, film_hash
from core.keeping.erasing import HUB_GOES, HUB_WAITS, copies_elsewhere, erase_films
from core.ledger import Consent, Ledger, LedgerSettings
from tests.core.learning.lessons.test_training_data import write_folder

#: Where people sign in with their Hugging Face account.
_SPACE = {"SPACE_ID": "a/b", "SYSTEM": "spaces", "OAUTH_CLIENT_ID": "a"}
_NOWHERE = "postgresql://reader:secret-word@127.0.0.1:1/bonegrade"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a new machine, with a data folder that is not there yet."""
    for variable in ("HF_TOKEN", "SPACE_ID", "SPACES_ZERO_GPU", "HOST", "GRADIO_SERVER_NAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(doctor, "get_token", lambda: None)
    return {"BONEGRADE_DATA": str(tmp_path / "data"), "BONEGRADE_WEIGHTS": os.environ["BONEGRADE_WEIGHTS"]}


def _of(part: str, environment: dict[str, str]) -> Finding:
    found = [finding for finding in examine(environment) if finding.of == part]
    assert len(found) == 1
    return found[0]


def test_a_new_machine_lacks_nothing_and_is_left_as_it_is(here: dict[str, str], tmp_path: Path) -> None:
    assert {finding.state for finding in examine(here)} == {"ok"}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("part", "changes", "sentence"),
    [
        ("port", {"PORT": "99999"}, "PORT must be a number from 1 to 65535"),
        ("retention", {"BONEGRADE_UNREAD_DAYS": "soon"}, "BONEGRADE_UNREAD_DAYS must be a number of days"),
        ("threads", {"OMP_NUM_THREADS": "all"}, "set a number of threads"),
        ("storage", _SPACE, "is lost at each restart of the Space"),
        ("storage", {**_SPACE, "BONEGRADE_DB": _NOWHERE}, "set BONEGRADE_PATIENT_SECRET"),
        ("storage", {"BONEGRADE_PATIENT_SECRET": "short"}, "fewer than 32 bytes"),
        ("ledger", {"BONEGRADE_DB": _NOWHERE}, "the database does not answer"),
        ("training data", {"BONEGRADE_TRAINING_DATA": "/nowhere"}, "labels.csv is missing. Point at a folder"),
        ("hub", {"BONEGRADE_HUB_DATASET": "a/b"}, "there is no token for a/b"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    here: dict[str, str], part: str, changes: dict[str, str], sentence: str
) -> None:
    found = _of(part, here | changes)
    assert found.state == "wrong" and sentence in found.says and "secret-word" not in found.says


def test_a_space_on_zero_gpu_needs_its_package(here: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    on_zero_gpu = here | {"SPACES_ZERO_GPU": "true"}
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert _of("GPU", on_zero_gpu).state == "wrong"
    monkeypatch.setattr(doctor, "find_spec", lambda name: name)
    assert _of("GPU", on_zero_gpu).state == "ok"


def test_weights_that_are_not_the_registrys(here: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "live.json").write_text("{}")
    found = _of("weights", here | {"BONEGRADE_WEIGHTS": str(tmp_path)})
    assert found.state == "wrong" and "cannot be read" in found.says


def test_training_data_that_runs_of_the_page_see_again(here: dict[str, str], tmp_path: Path) -> None:
    assert "learn from the ledger alone" in _of("training data", here).says
    folder = write_folder(tmp_path / "training")
    found = _of("training data", here | {"BONEGRADE_TRAINING_DATA": str(folder)})
    assert found == Finding("training data", "ok", f"{folder}: 8 hands and 2 exemplars to see again; hands of val: 1")


def test_a_data_folder_that_is_a_file(here: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    found = _of("storage", here)
    assert found.state == "wrong" and "cannot be written" in found.says


def test_a_database_over_a_network_is_to_be_known_of(here: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "is_over_network", lambda folder: True)
    found = _of("storage", here)
    assert found.state == "note" and "only when the app stops" in found.says
    assert _of("storage", here | {"BONEGRADE_DB": _NOWHERE}).state == "ok"


def test_a_space_with_a_database_and_its_secret_lasts(here: dict[str, str]) -> None:
    space = here | _SPACE | {"BONEGRADE_DB": _NOWHERE, "BONEGRADE_PATIENT_SECRET": "secret-word" * 3}
    found = _of("storage", space)
    assert found.state == "ok" and "secret-word" not in found.says


def test_a_demo_needs_no_storage_that_lasts(here: dict[str, str]) -> None:
    found = _of("storage", here | {"SPACE_ID": "a/b"})
    assert found.state == "ok" and "nothing is kept" in found.says


def test_erasures_that_wait_for_a_hub_that_is_not_named_any_more(here: dict[str, str]) -> None:
    ledger = Ledger.open(LedgerSettings.from_environment(here))
    assert _of("hub", here).state == "ok"
    pixels = np.full((8, 8), 0.5, np.float32)
    film = Radiograph(pixels, None, None, film_hash(pixels))
    added = ledger.add_film(film, "F", reader="anna", source="queue", consent=Consent()).film
    (ledger.folder / "hub").mkdir()
    erase_films(ledger, [added.id], OPERATOR, labels_too=True)
    found = _of("hub", here)
    assert found.state == "wrong" and found.says.startswith("1 erased film may still be on the hub")
    assert copies_elsewhere(ledger, here).endswith(HUB_WAITS)
    assert copies_elsewhere(ledger, here | {"BONEGRADE_HUB_DATASET": "a/b"}).endswith(HUB_GOES)
    ledger.close()


def test_what_a_space_pushed_before_a_restart_cannot_be_erased_by_number(here: dict[str, str]) -> None:
    found = _of("storage", here | _SPACE | {"BONEGRADE_HUB_DATASET": "a/b"})
    assert found.state == "note" and "be erased only there, by hand" in found.says


def test_people(here: dict[str, str], tmp_path: Path) -> None:
    assert "nothing is kept" in _of("people", here | {"HOST": "0.0.0.0"}).says
    users = Users(tmp_path / "data")
    users.add("anna", Role.READER, "a long password")
    assert "none is an admin" in _of("people", here).says
    assert _of("people", here | {"BONEGRADE_ROLES": "cleo=admin"}).state == "ok"
    assert _of("people", here | {"BONEGRADE_ROLES": "cleo=chief"}).state == "wrong"
    users.add("ben", Role.ADMIN, None)
    assert _of("people", here).state == "ok"
    space = here | {"SPACE_ID": "me/bonegrade", "SYSTEM": "spaces", "OAUTH_CLIENT_ID": "x"}
    assert "Hugging Face account" in _of("people", space).says


def test_a_ledger_is_looked_at_and_left(here: dict[str, str]) -> None:
    settings = LedgerSettings.from_environment(here)
    Ledger.open(settings).close()
    before = (settings.folder / "ledger.sqlite").read_bytes()
    assert _of("ledger", here) == Finding("ledger", "ok", "SQLite answers")
    assert (settings.folder / "ledger.sqlite").read_bytes() == before


def test_the_command_ends_with_2_where_something_is_wrong(here: dict[str, str]) -> None:
    assert CliRunner().invoke(cli, ["doctor"], env=here).exit_code == 0
    said = CliRunner().invoke(cli, ["doctor"], env=here | {"PORT": "x"})
    assert said.exit_code == 2 and "1 to put right" in said.output
