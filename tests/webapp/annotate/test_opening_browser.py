"""Opening a film in a real browser while the server is slow, full or out of reach, or the page is not ready yet."""

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from core.annotation.blinding import seen_revision
from core.annotation.gold import make_own_gold, put_back, take_back
from core.bones import RUS_BONES
from core.ledger import Correction, Ledger
from tests.webapp.annotate.film_page import press, wait_for_film, wait_kept
from tests.webapp.gate import Gate
from tests.webapp.running_app import CHROMIUM, running, watched
from tests.webapp.slow_app import CHIEF

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

MESSAGE = "#annotate-message"
MOMENT = "The film is being opened; one moment."


@pytest.fixture(scope="module")
def url(folder: Path, ledger: Ledger, gate: Gate) -> Iterator[str]:
    with running(("-m", "tests.webapp.slow_app", str(folder), str(gate.folder))) as app:
        yield app.url


#: The server is too busy, or the browser offline, of which gradio says what it had just asked for.
_ON_PURPOSE = ("503", "ERR_INTERNET_DISCONNECTED", "Failed to fetch", "errored out")


@pytest.fixture
def page(browser: Browser, url: str, gate: Gate) -> Iterator[Page]:
    """An empty page of the chief's. Afterwards: no error in the console, and nothing was fetched from elsewhere."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    troubles = watched(page, url)
    gate.count_anew()
    yield page
    page.close()
    assert [trouble for trouble in troubles if not any(words in trouble for words in _ON_PURPOSE)] == []


def _open(page: Page, url: str, film: int) -> None:
    page.goto(f"{url}/#film={film}")
    wait_for_film(page, film)


def _follow_link(page: Page, film: int) -> None:
    """Asks for a film as the links of other tabs do."""
    page.evaluate(
        """film => {
            const link = document.createElement("a");
            link.href = `#film=${film}`;
            document.body.append(link);
            link.click();
            link.remove();
        }""",
        film,
    )


def _is_busy(page: Page, busy: bool) -> None:
    expect(page.locator("#annotate")).to_have_attribute("aria-busy", "true" if busy else "false")


def _pass_time(page: Page, seconds: int) -> None:
    """Puts the page's clock forward."""
    page.evaluate("ms => { const now = Date.now.bind(Date); Date.now = () => now() + ms; }", 1000 * seconds)


def test_a_panel_of_before_takes_no_click_while_its_film_is_opened_anew(
    page: Page, url: str, gate: Gate, ledger: Ledger, own_film: int
) -> None:
    ledger.save(
        own_film, [Correction(bone, "graded", 5) for bone in RUS_BONES],
        reader=CHIEF.name, base_revision=0, token=uuid.uuid4().hex, prediction_id=None, seconds=60.0,
    )  # fmt: skip
    make_own_gold(ledger, own_film, CHIEF, revision=1, token=uuid.uuid4().hex)
    _open(page, url, own_film)
    panel = page.locator("#annotate-gold")
    take_back(ledger, own_film, CHIEF, revision=2, token=uuid.uuid4().hex)
    put_back(ledger, own_film, CHIEF, revision=3, token=uuid.uuid4().hex)
    with gate.shut():
        _follow_link(page, own_film)
        _is_busy(page, True)
        gate.await_come()
        panel.get_by_role("button", name="Take back").click()
        expect(page.locator(MESSAGE)).to_have_text(MOMENT)
        press(page, "5as")
        assert page.evaluate("window.bonegradeWork.work().at") == 0 and not page.evaluate(
            "window.bonegradeWork.isSaving()"
        )
    wait_for_film(page, own_film)
    expect(page.locator(MESSAGE)).to_have_text("")
    panel.get_by_role("button", name="Take back").click()
    expect(page.locator(MESSAGE)).to_contain_text("it can be put back")
    assert [event.kind for event in ledger.history(own_film)] == ["correction", "gold", "ungold", "gold", "ungold"]


def test_what_came_of_a_save_is_told_though_another_film_is_opened(
    page: Page, url: str, gate: Gate, ledger: Ledger, add_film: Callable[[], int]
) -> None:
    first, second = add_film(), add_film()
    _open(page, url, first)
    press(page, "5")
    wait_kept(page)
    with gate.shut():
        press(page, "s")
        gate.await_come()
        _follow_link(page, second)
        _is_busy(page, True)
        press(page, "6")
    wait_for_film(page, second)
    expect(page.locator(MESSAGE)).to_contain_text(f"Film {first}: Saved 1 bone")
    assert ledger.reading(first, CHIEF.name)["Radius"].grade == 5
    assert page.evaluate("window.bonegradeWork.work().at") == 0


def test_an_opening_that_is_not_answered_leaves_the_film_at_work(
    page: Page, url: str, gate: Gate, ledger: Ledger, add_film: Callable[[], int]
) -> None:
    first, second = add_film(), add_film()
    _open(page, url, first)
    with gate.shut():
        _follow_link(page, second)
        gate.await_come()
        _is_busy(page, True)
        _pass_time(page, 40)
        expect(page.locator(MESSAGE)).to_contain_text("the server does not answer")
        _is_busy(page, False)
        press(page, "7")
        assert page.evaluate("window.bonegradeWork.said('Radius').grade") == 7
    wait_for_film(page, second)
    draft = ledger.draft(first, CHIEF.name)
    assert draft is not None and draft["work"]["says"]["Radius"]["grade"] == 7


