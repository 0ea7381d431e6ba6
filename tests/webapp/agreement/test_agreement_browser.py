"""The Agreement tab as a person uses it, in a real browser over a small real ledger."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.agreement import MODEL, ReadingCollector, Voice, compare
from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.film.radiograph import Radiograph
from core.ledger import Consent
from tests.reading_room import ReadingRoom, hand_at, shifted
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, RunningApp, running, watched

ANNA, BEN = Voice("reader", "anna"), Voice("reader", "ben")

Open = Callable[..., Page]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")


def _fourteen_films(folder: Path) -> ReadingRoom:
    """Fourteen films that anna and ben have read after the model; eleven of them are gold."""
    room = ReadingRoom(folder)
    for number, share in enumerate(np.linspace(0.25, 0.85, 14)):
        film = room.film("F" if number % 2 else "M")
        prediction = room.predict(film, shifted(hand_at(share), number % 2, ("Ulna", "MC1")), months=60.0 + 9 * number)
        room.read(film, "anna", hand_at(share), 70.0 + number, prediction=prediction, accepted=RUS_BONES[2:])
        room.read(film, "ben", shifted(hand_at(share), number % 3 - 1, ("Radius",)), 120.0 + number)
        if number < 11:
            room.set_gold(film, hand_at(share))
    return room


def _running(*arguments: str) -> AbstractContextManager[RunningApp]:
    """The tab, in a process of its own."""
    return running(("-m", "tests.webapp.agreement_app", *arguments))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> ReadingRoom:
    """Fourteen films, of which no test says more."""
    return _fourteen_films(tmp_path_factory.mktemp("ledger"))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReadingRoom, str]]:
    """Fourteen films, and more that tests say of them; and the tab's address."""
    room = _fourteen_films(tmp_path_factory.mktemp("busy"))
    with _running(str(room.folder)) as app:
        yield room, app.url


@pytest.fixture(scope="module")
def url(room: ReadingRoom) -> Iterator[str]:
    with _running(str(room.folder)) as app:
        yield app.url


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Open]:
    """Opens the tab as somebody. Afterwards: no error in the console, and nothing was fetched from elsewhere."""
    pages: list[tuple[Page, list[str]]] = []

    def open_as(url: str, who: str, width: int = 1440) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 1000})
        pages.append((page, watched(page, url)))
        page.goto(f"{url}/?as={who}")
        page.get_by_role("tab", name="Agreement").click()
        return page

    yield open_as
    for page, troubles in pages:
        page.close()
        assert troubles == []


def _choose(page: Page, dropdown: str, option: str) -> None:
    field = page.locator(f"{dropdown} input")
    field.click()
    page.get_by_role("option", name=option).click()
    expect(field).to_have_value(re.compile(re.escape(option)))


def _source(page: Page) -> str:
    """The page's source without the names of parts that gradio makes up, which may hold any letters."""
    return re.sub(r'\bid="[\w-]+"', "", page.content())


def _options(page: Page) -> list[str]:
    page.locator("#agreement-choice input").click()
    expect(page.get_by_role("option").first).to_be_visible()
    options = page.get_by_role("option").all_inner_texts()
    page.keyboard.press("Escape")
    return [option.replace("✓", "").strip() for option in options]


def test_a_reviewer_sees_who_agrees_with_whom_and_where(room: ReadingRoom, url: str, open_tab: Open) -> None:
    page = open_tab(url, "chief:REVIEWER")
    table = ReadingCollector(room.ledger).table()
    found = compare(table, ANNA, BEN, "rus_chn")
    kappa = found.bones["Radius"].kappa.value
    text = page.locator("#agreement-kappa-text")
    expect(text).to_contain_text(f"anna and ben agree least on Radius ({kappa:.2f})", timeout=ANSWER_MS)
    for figure in ("kappa", "confusion", "ages", "times"):
        expect(page.locator(f"#agreement-{figure} .js-plotly-plot")).to_be_visible()
    assert found.exact is not None
    expect(page.locator("#agreement-tiles")).to_contain_text(f"{found.exact * 100:.0f} %")
    expect(page.locator("#agreement-confusion-text")).to_contain_text("Radius: the same grade on")
    expect(page.locator("#agreement-gold tbody th")).to_have_text(["anna", "ben", "The model"])

    _choose(page, "#agreement-bone", "Ulna")
    expect(page.locator("#agreement-confusion-text")).to_contain_text(
        "Ulna: the same grade on 100 %", timeout=ANSWER_MS
    )
    page.locator("#agreement-kappa-table summary").click()
    expect(page.locator("#agreement-kappa-table table")).to_be_visible()

    _choose(page, "#agreement-choice", "anna and the model")
    expect(text).to_contain_text("anna and the model agree least on", timeout=ANSWER_MS)
    # The chosen bone stays.
    expect(page.locator("#agreement-confusion-text")).to_contain_text("Ulna: the same grade on 50 %")
    expect(page.locator("#agreement-kappa-table")).to_contain_text("85 % of the grades were accepted unchanged")

    mean = compare(table, ANNA, MODEL, "tw3_rus").ages.differences.mean
    assert mean is not None and mean < 0
    _choose(page, "#agreement-scale", "TW3-RUS age")
    expected = f"By TW3-RUS age, anna reads on average {-mean:.1f} months lower than the model"
    expect(page.locator("#agreement-ages-text")).to_contain_text(expected, timeout=ANSWER_MS)
    _choose(page, "#agreement-scale", "Calibrated bone age")
    expect(page.locator("#agreement-ages-text")).to_contain_text("By calibrated bone age", timeout=ANSWER_MS)

    _choose(page, "#agreement-choice", "All readers among themselves")
    expect(text).to_contain_text("Readers agree least on Radius", timeout=ANSWER_MS)
    expect(page.locator("#agreement-confusion")).to_be_hidden()


