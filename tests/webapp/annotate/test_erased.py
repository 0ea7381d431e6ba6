"""The page of a reader who has a film open that somebody erases meanwhile."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from core.access.roles import OPERATOR, Reader, Role
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.film.radiograph import Radiograph
from core.keeping.erasing import erase_films
from core.ledger import Ledger, LedgerSettings
from tests.made_work import grade_said, with_said
from webapp.annotate.handlers import Handlers
from webapp.annotate.parts import Parts
from webapp.assess.tab import FilmInHand
from webapp.desk import Desk

ANNA = Reader("anna", Role.READER)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path / "data"))
    yield ledger
    ledger.close()


@pytest.fixture
def handlers(tmp_path: Path, ledger: Ledger, assessor: Assessor, monkeypatch: pytest.MonkeyPatch) -> Handlers:
    """Of anna's page."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "passing"))
    access = SimpleNamespace(mode="local", keeps=True, reader_of=lambda request: ANNA)
    with gr.Blocks():
        return Handlers(Desk(lambda: assessor, ledger, access), Parts())  # type: ignore[arg-type]


def test_its_picture_is_taken_back_and_every_action_gets_a_sentence(
    handlers: Handlers, ledger: Ledger, film: int, radiograph: Radiograph, assessment: Assessment
) -> None:
    held = FilmInHand("film.png", radiograph)
    opened = handlers._annotate.open_film(film, ANNA, radiograph)
    picture = Path(handlers._filling.editor_value(opened.sitting, opened.work)["image"])
    text = with_said(opened, {"Radius": grade_said(9)}).model_dump_json()
    assert picture.exists() and "error" not in json.loads(handlers.keep(text, held, assessment, gr.Request()))
    erase_films(ledger, [film], OPERATOR, labels_too=True)
    assert "was erased after it was opened" in json.loads(handlers.keep(text, held, assessment, gr.Request()))["error"]
    assert not picture.exists()
    for command in ("save", "download"):
        answer = handlers.act(
            json.dumps({"do": command}), text, held, assessment, True, "train", "", None, gr.Request()
        )
        assert "was erased after it was opened" in str(answer[handlers.parts.acted])
    answer = handlers.open_assessed(held, assessment, True, gr.Request())
    assert "was erased after it was sent here" in str(answer[handlers.parts.opened])
    assert list(ledger.films()) == []


def test_whoever_opens_a_film_without_its_picture_reads_why_and_is_not_asked_to_grade_or_add_it(
    handlers: Handlers, ledger: Ledger, film: int
) -> None:
    erase_films(ledger, [film], OPERATOR, labels_too=False)
    opened = handlers._annotate.open_film(film, ANNA)
    shown = str(handlers._filling.film_views(opened.sitting, opened.work)[handlers.parts.no_pixels])
    assert "picture of this film was erased" in shown and "Add and assess the same film" not in shown
