"""The whole app as each kind of host serves it, in a browser: whom it takes the person for, and what they may do."""

import hashlib
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from itsdangerous import TimestampSigner
from playwright.sync_api import Browser, Page, expect

from core.access.roles import Role
from core.access.users import Users
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, sign_in

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

#: What nginx and others add to a request that they pass on.
FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
SECRET = "of the Space's login"
PASSWORD = "correct horse"

#: Opens the page with these headers, and with this cookie of gradio's session.
Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    contexts = []

    def open_page(url: str, headers: Mapping[str, str] | None = None, session: str = "") -> Page:
        context = browser.new_context(extra_http_headers=dict(headers or {}), viewport={"width": 1440, "height": 1000})
        if session:
            context.add_cookies([{"name": "session", "value": session, "url": url}])
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


def refused_export(page: Page) -> str:
    """What a try to take the data out is answered with."""
    page.get_by_role("tab", name="Data").click()
    page.locator("#export-make").click()
    message = page.locator("#export-message .message")
    expect(message).not_to_be_empty(timeout=ANSWER_MS)
    expect(page.locator("#export-download")).to_be_hidden()
    return message.inner_text()


def test_a_proxy_that_passes_requests_on_says_who_it_is(open_page: Open, tmp_path: Path) -> None:
    Users(tmp_path).add("anna", Role.REVIEWER, None)
    settings = {"BONEGRADE_DATA": str(tmp_path), "BONEGRADE_PROXY_HEADER": "X-Remote-User"}
    with running(settings=settings) as app:
        who = open_page(app.url, {"X-Remote-User": "anna", **FORWARDED}).locator("#who")
        expect(who).to_contain_text("anna · reviewer", timeout=ANSWER_MS)
        who = open_page(app.url, {"X-Remote-User": "zoe", **FORWARDED}).locator("#who")
        expect(who).to_contain_text("zoe · viewer", timeout=ANSWER_MS)
        page = open_page(app.url, FORWARDED)
        expect(page.locator("#who")).to_contain_text("You are not signed in", timeout=ANSWER_MS)
        assert "You are not signed in" in refused_export(page)


def test_nobody_passes_for_a_proxy_by_the_header_of_forwarding(open_page: Open, tmp_path: Path) -> None:
    Users(tmp_path).add("anna", Role.ADMIN, None)
    settings = {
        "BONEGRADE_DATA": str(tmp_path),
        "BONEGRADE_PROXY_HEADER": "X-Remote-User",
        "BONEGRADE_PROXY_ADDRESSES": "192.0.2.1",
        "FORWARDED_ALLOW_IPS": "*",
    }
    with running(settings=settings) as app:
        page = open_page(app.url, {"X-Remote-User": "anna", "X-Forwarded-For": "192.0.2.1"})
        expect(page.locator("#who")).to_contain_text("You are not signed in", timeout=ANSWER_MS)
        assert "You are not signed in" in refused_export(page)


def test_ones_own_machine_is_not_open_to_those_whom_a_proxy_lets_through(open_page: Open, tmp_path: Path) -> None:
    with running(settings={"BONEGRADE_DATA": str(tmp_path)}) as app:
        expect(open_page(app.url).locator("#who")).to_contain_text("· admin", timeout=ANSWER_MS)
        page = open_page(app.url, FORWARDED)
        expect(page.locator("#who")).to_contain_text("films are not shown", timeout=ANSWER_MS)
        expect(page.locator("#who")).to_contain_text("python -m core users add")
        assert "films are not shown" in refused_export(page)


def test_a_viewer_signs_in_and_is_out_when_removed(open_page: Open, tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.add("ada", Role.ADMIN, PASSWORD)
    users.add("vera", Role.VIEWER, PASSWORD)
    with running(settings={"BONEGRADE_DATA": str(tmp_path)}) as app:
        page = open_page(app.url)
        sign_in(page, "vera", "wrong horse")
        expect(page.get_by_text("Incorrect", exact=False).first).to_be_visible(timeout=ANSWER_MS)
        sign_in(page, "vera", PASSWORD)
        expect(page.locator("#who")).to_contain_text("vera · viewer", timeout=ANSWER_MS)
        assert "Your role (viewer) does not allow you to export" in refused_export(page)
        users.remove("vera")
        page.reload()
        expect(page.get_by_label("password")).to_be_visible(timeout=ANSWER_MS)  # the sign-in has ended with the name
        expect(page.locator("#who")).to_have_count(0)


def signed(name: str, secret: str = SECRET) -> str:
    """The session that a browser sends after a login with Hugging Face."""
    session = {"oauth_info": {"userinfo": {"preferred_username": name}, "expires_at": time.time() + 1000}}
    key = hashlib.sha256(f"{secret}-v4".encode()).hexdigest()
    return TimestampSigner(key).sign(b64encode(json.dumps(session).encode())).decode()


def test_a_space_knows_the_account_that_gradio_signed_in(open_page: Open, tmp_path: Path) -> None:
    settings = {
        "BONEGRADE_DATA": str(tmp_path),
        "BONEGRADE_ROLES": "anna=reviewer",
        "SPACE_ID": "me/bonegrade",
        "SYSTEM": "spaces",
        "OAUTH_CLIENT_ID": "client",
        "OAUTH_CLIENT_SECRET": SECRET,
        "OAUTH_SCOPES": "openid profile",
        "OPENID_PROVIDER_URL": "http://127.0.0.1:9",
    }
    with running(settings=settings) as app:
        page = open_page(app.url)
        expect(page.locator("#who")).to_contain_text("Sign in with your Hugging Face account", timeout=ANSWER_MS)
        expect(page.locator("#sign-in")).to_contain_text("Sign in with Hugging Face")
        page = open_page(app.url, session=signed("anna"))
        expect(page.locator("#who")).to_contain_text("anna · reviewer", timeout=ANSWER_MS)
        expect(page.locator("#sign-in")).to_contain_text("Sign out")
        who = open_page(app.url, session=signed("anna", "guessed")).locator("#who")
        expect(who).to_contain_text("Sign in with your Hugging Face account", timeout=ANSWER_MS)
