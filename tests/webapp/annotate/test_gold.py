"""Gold readings on the Annotate tab: who is answered, what, and that a blind reader is told nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from core.access.roles import Reader, Role
from core.annotation.desk import AnnotateDesk
from core.annotation.work import BoneWork, Change, Work
from core.assessment.assessor import Assessment, Assessor
from core.film.radiograph import Radiograph
from core.intake.turns import Turns
from core.ledger import Consent
from core.ledger.queue.reading_queue import QueueOrder, counts, queue_rows
from tests.reading_room import ReadingRoom, hand_at, shifted, standing
from webapp.annotate.command import ChangeGold
from webapp.annotate.gold import change_gold, gold_panel
from webapp.annotate.handlers import Handlers
from webapp.annotate.parts import Parts
from webapp.desk import Desk

ANNA, RITA = Reader("anna", Role.READER), Reader("rita", Role.REVIEWER)
HALF = hand_at(0.5)
REFUSED = "Your role (reader) does not allow you to set gold readings and settle conflicts"


class _Access:
    """Whoever is set sits at the screen."""

    mode, keeps = "login", True

    def __init__(self) -> None:
        self.reader = ANNA

    def reader_of(self, request: gr.Request | None) -> Reader:
        return self.reader


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ReadingRoom]:
    room = ReadingRoom(tmp_path)
    yield room
    room.ledger.close()


@pytest.fixture
def access() -> _Access:
    return _Access()


@pytest.fixture
def desk(room: ReadingRoom, assessor: Assessor, access: _Access) -> Desk:
    return Desk(lambda: assessor, room.ledger, access)  # type: ignore[arg-type]


@pytest.fixture
def handlers(desk: Desk) -> Handlers:
    with gr.Blocks():
        return Handlers(desk, Parts())


@pytest.fixture
def film(room: ReadingRoom, radiograph: Radiograph, assessment: Assessment) -> int:
    """A film with its pixels and a prediction."""
    number = room.ledger.add_film(radiograph, "F", reader="desk", source="queue", consent=Consent()).film.id
    room.ledger.add_prediction(number, assessment)
    return number


def _told(handlers: Handlers, updates: dict[Any, Any]) -> dict[str, Any]:
    """What the browser's script is told of what was asked."""
    told: dict[str, Any] = json.loads(updates[handlers.parts.acted])
    return told


def _work(desk: Desk, film: int, reader: Reader) -> Work:
    return AnnotateDesk(desk.ledger, desk.load_assessor, Turns().now, keeps=True).open_film(film, reader).work


def _asked(handlers: Handlers, desk: Desk, film: int, reader: Reader, what: str, revision: int) -> dict[Any, Any]:
    work = _work(desk, film, reader)
    command = json.dumps({"do": "gold", "what": what, "revision": revision})
    return handlers.act(command, work.model_dump_json(), None, None, False, "train", "", None, gr.Request())


def _sent(handlers: Handlers, film: int) -> str:
    """All that a page is sent when it opens a film, but for what is new each time."""
    updates = handlers.open_film(str(film), None, None, True, gr.Request())
    values = {part._id: value for part, value in updates.items()}
    text = json.dumps(values, default=lambda part: part.constructor_args)
    return re.sub("[0-9a-f]{32}", "", text)


def test_a_reviewer_sets_gold_takes_it_back_and_puts_it_back(
    handlers: Handlers, desk: Desk, access: _Access, room: ReadingRoom, film: int
) -> None:
    access.reader = RITA
    room.read(film, "rita", HALF)
    assert "None yet." in gold_panel(desk, film, RITA)
    for revision, what, sentence, panel in (
        (1, "own", "is the film's gold reading, as no. 2", "your saved reading says the same"),
        (2, "back", "no longer has a gold reading, as no. 3", 'Taken back by <b translate="no">rita</b>'),
        (3, "again", "is back, as no. 4", 'Set by <b translate="no">rita</b>'),
    ):
        updates = _asked(handlers, desk, film, RITA, what, revision)
        opened = _told(handlers, updates)["opened"]
        assert sentence in opened["message"]["text"] and opened["message"]["kind"] == "good"
        assert panel in updates[handlers.parts.gold]
        assert f'data-revision="{revision + 1}"' in updates[handlers.parts.gold]
    history = updates[handlers.parts.history]
    assert "took back the gold reading" in history and history.count("set the gold reading") == 2
    assert standing(room.ledger, film).gold_reading() == room.ledger.reading(film, "rita")


