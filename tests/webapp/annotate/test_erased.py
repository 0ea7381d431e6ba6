"""The page of a reader who has a film open that somebody erases meanwhile."""

import json
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from core.access.roles import OPERATOR, Reader, Role
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.dataset.erasing import erase_films
from core.film.radiograph import Radiograph
from core.ledger import Ledger, LedgerSettings
from tests.made_work import grade_said, with_said
from webapp.annotate.handlers import Handlers
from webapp.annotate.parts import Parts
from webapp.assess.tab import FilmInHand
from webapp.desk import Desk


def test_its_picture_is_taken_back_and_every_action_gets_a_sentence(
    tmp_path: Path,
    radiograph: Radiograph,
    assessment: Assessment,
    assessor: Assessor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "passing"))
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path / "data"))
    film = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=True).film.id
    ledger.add_prediction(film, assessment)
    anna = Reader("anna", Role.READER)
    access = SimpleNamespace(mode="local", keeps=True, reader_of=lambda request: anna)
    with gr.Blocks():
        handlers = Handlers(Desk(lambda: assessor, ledger, access), Parts())  # type: ignore[arg-type]
    held = FilmInHand("film.png", radiograph)
    opened = handlers._annotate.open_film(film, anna, radiograph)
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
    assert "was erased after it came to this page" in str(answer[handlers.parts.opened])
    assert list(ledger.films()) == []
    ledger.close()
