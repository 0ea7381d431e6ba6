"""What the Annotate tab answers to what is done on the page."""

import json
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from core.access.roles import Reader, Role
from core.annotation.desk import AnnotateDesk
from core.annotation.work import read_work
from core.assessment.assessor import Assessor
from core.bones import Sex
from core.film.radiograph import read_radiograph
from core.intake.turns import Turns
from core.ledger import Ledger, LedgerSettings
from tests.hands import shipped_examples
from tests.made_work import grade_said, with_said
from webapp.annotate.handlers import Handlers
from webapp.annotate.parts import Parts
from webapp.annotate.view import totals
from webapp.assess.tab import FilmInHand
from webapp.desk import Desk

ANNA, OTTO, RITA = Reader("anna", Role.READER), Reader("otto", Role.READER), Reader("rita", Role.REVIEWER)


class _Access:
    """Anna sits at the screen."""

    mode, keeps = "login", True

    def reader_of(self, request: gr.Request | None) -> Reader:
        return ANNA


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path))
    yield ledger
    ledger.close()


def test_the_page_shows_the_age_for_the_sex_under_which_the_film_was_filed_meanwhile(
    ledger: Ledger, shipped: Assessor
) -> None:
    example = shipped_examples()[0]
    radiograph = read_radiograph(example.path)
    other: Sex = "M" if example.sex == "F" else "F"
    held, chosen = FilmInHand(str(example.path), radiograph), shipped.assess(radiograph, other)
    annotate = AnnotateDesk(ledger, lambda: shipped, Turns().now, keeps=True)
    opened = annotate.open_assessed(radiograph, chosen, ANNA)
    ledger.add_film(radiograph, example.sex, reader="otto", source="queue", consent=None)
    with gr.Blocks():
        handlers = Handlers(Desk(lambda: shipped, ledger, _Access()), Parts())  # type: ignore[arg-type]
    text = with_said(opened, {"Radius": grade_said(9)}).model_dump_json()
    message = handlers.keep(text, held, chosen, gr.Request())
    shown = json.loads(message)["totals"]
    work = read_work(text).model_copy(update={key: json.loads(message)[key] for key in ("film", "prediction")})
    assert shown == totals(annotate.live(work, annotate.sitting(work, radiograph, chosen)))
