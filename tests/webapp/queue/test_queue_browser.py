"""The Queue tab as a team uses it: in a real browser, over a real ledger, with the shipped weights and example hands."""

import re
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.bones import Sex
from core.film.radiograph import Radiograph, read_radiograph
from core.ledger import Consent, Correction, Ledger, LedgerSettings
from tests.hands import shipped_examples
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, RunningApp, running, watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

#: One film takes some seconds on two busy cores.
ASSESSED_MS = 180_000
EXAMPLES = shipped_examples()[:4]
APP = ("-m", "tests.webapp.queue_app")


def hands_zip(extra: dict[str, bytes] | None = None) -> bytes:
    """The example hands and their CSV."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        rows = ["file;id;sex;age_years"]
        for number, example in enumerate(EXAMPLES):
            archive.writestr(f"hands/film{number}.png", example.path.read_bytes())
            rows.append(f"film{number}.png;child {number};{example.sex};{example.age_years}")
        archive.writestr("labels.csv", "\ufeff" + "\r\n".join(rows))
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return packed.getvalue()


def payload(content: bytes, name: str = "hands.zip", kind: str = "application/zip") -> FilePayload:
    """A file that a person chooses."""
    return {"name": name, "mimeType": kind, "buffer": content}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The ledger's folder."""
    return tmp_path / "store"


@pytest.fixture
def app(folder: Path) -> Iterator[RunningApp]:
    with running(APP, {"BONEGRADE_DATA": str(folder)}) as app:
        yield app


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    """The same ledger as the app's, seen from another process."""
    ledger = Ledger.open(LedgerSettings.from_environment({"BONEGRADE_DATA": str(folder)}))
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningApp, Ledger]]:
    """An app over an empty ledger, and that ledger; for tests after which it is empty all the same."""
    folder = tmp_path_factory.mktemp("unchanged") / "store"
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    with running(APP, {"BONEGRADE_DATA": str(folder)}) as app:
        yield app, ledger
    assert list(ledger.films()) == []
    ledger.close()


@pytest.fixture(scope="module")
def hands(shipped: Assessor) -> list[tuple[Radiograph, Sex, Assessment]]:
    """The example hands, and what the shipped weights say of them."""
    films = [(read_radiograph(example.path), example.sex) for example in EXAMPLES]
    return [(film, sex, shipped.assess(film, sex)) for film, sex in films]