def test_what_was_said_meanwhile_appears_on_refresh(busy: tuple[ReadingRoom, str], open_tab: Open) -> None:
    room, url = busy
    page = open_tab(url, "anna:ADMIN")
    said = [event for event in room.ledger.events() if event.kind == "correction"]
    films, readers = len({event.film_id for event in said}), len({event.reader for event in said})
    status = page.locator("#agreement-status")
    expect(status).to_contain_text(f"{films} films read by {readers} readers", timeout=ANSWER_MS)
    room.read(room.film(), "cleo", hand_at(0.5))
    page.locator("#agreement-refresh").click()
    expect(status).to_contain_text(f"{films + 1} films read by {readers + 1} readers", timeout=ANSWER_MS)


def test_a_reader_learns_nothing_of_the_others_but_how_well_all_agree(url: str, open_tab: Open) -> None:
    page = open_tab(url, "ben:READER")
    expect(page.locator("#agreement-kappa-text")).to_contain_text("ben and the model", timeout=ANSWER_MS)
    assert _options(page) == [
        "ben (you) and the model · 14 films",
        "All readers among themselves, without names",
    ]
    expect(page.locator("#agreement-gold tbody th")).to_have_text(["ben", "The model"])
    expect(page.locator("#agreement-times-table tbody th")).to_have_text(["ben"])
    assert "anna" not in _source(page) and "cleo" not in _source(page)

    guest = open_tab(url, "guest:VIEWER")
    expect(guest.locator("#agreement-kappa-text")).to_contain_text("Readers agree least on Radius", timeout=ANSWER_MS)
    expect(guest.locator("#agreement-times")).to_be_hidden()
    assert "anna" not in _source(guest) and "ben" not in _source(guest)


def test_the_tab_fits_a_phone(url: str, open_tab: Open) -> None:
    page = open_tab(url, "chief:REVIEWER", 400)
    expect(page.locator("#agreement-times .js-plotly-plot")).to_be_visible(timeout=ANSWER_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_reader_sees_how_they_did_on_gold_films_once_a_sitting_is_over(
    busy: tuple[ReadingRoom, str], open_tab: Open, radiograph: Radiograph, assessment: Assessment
) -> None:
    room, url = busy
    film = room.ledger.add_film(radiograph, "F", reader="desk", source="queue", consent=Consent()).film.id
    room.ledger.add_prediction(film, assessment)
    gold = {bone: graded.grade for bone, graded in assessment.bones.items() if graded is not None}
    room.set_gold(film, gold)
    for other in range(1, 10):
        room.read(other, "dora", hand_at(0.5))
    page = open_tab(url, "dora:READER")
    part = page.locator("#agreement-look-back")
    expect(part).to_contain_text("1 more film to go.", timeout=ANSWER_MS)
    expect(part.locator("details")).to_have_count(0)
    expect(page.locator("#agreement-gold tbody th")).to_have_count(0)

    room.read(film, "dora", shifted(gold, 1, ("Radius",)))
    page.locator("#agreement-refresh").click()
    expect(part).to_contain_text("So far 10 of 10 films were gold; 10 more films to go.", timeout=ANSWER_MS)
    expect(part.locator("details[open] summary")).to_contain_text(f"Film {film} ")
    radius = part.locator("details[open] li.differs", has_text="Radius")
    expect(radius).to_contain_text("+1")
    expect(part.locator("table tbody tr")).to_have_count(13)
    picture = part.get_by_role("img", name="Radius of this film").first
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => picture.naturalWidth") > 0


def test_one_film_is_said_to_be_too_few_where_figures_would_stand(tmp_path: Path, open_tab: Open) -> None:
    room = ReadingRoom(tmp_path)
    film = room.film()
    prediction = room.predict(film, hand_at(0.5), months=100.0)
    room.read(film, "anna", hand_at(0.5), 40.0, prediction=prediction)
    with _running(str(tmp_path)) as app:
        page = open_tab(app.url, "anna:ADMIN")
        for part in ("kappa", "confusion", "ages", "times"):
            expect(page.locator(f"#agreement-{part}-text")).to_contain_text("oo few films")
            expect(page.locator(f"#agreement-{part} .js-plotly-plot")).to_have_count(0)
        expect(page.locator("#agreement-tiles")).not_to_contain_text("%")
        expect(page.locator("#agreement-bone")).to_be_hidden()
        page.close()


def test_an_empty_ledger_and_a_demo_say_what_to_do(tmp_path: Path, open_tab: Open) -> None:
    with _running(str(tmp_path)) as app:
        page = open_tab(app.url, "anna:ADMIN")
        expect(page.locator("#agreement-message")).to_contain_text("Nobody has read a film yet", timeout=ANSWER_MS)
        expect(page.locator("#agreement-choice")).to_be_hidden()
        room = ReadingRoom(tmp_path)
        room.read(room.film(), "anna", hand_at(0.5))
        page.locator("#agreement-refresh").click()
        expect(page.locator("#agreement-message")).to_contain_text("none has a prediction", timeout=ANSWER_MS)
        page.close()  # before the app goes, which a page left open would complain of
    with _running() as app:
        page = open_tab(app.url, "anna:ADMIN")
        expect(page.locator("#agreement-message")).to_contain_text("This is a demo", timeout=ANSWER_MS)
        page.close()
