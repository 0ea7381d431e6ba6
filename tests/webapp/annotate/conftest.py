"""A ledger of example hands for each file of browser tests, the app over it, and films opened in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.bones import Sex
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.ledger import Consent, Ledger, LedgerSettings
from tests.hands import shipped_examples
from tests.webapp.annotate.film_page import NOTE_PAINTED, Open, wait_for_film
from tests.webapp.running_app import ANSWER_MS, RunningApp, running, watched


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger")


@pytest.fixture(scope="module")
def ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger that the app works on, seen from outside."""
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def hands(shipped: Assessor) -> list[tuple[Radiograph, Sex, Assessment]]:
    """An example hand, and what the shipped weights say about it."""
    films = [(read_radiograph(example.path), example.sex) for example in shipped_examples()[:1]]
    return [(film, sex, shipped.assess(film, sex)) for film, sex in films]


@pytest.fixture(scope="module")
def films(ledger: Ledger, hands: list[tuple[Radiograph, Sex, Assessment]]) -> list[int]:
    """Films with their pixels and predictions."""
    numbers = []
    for film, sex, assessment in hands:
        added = ledger.add_film(film, sex, reader="desk", source="queue", consent=Consent()).film
        ledger.add_prediction(added.id, assessment)
        numbers.append(added.id)
    return numbers


@pytest.fixture
def add_film(ledger: Ledger, hands: list[tuple[Radiograph, Sex, Assessment]]) -> Callable[[], int]:
    """Adds a film that no other test knows, with its pixels and prediction: an example hand with one pixel of its own."""

    def add() -> int:
        example, sex, assessment = hands[0]
        pixels, at = example.pixels.copy(), len(list(ledger.films()))
        pixels[0, at] = 1 - round(pixels[0, at])
        film = Radiograph(pixels, None, None, film_hash(pixels))
        added = ledger.add_film(film, sex, reader="desk", source="queue", consent=Consent()).film
        ledger.add_prediction(added.id, replace(assessment, film_sha256=film.sha256))
        return added.id

    return add


@pytest.fixture
def own_film(add_film: Callable[[], int]) -> int:
    """A film of the test's own."""
    return add_film()


@pytest.fixture(scope="module")
def app(folder: Path, ledger: Ledger) -> Iterator[RunningApp]:
    with running(("-m", "tests.webapp.annotate_app"), {"BONEGRADE_DATA": str(folder)}) as app:
        yield app


@pytest.fixture
def open_film(browser: Browser, app: RunningApp) -> Iterator[Open]:
    """Opens films in windows of their own; afterwards no page may have met an error or fetched from elsewhere."""
    contexts: list[BrowserContext] = []
    all_troubles: list[list[str]] = []

    def open_it(film: int, reader: str = "anna:READER", width: int = 1440, height: int = 1000, **screen: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **screen)
        context.add_init_script(NOTE_PAINTED)
        context.add_cookies([{"name": "reader", "value": reader, "url": app.url}])
        contexts.append(context)
        page = context.new_page()
        all_troubles.append(watched(page, app.url))
        page.goto(f"{app.url}/#film={film}", timeout=ANSWER_MS)
        wait_for_film(page, film)
        return page

    yield open_it
    for context in contexts:
        context.close()
    # a server killed on purpose causes errors of its own, whether or not it was answering just then
    of_a_kill = ("ERR_", "network error", "errored out")
    assert [t for troubles in all_troubles for t in troubles if not any(part in t for part in of_a_kill)] == []
