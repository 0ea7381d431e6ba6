"""A choice made while the last one is still being answered counts: on every tab, the page ends with the newest one's answer."""

import re
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from core.assessment.assessor import Assessor
from core.film.radiograph import read_radiograph
from core.ledger import Consent
from tests.hands import shipped_examples
from tests.reading_room import ReadingRoom, hand_at, shifted
from tests.webapp.gate import Gate
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, watched
from tests.webapp.slow_app import CHIEF

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

#: Films that two readers have read; after them come those that have pixels.
READ, WITH_PIXELS = 14, 2


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, shipped: Assessor) -> ReadingRoom:
    """Films that anna and ben have read after the model, and examples that nobody has read; the chief has read none."""
    room = ReadingRoom(tmp_path_factory.mktemp("ledger"))
    for number, share in enumerate(np.linspace(0.25, 0.85, READ)):
        film = room.film("F" if number % 2 else "M")
        prediction = room.predict(film, shifted(hand_at(share), number % 2, ("Ulna", "MC1")), months=60.0 + 9 * number)
        room.read(film, "anna", hand_at(share), prediction=prediction)
        room.read(film, "ben", shifted(hand_at(share), number % 3 - 1, ("Radius",)))
    for example in shipped_examples()[:WITH_PIXELS]:
        radiograph = read_radiograph(example.path)
        added = room.ledger.add_film(radiograph, example.sex, reader="anna", source="queue", consent=Consent()).film
        room.ledger.add_prediction(added.id, shipped.assess(radiograph, example.sex))
    return room


@pytest.fixture(scope="module")
def url(room: ReadingRoom, gate: Gate) -> Iterator[str]:
    with running(("-m", "tests.webapp.slow_app", str(room.folder), str(gate.folder))) as app:
        yield app.url


@pytest.fixture
def page(browser: Browser, url: str, gate: Gate) -> Iterator[Page]:
    """The page. Afterwards: no error in the console, and nothing was fetched from elsewhere."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    troubles = watched(page, url)
    gate.count_anew()
    page.goto(url)
    expect(page.locator("#who")).to_contain_text(CHIEF.name, timeout=ANSWER_MS)
    gate.await_left(2)  # for who reads, and for the Queue tab
    yield page
    page.close()
    assert troubles == []


def _tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def _choose(page: Page, dropdown: str, option: str) -> None:
    page.locator(f"{dropdown} input").click()
    page.get_by_role("option", name=option).click()


# --- Agreement -----------------------------------------------------------------------------------------------------------

#: By drop-down list: two options, and what is to be read where under each.
COMPARED = {
    "#agreement-choice": (
        ("anna and the model", "#agreement-kappa-text", "anna and the model agree least"),
        ("ben and the model", "#agreement-kappa-text", "ben and the model agree least"),
    ),
    "#agreement-scale": (
        ("TW3-RUS age", "#agreement-ages-text", "By TW3-RUS age"),
        ("TW3-C RUS age", "#agreement-ages-text", "By TW3-C RUS age"),
    ),
    "#agreement-bone": (
        ("Ulna", "#agreement-confusion-text", "Ulna: the same grade"),
        ("Metacarpal III", "#agreement-confusion-text", "Metacarpal III: the same grade"),
    ),
}


def _is_compared(page: Page, dropdown: str, chosen: tuple[str, str, str]) -> None:
    option, place, text = chosen
    expect(page.locator(place)).to_contain_text(text, timeout=ANSWER_MS)
    expect(page.locator(f"{dropdown} input")).to_have_value(re.compile(option))


@pytest.mark.parametrize("first", COMPARED)
def test_what_is_compared(page: Page, gate: Gate, first: str) -> None:
    _tab(page, "Agreement")
    expect(page.locator("#agreement-confusion-text")).to_contain_text("Radius: the same grade", timeout=ANSWER_MS)
    for second in COMPARED:
        _choose(page, first, COMPARED[first][1][0])
        _is_compared(page, first, COMPARED[first][1])
        with gate.shut():
            _choose(page, first, COMPARED[first][0][0])
            gate.await_come()
            _choose(page, second, COMPARED[second][1][0])
        for dropdown, chosen in {first: COMPARED[first][0], second: COMPARED[second][1]}.items():
            _is_compared(page, dropdown, chosen)


# --- Assess --------------------------------------------------------------------------------------------------------------


def _example_assessed(page: Page) -> None:
    page.locator("#example-0").click()
    expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)


def test_the_sex_while_a_film_is_assessed(page: Page, gate: Gate) -> None:
    with gate.shut():
        page.locator("#example-0").click()
        gate.await_come()
        page.locator("#sex input:not(:checked)").check()
    expect(page.locator("#assess")).to_be_enabled(timeout=ANSWER_MS)
    expect(page.locator("#bone-age")).to_have_count(0)
    expect(page.locator("#crop-grid")).to_be_hidden()
    page.locator("#assess").click()
    expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)


def test_the_sex_while_the_other_is_assessed_for(page: Page, gate: Gate) -> None:
    """What is on the page stays until the answer has come, and after a change of mind."""
    _example_assessed(page)
    title = page.locator("#answer-title")
    expect(title).to_contain_text("female")
    months = page.locator("#bone-age").get_attribute("data-months")
    with gate.shut():
        page.locator("#sex input[value=M]").check()
        gate.await_come()
        expect(title).to_contain_text("female")
        expect(page.locator("#crop-grid")).to_be_visible()
        page.locator("#sex input[value=F]").check()
    gate.await_left(1)
    page.locator("#sex input[value=M]").check()
    expect(title).to_contain_text(re.compile(r"\bmale"))
    page.locator("#sex input[value=F]").check()
    expect(title).to_contain_text("female")
    expect(page.locator("#bone-age")).to_have_attribute("data-months", months or "")


def test_the_film_while_another_is_assessed(page: Page, gate: Gate) -> None:
    other = shipped_examples()[1].path
    with gate.shut():
        page.locator("#example-0").click()
        gate.await_come()
        page.locator("#film button[aria-label=Clear]").click()
        page.locator("#film input[type=file]").set_input_files(other)
        expect(page.locator("#film .file-preview")).to_contain_text(other.stem, timeout=ANSWER_MS)
    expect(page.locator("#assess")).to_be_enabled(timeout=ANSWER_MS)
    expect(page.locator("#bone-age")).to_have_count(0)
    expect(page.locator("#film-view")).to_contain_text("not assessed yet")


def test_one_example_after_another(page: Page, gate: Gate) -> None:
    """The last one's answer stays."""
    with gate.shut():
        page.locator("#example-0").click()
        gate.await_come()
        page.locator("#example-7").click()
        expect(page.locator("#film .file-preview")).to_contain_text(shipped_examples()[7].path.stem, timeout=ANSWER_MS)
    gate.await_left(2)
    expect(page.locator("#bone-age strong")).to_have_text(re.compile("^1[2-5]"), timeout=ANSWER_MS)
    expect(page.locator("#assess")).to_be_enabled(timeout=ANSWER_MS)


