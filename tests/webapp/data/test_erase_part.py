"""The part of the Data tab that erases, asked as the page asks it."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from starlette.requests import Request

from core.access.log import AccessLog
from core.access.roles import Role
from core.access.users import Users
from core.film.radiograph import Radiograph, film_hash
from core.ledger import Consent, Ledger, LedgerSettings
from webapp.data.erase_part import ErasePart
from webapp.desk import Desk
from webapp.entrance.who.identity import Access
from webapp.service import live_assessor


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """With three films that ben added, two of them of one patient."""
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path))
    for grey, patient in ((0.2, "4711"), (0.5, "4711"), (0.8, "0815")):
        pixels = np.full((8, 8), grey, np.float32)
        film = Radiograph(pixels, None, None, film_hash(pixels))
        ledger.add_film(film, "F", reader="ben", source="queue", consent=Consent(), patient=patient)
    yield ledger
    ledger.close()


@pytest.fixture
def part(tmp_path: Path, ledger: Ledger) -> ErasePart:
    users = Users(tmp_path)
    users.add("anna", Role.ADMIN, "correct horse")
    users.add("ben", Role.REVIEWER, "correct horse")
    access = Access.from_environment({"BONEGRADE_DATA": str(tmp_path)})
    with gr.Blocks():
        return ErasePart(Desk(live_assessor, ledger, access, access.log))


def by(name: str) -> gr.Request:
    """A request of somebody who signed in."""
    return gr.Request(Request({"type": "http", "headers": [], "client": ("10.0.0.7", 5)}), username=name)


def test_a_patients_films_and_a_readers_name_are_erased_and_noted_without_naming_them(
    part: ErasePart, ledger: Ledger, tmp_path: Path
) -> None:
    said, *left = part._erase("patient", " 4711 ", "go", "the parents asked", by("anna"))
    assert "films are erased: 1, 2." in said and "Backups" in said and "4711" not in said
    assert left == ["", None, ""] and [film.id for film in ledger.films()] == [3]
    said, *_ = part._erase("reader", "ben", None, "", by("anna"))
    assert "a pseudonym stands now" in said and "the list of users" in said
    assert ledger.film(3).added_by.startswith("erased ") and ledger.film(3).consent
    said, *_ = part._erase("film", "3", "stay", "", by("anna"))
    assert "The picture of film 3 is erased." in said and not ledger.film(3).consent
    log = [(one.who, one.deed, one.film, one.detail) for one in reversed(AccessLog(tmp_path).latest(9).entries)]
    assert log == [
        ("anna", "erased", 1, "with its labels"),
        ("anna", "erased", 2, "with its labels"),
        ("anna", "erased", None, "a reader's name"),
        ("anna", "erased", 3, "its picture alone"),
    ]


@pytest.mark.parametrize(
    ("what", "named", "labels", "who", "told"),
    [
        ("film", "", "go", "anna", "Nothing was erased yet"),
        ("film", "3", None, "anna", "Nothing was erased yet"),
        ("film", "4711a", "go", "anna", "consists of digits only"),
        ("film", "9", "go", "anna", "no film 9"),
        ("patient", "1", "go", "anna", "No film came with this"),
        ("reader", "zoe", None, "anna", "Nobody called zoe"),
        ("patient", "4711", "go", "ben", "does not allow you to erase"),
    ],
)
def test_what_cannot_be_erased_gets_a_sentence(
    part: ErasePart, ledger: Ledger, what: str, named: str, labels: str | None, who: str, told: str
) -> None:
    said, *left = part._erase(what, named, labels, "", by(who))  # type: ignore[arg-type]
    assert told in said and "Not erased" in said and left == [named, labels, ""]
    assert all(film.consent and film.added_by == "ben" for film in ledger.films())
