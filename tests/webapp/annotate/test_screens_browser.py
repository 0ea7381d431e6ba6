"""The box editor on large films and odd screens: the saved box is the drawn one, within a pixel of the film."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.assessment.assessor import Assessor
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.ledger import Ledger
from tests.hands import shipped_examples
from tests.webapp.annotate.film_page import Open, press, wait_for_film, wait_kept
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, RunningApp, watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

#: Where a box of the work lies on the screen: its edges, from the edges of the canvas and the film alone.
_ON_SCREEN = """bone => {
    const work = window.bonegradeWork, canvas = document.querySelector("#box-editor canvas");
    const there = canvas.getBoundingClientRect(), scale = there.width / work.film().frame.width;
    return work.boxOf(bone).map((edge, i) => (i % 2 ? there.top : there.left) + edge * scale);
}"""
_CANVAS = "document.querySelector('#box-editor canvas').getBoundingClientRect()"
_SCALE = f"{_CANVAS}.width / window.bonegradeWork.film().frame.width"
_IS_OTHER = "b => JSON.stringify(window.bonegradeWork.boxOf('PP3')) !== JSON.stringify(b)"


@pytest.fixture(scope="module")
def large(ledger: Ledger, films: list[int]) -> int:
    """A film of 3000 x 4000 pixels."""
    example = shipped_examples()[0]
    pixels = np.clip(
        cv2.resize(read_radiograph(example.path).pixels, (3000, 4000), interpolation=cv2.INTER_LINEAR), 0, 1
    )
    film = Radiograph(pixels, None, None, film_hash(pixels))
    added = ledger.add_film(film, example.sex, reader="desk", source="queue", consent=True).film
    ledger.add_prediction(added.id, Assessor.from_registry().assess(film, example.sex))
    return added.id


def _box(page: Page) -> list[float]:
    return list(page.evaluate("window.bonegradeWork.boxOf('PP3')"))


def _move_and_save(page: Page, ledger: Ledger, film: int, reader: str) -> None:
    """Drags a box by whole pixels of the screen, saves, and compares what the ledger has with what the hand did."""
    page.locator("#bone-list [data-bone=PP3]").click()
    page.locator("#box-editor canvas").scroll_into_view_if_needed()
    before, scale = _box(page), page.evaluate(_SCALE)
    x0, y0, x1, y1 = page.evaluate(_ON_SCREEN, "PP3")
    x, y, across, down = (x0 + x1) / 2, (y0 + y1) / 2, 24, 16
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across / 2, y + down / 2, steps=3)
    page.mouse.move(x + across, y + down, steps=3)
    page.mouse.up()
    page.wait_for_function(_IS_OTHER, arg=before, timeout=ANSWER_MS)
    moved = [edge + (down if i % 2 else across) / scale for i, edge in enumerate(before)]
    # the mouse goes by whole pixels of the screen
    assert _box(page) == pytest.approx(moved, abs=max(1.0, 0.5 / scale))
    drawn = page.locator(".in-hand-mark").bounding_box()
    assert drawn is not None
    press(page, "5")
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved", timeout=ANSWER_MS)
    saved = ledger.reading(film, reader)["PP3"].box
    assert saved is not None
    left, top = page.evaluate(
        "(({left, top}) => [left, top])(document.querySelector('#box-editor canvas').getBoundingClientRect())"
    )
    seen = [(drawn["x"] - left) / scale, (drawn["y"] - top) / scale]
    seen += [seen[0] + drawn["width"] / scale, seen[1] + drawn["height"] / scale]
    # the mark is drawn with fractions of a pixel of the screen
    assert list(saved) == pytest.approx(seen, abs=max(1.0, 0.05 / scale))


def test_a_large_film_in_a_window_of_1440_pixels(open_film: Open, ledger: Ledger, large: int) -> None:
    page = open_film(large, "lara:READER")
    _move_and_save(page, ledger, large, "lara")


def test_a_large_film_in_a_window_of_400_pixels(open_film: Open, ledger: Ledger, large: int) -> None:
    page = open_film(large, "nina:READER", width=400, height=900)
    _move_and_save(page, ledger, large, "nina")


def test_after_a_resize_while_the_tab_was_hidden(open_film: Open, ledger: Ledger, large: int) -> None:
    page = open_film(large, "rita:READER")
    page.get_by_role("tab", name="Assess").click()
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(500)
    page.get_by_role("tab", name="Annotate").click()
    page.wait_for_timeout(1500)
    _move_and_save(page, ledger, large, "rita")


@pytest.fixture
def touch_page(browser: Browser, app: RunningApp, large: int) -> Iterator[Page]:
    """The large film on a touch screen."""
    context = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True, device_scale_factor=2)
    context.add_cookies([{"name": "reader", "value": "tina:READER", "url": app.url}])
    page = context.new_page()
    troubles = watched(page, app.url)
    page.goto(f"{app.url}/#film={large}", timeout=ANSWER_MS)
    wait_for_film(page, large)
    yield page
    context.close()
    assert troubles == []


def test_after_a_pinch_on_a_touch_screen(touch_page: Page, ledger: Ledger, large: int) -> None:
    """The page itself is magnified by two fingers, as a tablet does it."""
    canvas = touch_page.locator("#box-editor canvas")
    canvas.scroll_into_view_if_needed()
    place = canvas.bounding_box()
    assert place is not None
    session = touch_page.context.new_cdp_session(touch_page)
    session.send(
        "Input.synthesizePinchGesture",
        {"x": place["x"] + place["width"] / 2, "y": place["y"] + 200, "scaleFactor": 1.5, "gestureSourceType": "touch"},
    )
    session.send("Emulation.resetPageScaleFactor")
    touch_page.wait_for_timeout(500)
    _move_and_save(touch_page, ledger, large, "tina")


def test_five_grades_said_offline_are_all_saved(open_film: Open, ledger: Ledger, films: list[int]) -> None:
    page = open_film(films[3], "olga:READER")
    page.context.set_offline(True)
    press(page, "3j4j5j6j7")
    expect(page.locator("#annotate-status")).to_contain_text("does not answer", timeout=30_000)
    page.context.set_offline(False)
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 5 bones", timeout=ANSWER_MS)
    assert sorted(said.grade for said in ledger.reading(films[3], "olga").values()) == [3, 4, 5, 6, 7]


def test_a_kept_picture_that_vanished_is_said_and_the_buttons_live(
    open_film: Open, ledger: Ledger, films: list[int]
) -> None:
    page = open_film(films[4], "vera:READER")
    gone = ledger.film(films[5])
    file = ledger.picture_file(gone)
    assert file is not None
    file.unlink()
    page.evaluate(f"window.location.hash = '#film={gone.id}'")
    expect(page.locator("#annotate-message")).to_contain_text("picture", timeout=ANSWER_MS)
    expect(page.locator("#annotate")).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)
    press(page, "4")
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 1 bone", timeout=ANSWER_MS)
