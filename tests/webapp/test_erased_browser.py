"""A film that lies open on the Assess tab, and an export of it, while an administrator erases it at the command line."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.film.radiograph import read_radiograph
from core.ledger import Consent, Correction, Ledger, LedgerSettings
from tests.hands import shipped_examples
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, ROOT, running

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

_ERASED = "This film was erased after it was sent here"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the data, what passes through, and two films' files, the first of which is in the ledger."""
    folder = tmp_path_factory.mktemp("erased")
    for number, example in enumerate(shipped_examples()[:2], 1):
        (folder / f"film{number}.png").write_bytes(example.path.read_bytes() + b"\0")  # no example's own file
    ledger = Ledger.open(LedgerSettings.in_folder(folder / "data"))
    film = read_radiograph(folder / "film1.png")
    added = ledger.add_film(film, "F", reader="ben", source="queue", consent=Consent()).film
    said = [Correction("Radius", "graded", 6)]
    ledger.save(added.id, said, reader="ben", base_revision=0, token="a" * 32, prediction_id=None, seconds=9)
    ledger.close()
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    settings = {"BONEGRADE_DATA": str(folder / "data"), "GRADIO_TEMP_DIR": str(folder / "passing")}
    with running(settings=settings) as app:
        yield app.url


def open_page(browser: Browser, url: str) -> Page:
    """A visitor's own."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(url)
    expect(page.locator("#assess")).to_be_visible(timeout=ANSWER_MS)
    return page


def assess(page: Page, film: Path) -> None:
    page.locator("#film input[type=file]").set_input_files(film)
    page.get_by_label("Female").check()
    expect(page.locator("#film-view img").first).to_be_visible(timeout=ANSWER_MS)
    page.locator("#assess").click()
    expect(page.locator("#crops img").first).to_be_visible(timeout=ANSWER_MS)


def files(folder: Path, ending: str) -> list[Path]:
    """What passes through."""
    return sorted(
        path for path in (folder / "passing").rglob("*") if path.suffix == ending and path.parent.name != "work"
    )


def test_nothing_of_it_stays_and_every_way_to_it_says_why(browser: Browser, url: str, folder: Path) -> None:
    visitor, other, admin = (open_page(browser, url) for _ in range(3))
    assess(visitor, folder / "film1.png")
    assess(other, folder / "film2.png")
    admin.get_by_role("tab", name="Data", exact=True).click()
    admin.get_by_label("Films whose pixels were kept").check()
    admin.locator("#export-make").click()
    expect(admin.locator("#export-summary")).to_contain_text("1 film ", timeout=ANSWER_MS)
    assert len(files(folder, ".zip")) == 1 and len(files(folder, ".pdf")) == 2
    uploads = {path for path in (folder / "passing").rglob("upload*") if path.is_file()}
    assert len(uploads) == 2

    command = [sys.executable, "-m", "core", "erase", "film", "1", "--labels", "go"]
    settings = os.environ | {"BONEGRADE_DATA": str(folder / "data")}
    subprocess.run(command, cwd=ROOT, env=settings, check=True, timeout=60)
    until = time.monotonic() + 60
    while (files(folder, ".zip") or len(files(folder, ".pdf")) > 1) and time.monotonic() < until:
        time.sleep(0.1)
    assert files(folder, ".zip") == [] and len(files(folder, ".pdf")) == 1, "of the other film"
    assert sum(path.exists() for path in uploads) == 1

    admin.locator("#export-download").click()
    expect(admin.locator("#export-message .message")).to_contain_text(
        "This export is no longer here", timeout=ANSWER_MS
    )
    expect(admin.locator("#export-download")).to_be_hidden()

    visitor.get_by_label("Maps of stage").click()
    visitor.get_by_role("option", name="Stage 1").click()
    expect(visitor.locator("#message .message")).to_contain_text(_ERASED, timeout=ANSWER_MS)
    expect(visitor.locator("#film-view img")).to_have_count(0)
    expect(visitor.locator("#crops img")).to_have_count(0)
    visitor.locator("#assess").click()
    expect(visitor.locator("#assess")).to_be_enabled(timeout=ANSWER_MS)
    expect(visitor.locator("#message .message")).to_contain_text(_ERASED, timeout=ANSWER_MS)
    expect(visitor.locator("#film-view img")).to_have_count(0)

    before = other.locator("#crops").inner_html()
    other.get_by_label("Maps of stage").click()
    other.get_by_role("option", name="Stage 1").click()
    other.wait_for_function(
        "(html) => document.querySelector('#crops').innerHTML !== html", arg=before, timeout=ANSWER_MS
    )
    expect(other.locator("#crops img").first).to_be_visible()
    expect(other.locator("#message")).not_to_contain_text("erased")

    visitor.locator("#film button[aria-label=Clear]").click()
    expect(visitor.locator("#message .message")).to_have_count(0, timeout=ANSWER_MS)
    assess(visitor, folder / "film1.png")
    expect(visitor.locator("#message")).not_to_contain_text("erased")
