"""Boxes in the editor, moved, resized, deleted and drawn, on a large film and odd screens too: the saved box is the drawn one,
within a pixel of the film."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.assessment.assessor import Assessor
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.ledger import Consent, Ledger
from tests.hands import shipped_examples
from tests.webapp.annotate.film_page import Open, box, drag, on_screen, painted_box, press, wait_kept, wait_magnified
from tests.webapp.running_app import ANSWER_MS, CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

BONE = "PP3"
#: How far the box is drawn, in pixels of the window.
BY = (24, 16)
_TOP = "document.querySelector('#box-editor canvas').getBoundingClientRect().top"
#: The picture fills the canvas, which is as wide as its place.
_IS_FITTED = """() => {
    const canvas = document.querySelector("#box-editor canvas");
    return canvas.clientWidth > 0 && canvas.width === canvas.clientWidth && window.painted.film?.[2] === canvas.width;
}"""


#: Has the page note where the boxes of the last drawing lie, in pixels of the canvas.
_NOTE_BOXES = """() => {
    const context = document.querySelector("#box-editor canvas").getContext("2d");
    const [clear, rect] = [context.clearRect.bind(context), context.rect.bind(context)];
    context.clearRect = (...all) => { window.drawn = []; clear(...all); };
    context.rect = (...box) => { window.drawn.push(box); rect(...box); };
}"""
#: Whether a bone's box is drawn where the work has it.
_IS_DRAWN = """bone => {
    const work = window.bonegradeWork, canvas = document.querySelector("#box-editor canvas");
    const scale = canvas.width / work.film().frame.width, [x, y] = work.boxOf(bone).map((edge) => edge * scale);
    return (window.drawn || []).some((box) => Math.hypot(box[0] - x, box[1] - y) < 2);
}"""


@pytest.fixture(scope="module")
def turned(ledger: Ledger, shipped: Assessor) -> int:
    """A film that lies on its side, with its greys turned round."""
    example = shipped_examples()[1]
    pixels = np.ascontiguousarray(1 - np.rot90(read_radiograph(example.path).pixels))
    film = Radiograph(pixels, None, None, film_hash(pixels))
    added = ledger.add_film(film, example.sex, reader="anna", source="queue", consent=Consent()).film
    ledger.add_prediction(added.id, shipped.assess(film, example.sex))
    return added.id


@pytest.fixture(scope="module")
def large(ledger: Ledger, shipped: Assessor) -> int:
    """A film of 3000 x 4000 pixels."""
    example = shipped_examples()[0]
    pixels = np.clip(
        cv2.resize(read_radiograph(example.path).pixels, (3000, 4000), interpolation=cv2.INTER_LINEAR), 0, 1
    )
    film = Radiograph(pixels, None, None, film_hash(pixels))
    added = ledger.add_film(film, example.sex, reader="desk", source="queue", consent=Consent()).film
    ledger.add_prediction(added.id, shipped.assess(film, example.sex))
    return added.id


def _drag_large(page: Page, meanwhile: Callable[[], object] = lambda: None) -> list[float]:
    """Draws the box elsewhere with the mouse, and gives where it must be then. meanwhile: what happens under way."""
    before = painted_box(page, BONE)
    x, y, scale = on_screen(page, BONE)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + BY[0] / 2, y + BY[1] / 2, steps=2)
    meanwhile()
    page.mouse.move(x + BY[0], y + BY[1], steps=2)
    page.mouse.up()
    return [edge + by / scale for edge, by in zip(before, BY + BY, strict=True)]


def _is_saved(page: Page, ledger: Ledger, film: int, reader: str, expected: list[float]) -> None:
    """What the hand did, what is painted and what the ledger has are one."""
    near = "([bone, to]) => window.bonegradeWork.boxOf(bone).every((edge, i) => Math.abs(edge - to[i]) < 1)"
    page.wait_for_function(near, arg=[BONE, expected], timeout=ANSWER_MS)
    painted = painted_box(page, BONE)
    press(page, "5")
    wait_kept(page)
    page.locator("#annotate-save").click()
    expect(page.locator("#annotate-message")).to_contain_text("Saved 1 bone")
    saved = ledger.reading(film, reader)[BONE].box
    assert saved is not None
    assert list(saved) == pytest.approx(painted, abs=1)
    assert list(saved) == pytest.approx(expected, abs=1)


def test_a_moved_box_is_put_back_by_undo(open_film: Open, own_film: int) -> None:
    page = open_film(own_film, "otto:READER")
    before = box(page, "PP3")
    page.evaluate(_NOTE_BOXES)
    drag(page, "PP3", (-12, 8))
    page.wait_for_function("b => JSON.stringify(window.bonegradeWork.boxOf('PP3')) !== JSON.stringify(b)", arg=before)
    moved = box(page, "PP3")
    page.wait_for_function(_IS_DRAWN, arg="PP3", timeout=ANSWER_MS)
    press(page, "u")
    assert box(page, "PP3") == before
    page.wait_for_function(_IS_DRAWN, arg="PP3", timeout=ANSWER_MS)
    # the box lies where it was: it can be taken hold of there
    drag(page, "PP3", (-12, 8))
    page.wait_for_function("b => JSON.stringify(window.bonegradeWork.boxOf('PP3')) !== JSON.stringify(b)", arg=before)
    assert box(page, "PP3") == pytest.approx(moved, abs=3)


def test_a_film_on_its_side_is_shown_upright_and_its_boxes_go_where_they_are_put(open_film: Open, turned: int) -> None:
    page = open_film(turned, "otto:READER")
    frame = page.evaluate("window.bonegradeWork.film().frame")
    assert frame["turns"] % 2 == 1 and frame["shown"][1] > frame["shown"][0], "the hand stands upright"
    page.locator("#bone-list [data-bone=MP3]").click()
    before, mark = box(page, "MP3"), page.locator(".in-hand-mark").bounding_box()
    assert mark is not None
    x, y = mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 12, y, steps=5)
    page.mouse.up()
    page.wait_for_function("b => JSON.stringify(window.bonegradeWork.boxOf('MP3')) !== JSON.stringify(b)", arg=before)
    moved = box(page, "MP3")
    pixels = 12 * frame["height"] / page.locator("#box-editor canvas").evaluate("c => c.clientWidth")
    along = [b - a for a, b in zip(before, moved, strict=True)]
    # what is to the right on the screen is up or down on the film
    assert along[0] == pytest.approx(0, abs=1) and abs(along[1]) == pytest.approx(pixels, abs=2)
    page.wait_for_function(
        "x => Math.abs(document.querySelector('.in-hand-mark').getBoundingClientRect().x - x) < 2", arg=mark["x"] + 12
    )


def test_a_box_is_resized_deleted_and_drawn_again(open_film: Open, own_film: int) -> None:
    page = open_film(own_film, "otto:READER")
    before = box(page, "DP1")
    drag(page, "DP1", (15, 12), at=(1.0, 1.0))
    page.wait_for_function("b => window.bonegradeWork.boxOf('DP1')[2] > b[2] + 2", arg=before)
    after = box(page, "DP1")
    assert after[:2] == before[:2], "edges that were not touched stay to the digit"
    page.keyboard.press("Delete")
    page.wait_for_function("window.bonegradeWork.boxOf('DP1') === null")
    expect(page.locator("#in-hand-model")).to_contain_text("no grade")
    page.evaluate(_NOTE_BOXES)
    press(page, "c")
    canvas = page.locator("#box-editor canvas").bounding_box()
    assert canvas is not None
    page.mouse.move(canvas["x"] + 20, canvas["y"] + 20)
    page.mouse.down()
    page.mouse.move(canvas["x"] + 70, canvas["y"] + 80, steps=5)
    page.mouse.up()
    _choose_label(page, "MC1")
    expect(page.locator("#annotate-message")).to_contain_text("has a box already", timeout=ANSWER_MS)
    page.wait_for_function("window.drawn.length === 12", timeout=ANSWER_MS)  # the box too many is gone
    press(page, "c")
    page.mouse.move(canvas["x"] + 20, canvas["y"] + 20)
    page.mouse.down()
    page.mouse.move(canvas["x"] + 70, canvas["y"] + 80, steps=5)
    page.mouse.up()
    _choose_label(page, "DP1")
    page.wait_for_function("window.bonegradeWork.boxOf('DP1') !== null", timeout=ANSWER_MS)
    expect(page.locator("#in-hand-model")).to_contain_text("Model on your box")


def _choose_label(page: Page, bone: str) -> None:
    """Answers the editor's question for the new box's bone."""
    question = page.locator("#model-box-edit").first
    question.locator("input[role=listbox]").fill(bone)
    page.get_by_role("option", name=bone, exact=True).click()
    question.get_by_role("button", name="OK").click()


def test_a_message_of_two_lines_comes_while_a_box_is_held(open_film: Open, ledger: Ledger, large: int) -> None:
    page = open_film(large, "lara:READER", width=1200, height=1003)
    top = page.evaluate(_TOP)

    def meanwhile() -> None:
        page.evaluate("window.bonegradeWork.tell('A long story. '.repeat(30), 'warning')")
        moved = page.evaluate("document.querySelector('.annotate-film-side').getBoundingClientRect().top")
        assert moved > top + 10, "nothing was laid out anew"

    expected = _drag_large(page, meanwhile)
    _is_saved(page, ledger, large, "lara", expected)


def test_in_a_window_of_400_pixels_the_film_stays_under_the_hand(open_film: Open, ledger: Ledger, large: int) -> None:
    page = open_film(large, "nina:READER", width=400, height=560)
    page.locator("#bone-list [data-bone=Ulna]").click()  # the list lies below the film
    page.locator("#box-editor canvas").scroll_into_view_if_needed()
    top = page.evaluate(_TOP)

    def meanwhile() -> None:
        assert page.evaluate(_TOP) == top
        page.evaluate("window.bonegradeWork.tell('A long story. '.repeat(9), 'warning')")
        assert page.evaluate("document.querySelector('#box-editor').getBoundingClientRect().top") == pytest.approx(top)

    expected = _drag_large(page, meanwhile)
    expect(page.locator("#in-hand")).to_have_attribute("data-bone", BONE)
    _is_saved(page, ledger, large, "nina", expected)
    expect(page.locator("#annotate-message")).to_be_in_viewport(ratio=1)


def test_after_a_resize_while_the_tab_was_hidden(open_film: Open, ledger: Ledger, large: int) -> None:
    page = open_film(large, "rita:READER")
    page.get_by_role("tab", name="Assess").click()
    expect(page.locator("#annotate")).to_be_hidden()
    page.set_viewport_size({"width": 700, "height": 901})
    page.get_by_role("tab", name="Annotate").click()
    page.wait_for_function(_IS_FITTED)
    page.locator("#box-editor canvas").scroll_into_view_if_needed()
    expected = _drag_large(page)
    _is_saved(page, ledger, large, "rita", expected)


def test_after_a_pinch_on_a_touch_screen(open_film: Open, ledger: Ledger, large: int) -> None:
    """Two fingers magnify the film in the editor; one finger then draws the box."""
    page = open_film(large, "tina:READER", width=820, height=1180, has_touch=True, device_scale_factor=2)
    expect(page.locator("#key-strip")).to_be_hidden()
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y, scale = on_screen(page, BONE)
    fingers("touchStart", (x, y - 60))
    fingers("touchStart", (x, y - 60), (x, y + 60))
    for apart in (80, 100, 120):
        fingers("touchMove", (x, y - apart), (x, y + apart))
    fingers("touchEnd")
    # the fingers end twice as far apart; the editor rounds each step to a hundredth
    wait_magnified(page, BONE, 1.95 * scale)
    before = painted_box(page, BONE)
    x, y, magnified = on_screen(page, BONE)
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + BY[0], y + BY[1]))
    fingers("touchEnd")
    expected = [edge + by / magnified for edge, by in zip(before, BY + BY, strict=True)]
    _is_saved(page, ledger, large, "tina", expected)


#: What of the grade cards in sight is cut off, or printed over something else.
_CUT_OFF = """() => [...document.querySelectorAll("fieldset[data-guide]:not([hidden]) .grade-card")].flatMap(card => {
    const inside = card.getBoundingClientRect();
    return [...card.querySelectorAll(".grade-short, .stage, .grade-name b")].filter(text => {
        const place = text.getBoundingClientRect();
        return text.scrollHeight > text.clientHeight + 1 && text.clientHeight
            || place.right > inside.right - 2 || place.bottom > inside.bottom;
    }).map(text => text.textContent);
})"""


@pytest.mark.parametrize("width", [1440, 1200, 390])
def test_the_grade_cards_cut_nothing_off_and_the_film_takes_the_width_that_is_free(
    open_film: Open, large: int, width: int
) -> None:
    page = open_film(large, "gina:READER", width=width, height=900)
    for bone in ("Radius", "Ulna", "MC1", "DP5"):
        page.locator(f"#bone-list [data-bone={bone}]").click()
        expect(page.locator(f"fieldset[data-guide={bone}]")).to_be_visible()
        assert page.evaluate(_CUT_OFF) == []
    legend = page.locator("fieldset[data-guide=DP5] legend").bounding_box()
    note = page.locator("#in-hand-crop-note").bounding_box()
    assert legend is not None and note is not None and legend["y"] >= note["y"] + note["height"] + 8
    if width == 1440:
        film = page.locator("#box-editor canvas").bounding_box()
        assert film is not None and film["width"] > 500


@pytest.mark.parametrize("zoom", [1.5, 0.8])
def test_after_the_page_was_zoomed(open_film: Open, ledger: Ledger, large: int, zoom: float) -> None:
    """As Ctrl + and Ctrl - do: fewer or more of the page's pixels in the same window, each of so many of the screen."""
    reader = f"zoe{round(100 * zoom)}"
    page = open_film(large, f"{reader}:READER")
    screen = page.context.new_cdp_session(page)
    size = {"width": round(1440 / zoom), "height": round(1000 / zoom)}
    screen.send("Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": zoom, "mobile": False})
    page.wait_for_function(
        "([ratio, wide]) => Math.abs(devicePixelRatio - ratio) < 0.01 && innerWidth === wide", arg=[zoom, size["width"]]
    )
    page.wait_for_function(_IS_FITTED)
    page.locator("#box-editor canvas").scroll_into_view_if_needed()
    expected = _drag_large(page)
    _is_saved(page, ledger, large, reader, expected)