def test_the_panel_says_why_a_reading_cannot_be_made_gold_yet(
    handlers: Handlers, desk: Desk, access: _Access, room: ReadingRoom, film: int
) -> None:
    access.reader = RITA
    for panel in (gold_panel(desk, None, RITA), gold_panel(desk, film, RITA)):
        assert "You have no saved reading of this film" in panel and panel.count(" disabled") == 1
    room.read(film, "rita", {"Ulna": 5})
    assert "Your saved reading has 1 of 13 bones" in gold_panel(desk, film, RITA)
    message = _told(handlers, _asked(handlers, desk, film, RITA, "own", 1))["message"]
    assert message["kind"] == "error" and "1 of 13 bones" in message["text"]

    room.read(film, "rita", HALF)
    assert "disabled" not in gold_panel(desk, film, RITA)
    room.set_gold(film, shifted(HALF, 1, ("MC1",)), "oskar")
    panel = gold_panel(desk, film, RITA)
    assert 'Set by <b translate="no">oskar</b>' in panel and "differs on MC1" in panel and "gold instead" in panel


def test_unsaved_steps_are_saved_first(desk: Desk, room: ReadingRoom, film: int) -> None:
    room.read(film, "rita", HALF)
    work = _work(desk, film, RITA)
    step = (Change(bone="Ulna", before=None, after=BoneWork(verdict="absent", grade=0)),)
    touched = work.model_copy(update={"steps": (step,), "at": 1})
    with pytest.raises(Exception, match="You have unsaved steps"):
        change_gold(desk, ChangeGold(do="gold", what="own", revision=1), touched, RITA)
    assert standing(room.ledger, film).gold_reading() is None


@pytest.mark.parametrize("what", ["own", "back", "again"])
def test_a_reader_who_asks_behind_the_pages_back_is_refused(
    handlers: Handlers, desk: Desk, room: ReadingRoom, film: int, what: str
) -> None:
    room.read(film, "anna", HALF)
    room.set_gold(film, HALF, "rita")
    before = room.ledger.history(film)
    updates = _asked(handlers, desk, film, ANNA, what, 2)
    assert REFUSED in _told(handlers, updates)["message"]["text"]
    assert set(updates) == {handlers.parts.acted} and room.ledger.history(film) == before


@pytest.mark.parametrize("has_read", [False, True])
def test_a_page_of_a_reader_is_the_same_whether_the_film_is_gold_or_not(
    handlers: Handlers, room: ReadingRoom, access: _Access, film: int, has_read: bool
) -> None:
    if has_read:
        room.read(film, "anna", HALF)

    def seen() -> tuple[str, object, object]:
        rows = queue_rows(room.ledger, "anna", QueueOrder.EXPECTED_GAIN)
        return _sent(handlers, film), rows, counts(room.ledger, "anna")

    before = seen()
    room.set_gold(film, shifted(HALF, 1), "rita")
    assert seen() == before
    room.clear_gold(film, "rita")
    assert seen() == before
    access.reader = RITA
    assert "took back the gold reading" in _sent(handlers, film)


def test_a_save_after_a_gold_mark_is_told_as_if_there_were_none(
    handlers: Handlers, desk: Desk, room: ReadingRoom, film: int
) -> None:
    room.read(film, "anna", HALF)
    room.set_gold(film, HALF, "rita")
    work = _work(desk, film, ANNA)
    said = BoneWork(verdict="absent", grade=0)
    more = {"says": {**work.says, "Ulna": said}, "steps": ((Change(bone="Ulna", before=None, after=said),),), "at": 1}
    text = work.model_copy(update=more).model_dump_json()
    updates = handlers.act(json.dumps({"do": "save"}), text, None, None, False, "train", "", None, gr.Request())
    assert work.base_revision == 1 and _told(handlers, updates)["saved"]["revision"] == 2
    assert room.ledger.revision(film) == 3 and updates[handlers.parts.gold] == ""
