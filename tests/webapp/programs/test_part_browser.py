"""The part of the Data tab that admits programs, in a browser: a token is made, listed, used and revoked."""

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from core.access.tokens import TOKEN
from tests.webapp.programs.conftest import PASSWORD
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, RunningApp, sign_in, watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")


def answer_to(token: str, url: str) -> int:
    """The status that a program with this token gets."""
    ask = urllib.request.Request(f"{url}/gradio_api/info", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(ask, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_a_program_is_admitted_listed_and_sent_away(browser: Browser, app: RunningApp) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.goto(app.url)
    sign_in(page, "anna", PASSWORD)
    expect(page.locator("#who")).to_contain_text("anna · admin", timeout=ANSWER_MS)
    troubles = watched(page, app.url)
    page.get_by_role("tab", name="Data").click()
    part, listed, said = page.locator("#programs"), page.locator("#program-list"), page.locator("#program-message")
    part.get_by_role("button", name="Programs").click()

    page.get_by_label("Name of the program").fill("pacs")
    part.get_by_role("button", name="Make a token").click()
    token = said.locator(".token-text")
    expect(token).to_have_text(TOKEN, timeout=ANSWER_MS)
    given = token.inner_text()
    row = listed.get_by_role("row").filter(has_text="pacs")
    expect(row).to_contain_text("viewer")
    expect(row).to_contain_text("everything that the role may do")
    expect(row).to_contain_text("anna")
    expect(page.get_by_label("Name of the program")).to_have_value("")
    assert answer_to(given, app.url) == 200

    part.get_by_role("button", name="Show all programs").click()
    expect(said.locator(".token-text")).to_have_count(0)
    expect(row).to_be_visible()
    assert given not in page.content(), "it is shown once"

    page.get_by_label("Name of the program").fill("pacs")
    page.get_by_role("radio", name="Viewer", exact=True).check()
    page.get_by_role("checkbox", name="Export the data").check()
    part.get_by_role("button", name="Make a token").click()
    expect(said).to_contain_text("A viewer may not export", timeout=ANSWER_MS)

    part.get_by_role("button", name="Revoke its token").click()
    expect(said).to_contain_text("The token of pacs no longer opens anything", timeout=ANSWER_MS)
    expect(row).to_have_count(0)
    assert answer_to(given, app.url) == 401
    assert not troubles
    page.close()
