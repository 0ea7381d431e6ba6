"""The whole app behind a login, in a browser: who may come in, and who may take the data out."""

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.access.log import AccessLog
from core.access.roles import Role
from core.access.users import Users
from core.assessment.assessor import Assessor
from core.composites.examples import read_examples
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.ledger import Consent, Correction, Ledger, LedgerSettings
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, sign_in

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shipped: Assessor) -> Path:
    """A ledger with one film that was read, and a user of every kind that this needs."""
    folder = tmp_path_factory.mktemp("data")
    users = Users(folder)
    users.add("ada", Role.ADMIN, PASSWORD)
    users.add("ben", Role.READER, PASSWORD)
    example = read_examples()[0]
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    film = read_radiograph(example.path)
    added = ledger.add_film(film, example.sex, reader="ben", source="queue", consent=Consent()).film
    prediction = ledger.add_prediction(added.id, shipped.assess(film, example.sex))
    said = [Correction("Radius", "graded", 6), Correction("Ulna", "absent", 0)]
    ledger.save(added.id, said, reader="ben", base_revision=0, token="a" * 32, prediction_id=prediction.id, seconds=9)
    ledger.close()
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with running(settings={"BONEGRADE_DATA": str(folder)}) as app:
        yield app.url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(url)
    yield page
    page.close()


def test_a_wrong_password_stays_outside(page: Page) -> None:
    sign_in(page, "ben", "wrong horse")
    expect(page.get_by_text("Incorrect", exact=False).first).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator("#assess")).to_have_count(0)


