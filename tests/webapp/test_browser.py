"""The app as a person uses it: started as `python app.py`, in a real browser, with the shipped weights and examples, and
without a network."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.composites.examples import Example, read_examples
from core.film.radiograph import read_radiograph
from tests.films import dicom_file, dicom_film
from tests.hands import shipped_examples, two_hands_file
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, ROOT, running, watched
from webapp.shared.words import DISCLAIMER

#: Comes with the lint of the scripts.
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the app answers; it runs in a process of its own. Afterwards: it asked nobody outside this machine."""
    asked = tmp_path_factory.mktemp("offline") / "asked"
    with running(("-m", "tests.webapp.offline_app", str(asked))) as app:
        yield app.url
    assert asked.read_text() == ""


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The app's page. Afterwards: no error in the console, and nothing was fetched from elsewhere."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    troubles = watched(page, url)
    page.goto(url)
    expect(page.locator("#assess")).to_be_visible(timeout=ANSWER_MS)
    yield page
    page.close()
    assert troubles == []


@pytest.fixture(scope="module")
def example() -> Example:
    examples = read_examples()
    assert examples, "the example hands are missing: make them with the script named in the README"
    return examples[len(examples) // 2]


def _show_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tabpanel").filter(visible=True)).to_be_visible(timeout=ANSWER_MS)


def _barriers(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands that keeps people out, in light and in dark."""
    page.evaluate(AXE.read_text())
    # Colours do not fade from one theme to the other while they are looked at.
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; animation: none !important }")
    script = """async (dark) => {
        document.body.classList.toggle("dark", dark);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const found = await axe.run(document, { resultTypes: ["violations"] });
        return found.violations.flatMap(({ impact, id, nodes }) =>
            nodes.map((node) => `${impact} ${id} (${dark ? "dark" : "light"}): ${node.html} ${node.failureSummary}`));
    }"""
    return [
        one for dark in (True, False) for one in page.evaluate(script, dark) if one.startswith(("serious", "critical"))
    ]


def _choose_sex(page: Page, sex: str) -> None:
    page.locator(f"#sex input[value={sex}]").check()


def _upload(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    page.locator("#film input[type=file]").set_input_files(files=[file])  # type: ignore[list-item]


def _assess(page: Page, button: str = "#assess") -> float:
    """Presses the button, waits for the answer, and returns the bone age in months that the page gives."""
    page.locator(button).click()
    expect(page.locator("#assess")).to_be_disabled()
    expect(page.locator("#assess")).to_be_enabled(timeout=ANSWER_MS)
    expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)
    return float(page.locator("#bone-age").get_attribute("data-months") or "nan")


def _await_opacity(page: Page, layer: str, opacity: float) -> None:
    """Returns when every map of the layer has the opacity."""
    script = """([layer, opacity]) => {
        const maps = [...document.querySelectorAll(`#crop-grid .layer[data-layer=${layer}]`)].map(getComputedStyle);
        return maps.length && maps.every((map) => (map.visibility === "visible" ? +map.opacity : 0) === opacity);
    }"""
    page.wait_for_function(script, arg=[layer, opacity], timeout=ANSWER_MS)


def test_an_upload_is_assessed_explained_and_downloaded(page: Page, example: Example, tmp_path: Path) -> None:
    expect(page.get_by_text(DISCLAIMER).first).to_be_visible()
    _choose_sex(page, example.sex)
    _upload(page, example.path.name, example.path.read_bytes())
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    months = _assess(page)
    assert abs(months / 12 - example.age_years) < 2.5
    expect(page.locator("#bone-age")).to_contain_text(f"{months / 12:.1f}")
    expect(page.locator("#film-view rect.box-line")).to_have_count(13)
    expect(page.locator("#crop-grid article")).to_have_count(13)
    expect(page.locator("#age-plot .js-plotly-plot")).to_be_hidden()
    expect(page.locator(".how-good")).to_contain_text("months on average")
    page.locator("#comes-about > button").click()
    expect(page.locator("#opinions")).to_be_visible()
    inside = "plot => plot.querySelector('svg').clientWidth <= plot.clientWidth && plot.clientWidth"
    page.wait_for_function(f"({inside})(document.getElementById('age-plot'))", timeout=ANSWER_MS)
    expect(page.locator("#influence-plot .js-plotly-plot")).to_be_visible()

    grid = page.locator("#crop-grid")
    expect(grid).to_have_attribute("data-overlay", "grad_cam")
    page.locator("#overlay input[value=sa_spatial]").check()
    expect(grid).to_have_attribute("data-overlay", "sa_spatial")
    page.locator("#opacity input[type=number]").fill("0.8")
    page.keyboard.press("Tab")
    _await_opacity(page, "sa_spatial", 0.8)
    _await_opacity(page, "grad_cam", 0.0)
    with page.expect_download() as download:
        page.locator(".bone-card[data-bone=Ulna] [data-save-picture]").click()
    assert re.fullmatch(r"bonegrade_[0-9a-f]{8}_Ulna_sa_spatial\.png", download.value.suggested_filename)
    download.value.save_as(tmp_path / "ulna.png")
    picture = cv2.imread(str(tmp_path / "ulna.png"))
    assert picture.shape[0] > 480 + 44 + 4 * 20 + 12, "the weights have more than a line"
    assert picture.shape[1] == 480 and np.ptp(picture[:480]) > 100, "the crop under its map"
    assert (picture[530:] < 128).any(axis=(1, 2)).sum() > 30, "what it is, and which weights made it"
    page.locator("#overlay input[value=none]").check()
    expect(grid).to_have_attribute("data-overlay", "none")
    _await_opacity(page, "sa_spatial", 0.0)

    with page.expect_download() as download:
        page.locator("#download-json").click()
    download.value.save_as(tmp_path / "assessment.json")
    data = json.loads((tmp_path / "assessment.json").read_text())
    assert data["bone_age_months"] == pytest.approx(months, abs=0.01)
    assert data["sex"] == example.sex and len(data["bones"]) == 13

    with page.expect_download() as download:
        page.locator("#download-report").click()
    download.value.save_as(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")

    page.reload()
    expect(page.locator("#result-gone")).to_contain_text("choose the film again and press Assess", timeout=ANSWER_MS)
    page.reload()
    expect(page.locator("#assess")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#result-gone")).to_have_count(0)


def test_a_text_file_named_png_gets_a_sentence_and_the_app_goes_on(page: Page, example: Example) -> None:
    _choose_sex(page, example.sex)
    _upload(page, "film.png", b"This is not a film.\n")
    expect(page.locator("#message .message")).to_contain_text("PNG", timeout=ANSWER_MS)
    page.locator("#assess").click()
    expect(page.locator("#message .message")).to_contain_text("PNG", timeout=ANSWER_MS)
    expect(page.locator("#bone-age")).to_have_count(0)

    assert _assess(page, "#example-0") > 0
    expect(page.locator("#message .message")).to_have_count(0)


def test_an_old_answer_goes_with_its_film_and_is_made_anew_for_the_other_sex(page: Page, example: Example) -> None:
    page.locator("#assess").click()
    expect(page.locator("#message .message")).to_contain_text("Choose the child's sex and drop a film")
    expect(page.get_by_text("Choose the child's sex and drop a film")).to_have_count(1)
    months = _assess(page, "#example-0")
    expect(page.locator("#answer-title")).to_contain_text("female")
    _choose_sex(page, "M")
    expect(page.locator("#answer-title")).to_contain_text(re.compile(r"\bmale"))
    assert float(page.locator("#bone-age").get_attribute("data-months") or "nan") != months
    expect(page.locator("#crop-grid article")).to_have_count(13)
    page.locator("#film button[aria-label=Clear]").click()
    expect(page.locator("#bone-age")).to_have_count(0, timeout=ANSWER_MS)
    expect(page.locator("#film-view img")).to_have_count(0)


def test_the_other_of_two_hands_is_read_on_request(page: Page, tmp_path: Path) -> None:
    hand = shipped_examples()[4]
    both = two_hands_file(hand, tmp_path)
    _choose_sex(page, hand.sex)
    _upload(page, both.name, both.read_bytes())
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#read-other")).to_be_hidden()
    ages = []
    for button, read, left_out in (("#assess", "left", "right"), ("#read-other", "right", "left")):
        ages.append(_assess(page, button))
        said = f"two hands, and the {read} one was read; the {left_out} one can be read as well"
        expect(page.locator("#message .message")).to_contain_text(said)
        expect(page.locator("#verdict .checks .failed").filter(has_text=said)).to_have_count(1)
        expect(page.locator("#provenance")).to_contain_text(f"{read} hand")
        expect(page.locator("#film-view rect.box-line")).to_have_count(13)
        expect(page.locator("#read-other")).to_be_visible()
    assert ages[0] == pytest.approx(ages[1], abs=3), "one is the other's mirror image"
    _assess(page, "#example-0")
    expect(page.locator("#read-other")).to_be_hidden()


def test_the_files_sex_is_chosen_and_another_choice_is_pointed_out(page: Page, example: Example) -> None:
    greys = np.round(read_radiograph(example.path).pixels * 4095).astype(np.uint16)
    _upload(page, "film.dcm", dicom_file(dicom_film(greys, PatientSex="M")))
    note = page.locator("#message .message")
    expect(note).to_contain_text("The sex was chosen by the film's file, which says male.", timeout=ANSWER_MS)
    expect(page.locator("#sex input[value=M]")).to_be_checked()
    _choose_sex(page, "F")
    expect(note).to_contain_text("The film's file says male, and female is chosen: check the sex", timeout=ANSWER_MS)
    _assess(page)
    differs = "The file says that the child is a boy, and it was read as a girl: check the sex"
    expect(page.locator("#verdict .checks .failed").filter(has_text=differs)).to_have_count(1)
    expect(note).to_contain_text(differs)
    _choose_sex(page, "M")
    expect(page.locator("#verdict .checks")).to_contain_text("The file says that the child is a boy, as was chosen.")
    expect(note).to_have_count(0)


def test_another_stage_brings_other_maps_under_the_same_overlay(page: Page, example: Example) -> None:
    _assess(page, "#example-0")
    page.locator("#overlay input[value=sa_channel]").check()
    layer = page.locator("#crop-grid .layer[data-layer=sa_channel]").first
    before = layer.get_attribute("src")
    page.locator("#stage input").click()
    page.get_by_role("option", name="Stage 1").click()
    expect(page.locator("#crop-grid")).to_have_attribute("data-stage", "1", timeout=ANSWER_MS)
    expect(page.locator("#crop-grid")).to_have_attribute("data-overlay", "sa_channel")
    assert layer.get_attribute("src") != before


def test_the_example_in_use_is_marked_and_stays_under_the_pointer(page: Page, example: Example) -> None:
    marked = page.locator("button.example[aria-pressed=true]")
    expect(page.locator("button.example[aria-pressed=false]")).to_have_count(len(shipped_examples()))
    expect(page.locator("#who")).to_contain_text("admin")  # which comes late, above all else
    before = page.locator("#example-1").bounding_box()
    _assess(page, "#example-1")
    expect(marked).to_have_attribute("id", "example-1")
    assert page.locator("#example-1").bounding_box() == before
    page.locator("#example-0").click()
    expect(marked).to_have_attribute("id", "example-0")
    expect(page.locator("#assess")).to_be_enabled()
    page.locator("#film button[aria-label=Clear]").click()
    expect(marked).to_have_count(0)
    _upload(page, "another.png", example.path.read_bytes())
    expect(page.locator("#film .file-preview")).to_contain_text("another")
    expect(page.locator("#film-view img")).to_be_visible()
    expect(marked).to_have_count(0)


@pytest.fixture
def phone(browser: Browser, url: str) -> Iterator[Page]:
    """The page on a phone."""
    page = browser.new_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.goto(url)
    expect(page.locator("#assess")).to_be_visible(timeout=ANSWER_MS)
    yield page
    page.close()


def test_a_phone_takes_a_picture_and_shows_all_there_is_to_see(phone: Page, example: Example) -> None:
    _choose_sex(phone, example.sex)
    for _ in range(2):  # with a film in the box, too
        with phone.expect_file_chooser() as chooser:
            phone.get_by_role("button", name="Take a picture").tap()
        asked = chooser.value.element
        assert (asked.get_attribute("capture"), asked.get_attribute("accept")) == ("environment", "image/*")
        chooser.value.set_files(example.path)
        expect(phone.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    _assess(phone)
    expect(phone.locator("#influence-plot .js-plotly-plot")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    expect(phone.get_by_text("Tap a box to find")).to_be_visible()
    expect(phone.get_by_text("Point at a box to find")).to_be_hidden()
    expect(phone.locator("#example-1")).to_be_hidden()
    phone.locator(".examples summary").tap()
    phone.locator("#example-1").tap()
    expect(phone.locator("#bone-age")).to_be_in_viewport()
    expect(phone.locator("#example-1")).to_be_hidden()
    unnamed = "images => images.filter(image => !image.alt && !image.closest('button')).length"
    assert phone.locator("img").evaluate_all(unnamed) == 0


def _tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the part has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_everything_by_keyboard(page: Page) -> None:
    expect(page.get_by_role("button", name="Take a picture")).to_be_hidden()
    _tab_to(page, "#example-0")
    page.keyboard.press("Enter")
    expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)
    _tab_to(page, "#comes-about button")
    page.keyboard.press("Enter")
    expect(page.locator("#opinions")).to_be_visible()
    _tab_to(page, ".checks summary")
    page.keyboard.press("Enter")
    expect(page.locator(".checks li").first).to_be_visible()
    _tab_to(page, ".for-report summary")
    page.keyboard.press("Enter")
    _tab_to(page, "[data-copy]")
    for bone in ("Radius", "Ulna"):
        _tab_to(page, f".bone-card[data-bone={bone}]")
        expect(page.locator(f"#film-view .tag[data-bone={bone}]")).to_have_class(re.compile("lit"))
    _tab_to(page, "#correct-reading")
    page.keyboard.press("Enter")
    expect(page.locator("#in-hand-title")).to_have_text("Radius", timeout=ANSWER_MS)
    expect(page.locator("#annotate")).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)
    page.keyboard.press("j")
    expect(page.locator("#in-hand-title")).to_have_text("Ulna")
    page.keyboard.press("k")
    page.keyboard.press("a")
    page.keyboard.press("s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 1 bone", timeout=ANSWER_MS)


def test_the_tour_is_offered_until_it_is_taken_and_help_stands_beside_terms(page: Page, url: str) -> None:
    page.locator(".tour-offer [data-tour=start]").click()
    tour = page.locator("#tour")
    expect(tour).to_contain_text("1 of 5")
    page.keyboard.press("Enter")  # Next, which has an example assessed
    expect(tour).to_contain_text("The answer stands here")
    expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)
    for words in ("How it is worked out", "The 13 bones", "Not convinced?"):
        page.keyboard.press("Enter")
        expect(tour).to_contain_text(words)
        expect(page.locator(".tour-here")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(tour).to_be_hidden()
    help_text = page.locator("#help-interval")
    page.locator(".interval .help").press("Enter")
    expect(help_text).to_contain_text("nine times in ten")
    page.keyboard.press("Escape")
    expect(help_text).to_be_hidden()
    page.goto(url)
    expect(page.locator(".welcome")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator(".tour-offer")).to_be_hidden()


def test_no_tab_keeps_anybody_out(page: Page) -> None:
    if not AXE.is_file():
        missing = "axe-core is not installed: run `make node_modules/.lint`, or set BONEGRADE_TEST_AXE=optional."
        pytest.skip(missing) if os.environ.get("BONEGRADE_TEST_AXE") == "optional" else pytest.fail(missing)
    assert _barriers(page) == [], "of the Assess tab before a film"
    _assess(page, "#example-0")
    page.locator("#comes-about > button").click()
    for summary in page.locator("#verdict summary").all():
        summary.click()
    assert _barriers(page) == [], "of the Assess tab"
    page.locator("#correct-reading").click()
    expect(page.locator("#annotate-film")).to_contain_text("female", timeout=ANSWER_MS)
    # the first bone that nobody of this module has judged on the example yet
    expect(page.locator("#in-hand-title")).not_to_be_empty(timeout=ANSWER_MS)
    expect(page.locator("#annotate")).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)
    assert _barriers(page) == [], "of the Annotate tab"
    for tab in ("Queue", "Agreement", "Data", "Train"):
        _show_tab(page, tab)
        assert _barriers(page) == [], f"of the {tab} tab"
