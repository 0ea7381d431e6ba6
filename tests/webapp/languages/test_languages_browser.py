"""The page in Chinese, in a real browser whose first language it is."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.webapp.annotate.film_page import NOTE_PAINTED
from tests.webapp.languages.sentences import of_sources
from tests.webapp.languages.test_catalogue import SAME
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, watched
from webapp.languages.catalogue import catalogue

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

#: By tab: what stands there once it has been filled.
TABS: Final = {
    "queue": "#queue-finished",
    "agreement": "#agreement-message",
    "data": "#export-make",
    "train": "#train-collected",
    "annotate": "#bone-list",
    "assess": "#crop-grid",
}

#: What is shown and read aloud: a list of texts, without names, code and what people typed.
_SHOWN: Final = """() => {
  const kept = "script, style, textarea, code, pre, svg.main-svg defs, [translate=no], .file-preview";
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const within = texts.currentNode.parentElement;
    if (!within.closest(kept)) found.push(texts.currentNode.data.trim());
  }
  for (const name of ["placeholder", "aria-label", "title", "alt"]) {
    document.querySelectorAll(`[${name}]`).forEach((one) => {
      if (!one.closest(kept)) found.push(one.getAttribute(name).trim());
    });
  }
  return found.filter(Boolean);
}"""
#: Puts a text for each of `said` on the page and gives what stands there, and how long the page took, in milliseconds.
_SAID: Final = """async (said) => {
  const place = document.createElement("div");
  for (const one of said) place.appendChild(document.createElement("p")).textContent = one;
  const began = performance.now();
  document.body.append(place);
  await Promise.resolve();
  const took = performance.now() - began;
  const shown = [...place.children].map((one) => one.textContent);
  place.remove();
  return { shown, took };
}"""
#: Notes what a visitor gets to see of the heading before the page is still, frame by frame.
_WATCH_HEADING: Final = """
  window.headings = [];
  const look = () => {
    const heading = document.querySelector(".masthead h1 + p");
    if (heading && getComputedStyle(heading).visibility === "visible") window.headings.push(heading.textContent);
    requestAnimationFrame(look);
  };
  look();
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as app:
        yield app.url