def test_an_administrator_takes_the_data_out(page: Page, folder: Path, tmp_path: Path) -> None:
    sign_in(page, "ada", PASSWORD)
    expect(page.locator("#who")).to_contain_text("ada · admin", timeout=ANSWER_MS)
    page.get_by_role("tab", name="Data").click()
    page.locator("#export-split input, #export-split textarea").fill("70/20/11")
    page.locator("#export-make").click()
    expect(page.locator("#export-message .message")).to_contain_text("add up to 100", timeout=ANSWER_MS)
    expect(page.locator("#export-download")).to_be_hidden()

    page.locator("#export-split input, #export-split textarea").fill("80/10/10")
    page.locator("#export-make").click()
    expect(page.locator("#export-summary")).to_contain_text(re.compile(r"1 film \(.* \d+ kB\."), timeout=ANSWER_MS)
    expect(page.locator("#export-message .message")).to_have_count(0)
    with closing(Ledger.open(LedgerSettings.in_folder(folder))) as ledger:
        revision = ledger.ledger_revision()
    log = AccessLog(folder)
    assert [entry.deed for entry in log.latest(9, who="ada").entries if "revision" in entry.detail] == ["exported"]
    with page.expect_download() as download:
        page.locator("#export-download").click()
    download.value.save_as(tmp_path / "dataset.zip")
    with zipfile.ZipFile(tmp_path / "dataset.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.testzip() is None and "labels.csv" in archive.namelist()
        assert "Radius" in archive.read("labels.csv").decode()
    noted = log.latest(1, who="ada").entries[0]
    assert (noted.deed, noted.detail) == ("downloaded", f"revision {revision}") and noted.address
    assert manifest["revision"] == revision and sum(manifest["split"]["films"].values()) == 1


def test_labels_are_checked_in_a_table_and_then_taken_in(page: Page, folder: Path, tmp_path: Path) -> None:
    example = read_examples()[0]
    table = tmp_path / "labels.csv"
    table.write_bytes(
        f"sep=;\r\nFile;Sex;Bone;Grade\r\n{example.path.name};{example.sex};Radius;7\r\n"
        f"{example.path.name};{example.sex};Ulna;99\r\nmissing.png;F;Ulna;3\r\n".encode("utf-16")
    )
    sign_in(page, "ben", PASSWORD)
    page.get_by_role("tab", name="Data").click()
    page.locator("#import-labels input[type=file]").set_input_files(table)
    page.locator("#import-pictures input[type=file]").set_input_files(example.path)
    expect(page.locator("#import-pictures")).to_contain_text(
        example.path.stem, timeout=ANSWER_MS
    )  # the ending stands apart
    page.locator("#import-check").click()
    rows = page.locator("#import-table tbody tr")
    expect(rows).to_have_count(3, timeout=ANSWER_MS)
    expect(rows.nth(0)).to_contain_text("Ulna has the grades")
    expect(rows.nth(1)).to_contain_text("no picture 'missing.png'")
    expect(rows.nth(2)).to_contain_text("known film")
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    before = ledger.ledger_revision()
    page.locator("#import-take").click()
    expect(page.locator("#import-message .message")).to_contain_text("1 labels imported", timeout=ANSWER_MS)
    assert ledger.ledger_revision() == before + 1 and ledger.reading(1, "ben")["Radius"].grade == 7
    noted = AccessLog(folder).latest(1, who="ben").entries[0]
    assert (noted.deed, noted.detail) == ("added", "0 films, 1 labels")
    ledger.close()
    expect(page.locator("#import-take")).to_be_hidden()


def test_films_that_look_the_same_are_listed(page: Page, folder: Path) -> None:
    sign_in(page, "ben", PASSWORD)
    page.get_by_role("tab", name="Data").click()
    page.locator("#copies-look").click()
    expect(page.locator("#no-copies")).to_be_visible(timeout=ANSWER_MS)
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    darker = np.round(read_radiograph(read_examples()[0].path).pixels * np.float32(200)) / np.float32(255)
    copy = ledger.add_film(
        Radiograph(darker, None, None, film_hash(darker)), "F", reader="ben", source="queue", consent=Consent()
    ).film
    ledger.close()
    page.locator("#copies-look").click()
    rows = page.locator("#copies tbody tr")
    expect(rows).to_have_count(1, timeout=ANSWER_MS)
    expect(rows.locator("td")).to_have_text([str(copy.id), "1"])
    expect(page.locator("#copies")).to_contain_text("No split separates them.")


def test_an_administrator_erases_a_film_and_sees_who_looked_at_what(page: Page, folder: Path) -> None:
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    pixels = np.full((8, 8), 0.5, np.float32)
    film = ledger.add_film(
        Radiograph(pixels, None, None, film_hash(pixels)), "F", reader="ben", source="queue", consent=Consent()
    ).film
    sign_in(page, "ada", PASSWORD)
    page.get_by_role("tab", name="Data").click()
    page.locator("#erase button").first.click()
    page.get_by_label("A reader's name").check()
    expect(page.locator("#erase-labels")).to_be_hidden()
    page.get_by_label("A film", exact=True).check()
    page.get_by_label("Which one").fill(str(film.id))
    page.locator("#erase-now").click()
    expect(page.locator("#erase-message .message")).to_contain_text("Nothing was erased yet", timeout=ANSWER_MS)
    assert ledger.film(film.id).consent
    page.get_by_label("Only its picture").check()
    page.get_by_label("Why, for the film's history").fill("the parents asked")
    page.locator("#erase-now").click()
    expect(page.locator("#erase-message .message")).to_contain_text(
        f"The picture of film {film.id} is erased", timeout=ANSWER_MS
    )
    assert not ledger.film(film.id).consent
    assert ledger.history(film.id)[-1].note == "the parents asked"
    ledger.close()
    page.locator("#access-log button").first.click()
    page.get_by_label("A film's number or a person's name").fill(str(film.id))
    page.locator("#access-show").click()
    rows = page.locator("#access-shown tbody tr")
    expect(rows).to_have_count(1, timeout=ANSWER_MS)
    expect(rows.first).to_contain_text("ada")
    expect(rows.first).to_contain_text("erased")


def test_a_reader_gets_a_sentence_and_no_data(page: Page) -> None:
    sign_in(page, "ben", PASSWORD)
    expect(page.locator("#who")).to_contain_text("ben · reader", timeout=ANSWER_MS)
    page.get_by_role("tab", name="Data").click()
    page.locator("#export-make").click()
    expect(page.locator("#export-message .message")).to_contain_text(
        "Your role (reader) does not allow you to export the data", timeout=ANSWER_MS
    )
    expect(page.locator("#export-download")).to_be_hidden()
    page.locator("#access-log button").first.click()
    page.locator("#access-show").click()
    expect(page.locator("#access-shown .message")).to_contain_text("does not allow", timeout=ANSWER_MS)
    page.locator("#sign-out").click()
    expect(page.get_by_label("password")).to_be_visible(timeout=ANSWER_MS)