@pytest.fixture
def filled(ledger: Ledger, hands: list[tuple[Radiograph, Sex, Assessment]]) -> None:
    """The example hands are in the ledger, and assessed."""
    for film, sex, assessment in hands:
        added = ledger.add_film(film, sex, reader="ada", source="queue", consent=Consent()).film
        ledger.add_prediction(added.id, assessment)


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens the Queue tab as a reader of a role. Afterwards: no error in any console, nothing fetched from elsewhere."""
    opened, troubles = [], []

    def open_tab(app: RunningApp, reader: str = "anna:READER", width: int = 1280) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 1000})
        context.add_cookies([{"name": "reader", "value": reader, "url": app.url}])
        opened.append(context)
        page = context.new_page()
        troubles.append(watched(page, app.url))
        page.goto(app.url)
        page.get_by_role("tab", name="Queue").click(timeout=ANSWER_MS)
        return page

    yield open_tab
    for context in opened:
        context.close()
    assert [trouble for of_page in troubles for trouble in of_page] == []


def send(page: Page, content: bytes, consent: bool = True) -> None:
    """Chooses a zip, and has it checked."""
    page.locator("#queue-files input[type=file]").set_input_files(files=[payload(content)])
    expect(page.locator("#queue-files")).to_contain_text(re.compile(r"hands\s*\.zip"), timeout=ANSWER_MS)
    expect(page.locator("#queue-decide")).to_be_hidden()  # there is nothing yet to decide on
    if consent:
        page.locator("#queue-consent input").check()
    page.locator("#queue-look").click()


def add(page: Page, films: int) -> None:
    """Adds what was checked."""
    expect(page.locator("#queue-add")).to_be_visible(timeout=ANSWER_MS)
    page.locator("#queue-add").click()
    expect(page.locator("#queue-done .message")).to_contain_text(f"{films} film", timeout=ASSESSED_MS)


def rows(page: Page, number: int) -> None:
    """Waits until the list has so many films."""
    expect(page.locator(".queue-table tbody tr")).to_have_count(number, timeout=ASSESSED_MS)


def choose(page: Page, field: str, option: str) -> None:
    """Chooses from a drop-down list."""
    page.locator(f"#{field} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def ids(page: Page) -> list[int]:
    """The films of the list."""
    cells = page.locator(".queue-table tbody tr").evaluate_all("rows => rows.map(row => +row.dataset.film)")
    return [int(cell) for cell in cells]


def tick(page: Page, film_id: int) -> None:
    page.locator(f".queue-pick[value='{film_id}']").check()


def test_a_zip_is_checked_added_assessed_listed_ordered_and_opened(
    app: RunningApp, visit: Visit, ledger: Ledger
) -> None:
    page = visit(app)
    expect(page.locator("#queue-finished")).to_contain_text("The queue is empty", timeout=ANSWER_MS)
    send(page, hands_zip({"notes.txt": b"x", "hands/broken.png": b"x", "labels2.txt": b"x"}))
    # A film without a sex: the whole batch is refused, and nothing was changed.
    expect(page.locator("#queue-upload-message .message")).to_contain_text("One film has no sex", timeout=ANSWER_MS)
    assert list(ledger.films()) == []
    page.locator("#queue-sex input[value=F]").check()
    page.locator("#queue-look").click()
    expect(page.locator(".queue-found")).to_contain_text("4 new films", timeout=ANSWER_MS)
    expect(page.locator("#queue-result")).to_contain_text("broken.png")
    assert list(ledger.films()) == []
    add(page, 4)
    rows(page, 4)
    films = list(ledger.films())
    assert [film.sex for film in films] == [example.sex for example in EXAMPLES]
    assert all(film.consent and film.patient_key and film.added_by == "anna" for film in films)
    assert all(ledger.prediction(film.id) for film in films)
    expect(page.locator("#to-read")).to_have_text("4")
    expect(page.locator("#queue-background progress")).to_have_count(0, timeout=ANSWER_MS)

    gains = [float(text) for text in page.locator("td.c-gain").all_inner_texts()]
    assert gains == sorted(gains, reverse=True)
    page.locator("#queue-order input[value=oldest]").check()
    for place, film in enumerate(films):
        expect(page.locator(".queue-table tbody tr").nth(place)).to_have_attribute("data-film", str(film.id))

    page.locator(".queue-open").nth(2).click()
    expect(page.get_by_role("tab", name="Annotate")).to_have_attribute("aria-selected", "true", timeout=ANSWER_MS)
    expect(page.locator("#annotate-bar")).to_contain_text(films[2].sha256[:8], timeout=ANSWER_MS)
    page.get_by_role("tab", name="Queue").click()
    page.locator("#queue-start").click()
    expect(page.locator("#annotate-bar")).to_contain_text(films[0].sha256[:8], timeout=ANSWER_MS)

    # The same films once more are recognised, and a JPEG of one is pointed out before and after it is added.
    page.get_by_role("tab", name="Queue").click()
    greys = cv2.imread(str(EXAMPLES[0].path), cv2.IMREAD_GRAYSCALE)
    jpeg = cv2.imencode(".jpg", greys, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    send(page, hands_zip({"hands/copy.jpg": jpeg}))
    expect(page.locator(".queue-found")).to_contain_text("1 new film of 5 films", timeout=ANSWER_MS)
    expect(page.locator("#queue-result")).to_contain_text("Already there: 4")
    (original,) = (film.id for film in films if film.sha256 == read_radiograph(EXAMPLES[0].path).sha256)
    to_look_at = page.locator("#queue-result details").filter(has_text="Films to look at: 1")
    said = f"It looks like film {original}, which is there already"
    expect(to_look_at).to_contain_text(f"copy.jpg {said}")
    expect(to_look_at.locator("li")).to_be_visible()
    add(page, 1)
    expect(to_look_at).to_contain_text(f"copy.jpg {said}")
    assert ledger.near_copies() == [(films[-1].id + 1, original)]


@pytest.mark.usefixtures("filled")
def test_filters_skips_flags_and_the_end_of_the_queue(app: RunningApp, visit: Visit, ledger: Ledger) -> None:
    page = visit(app)
    rows(page, 4)
    listed = ids(page)
    girls = sum(example.sex == "F" for example in EXAMPLES)
    choose(page, "queue-filter-sex", "Female")
    rows(page, girls)
    choose(page, "queue-filter-sex", "Both")
    rows(page, 4)
    ages = [ledger.prediction(film_id).bone_age_months / 12 for film_id in listed]  # type: ignore[union-attr, operator]
    page.locator("#queue-from input").fill(str(round(sorted(ages)[1]) + 1))
    page.keyboard.press("Tab")
    rows(page, sum(age >= round(sorted(ages)[1]) + 1 for age in ages))
    page.locator("#queue-from input").fill("0")
    page.keyboard.press("Tab")
    rows(page, 4)

    expect(page.locator("#queue-skip")).to_be_hidden()
    tick(page, listed[0])
    page.locator("#queue-skip").click()
    rows(page, 3)
    expect(page.locator(".queue-pick:checked")).to_have_count(0)
    assert ids(page) == listed[1:]

    tick(page, listed[1])
    page.locator("#queue-flag").click()
    expect(page.locator("#queue-message")).to_contain_text("why you flag it", timeout=ANSWER_MS)
    page.locator("#queue-reason textarea, #queue-reason input").first.fill("Thumb hidden")
    page.locator("#queue-flag").click()
    expect(page.locator(f"tr[data-film='{listed[1]}'] .chip.flag")).to_be_visible(timeout=ANSWER_MS)
    (flag,) = [event for event in ledger.history(listed[1]) if event.kind == "flag"]
    assert (flag.note, flag.reader) == ("Thumb hidden", "anna")
    choose(page, "queue-state", "Flagged")
    rows(page, 1)
    tick(page, listed[1])
    page.locator("#queue-unflag").click()
    expect(page.locator(".queue-none")).to_be_visible(timeout=ANSWER_MS)

    choose(page, "queue-state", "To read")
    rows(page, 3)
    page.locator("#queue-all").check()
    page.locator("#queue-skip").click()
    expect(page.locator("#queue-finished")).to_contain_text("The queue is finished", timeout=ANSWER_MS)
    expect(page.locator("#queue-finished")).to_contain_text("You skipped 4 films")
    page.locator("#queue-start").click()
    expect(page.locator("#queue-finished")).to_contain_text("The queue is finished", timeout=ANSWER_MS)
    choose(page, "queue-state", "Skipped")
    rows(page, 4)


@pytest.mark.usefixtures("filled")
def test_two_readers_at_once_and_a_reviewer_who_assigns(app: RunningApp, visit: Visit, ledger: Ledger) -> None:
    anna = visit(app)
    rows(anna, 4)
    listed = ids(anna)
    rita = visit(app, "rita:REVIEWER")
    rows(rita, 4)
    expect(anna.locator("#queue-assign")).to_be_hidden()
    tick(rita, listed[0])
    rita.locator("#queue-assignee input").fill("bert")
    rita.keyboard.press("Enter")
    rita.locator("#queue-assign").click()
    expect(rita.locator("#queue-message")).to_contain_text("assigned to bert", timeout=ANSWER_MS)

    # What the other did shows as soon as anything is asked for; a film that was read meanwhile can still be skipped.
    ledger.save(
        listed[1],
        [Correction("Radius", "unreadable", None)],
        reader="anna",
        base_revision=0,
        token="t",
        prediction_id=None,
        seconds=1.0,
    )
    tick(anna, listed[1])
    anna.locator("#queue-skip").click()
    rows(anna, 2)
    bert = visit(app, "bert:READER")
    rows(bert, 4)
    bert.locator("#queue-mine input").check()
    rows(bert, 1)
    assert ids(bert) == listed[:1]


@pytest.mark.usefixtures("filled")
def test_a_viewer_looks_and_a_phone_shows_all_it_needs(app: RunningApp, visit: Visit) -> None:
    page = visit(app, "vera:VIEWER", width=390)
    rows(page, 4)
    expect(page.locator("#queue-viewer")).to_contain_text("ask whoever runs this server")
    expect(page.locator("#queue-files")).to_be_hidden()
    expect(page.locator(".queue-pick")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    button = page.locator(".queue-open").first.bounding_box()
    assert button is not None and button["x"] + button["width"] <= 390


def test_a_film_that_the_model_refuses_is_named_with_its_reason(app: RunningApp, visit: Visit) -> None:
    page = visit(app)
    noise = np.random.default_rng(3).integers(0, 255, (900, 700), np.uint8)
    nothing = bytes(cv2.imencode(".png", noise)[1])
    page.locator("#queue-sex input[value=F]").check()
    send(page, hands_zip({"hands/noise.png": nothing}))
    add(page, 4)
    said = page.locator("#queue-done .message")
    expect(said).to_contain_text("4 films added to the queue, 1 refused.", timeout=ASSESSED_MS)
    expect(said).to_contain_text(re.compile(r"noise\.png\s+\S.*hand"))
    rows(page, 4)
    page.close()


@pytest.mark.parametrize("name", ["../evil.png", "C:/evil.png"])
def test_a_refused_zip_leaves_everything_unchanged(
    unchanged: tuple[RunningApp, Ledger], visit: Visit, name: str
) -> None:
    app, ledger = unchanged
    page = visit(app)
    before = ledger.ledger_revision(), list(ledger.films())
    send(page, hands_zip({name: b"x"}))
    expect(page.locator("#queue-upload-message .message")).to_contain_text("path outside itself", timeout=ANSWER_MS)
    expect(page.locator("#queue-add")).to_be_hidden()
    assert (ledger.ledger_revision(), list(ledger.films())) == before
    assert not list(ledger.folder.parent.rglob("evil.png"))


def test_writing_is_shown_before_pictures_are_kept(app: RunningApp, visit: Visit, ledger: Ledger) -> None:
    page = visit(app)
    picture = cv2.imread(str(EXAMPLES[0].path), cv2.IMREAD_GRAYSCALE)
    cv2.putText(picture, "DOE JANE", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3, cv2.LINE_AA)
    named = bytes(cv2.imencode(".png", picture)[1])
    send(page, hands_zip({"hands/named.png": named, "labels.txt": b"x"}))
    expect(page.locator("#queue-upload-message .message")).to_contain_text("no sex", timeout=ANSWER_MS)
    page.locator("#queue-sex input[value=F]").check()
    page.locator("#queue-look").click()
    expect(page.locator(".queue-places figure")).to_have_count(1, timeout=ANSWER_MS)
    expect(page.locator(".queue-places figcaption")).to_have_text("named.png")
    page.locator("#queue-add").click()
    expect(page.locator("#queue-upload-message .message")).to_contain_text("films with writing", timeout=ANSWER_MS)
    assert list(ledger.films()) == []
    said = page.locator("#queue-upload-message .message").inner_text()
    assert page.locator("#queue-add").inner_text() in said, "it names the button as it reads"
    page.locator("#queue-writing input[value=out]").check()
    add(page, 4)
    assert len(list(ledger.films())) == 4


def test_without_consent_no_pixels_are_kept_and_a_kill_loses_nothing(
    app: RunningApp, visit: Visit, ledger: Ledger, folder: Path
) -> None:
    page = visit(app)
    send(page, hands_zip(), consent=False)
    add(page, 4)
    assert not [path for path in folder.rglob("*") if path.suffix == ".png"]
    assert all(ledger.prediction(film.id) for film in ledger.films())
    rows(page, 4)
    # With consent given after all, the pictures are kept; the program is killed before it has assessed anything else.
    send(page, hands_zip())
    add(page, 0)
    assert all(film.consent for film in ledger.films())
    page.close()
    app.kill()
    app.start()
    rows(visit(app), 4)


def test_what_was_checked_is_not_taken_back_by_an_earlier_word_that_comes_late(
    unchanged: tuple[RunningApp, Ledger], visit: Visit
) -> None:
    page, held = visit(unchanged[0]), list[Route]()
    page.route(
        re.compile(r"/gradio_api/run/"), lambda route: held.append(route)
    )  # what does not wait in line may be late
    send(page, hands_zip(), consent=False)
    expect(page.locator("#queue-add")).to_be_visible(timeout=ANSWER_MS)
    for route in held:
        with page.expect_response(route.request.url) as late:
            route.continue_()
        late.value.finished()
    page.unroute_all()
    page.locator("#queue-flag").dispatch_event("click")  # answered after all that was asked for before
    expect(page.locator("#queue-message")).not_to_have_text("", timeout=ANSWER_MS)
    expect(page.locator("#queue-add")).to_be_visible()
    page.close()


def test_films_that_wait_are_taken_up_after_a_kill(folder: Path, visit: Visit, ledger: Ledger) -> None:
    for example in EXAMPLES[:2]:
        ledger.add_film(read_radiograph(example.path), example.sex, reader="ada", source="queue", consent=Consent())
    with running(APP, {"BONEGRADE_DATA": str(folder)}) as app:
        app.kill()
        app.start()
        page = visit(app)
        rows(page, 2)
        page.close()


def test_a_demo_says_how_to_get_a_queue(visit: Visit) -> None:
    with running(APP, {"TEST_DEMO": "1"}) as app:
        page = visit(app)
        expect(page.locator("#queue-demo, .queue-empty")).to_contain_text(re.compile("demo"), timeout=ANSWER_MS)
        expect(page.locator("#queue-files")).to_have_count(0)
        page.close()
