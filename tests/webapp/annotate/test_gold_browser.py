"""A gold reading in a real browser: a reviewer sets it on Annotate and takes it back on Agreement; a reader sees none."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.bones import RUS_BONES
from core.ledger import Correction, Ledger
from tests.reading_room import standing
from tests.webapp.annotate.film_page import Open, press, wait_for_film, wait_kept
from tests.webapp.running_app import ANSWER_MS, CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

REFUSED = "Your role (reader) does not allow you to set gold readings and settle conflicts"

#: What a button of Agreement's lists asks, sent by a page that has no such button; gives the server's whole answer.
ASK_THE_SERVER = """async (asked) => {
  const event = window.gradio_config.dependencies.find((one) => one.targets.some((target) => target[1] === "asked"));
  const body = { data: ["rus_chn"], fn_index: event.id, session_hash: "behind", event_data: asked };
  const headers = { "Content-Type": "application/json" };
  await fetch("/gradio_api/queue/join", { method: "POST", headers, body: JSON.stringify(body) });
  return (await fetch("/gradio_api/queue/data?session_hash=behind")).text();
}"""


def _accept_all_and_save(page: Page) -> None:
    press(page, "a" * 13)
    wait_kept(page)
    press(page, "s")
    expect(page.locator("#annotate-message")).to_contain_text("Saved 13 bones", timeout=ANSWER_MS)


def _kinds(ledger: Ledger, film: int) -> list[str]:
    return [event.kind for event in ledger.history(film)]


def test_a_reviewer_sets_gold_on_annotate_and_takes_it_back_on_agreement(
    open_film: Open, ledger: Ledger, own_film: int
) -> None:
    page = open_film(own_film, "rita:REVIEWER")
    panel = page.locator("#annotate-gold")
    expect(panel).to_contain_text("judge all 13 bones and save, then it can be made gold", timeout=ANSWER_MS)
    make_gold = page.get_by_role("button", name="Make my saved reading gold")
    expect(make_gold).to_be_disabled()
    _accept_all_and_save(page)
    make_gold.click()
    expect(page.locator("#annotate-message")).to_contain_text("is the film's gold reading", timeout=ANSWER_MS)
    expect(panel).to_contain_text("your saved reading says the same", timeout=ANSWER_MS)
    expect(page.locator("#annotate-history")).to_contain_text("rita set the gold reading 13 bones")
    assert standing(ledger, own_film).gold_reading() == ledger.reading(own_film, "rita")

    page.get_by_role("tab", name="Agreement").click()
    lists = page.locator("#agreement-gold-films")
    row = lists.locator("tr", has_text=f"Film {own_film} ")
    expect(row).to_contain_text("rita", timeout=ANSWER_MS)
    row.get_by_role("button", name="Take back").click()
    expect(lists).to_contain_text(f"Film {own_film} is no longer gold", timeout=ANSWER_MS)
    expect(row).to_have_count(0)
    assert standing(ledger, own_film).gold_reading() is None
    lists.get_by_role("button", name="Put back").click()
    expect(lists).to_contain_text(f"Film {own_film} is gold again", timeout=ANSWER_MS)

    row.get_by_role("link").click()
    expect(panel).to_be_visible(timeout=ANSWER_MS)
    wait_for_film(page, own_film)
    panel.get_by_role("button", name="Take back").click()
    expect(page.locator("#annotate-message")).to_contain_text("it can be put back", timeout=ANSWER_MS)
    expect(panel.get_by_role("button", name="Put back")).to_be_enabled(timeout=ANSWER_MS)
    assert _kinds(ledger, own_film) == ["correction", "gold", "ungold", "gold", "ungold"]


def test_what_two_readers_agree_on_is_made_gold_and_neither_of_them_learns_of_it(
    open_film: Open, ledger: Ledger, own_film: int, add_film: Callable[[], int]
) -> None:
    add_film()  # waits for anna: where nothing does, she may see how she did
    for revision, reader in enumerate(("anna", "ben")):
        ledger.save(
            own_film,
            [Correction(bone, "graded", 5) for bone in RUS_BONES],
            reader=reader,
            base_revision=revision,
            token=uuid.uuid4().hex,
            prediction_id=None,
            seconds=60.0,
        )
    rita = open_film(own_film, "rita:REVIEWER")
    rita.get_by_role("tab", name="Agreement").click()
    agreed = rita.get_by_role("region", name="Agreed on, not gold yet").locator("tbody tr")
    expect(agreed).to_have_count(1, timeout=ANSWER_MS)
    expect(agreed).to_contain_text("anna, ben")
    agreed.get_by_role("button", name="Make gold").click()
    expect(rita.locator("#agreement-gold-films")).to_contain_text(f"Film {own_film} is gold now", timeout=ANSWER_MS)
    assert _kinds(ledger, own_film) == ["correction", "correction", "gold"]

    anna = open_film(own_film, "anna:READER")
    expect(anna.locator("#annotate-history li")).to_have_count(2, timeout=ANSWER_MS)
    said = anna.locator("#annotate").inner_text()
    for help_with_terms in anna.locator("#annotate .terms").all_inner_texts():  # the same on every film
        said = said.replace(help_with_terms, "")
    assert "bones" in said and "gold" not in said.lower()
    expect(anna.locator("#annotate-gold")).to_be_empty()
    assert (
        anna.evaluate("JSON.stringify([window.bonegradeWork.film(), window.bonegradeWork.work()])").count("gold") == 0
    )
    # not even by asking the server behind the page's back
    anna.evaluate("window.bonegradeWork.act({ do: 'gold', what: 'back', revision: 3 })")
    expect(anna.locator("#annotate-message")).to_contain_text(REFUSED, timeout=ANSWER_MS)

    anna.get_by_role("tab", name="Agreement").click()
    expect(anna.locator("#agreement-gold")).to_contain_text("No gold film has been read blind yet", timeout=ANSWER_MS)
    assert anna.locator("#agreement-gold-films").inner_text() == ""
    assert f"Film {own_film}" not in anna.locator("#agreement").inner_text()
    assert REFUSED in anna.evaluate(ASK_THE_SERVER, {"gold": "back", "film": own_film, "revision": 3})
    assert _kinds(ledger, own_film) == ["correction", "correction", "gold"]