def test_the_stage_of_the_maps(page: Page, gate: Gate) -> None:
    _example_assessed(page)
    with gate.shut():
        _choose(page, "#stage", "Stage 1")
        gate.await_come()
        _choose(page, "#stage", "Stage 2")
    expect(page.locator("#crop-grid")).to_have_attribute("data-stage", "2", timeout=ANSWER_MS)


# --- Queue ---------------------------------------------------------------------------------------------------------------


def test_the_state_of_films_while_the_tab_is_still_being_filled(page: Page, gate: Gate) -> None:
    _tab(page, "Queue")
    expect(page.locator(".queue-table tbody tr")).to_have_count(READ + WITH_PIXELS, timeout=ANSWER_MS)
    _choose(page, "#queue-state", "Read by you")
    expect(page.locator(".queue-table tbody tr")).to_have_count(0, timeout=ANSWER_MS)
    _tab(page, "Assess")
    with gate.shut():
        _tab(page, "Queue")
        gate.await_come()
        with page.expect_response(re.compile("/queue/join")):
            _choose(page, "#queue-state", "To read")
    gate.await_left(2)
    page.locator("#queue-flag").dispatch_event("click")  # answered after all that was asked for before
    expect(page.locator("#queue-message")).to_contain_text("why you flag it", timeout=ANSWER_MS)
    expect(page.locator(".queue-table tbody tr")).to_have_count(READ + WITH_PIXELS)


def test_the_sex_of_films_while_they_are_checked(page: Page, gate: Gate) -> None:
    picture = cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (640, 480), np.uint8))[1].tobytes()
    file = {"name": "film.png", "mimeType": "image/png", "buffer": picture}
    _tab(page, "Queue")
    page.locator("#queue-files input[type=file]").set_input_files(files=[file])  # type: ignore[list-item]
    expect(page.locator("#queue-files")).to_contain_text(re.compile(r"film\s*\.png"), timeout=ANSWER_MS)
    with gate.shut():
        page.locator("#queue-look").click()
        gate.await_come()
        expect(page.locator("#queue-look")).to_be_disabled()
        page.locator("#queue-sex input[value=F]").check()
    # A film without a sex is refused; the girl's is not.
    expect(page.locator("#queue-look")).to_be_enabled(timeout=ANSWER_MS)
    expect(page.locator("#queue-upload-message")).to_have_text("", timeout=ANSWER_MS)
    page.locator("#queue-look").click()
    expect(page.locator(".queue-found")).to_contain_text("1 new film", timeout=ANSWER_MS)


