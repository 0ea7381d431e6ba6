"""Programs come in by their tokens alone, to what is meant for them, and wrong tokens make their sender wait."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.access.roles import Role
from core.access.tokens import Power, Tokens
from core.access.users import Users
from webapp.entrance.doors.bodies import Sizes
from webapp.entrance.who.identity import Access

INFO = "/gradio_api/info"


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(tmp_path)
    users.add("anna", Role.ADMIN, "correct horse")
    return users


@pytest.fixture
def access(tmp_path: Path, users: Users) -> Access:
    return Access.from_environment({"BONEGRADE_DATA": str(tmp_path)})


@pytest.fixture
def tokens(access: Access) -> Tokens:
    return access.tokens


@pytest.fixture
def client(access: Access, clock: list[float]) -> Iterator[TestClient]:
    """Of an app that says who asks, behind the door."""

    def who(request: Request) -> PlainTextResponse:
        reader = access.reader_of(gr.Request(request))
        return PlainTextResponse(f"{reader.name} {reader.role.name}")

    app = Starlette(
        routes=[Route("/{path:path}", who, methods=["GET", "POST"])],
        middleware=[*access.middleware(), Middleware(Sizes, access)],
    )
    app.tokens, app.cookie_id = {}, "x"  # type: ignore[attr-defined]  # gradio's app has them
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refusal(client: TestClient, token: str, path: str = INFO) -> str:
    """The sentence with which a token is refused."""
    answer = client.get(path, headers=bearer(token))
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    return str(answer.json()["detail"])


def test_a_token_opens_what_is_meant_for_programs_and_is_noted_once(
    client: TestClient, tokens: Tokens, access: Access
) -> None:
    token = tokens.make("pacs", Role.READER, 30)
    for path in (INFO, "/config", "/gradio_api/call/assess", "/gradio_api/mcp/", "/gradio_api/file=/tmp/x"):
        assert client.get(path, headers=bearer(token)).text == "program:pacs READER"
    for path in ("/", "/login", "/gradio_api/run/assess", "/gradio_api/component_server", "/gradio_api/api/assess"):
        answer = client.post(path, headers=bearer(token))
        assert answer.status_code == 403 and "named endpoints alone" in answer.json()["detail"]
    assert access.log is not None
    assert [(one.who, one.deed) for one in access.log.latest(9).entries] == [("program:pacs", "signed in")]


def test_a_token_that_was_revoked_or_has_ended_opens_nothing(
    client: TestClient, tokens: Tokens, tmp_path: Path
) -> None:
    revoked, ended = tokens.make("revoked", Role.READER, 30), tokens.make("ended", Role.READER, 30)
    assert client.get(INFO, headers=bearer(revoked)).status_code == 200
    tokens.revoke("revoked")
    rows = json.loads((tmp_path / "tokens.json").read_text())
    past = datetime(2020, 2, 1, tzinfo=UTC).isoformat()
    (tmp_path / "tokens.json").write_text(json.dumps({number: row | {"ends": past} for number, row in rows.items()}))
    assert "was revoked" in refusal(client, revoked)
    assert "valid until 01 February 2020" in refusal(client, ended)


def test_a_token_allows_no_more_than_its_maker_may_now(client: TestClient, tokens: Tokens, users: Users) -> None:
    users.add("ben", Role.ADMIN, "correct horse")
    token = tokens.make("pacs", Role.ADMIN, 30, made_by="ben")
    assert client.get(INFO, headers=bearer(token)).text == "program:pacs ADMIN"
    users.set_role("ben", Role.READER)
    assert client.get(INFO, headers=bearer(token)).text == "program:pacs READER"
    users.remove("ben")
    assert "ben, who made this token, no longer has a role here" in refusal(client, token)


def test_a_token_in_an_address_is_refused_wherever_it_stands(client: TestClient, tokens: Tokens) -> None:
    token = tokens.make("pacs", Role.READER, 30)
    for address in (f"{INFO}?token={token}", f"/gradio_api/call/{token}", f"{INFO}?t=" + token.replace("_", "%5F")):
        answer = client.get(address, headers=bearer(token))
        assert answer.status_code == 400 and "never belongs in an address" in answer.json()["detail"]


def test_wrong_tokens_make_their_sender_wait_and_nobody_elses_program(
    client: TestClient, tokens: Tokens, access: Access, clock: list[float]
) -> None:
    mine, other = tokens.make("mine", Role.READER, 30), tokens.make("other", Role.READER, 30)
    wrong = mine[:-5] + "AAAAA"
    assert ["unknown" in refusal(client, wrong) for _ in range(5)] == [True] * 5
    assert "wait a minute" in refusal(client, mine), "even the right one"
    assert client.get(INFO, headers=bearer(other)).status_code == 200
    for number in range(30):
        refusal(client, f"bonegrade_{number:012x}_{'A' * 43}")
    assert "wait a minute" in refusal(client, other), "who tries many has to wait with all"
    clock[0] += 61
    assert client.get(INFO, headers=bearer(mine)).text == "program:mine READER"
    assert access.log is not None
    assert sum(one.deed == "refused" for one in access.log.latest(99).entries) >= 37


def test_mcp_is_for_programs_alone_where_everybody_signs_in(client: TestClient) -> None:
    answer = client.post("/gradio_api/mcp/")
    assert answer.status_code == 401 and "A token is needed here" in answer.json()["detail"]


def test_a_narrowed_token_is_narrow_wherever_it_is_asked_for(access: Access, tokens: Tokens) -> None:
    token = tokens.make("pacs", Role.READER, 30, [Power.ASSESS])
    found = tokens.holder(token)
    assert found is not None and access.program(found.number).only == frozenset()


def test_in_every_other_mode_a_token_is_its_programs_too(tmp_path: Path) -> None:
    proxy = {"BONEGRADE_PROXY_HEADER": "X-User", "BONEGRADE_PROXY_ADDRESSES": "testclient"}
    proxied = Access.from_environment({"BONEGRADE_DATA": str(tmp_path), **proxy})
    local = Access.from_environment({"BONEGRADE_DATA": str(tmp_path)})
    token = proxied.tokens.make("pacs", Role.VIEWER, 30)
    for access in (proxied, local):

        def who(request: Request, access: Access = access) -> PlainTextResponse:
            return PlainTextResponse(access.reader_of(gr.Request(request)).name)

        app = Starlette(routes=[Route("/{path:path}", who)], middleware=access.middleware())
        with TestClient(app) as client:
            headers = bearer(token) | {"X-User": "anna", "X-Forwarded-For": "203.0.113.7"}
            assert client.get(INFO, headers=headers).text == "program:pacs"
            elsewhere = bearer("a token of the proxy's own") | {"X-User": "anna"}
            assert client.get(INFO, headers=elsewhere | {"Host": "localhost"}).text != "program:pacs"


def test_what_is_too_big_for_memory_is_refused_before_it_is_read(client: TestClient, tokens: Tokens) -> None:
    headers = bearer(tokens.make("pacs", Role.READER, 30))
    big = b"x" * ((32 << 20) + 1)
    for path, most in (("call/assess", 32), ("mcp/", 4), ("queue/join", 32)):
        answer = client.post(f"/gradio_api/{path}", content=big, headers=headers)
        assert answer.status_code == 413 and f"bigger than {most} MB" in answer.json()["detail"]
    more_than_a_page_sends = b"x" * ((1 << 20) + 1)
    for path in ("/gradio_api/call/assess", "/gradio_api/queue/join", "/gradio_api/run/keep", "/login"):
        answer = client.post(path, content=more_than_a_page_sends)
        assert answer.status_code == 413 and "bigger than 1 MB" in answer.json()["detail"]
        answer = client.post(path, content=more_than_a_page_sends, headers=bearer("bonegrade_invented"))
        assert answer.status_code == 401
    assert client.post("/gradio_api/call/assess", content=more_than_a_page_sends, headers=headers).status_code == 200
    answer = client.post("/gradio_api/call/assess", content=iter([b"x"]), headers=headers)
    assert answer.status_code == 413, "it does not say how big it is"
    assert client.post("/gradio_api/upload", content=b"x", headers=headers).status_code == 200
