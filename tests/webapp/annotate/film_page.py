"""The Annotate tab in a browser, for its tests: when a film is open, and what a reader does with it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.webapp.running_app import ANSWER_MS

#: Opens a film in a window of its own: number of the film, reader ("NAME:ROLE"), size of the window.
Open = Callable[..., Page]

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
