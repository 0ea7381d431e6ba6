"""The page's templates: all can be read, none lets HTML through, and what people and files say comes out as text."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from jinja2 import UndefinedError

from core.access.roles import Reader, Role
from core.agreement import ReadingCollector, reading_times
from core.annotation.saving import Clash, HistoryView
from core.annotation.work import Disagreement
from core.assessment.records import Assessment, Explanation
from core.intake import Looked, TakenIn
from core.intake.background import BackgroundProgress
from core.ledger import Correction, Event
from core.ledger.queue.reading_queue import QueueRow
from tests.reading_room import ReadingRoom, hand_at
from webapp.agreement.gold import GoldFilms
from webapp.agreement.tables import times_table
from webapp.annotate.gold import gold_panel
from webapp.annotate.view import clash_panel, history_panel, nothing_open
from webapp.assess.crop_cards import NO_OVERLAY, crop_grid
from webapp.assess.summary import message, provenance, verdict
from webapp.desk import Desk
from webapp.queue.view import Writing, about_films, background_panel, bar, film_table, looked_through, note, taken_in
from webapp.shared.components import line
from webapp.shared.templates import TEMPLATES_FOLDER, render

_WEBAPP: Final = TEMPLATES_FOLDER.parent
_TEMPLATES: Final = sorted(TEMPLATES_FOLDER.rglob("*.html"))
#: Of Plotly, whose markup of names and hover texts has no templates.
_OWN_MARKUP: Final = {_WEBAPP / folder / "figures.py" for folder in ("shared", "agreement", "train")}

#: Would run if it were taken for HTML, in a text as in an attribute.
BAD: Final = """"'><script>alert(1)</script>&amp;"""


class _Seen(HTMLParser):
    """What a browser would make of a piece of HTML: names of its elements, and all its text, that of attributes too."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.texts += [value for _, value in attrs if value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _shown_as_text(html: str, times: int = 1) -> bool:
    """Whether BAD is on the page so many times, letter by letter, and made no element of its own."""
    seen = _Seen(html)
    return "script" not in seen.elements and sum(text.count(BAD) for text in seen.texts) == times


def _strings(file: Path) -> Iterator[str]:
    """All texts of a module but its docstrings."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("file", _TEMPLATES, ids=lambda file: file.stem)
def test_no_template_lets_html_through(file: Path) -> None:
    said = "".join(re.findall(r"{[{%].*?[%}]}", file.read_text(encoding="utf-8"), re.DOTALL))
    assert "safe" not in said and "autoescape" not in said


def test_no_python_of_the_page_writes_html_itself() -> None:
    found = {
        (file.name, text)
        for file in _WEBAPP.rglob("*.py")
        if file not in _OWN_MARKUP
        for text in _strings(file)
        if re.search(r"</?[a-z][a-z0-9]*[ />]", text)
    }
    assert not found


def test_every_template_is_used() -> None:
    sources = [*_WEBAPP.rglob("*.py"), *_TEMPLATES]
    named = {name for file in sources for name in re.findall(r'"([a-z]+/\w+\.html)"', file.read_text(encoding="utf-8"))}
    assert named == {file.relative_to(TEMPLATES_FOLDER).as_posix() for file in _TEMPLATES}


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'text' is undefined"):
        render("shared/line.html", kind="", role=None)


def test_the_html_of_one_template_is_html_in_another() -> None:
    inner = render("shared/line.html", text=BAD, kind="", role=None)
    html = render("agreement/numbers.html", table=inner, note="")
    assert str(inner) in str(html) and _shown_as_text(html)
    assert _Seen(render("agreement/numbers.html", table=str(inner), note="")).elements == {"details", "summary"}


def test_sentences_are_text() -> None:
    assert _shown_as_text(line(BAD, BAD, role=BAD), 3)
    assert _shown_as_text(message(BAD, title=BAD), 2) and _shown_as_text(note(BAD, title=BAD), 2)
    assert _shown_as_text(nothing_open(BAD)) and _shown_as_text(bar(1, 2, BAD))
    assert _shown_as_text(render("shared/heading.html", title=BAD, terms=()))
    assert _shown_as_text(render("data/summary.html", text=BAD))
    assert _shown_as_text(background_panel(BackgroundProgress(0, 0, 3, None, None, BAD)))


def test_the_name_of_who_is_at_the_screen_is_text() -> None:
    assert _shown_as_text(
        render("page/who.html", refused="", reader=Reader(BAD, Role.READER), remark="", forgets=False)
    )
    assert _shown_as_text(render("page/who.html", refused=BAD, forgets=True))


def test_names_of_files_and_readers_in_the_queue_are_text(tmp_path: Path) -> None:
    room = ReadingRoom(tmp_path)
    film = room.ledger.film(room.film())
    room.ledger.close()
    assert _shown_as_text(film_table([QueueRow(film, None, 0.0, 0, False, BAD, "to_read")], choose=True))
    looked = [Looked(BAD, "refused", BAD, None)]
    assert _shown_as_text(looked_through(looked, [BAD], [Writing(BAD, ())], 0), 4)
    assert _shown_as_text(taken_in([TakenIn(BAD, "refused", BAD)], {}), 2)
    assert _shown_as_text(about_films([TakenIn(BAD, "twice", BAD)], [BAD]), 3)


def test_what_readers_say_and_are_called_is_text_on_the_annotate_tab() -> None:
    said = Correction("Radius", "graded", 3, note=BAD)
    assert _shown_as_text(clash_panel(Clash(3, BAD, (Disagreement("Radius", said, None),))), 2)
    event = Event(1, 1, 1, 0, "correction", BAD, datetime(2026, 1, 2, tzinfo=UTC), 9.0, 5, None, BAD, (said,))
    view = HistoryView((event,), False, frozenset({1}), {5: "<script>"})
    html = history_panel(view, can_restore=True)
    assert _shown_as_text(html, 3) and "grader &lt;script&gt;" in html


def test_names_of_readers_are_text_in_gold_lists_and_tables(tmp_path: Path) -> None:
    room, rita = ReadingRoom(tmp_path), Reader("rita", Role.REVIEWER)
    gold, agreed = room.film(), room.film()
    room.set_gold(gold, hand_at(0.5), BAD)
    for reader in ("anna", BAD):
        room.read(agreed, reader, hand_at(0.5))
    table = ReadingCollector(room.ledger).table()
    assert _shown_as_text(GoldFilms(room.ledger).shown(table, rita), 2)
    assert _shown_as_text(times_table(reading_times(table)))
    desk = Desk(lambda: pytest.fail("no network is needed"), room.ledger, None)  # type: ignore[arg-type]
    assert _shown_as_text(gold_panel(desk, gold, rita))
    room.clear_gold(gold, BAD)
    assert _shown_as_text(gold_panel(desk, gold, rita))
    room.ledger.close()


def test_an_assessment_is_shown_as_text(assessment: Assessment, explanation: Explanation) -> None:
    odd = replace(
        assessment,
        weights={"grader": "<b>", BAD: "<b>"},
        checks=tuple(replace(check, message=BAD) for check in assessment.checks),
    )
    # in the checks, and as the name of a network in the sentence for a report
    assert _shown_as_text(verdict(odd), len(odd.checks) + 1) and _shown_as_text(provenance(odd))
    assert _shown_as_text(crop_grid(odd, explanation, NO_OVERLAY, 0.5), 2)
    assert _shown_as_text(crop_grid(odd, explanation, BAD, 0.5), 3)