@pytest.fixture(scope="module")
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """The page with an example assessed and open on Annotate; every tab was looked at."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000}, locale="zh-CN")
    troubles = watched(page, url)
    page.add_init_script(_WATCH_HEADING)
    page.add_init_script(NOTE_PAINTED)
    page.goto(url)
    page.locator("#example-1").click(timeout=ANSWER_MS)
    expect(page.locator("#crop-grid")).to_be_visible(timeout=ANSWER_MS)
    page.locator("#correct-reading").click()
    expect(page.locator("#bone-list .bone-row")).to_have_count(13)
    for tab, filled in TABS.items():
        _show(page, tab)
        expect(page.locator(filled)).not_to_be_empty()
    page.evaluate("window.headingsOfOpening = [...window.headings]")
    yield page
    page.close()
    assert troubles == []


@pytest.fixture
def page(opened: Page) -> Page:
    """That page in Chinese, whatever language was chosen before."""
    opened.locator("button[data-language=zh]").click()
    opened.wait_for_function("document.documentElement.lang === 'zh-CN'")
    return opened


def _show(page: Page, tab: str) -> None:
    page.locator(f'button[role="tab"][data-tab-id="{tab}"]').click()


def _english(texts: list[str]) -> list[str]:
    """Those with three Latin words or more in a row, apart from codes."""
    run = re.compile(r"(?:[A-Za-z][A-Za-z']+[ ,;:.]+){2,}[A-Za-z][A-Za-z']+")
    return [text for text in texts if any(set(re.findall("[A-Za-z']{3,}", part)) - SAME for part in run.findall(text))]


def test_no_english_is_left_on_any_tab(page: Page) -> None:
    shown = page.evaluate(_SHOWN)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert len(shown) > 1000 and sum(bool(re.search("[\u4e00-\u9fff]", text)) for text in shown) > 500
    assert _english(shown) == []


def test_the_boxes_on_the_film_are_named_as_in_the_list_beside_it(page: Page) -> None:
    _show(page, "annotate")
    page.wait_for_function("Object.keys(window.painted.boxes).length === 13", timeout=ANSWER_MS)
    listed = page.locator("#bone-list .bone-name").all_inner_texts()
    assert sorted(page.evaluate("Object.keys(window.painted.boxes)")) == sorted(listed)
    assert {"桡骨", "尺骨", "DP3"} <= set(listed)


def test_nothing_was_seen_in_english_before(page: Page) -> None:
    headings = page.evaluate("window.headingsOfOpening")
    assert headings and all("骨骺" in heading for heading in headings)


def test_the_browser_and_the_report_say_the_same_and_at_once(page: Page) -> None:
    sentences = sorted({re.sub(r"\{\}|%d", "7", one) for found in of_sources().values() for one in found})
    said = page.evaluate(_SAID, sentences)
    assert said["shown"] == [catalogue("zh").translate(one) for one in sentences]
    assert len(sentences) > 1000 and said["took"] < 1000  # about 60 ms of an idle core


def test_what_people_type_and_names_stay(page: Page) -> None:
    page.evaluate(
        """() => document.body.insertAdjacentHTML("beforeend", `<div id="kept"><b translate="no">Train</b>
        <textarea>Save</textarea><code>Queue</code><input value="Data" placeholder="Search"></div>`)"""
    )
    kept = page.locator("#kept")
    expect(kept.locator("input")).to_have_attribute("placeholder", "搜索")
    expect(kept.locator("b")).to_have_text("Train")
    expect(kept.locator("code")).to_have_text("Queue")
    expect(kept.locator("textarea")).to_have_value("Save")
    expect(kept.locator("input")).to_have_value("Data")
    kept.evaluate("(kept) => kept.remove()")


def test_a_list_shows_what_is_chosen_in_chinese_and_compares_it_in_english(page: Page) -> None:
    _show(page, "assess")
    field = page.locator("#stage input")
    expect(field).to_have_value(re.compile(r"^第 \d 阶段$"))
    field.click()
    expect(field).to_have_value(re.compile(r"^Stage \d$"))
    page.keyboard.press("Escape")
    page.locator("h1").click()
    expect(field).to_have_value(re.compile(r"^第 \d 阶段$"))


def test_numbers_are_those_of_the_english_page_which_comes_back_by_a_click(page: Page) -> None:
    _show(page, "assess")
    numbers = r"\d+(?:\.\d+)?"
    places = ("#headline", "#score-table", "#crops .numbers", "#provenance")
    chinese = {place: page.locator(place).all_inner_texts() for place in places}
    page.locator("button[data-language=en]").click()
    expect(page.get_by_role("tab", name="Assess", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    for place, texts in chinese.items():
        english = page.locator(place).all_inner_texts()
        assert english != texts or place == "#crops .numbers"
        assert Counter(re.findall(numbers, " ".join(english))) == Counter(re.findall(numbers, " ".join(texts)))
    left = [text for text in page.evaluate(_SHOWN) if re.search("[\u4e00-\u9fff]", text)]
    assert len(set(left)) <= 15, left  # gradio's own few words, which follow the browser's language


def test_the_boxes_on_the_film_are_named_anew_when_another_language_is_chosen(page: Page) -> None:
    _show(page, "annotate")
    for language, name in (("en", "Radius"), ("zh", "桡骨")):
        page.locator(f"button[data-language={language}]").click()
        page.wait_for_function("(name) => name in window.painted.boxes", arg=name, timeout=ANSWER_MS)


def test_the_choice_is_remembered_and_the_server_told(page: Page, browser: Browser, url: str) -> None:
    english = browser.new_page(locale="en-GB")
    english.goto(url)
    expect(english.get_by_role("tab", name="Assess", exact=True)).to_be_visible(timeout=ANSWER_MS)
    english.get_by_role("tab", name="Train").click()
    chosen = english.locator("#train-side-film input")
    expect(chosen).to_have_value("The film on the Assess tab")
    english.locator("button[data-language=zh]").click()
    expect(english.get_by_role("tab", name="评估", exact=True)).to_be_visible()
    expect(chosen).to_have_value("“评估”页上的片子")
    expect(english.locator("button[data-language=zh]")).to_have_attribute("aria-pressed", "true")
    assert {one["name"]: one["value"] for one in english.context.cookies()}["bonegrade-language"] == "zh"
    english.reload()
    expect(english.get_by_role("tab", name="评估", exact=True)).to_be_visible(timeout=ANSWER_MS)
    english.close()