# --- Data ----------------------------------------------------------------------------------------------------------------


def test_how_to_export(page: Page, gate: Gate) -> None:
    _tab(page, "Data")
    split = page.locator("#export-split input, #export-split textarea")
    split.fill("70/20/11")
    with gate.shut():
        page.locator("#export-make").click()
        gate.await_come()
        split.fill("80/10/10")
        page.locator("#export-make").click()
    # The first is refused.
    expect(page.locator("#export-summary")).to_contain_text("films", timeout=ANSWER_MS)
    expect(page.locator("#export-message .message")).to_have_count(0)
    expect(page.locator("#export-download")).to_be_visible()
    page.locator("#export-rule input[value=majority]").check()
    expect(page.locator("#export-summary")).to_have_count(0)
    expect(page.locator("#export-download")).to_be_hidden()


# --- Annotate ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def films(room: ReadingRoom) -> list[int]:
    """The films with pixels."""
    return [film.id for film in room.ledger.films()][-WITH_PIXELS:]


def _open(page: Page, film: int) -> None:
    """Asks for a film as a link does."""
    page.evaluate("film => { location.hash = `#film=${film}`; }", film)


def test_the_film_while_another_is_opened(page: Page, gate: Gate, films: list[int]) -> None:
    _tab(page, "Annotate")
    with gate.shut():
        _open(page, films[0])
        gate.await_come()
        _open(page, films[1])
    expect(page.locator("#annotate-film")).to_contain_text(f"Film {films[1]} ", timeout=ANSWER_MS)


def test_a_grade_while_the_last_is_still_summed_up(page: Page, gate: Gate, films: list[int]) -> None:
    _tab(page, "Annotate")
    _open(page, films[0])
    expect(page.locator("#annotate-film")).to_contain_text(f"Film {films[0]} ", timeout=ANSWER_MS)
    page.wait_for_function("window.bonegradeWork.film() !== null && window.bonegradeWork.isKept()")
    total = page.locator("#live-totals [data-row=filled] [data-of=rus_chn]")
    grade_radius = "grade => window.bonegradeWork.judge('Radius', grade)"
    totals = []
    for grade in (3, 9):
        page.evaluate(grade_radius, grade)
        page.wait_for_function("window.bonegradeWork.isKept()", timeout=ANSWER_MS)
        totals.append(total.get_attribute("data-total"))
    assert totals[0] != totals[1]
    answers: list[Response] = []

    def both(response: Response) -> bool:
        if "/run/" in response.url:
            answers.append(response)
        return len(answers) == 2

    with page.expect_event("response", both, timeout=ANSWER_MS), gate.shut():
        page.evaluate(grade_radius, 3)
        gate.await_come(1)
        page.evaluate(grade_radius, 9)
        gate.await_come(2)  # the page sends anew what was not answered for some seconds
    page.wait_for_function("window.bonegradeWork.isKept()", timeout=ANSWER_MS)
    expect(total).to_have_attribute("data-total", totals[1] or "")


def test_consent_taken_back_while_writing_is_still_looked_for(page: Page, gate: Gate) -> None:
    picture = cv2.imread(str(shipped_examples()[2].path), cv2.IMREAD_GRAYSCALE)
    cv2.putText(picture, "DOE JANE", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3, cv2.LINE_AA)
    file = {"name": "film.png", "mimeType": "image/png", "buffer": cv2.imencode(".png", picture)[1].tobytes()}
    page.locator("#sex input[value=F]").check()
    page.locator("#film input[type=file]").set_input_files(files=[file])  # type: ignore[list-item]
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    page.locator("#assess").click()
    expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)
    _tab(page, "Annotate")
    expect(page.locator("#annotate-film")).to_contain_text("New film", timeout=ANSWER_MS)
    page.wait_for_function("window.bonegradeWork.film() !== null")
    page.locator("#consent input").check()
    expect(page.locator("#annotate-writing img")).to_have_count(1, timeout=ANSWER_MS)
    page.locator("#consent input").uncheck()
    expect(page.locator("#annotate-writing img")).to_have_count(0, timeout=ANSWER_MS)
    with gate.shut():
        page.locator("#consent input").check()
        gate.await_come()
        page.locator("#consent input").uncheck()
    gate.await_left(2)
    expect(page.locator("#annotate-writing img")).to_have_count(0, timeout=ANSWER_MS)