def test_a_film_that_the_server_was_too_busy_for_is_asked_for_again(
    page: Page, url: str, add_film: Callable[[], int]
) -> None:
    first, second = add_film(), add_film()
    _open(page, url, first)
    page.route(re.compile("/queue/join"), lambda route: route.fulfill(status=503, json={"detail": "Queue is full."}))
    _follow_link(page, second)
    expect(page.locator(MESSAGE)).to_contain_text("the server is too busy")
    _is_busy(page, False)
    page.unroute_all()
    _follow_link(page, second)
    wait_for_film(page, second)


def test_a_page_that_takes_long_to_be_ready_opens_its_film(page: Page, url: str, own_film: int) -> None:
    held: list[Route] = []
    page.route(re.compile("/assets/Blocks-"), lambda route: held.append(route))
    page.goto(f"{url}/#film={own_film}")
    page.wait_for_function("performance.now() > 15000")
    _go_on(page, held)
    wait_for_film(page, own_film)


def test_a_film_that_is_there_before_the_box_editor(page: Page, url: str, own_film: int) -> None:
    held: list[Route] = []
    page.route(re.compile("/custom_component/"), lambda route: held.append(route))
    page.goto(f"{url}/#film={own_film}")
    expect(page.locator("#annotate-opened textarea")).not_to_have_value("")
    _go_on(page, held)
    wait_for_film(page, own_film)


def _go_on(page: Page, held: list[Route]) -> None:
    """Lets pass what was held up."""
    assert held
    while held:
        held.pop().continue_()
    page.unroute_all()


def test_five_grades_said_offline_are_all_saved(page: Page, url: str, ledger: Ledger, own_film: int) -> None:
    _open(page, url, own_film)
    page.context.set_offline(True)
    press(page, "3j4j5j6j7")
    _pass_time(page, 5)
    expect(page.locator("#annotate-status")).to_contain_text("your work is kept in this tab")
    assert ledger.draft(own_film, CHIEF.name) is None
    page.evaluate("window.before = true")
    page.context.set_offline(False)
    page.wait_for_function("!window.before")  # the page loads itself anew
    wait_for_film(page, own_film)
    expect(page.locator(MESSAGE)).to_contain_text("is back")
    wait_kept(page)
    page.locator("#annotate-save").click()
    expect(page.locator(MESSAGE)).to_contain_text("Saved 5 bones")
    saved = ledger.reading(own_film, CHIEF.name)
    assert [saved[bone].grade for bone in RUS_BONES[:5]] == [3, 4, 5, 6, 7]


def test_a_picture_that_vanished_and_the_last_film_of_the_queue_are_said_and_the_buttons_live(
    page: Page, url: str, ledger: Ledger, add_film: Callable[[], int]
) -> None:
    first, last = add_film(), add_film()
    for film in [film.id for film in ledger.films()]:
        if film not in (first, last) and not ledger.reading(film, CHIEF.name):
            ledger.save(
                film, [Correction("Ulna", "graded", 4)],
                reader=CHIEF.name, base_revision=seen_revision(ledger.history(film)), token=uuid.uuid4().hex,
                prediction_id=None, seconds=1.0,
            )  # fmt: skip
    picture = ledger.picture_file(ledger.film(last))
    assert picture is not None
    away = picture.rename(picture.with_suffix(".away"))
    _open(page, url, first)
    press(page, "5")
    wait_kept(page)
    press(page, "n")
    sentence = f"The picture of film {last} is missing from the data folder: restore the folder from its backup."
    expect(page.locator(MESSAGE)).to_contain_text(sentence)
    expect(page.locator(MESSAGE)).to_contain_text("Saved 1 bone")
    _is_busy(page, False)
    press(page, "j6")
    wait_kept(page)
    page.locator("#annotate-save").click()
    expect(page.locator(MESSAGE)).to_have_text(re.compile(r"^Saved 1 bone as no\. \d+\.$"))
    assert [said.grade for said in ledger.reading(first, CHIEF.name).values()] == [5, 6]

    away.rename(picture)
    page.locator("#annotate-next").click()
    wait_for_film(page, last)
    press(page, "7")
    wait_kept(page)
    press(page, "n")
    expect(page.locator(MESSAGE)).to_contain_text("The queue is finished: no film is left for you to read.")
    expect(page.locator(MESSAGE)).not_to_contain_text("gold films")
    _is_busy(page, False)
    press(page, "j8")
    wait_kept(page)
    page.locator("#annotate-save").click()
    expect(page.locator(MESSAGE)).to_have_text(re.compile(r"^Saved 1 bone as no\. \d+\.$"))
    assert [said.grade for said in ledger.reading(last, CHIEF.name).values()] == [7, 8]
