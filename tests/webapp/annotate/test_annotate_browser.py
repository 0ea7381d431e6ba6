"""The Annotate tab as a reader uses it: mouse and keyboard in a real browser, a real ledger, a server that is killed."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from core.bones import RUS_BONES
from core.ledger import Correction, Ledger
from tests.hands import shipped_examples
from tests.webapp.annotate.film_page import Open, box, drag, press, wait_for_film, wait_kept
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, RunningApp, running

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

PROGRAM = ("-m", "tests.webapp.annotate_app")


def _says(page: Page, bone: str) -> str:
    return page.locator(f"#bone-list [data-bone={bone}] .says-you").inner_text()


def _row(page: Page, bone: str) -> str:
    return page.locator(f"#bone-list [data-bone={bone}] .spoken").text_content() or ""


def _total(page: Page, row: str) -> int:
    return int(page.locator(f"#live-totals [data-row={row}] [data-of=rus_chn]").get_attribute("data-total") or -1)


def test_two_grades_and_a_box_are_corrected_saved_and_found_again(
    open_film: Open, ledger: Ledger, own_film: int
) -> None:
    page = open_film(own_film)
    before = box(page, "DP3")
    drag(page, "DP3", (14, 10))
    scale = page.evaluate(
        "window.bonegradeWork.film().frame.width / document.querySelector('#box-editor canvas').clientWidth"
    )
    # a slow machine grades the box on its way too
    page.wait_for_function(
        "([to, near]) => window.bonegradeWork.boxOf('DP3').every((edge, at) => Math.abs(edge - to[at]) < near)",
        arg=[[edge + pixels * scale for edge, pixels in zip(before, (14, 10, 14, 10), strict=True)], 1.5 * scale],
        timeout=ANSWER_MS,
    )
    expect(page.locator("#in-hand-title")).to_have_text("Distal phalanx III")
    expect(page.locator("#in-hand-model")).to_contain_text("Model on your box", timeout=ANSWER_MS)
    expect(page.locator("#live-totals")).to_contain_text("with 1 of your boxes", timeout=ANSWER_MS)
    moved = box(page, "DP3")

    page.locator("#grade-guide [data-guide=DP3] [data-grade='5']").click()
    page.locator("#bone-list [data-bone=Radius]").click()
    page.locator("#grade-guide [data-guide=Radius] [data-grade='7']").click()
    wait_kept(page)
    page.locator("#annotate-save").click()
    expect(page.locator("#annotate-message")).to_contain_text("Saved 2 bones", timeout=ANSWER_MS)

    stored = ledger.reading(own_film, "anna")
    assert set(stored) == {"DP3", "Radius"}
    assert (stored["Radius"].verdict, stored["Radius"].grade, stored["Radius"].accepted) == ("graded", 7, False)
    assert stored["DP3"].grade == 5 and tuple(stored["DP3"].box or ()) == pytest.approx(moved)
    (event,) = ledger.history(own_film)
    assert event.seconds > 0 and event.prediction_id is not None and ledger.draft(own_film, "anna") is None

    page = open_film(own_film)
    assert "your grade 7" not in _row(page, "Ulna") and "not judged by you" in _row(page, "Ulna")
    assert "your grade" in _row(page, "Radius") and "your grade" in _row(page, "DP3")
    assert box(page, "DP3") == pytest.approx(moved)
    expect(page.locator("#annotate-history li")).to_have_count(1)
    expect(page.locator("#annotate-history")).to_contain_text("anna")
    expect(page.locator("#annotate-history")).to_contain_text("grader")


def test_undo_and_redo_go_through_steps_then_through_saves(open_film: Open, ledger: Ledger, own_film: int) -> None:
    page = open_film(own_film)
    press(page, "5j0x")
    assert _says(page, "Ulna") == "unread."
    press(page, "u")
    assert _says(page, "Ulna") == "not yet"
    press(page, "uu")
    assert "not judged" in _row(page, "Radius") and "not judged" in _row(page, "Ulna")
    press(page, "r")
    page.keyboard.press("Control+y")
    assert (
        _says(page, "Ulna") == "not yet" and "judged" not in _row(page, "Radius").split("your grade")[0].split(", ")[1:]
    )
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 2 bones", timeout=ANSWER_MS)

    press(page, "u")
    expect(page.locator("#annotate-message")).to_contain_text("no longer counts", timeout=ANSWER_MS)
    assert ledger.reading(own_film, "anna") == {}
    assert [event.kind for event in ledger.history(own_film)] == ["correction", "undo"]
    assert "not judged" in _row(page, "Radius")
    press(page, "r")
    expect(page.locator("#annotate-message")).to_contain_text("counts again", timeout=ANSWER_MS)
    assert set(ledger.reading(own_film, "anna")) == {"Radius", "Ulna"}
    assert "your grade" in _row(page, "Radius")

    press(page, "kk8")  # on DP5 by now or wherever the bone in hand was: any further step
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 1 bone", timeout=ANSWER_MS)
    page.locator("#annotate-history li [data-do=restore]").last.click()
    expect(page.locator("#annotate-message")).to_contain_text("your reading again", timeout=ANSWER_MS)
    assert set(ledger.reading(own_film, "anna")) == {"Radius", "Ulna"}
    assert ledger.history(own_film)[-1].kind == "restore"


def test_the_whole_film_by_keyboard_in_a_burst(open_film: Open, ledger: Ledger, own_film: int) -> None:
    page = open_film(own_film)
    started = time.monotonic()
    press(page, "a" * 13)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 13 bones", timeout=20_000)
    assert time.monotonic() - started < 20
    stored = ledger.reading(own_film, "anna")
    prediction = ledger.prediction(own_film)
    assert list(stored) == list(RUS_BONES) and prediction is not None
    for bone, one in stored.items():
        given = prediction.probabilities[bone]
        assert one.accepted and one.grade == given.index(max(given))
    page.wait_for_function("document.querySelector('#live-totals [data-row=you] [data-of=rus_chn]').dataset.total")
    assert _total(page, "you") == _total(page, "model")


def test_a_grade_out_of_line_is_pointed_out_while_reading_and_can_be_saved(
    open_film: Open, ledger: Ledger, own_film: int
) -> None:
    page = open_film(own_film, "ina:READER")
    at_nine_years = "5j3j3j" + "4j" * 10
    press(page, at_nine_years)
    page.wait_for_function("document.querySelector('#live-totals [data-row=you] [data-of=rus_chn]').dataset.total")
    expect(page.locator("#out-of-line")).to_have_count(0)
    page.locator("#bone-list [data-bone=Radius]").click()
    press(page, "9")
    expect(page.locator("#out-of-line")).to_contain_text("Radius has grade 7", timeout=ANSWER_MS)
    expect(page.locator("#out-of-line")).to_contain_text("4 grades ahead of the grade 5(0)")
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 13 bones", timeout=ANSWER_MS)
    assert ledger.reading(own_film, "ina")["Radius"].grade == 9


def test_every_other_key_and_none_in_a_text_field(open_film: Open, own_film: int) -> None:
    page = open_film(own_film, "otto:READER")
    press(page, "12")
    assert page.evaluate("window.bonegradeWork.said('Radius').grade") == 12
    assert page.evaluate("window.bonegradeWork.work().at") == 1, "two digits are one step"
    page.evaluate("const now = Date.now.bind(Date); Date.now = () => now() + 700")  # the reader thinks for a while
    press(page, "1")
    assert page.evaluate("window.bonegradeWork.said('Radius').grade") == 1
    press(page, "++-")
    assert page.evaluate("window.bonegradeWork.said('Radius').grade") == 2
    press(page, "jjk")
    expect(page.locator("#in-hand-title")).to_have_text("Ulna")
    press(page, "m")
    page.keyboard.type("a second centre, x3")
    assert page.evaluate("window.bonegradeWork.said('Ulna')") == {
        "verdict": None, "grade": None, "accepted": False, "note": "a second centre, x3", "box": None,
    }  # fmt: skip
    page.keyboard.press("Escape")
    press(page, "x")
    assert page.evaluate("window.bonegradeWork.said('Ulna').verdict") == "unreadable"
    page.locator("#grade-guide [data-guide=Ulna] input").nth(3).focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.bonegradeWork.said('Ulna').grade") is not None
    press(page, "?")
    expect(page.locator("#key-help")).to_be_visible()
    page.locator("#keys-on").uncheck()
    press(page, "j")
    expect(page.locator("#in-hand-title")).to_have_text("Ulna")
    page.locator("#keys-on").check()


def test_two_readers_on_one_film_choose_and_nothing_is_lost(open_film: Open, ledger: Ledger, own_film: int) -> None:
    anna, otto = open_film(own_film, "anna:READER"), open_film(own_film, "otto:REVIEWER")
    expect(otto.locator("#annotate-history")).to_contain_text("Nobody has said anything")
    press(anna, "4j5")
    wait_kept(anna)
    press(anna, "s")
    expect(anna.locator("#annotate-message")).to_contain_text("Saved 2 bones", timeout=ANSWER_MS)
    press(otto, "6j5j7")
    wait_kept(otto)
    press(otto, "s")
    expect(otto.locator("#clash")).to_contain_text("Meanwhile this film was read by anna", timeout=ANSWER_MS)
    assert ledger.reading(own_film, "otto") == {}
    otto.locator("#clash input[name=clash-Radius][value=theirs]").check()
    otto.locator("#clash [data-do=settle-chosen]").click()
    expect(otto.locator("#annotate-message")).to_contain_text("Saved", timeout=ANSWER_MS)
    expect(otto.locator("#clash")).to_have_count(0)
    stored = ledger.reading(own_film, "otto")
    assert {bone: one.grade for bone, one in stored.items()} == {"Radius": 4, "Ulna": 5, "MC1": 7}
    assert {bone: one.grade for bone, one in ledger.reading(own_film, "anna").items()} == {"Radius": 4, "Ulna": 5}
    said = [(event.reader, {c.bone: c.grade for c in event.corrections}) for event in ledger.history(own_film)]
    assert ("otto", {"Radius": 6, "Ulna": 5, "MC1": 7}) in said, "otto's own version is in the history"
    assert "your grade" in _row(otto, "Radius") and otto.evaluate("window.bonegradeWork.said('Radius').grade") == 4


def test_a_film_that_cannot_be_opened_says_why_and_the_one_at_work_stays(
    browser: Browser, app: RunningApp, open_film: Open, own_film: int
) -> None:
    page = browser.new_page()
    page.goto(f"{app.url}/#film=4711")
    expect(page.locator("#annotate-empty")).to_contain_text("4711", timeout=ANSWER_MS)
    page.close()
    page = open_film(own_film, "nora:READER")
    press(page, "6")
    page.evaluate("location.hash = '#film=4711'")
    expect(page.locator("#annotate-message")).to_contain_text("4711", timeout=ANSWER_MS)
    press(page, "j7")
    assert page.evaluate("window.bonegradeWork.said('Ulna').grade") == 7
    assert "your grade" in _row(page, "Radius") and f"Film {own_film} " in page.locator("#annotate-film").inner_text()


def test_others_are_hidden_until_one_has_saved_every_bone(open_film: Open, ledger: Ledger, own_film: int) -> None:
    ledger.save(
        own_film, [Correction("Radius", "graded", 3)],
        reader="zoe", base_revision=0, token="z" * 32, prediction_id=None, seconds=1.0,
    )  # fmt: skip
    page = open_film(own_film)
    expect(page.locator("#annotate-history")).to_contain_text("you will see what they said once you have saved")
    assert "zoe" not in page.locator("#annotate").inner_text()
    press(page, "9")
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 1 bone", timeout=ANSWER_MS)
    assert "zoe" not in page.locator("#annotate").inner_text()
    press(page, "xj" * len(RUS_BONES))
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-history")).to_contain_text("zoe", timeout=ANSWER_MS)
    reviewer = open_film(own_film, "rita:REVIEWER")
    expect(reviewer.locator("#annotate-history")).to_contain_text("zoe")


def test_a_viewer_looks_and_cannot_save(open_film: Open, ledger: Ledger, own_film: int) -> None:
    page = open_film(own_film, "vera:VIEWER")
    expect(page.locator("#annotate-status")).to_contain_text("You may look but not save")
    expect(page.locator("#annotate-save")).to_be_disabled()
    press(page, "aa5s")
    expect(page.locator("#annotate-message")).to_contain_text("You may look but not save")
    assert "not judged" in _row(page, "Radius") and not page.evaluate("window.bonegradeWork.isTouched()")
    # not even by asking the server behind the page's back
    page.evaluate(
        """() => { const work = window.bonegradeWork; work.film().may_save = true; work.judge("Radius", 5);
                   work.act({ do: "save" }); }"""
    )
    expect(page.locator("#annotate-message")).to_contain_text(
        "Your role (viewer) does not allow you to save corrections", timeout=ANSWER_MS
    )
    assert ledger.history(own_film) == [] and ledger.draft(own_film, "vera") is None


def test_a_draft_survives_a_killed_server_and_a_save_too(
    open_film: Open, app: RunningApp, ledger: Ledger, own_film: int
) -> None:
    page = open_film(own_film)
    press(page, "3j4")
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 2 bones", timeout=ANSWER_MS)
    press(page, "j6")
    wait_kept(page)
    app.kill()
    press(page, "j8")  # said while nobody listens
    assert set(ledger.reading(own_film, "anna")) == {"Radius", "Ulna"}
    expect(page.locator("#annotate-status")).to_contain_text("does not answer", timeout=15_000)
    page.evaluate("window.before = true")
    app.start()
    page.wait_for_function("!window.before", timeout=ANSWER_MS)  # the page loads itself anew
    wait_for_film(page, own_film)
    expect(page.locator("#annotate-message")).to_contain_text("is back")
    grades = page.evaluate(
        "Object.fromEntries(Object.entries(window.bonegradeWork.work().says).map(([b, s]) => [b, s.grade]))"
    )
    assert grades == {"Radius": 3, "Ulna": 4, "MC1": 6, "MC3": 8}
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 2 bones", timeout=ANSWER_MS)
    assert len(ledger.reading(own_film, "anna")) == 4


def test_save_and_next_ends_with_a_finished_queue(open_film: Open, ledger: Ledger, add_film: Callable[[], int]) -> None:
    films = [add_film() for _ in range(3)]
    page = open_film(films[0], "nina:READER")
    waiting = {film.id for film in ledger.films()}
    for _ in range(len(waiting)):
        number = page.evaluate("window.bonegradeWork.work().film")
        waiting.remove(number)
        press(page, "a")
        wait_kept(page)
        press(page, "n")
        page.wait_for_function(
            """n => window.bonegradeWork.work().film !== n ||
                    document.querySelector("#annotate-message").textContent.includes("finished")""",
            arg=number,
            timeout=ANSWER_MS,
        )
    assert waiting == set(), "every film once"
    expect(page.locator("#annotate-message")).to_contain_text("The queue is finished")
    assert all(ledger.reading(film, "nina") for film in films)


def test_the_page_fits_a_phone_and_names_what_it_shows(open_film: Open, own_film: int) -> None:
    page = open_film(own_film, "otto:READER", width=420, height=900)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    assert page.locator("#annotate img").evaluate_all("images => images.filter(i => !i.alt && !i.hidden).length") == 0
    nameless = "all => all.filter(b => b.offsetParent && !(b.ariaLabel || b.textContent.trim() || b.title)).length"
    assert page.locator("#annotate button").evaluate_all(nameless) == 0
    expect(page.get_by_role("radio", name="Can't be read").first).to_be_attached()


def test_a_new_film_from_the_assess_tab_with_consent(browser: Browser, app: RunningApp, ledger: Ledger) -> None:
    """The film was not in the ledger: its pixels come with the tick alone."""
    picture = cv2.imread(str(shipped_examples()[0].path), cv2.IMREAD_UNCHANGED)
    picture[:4, :4] = 7  # another film
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(app.url)
    page.locator("#sex input[value=M]").check(timeout=ANSWER_MS)
    file = {"name": "film.png", "mimeType": "image/png", "buffer": cv2.imencode(".png", picture)[1].tobytes()}
    page.locator("#film input[type=file]").set_input_files(files=[file])  # type: ignore[list-item]
    expect(page.locator("#film-view img")).to_be_visible(timeout=ANSWER_MS)
    page.locator("#assess").click()
    expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)
    count = len(list(ledger.films()))
    page.get_by_role("tab", name="Annotate").click()
    expect(page.locator("#annotate-film")).to_contain_text("New film", timeout=ANSWER_MS)
    expect(page.locator("#annotate")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#box-editor canvas")).to_have_attribute("data-film", re.compile("^[0-9a-f]"))
    wait_kept(page)
    assert len(list(ledger.films())) == count, "to look at a film is not to file it"
    press(page, "a5")
    wait_kept(page)
    expect(page.locator("#annotate-status")).to_contain_text("nothing of this film is kept yet")
    assert len(list(ledger.films())) == count, "nor is to touch a bone"
    page.locator("#consent input").check()
    page.locator("#annotate-terms button").first.click()
    page.get_by_label("To be read again").check()
    page.get_by_label("Where it is filed").fill("form 7")
    page.locator("#annotate-save").click()
    expect(page.locator("#annotate-message")).to_contain_text("Saved 2 bones", timeout=ANSWER_MS)
    film = list(ledger.films())[-1]
    assert film.consent and film.source == "assess" and ledger.radiograph(film) is not None
    assert film.scope == "read"
    expect(page.locator("#consent")).to_be_hidden()
    expect(page.locator("#annotate-terms")).to_be_hidden()
    page.close()


def test_in_a_demo_the_work_is_downloaded(browser: Browser, tmp_path: Path) -> None:
    with running(PROGRAM, {"TEST_DEMO": "1"}) as demo:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(demo.url)
        page.locator("#example-0").click(timeout=ANSWER_MS)
        expect(page.locator("#bone-age")).to_be_visible(timeout=ANSWER_MS)
        page.get_by_role("tab", name="Annotate").click()
        expect(page.locator("#annotate-film")).to_contain_text("New film", timeout=ANSWER_MS)
        page.wait_for_function("window.bonegradeWork.film() !== null")
        press(page, "a7")
        expect(page.locator("#annotate-save")).to_be_hidden()
        with page.expect_download() as download:
            page.locator("#annotate-download").click()
        download.value.save_as(tmp_path / "corrections.json")
        said = json.loads((tmp_path / "corrections.json").read_text())
        assert [one["bone"] for one in said["corrections"]] == ["Radius", "Ulna"]
        assert said["corrections"][1]["grade"] == 7 and len(said["film"]["sha256"]) == 64
        page.close()
