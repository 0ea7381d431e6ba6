"""The Annotate tab in a browser, for its tests: when a film is open, and what a reader does with it."""

from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page, expect

from tests.webapp.running_app import ANSWER_MS

#: Opens a film in a window of its own: number of the film, reader ("NAME:ROLE"), size of the window, and what else
#: Playwright may say of a screen.
Open = Callable[..., Page]

#: Has the page note what is painted last: where the picture lies on the canvas, and every box by its label. Runs before
#: the scripts of the page, so that it sees what they make of the editor's drawing.
NOTE_PAINTED: Final = """(() => {
  const paints = CanvasRenderingContext2D.prototype;
  let last = null;
  const note = (name, seen) => {
    const original = paints[name];
    paints[name] = function (...values) {
      if (this.canvas.closest("#box-editor")) seen(this, ...values);
      return original.apply(this, values);
    };
  };
  window.painted = { film: null, boxes: {} };
  note("clearRect", () => (window.painted = { film: null, boxes: {} }));
  note("drawImage", (context, picture, x, y, width, height) => {
    const by = context.getTransform();
    window.painted.film = [by.e + by.a * x, by.f + by.d * y, by.a * width, by.d * height];
  });
  note("rect", (context, ...box) => (last = box));
  note("fillText", (context, label) => (window.painted.boxes[label] = last));
})();"""
#: A bone's box in pixels of an upright film, from what is painted alone.
_PAINTED_BOX: Final = """bone => {
  const [left, top, across, down] = window.painted.film, [x, y, width, height] = window.painted.boxes[bone];
  const { frame } = window.bonegradeWork.film();
  return [x, y, x + width, y + height].map((edge, i) =>
    i % 2 ? ((edge - top) / down) * frame.height : ((edge - left) / across) * frame.width);
}"""
#: The middle of a bone's box on the screen, and pixels of the screen for a pixel of the film; from what is painted alone.
_ON_SCREEN: Final = """bone => {
  const canvas = document.querySelector("#box-editor canvas"), there = canvas.getBoundingClientRect();
  const by = there.width / canvas.width, [x, y, width, height] = window.painted.boxes[bone];
  const scale = (by * window.painted.film[2]) / window.bonegradeWork.film().frame.width;
  return [there.left + by * (x + width / 2), there.top + by * (y + height / 2), scale];
}"""

#: The film's picture is on the screen, or the film has none.
_PICTURE_DRAWN = """() => {
  const canvas = document.querySelector("#box-editor canvas"), film = window.bonegradeWork.film();
  return canvas ? film.sha256.startsWith(canvas.dataset.film || "none") : Boolean(document.querySelector("#no-pixels p"));
}"""


def wait_for_film(page: Page, film: int) -> None:
    """Returns when this film is open and drawn, and no other one is asked for."""
    expect(page.locator("#annotate-film")).to_contain_text(f"Film {film} ", timeout=ANSWER_MS)
    expect(page.locator("#annotate")).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)
    page.wait_for_function(_PICTURE_DRAWN, timeout=ANSWER_MS)


def press(page: Page, keys: str) -> None:
    """Presses these keys, one after the other."""
    for key in keys:
        page.keyboard.press(key)


def wait_kept(page: Page) -> None:
    """Returns when the server has the whole work."""
    page.wait_for_function("window.bonegradeWork.isKept()", timeout=ANSWER_MS)


def painted_box(page: Page, bone: str) -> list[float]:
    """Where a bone's box is painted, in pixels of the film, which must lie upright."""
    return list(page.evaluate(_PAINTED_BOX, bone))


def on_screen(page: Page, bone: str) -> tuple[float, float, float]:
    """The middle of a bone's box in the window, and pixels of the window for a pixel of the film."""
    x, y, scale = page.evaluate(_ON_SCREEN, bone)
    return x, y, scale


def wait_magnified(page: Page, bone: str, scale: float) -> None:
    """Returns when a pixel of the film is painted at least `scale` pixels of the window large.

    Touches are handled with the next picture that the window draws, which may be after the call that sent them.
    """
    page.wait_for_function(f"([bone, scale]) => ({_ON_SCREEN})(bone)[2] >= scale", arg=[bone, scale], timeout=ANSWER_MS)


def box(page: Page, bone: str) -> list[float]:
    """Where the reader's work has a bone's box, in pixels of the film."""
    return list(page.evaluate("bone => window.bonegradeWork.boxOf(bone)", bone))


def drag(page: Page, bone: str, by: tuple[float, float], at: tuple[float, float] = (0.5, 0.5)) -> None:
    """Drags a box by a number of pixels of the screen, held at a share of its width and height."""
    place = page.evaluate(
        """([bone, across, down]) => {
            const work = window.bonegradeWork, canvas = document.querySelector("#box-editor canvas");
            const [x0, y0, x1, y1] = work.boxOf(bone), there = canvas.getBoundingClientRect();
            const scale = there.width / work.film().frame.width;
            return [there.left + (x0 + across * (x1 - x0)) * scale, there.top + (y0 + down * (y1 - y0)) * scale];
        }""",
        [bone, *at],
    )
    page.mouse.move(*place)
    page.mouse.down()
    page.mouse.move(place[0] + by[0] / 2, place[1] + by[1] / 2, steps=4)
    page.mouse.move(place[0] + by[0], place[1] + by[1], steps=4)
    page.mouse.up()
