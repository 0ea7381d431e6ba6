"""Pages of other websites get nothing in the name of a person who is signed in."""

from collections.abc import Iterator

import gradio as gr
import httpx
import pytest

from webapp.app import launch_settings
from webapp.entrance.doors.own_pages import REFUSAL

PASSWORD = "correct horse"
#: Under this name the page is known on the network; gradio takes care of localhost by itself.
HOST = "films.example.org"
FOREIGN = "https://elsewhere.example"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Signed in to a page that says who asks."""
    with gr.Blocks(analytics_enabled=False) as app:
        said = gr.Textbox()
        said.change(_who, said, said, api_name="who")
    settings = launch_settings({}) | {"server_port": None, "prevent_thread_lock": True, "quiet": True}
    _, url, _ = app.launch(**settings, auth=lambda name, password: password == PASSWORD)
    with httpx.Client(base_url=url, headers={"Host": HOST}) as client:
        signed_in = client.post("/login", data={"username": "anna", "password": PASSWORD})
        assert signed_in.status_code == 200
        # The cookies are meant for encrypted connections, so they are laid on by hand, as a browser would.
        client.headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in signed_in.cookies.jar)
        yield client
    app.close()


def _who(text: str, request: gr.Request) -> str:
    return f"{request.username} {text}"


def ask(client: httpx.Client, **headers: str) -> httpx.Response:
    """Calls the handler with the person's cookies and these headers, underscores for hyphens."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/gradio_api/call/who", json={"data": ["says"]}, headers=sent)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin", "Origin": f"https://{HOST}"},
        {"Origin": f"http://{HOST}"},
        # A proxy that does not pass the host on, over an encrypted connection.
        {"Sec_Fetch_Site": "same-origin", "Origin": "https://bones.example.org"},
    ],
)
def test_the_apps_own_page_and_programs_are_answered(client: httpx.Client, headers: dict[str, str]) -> None:
    started = ask(client, **headers)
    assert started.status_code == 200
    answer = client.get(f"/gradio_api/call/who/{started.json()['event_id']}")
    assert "anna says" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site", "Origin": FOREIGN},
        {"Sec_Fetch_Site": "same-site", "Origin": "https://wiki.example.org"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
        {"Origin": FOREIGN},
        {"Origin": "null"},
        {"Origin": FOREIGN, "X_Forwarded_Host": "elsewhere.example"},
        {"Origin": f"https://{HOST}.elsewhere.example"},
    ],
)
def test_another_websites_page_may_do_nothing(client: httpx.Client, headers: dict[str, str]) -> None:
    refused = ask(client, **headers)
    assert (refused.status_code, refused.text) == (403, REFUSAL)


def test_another_websites_page_may_read_nothing(client: httpx.Client) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": FOREIGN}
    assert client.get("/config", headers=foreign).status_code == 403
    assert client.get("/config").status_code == 200


def test_a_link_on_another_website_opens_the_page(client: httpx.Client) -> None:
    followed = client.get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert followed.status_code == 200 and "anna" in followed.text
