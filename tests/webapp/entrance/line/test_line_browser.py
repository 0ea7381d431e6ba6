"""Visitors who wait behind another see their place in the line, in a real browser, and get their answers in its order."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.webapp.gate import Gate
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")


@pytest.fixture(scope="module")
def url(gate: Gate) -> Iterator[str]:
    with running(("-m", "tests.webapp.waiting_app", str(gate.folder))) as app:
        yield app.url


@pytest.fixture
def visitor(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Opens the page for one more visitor. Afterwards: no error in any console."""
    contexts: list[BrowserContext] = []
    all_troubles: list[list[str]] = []

    def come(language: str = "en-GB") -> Page:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 1000}, locale=language))
        page = contexts[-1].new_page()
        all_troubles.append(watched(page, url))
        page.goto(url)
        expect(page.locator("#assess")).to_be_enabled(timeout=ANSWER_MS)
        return page

    yield come
    for context in contexts:
        context.close()
    assert [trouble for troubles in all_troubles for trouble in troubles] == []


def test_whoever_waits_behind_another_sees_the_place_in_the_line(visitor: Callable[..., Page], gate: Gate) -> None:
    first, second, third = visitor(), visitor(), visitor("zh-CN")
    with gate.shut():
        first.locator("#example-0").click()
        gate.await_come()
        second.locator("#example-1").click()
        expect(second.locator("#headline")).to_contain_text("queue: 1/1", timeout=ANSWER_MS)
        third.locator("#example-2").click()
        expect(third.locator("#headline")).to_contain_text("排队：2/2", timeout=ANSWER_MS)
        expect(second.locator("#headline")).to_contain_text("queue: 1/2", timeout=ANSWER_MS)
        for page in (first, second, third):
            expect(page.locator("#bone-age")).to_have_count(0)
        expect(first.locator("#headline")).not_to_contain_text("queue")
    for page in (first, second, third):
        expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)
        expect(page.locator("#headline")).not_to_contain_text("queue")
