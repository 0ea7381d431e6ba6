"""The app as a person uses it: started as `python app.py`, in a real browser, with the shipped weights and examples, and
without a network."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.film.radiograph import read_radiograph
from tests.films import dicom_file, dicom_film
from tests.hands import shipped_examples, two_hands_file
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, watched
from webapp.assess.examples import Example, read_examples
from webapp.shared.words import DISCLAIMER

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
    expect(page.locator("#age-plot .js-plotly-plot")).to_be_visible()
    expect(page.locator("#influence-plot .js-plotly-plot")).to_be_visible()

    grid = page.locator("#crop-grid")
    expect(grid).to_have_attribute("data-overlay", "grad_cam")
    page.locator("#overlay input[value=sa_spatial]").check()
    expect(grid).to_have_attribute("data-overlay", "sa_spatial")
    page.locator("#opacity input[type=number]").fill("0.8")
    page.keyboard.press("Tab")
    _await_opacity(page, "sa_spatial", 0.8)
    _await_opacity(page, "grad_cam", 0.0)
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

    page.locator("#example-0").click()
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#message .message")).to_have_count(0)
    assert _assess(page) > 0


def test_an_old_answer_goes_when_the_film_the_sex_or_the_next_try_fails(page: Page, example: Example) -> None:
    page.locator("#assess").click()
    expect(page.locator("#message .message")).to_contain_text("no film", timeout=ANSWER_MS)
    page.locator("#example-0").click()
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    _assess(page)
    _choose_sex(page, "M" if page.locator("#sex input[value=F]").is_checked() else "F")
    expect(page.locator("#bone-age")).to_have_count(0, timeout=ANSWER_MS)
    expect(page.locator("#crop-grid")).to_be_hidden()
    _assess(page)
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
        expect(page.locator("#headline .checks .failed").filter(has_text=said)).to_have_count(1)
        expect(page.locator("#provenance")).to_contain_text(f"{read} hand")
        expect(page.locator("#film-view rect.box-line")).to_have_count(13)
        expect(page.locator("#read-other")).to_be_visible()
    assert ages[0] == pytest.approx(ages[1], abs=3), "one is the other's mirror image"
    page.locator("#example-0").click()
    expect(page.locator("#film-view")).to_contain_text("not assessed yet", timeout=ANSWER_MS)
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
    expect(page.locator("#headline .checks .failed").filter(has_text=differs)).to_have_count(1)
    expect(note).to_contain_text(differs)
    _choose_sex(page, "M")
    expect(page.locator("#bone-age")).to_have_count(0, timeout=ANSWER_MS)
    _assess(page)
    expect(page.locator("#headline .checks")).to_contain_text("The file says that the child is a boy, as was chosen.")
    expect(note).to_have_count(0)


def test_another_stage_brings_other_maps_under_the_same_overlay(page: Page, example: Example) -> None:
    page.locator("#example-0").click()
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    _assess(page)
    page.locator("#overlay input[value=sa_channel]").check()
    layer = page.locator("#crop-grid .layer[data-layer=sa_channel]").first
    before = layer.get_attribute("src")
    page.locator("#stage input").click()
    page.get_by_role("option", name="Stage 1").click()
    expect(page.locator("#crop-grid")).to_have_attribute("data-stage", "1", timeout=ANSWER_MS)
    expect(page.locator("#crop-grid")).to_have_attribute("data-overlay", "sa_channel")
    assert layer.get_attribute("src") != before


def test_the_page_fits_a_phone(page: Page, example: Example) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    page.locator("#example-0").click()
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    _assess(page)
    expect(page.locator("#influence-plot .js-plotly-plot")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    unnamed = "images => images.filter(image => !image.alt && !image.closest('button')).length"
    assert page.locator("img").evaluate_all(unnamed) == 0
