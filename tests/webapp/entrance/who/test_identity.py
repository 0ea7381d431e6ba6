"""Who is at the screen, in every mode."""

import asyncio
import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.access.log import AccessLog
from core.access.roles import Reader, Role
from core.access.users import Users
from webapp.desk import Desk
from webapp.entrance.files.quota import Quota, UploadLimits, UploadRefused
from webapp.entrance.who.identity import Access, NotSignedIn


def request(
    headers: dict[str, str] | None = None,
    peer: str = "127.0.0.1",
    username: str | None = None,
    session: dict[str, Any] | None = None,
) -> gr.Request:
    """A request as gradio hands it to a handler."""
    scope: dict[str, Any] = {
        "type": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": (peer, 50000),
    }
    if session is not None:
        scope["session"] = session
    return gr.Request(Request(scope), username=username)


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path)


def access(tmp_path: Path, **environment: str) -> Access:
    return Access.from_environment({"BONEGRADE_DATA": str(tmp_path), **environment})


def test_a_user_with_a_password_makes_everybody_sign_in(tmp_path: Path, users: Users) -> None:
    users.add("anna", Role.READER, "correct horse")
    for host in ("127.0.0.1", "0.0.0.0"):
        found = access(tmp_path, HOST=host)
        assert found.mode == "login" and found.keeps
        opens = found.launch_arguments()["auth"]
        assert asyncio.run(opens("anna", "correct horse"))
        assert not asyncio.run(opens("anna", "wrong")) and not asyncio.run(opens("ben", "correct horse"))


def test_on_ones_own_machine_the_machines_user_has_every_role(tmp_path: Path) -> None:
    reader = access(tmp_path).reader_of(request())
    assert reader.role is Role.ADMIN and reader.name
    assert access(tmp_path).people() == {reader.name: Role.ADMIN}


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_request_passed_on_to_ones_own_machine_sees_no_films(tmp_path: Path, header: str) -> None:
    with pytest.raises(NotSignedIn, match="passed on to another machine"):
        access(tmp_path).reader_of(request({header: "203.0.113.7"}))


@pytest.mark.parametrize(
    "host", ["192.168.1.5:7860", "films.example.org", "localhost.example.org", "127.0.0.1.nip.io", "["]
)
def test_a_page_under_another_address_is_not_ones_own(tmp_path: Path, host: str) -> None:
    with pytest.raises(NotSignedIn, match="passed on to another machine"):
        access(tmp_path).reader_of(request({"Host": host}))


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:8000", "LOCALHOST", "[::1]:7860"])
def test_every_name_of_this_computer_is_ones_own(tmp_path: Path, host: str) -> None:
    assert access(tmp_path).reader_of(request({"Host": host})).role is Role.ADMIN


def test_the_login_names_the_reader_and_the_file_the_role(tmp_path: Path, users: Users) -> None:
    users.add("anna", Role.REVIEWER, "correct horse")
    found = access(tmp_path)
    assert found.reader_of(request(username="anna")) == Reader("anna", Role.REVIEWER)
    users.set_role("anna", Role.VIEWER)
    assert found.reader_of(request(username="anna")).role is Role.VIEWER, "a change counts at once"
    users.add("ben", Role.READER, "correct horse")
    users.remove("anna")
    with pytest.raises(NotSignedIn, match="anna is no longer on the list"):
        found.reader_of(request(username="anna"))
    with pytest.raises(NotSignedIn, match="not signed in"):
        found.reader_of(request())
    with pytest.raises(NotSignedIn):
        found.reader_of(None)


def test_a_header_counts_from_the_proxy_alone(tmp_path: Path, users: Users) -> None:
    users.add("anna", Role.READER, None)
    found = access(tmp_path, BONEGRADE_PROXY_HEADER="X-Remote-User", BONEGRADE_PROXY_ADDRESSES="10.0.0.2, 10.0.0.3")
    assert found.reader_of(request({"X-Remote-User": "anna"}, peer="10.0.0.3")) == Reader("anna", Role.READER)
    assert found.reader_of(request({"x-remote-user": "zoe"}, peer="10.0.0.2")) == Reader("zoe", Role.VIEWER)
    for faked in (request({"X-Remote-User": "anna"}, peer="10.0.0.9"), request({"X-Remote-User": ""}, peer="10.0.0.2")):
        with pytest.raises(NotSignedIn):
            found.reader_of(faked)


def test_a_hugging_face_account_names_the_reader(tmp_path: Path) -> None:
    space = {"SPACE_ID": "me/x", "SYSTEM": "spaces", "OAUTH_CLIENT_ID": "id"}
    found = access(tmp_path, **space, BONEGRADE_ROLES="anna=admin, ben=reader")
    signed_in = {"oauth_info": {"userinfo": {"preferred_username": "anna"}, "expires_at": time.time() + 100}}
    assert found.reader_of(request(session=signed_in)) == Reader("anna", Role.ADMIN)
    signed_in["oauth_info"]["userinfo"] = {"preferred_username": "zoe"}
    with pytest.raises(NotSignedIn, match="zoe has no role here"):
        found.reader_of(request(session=signed_in))
    signed_in["oauth_info"]["expires_at"] = time.time() - 1
    for nobody in (request(session=signed_in), request(session={}), request(), None):
        with pytest.raises(NotSignedIn, match="Sign in with your Hugging Face account"):
            found.reader_of(nobody)


def test_the_owner_of_a_space_has_every_role_unless_given_another(tmp_path: Path) -> None:
    space = {"SPACE_ID": "me/x", "SYSTEM": "spaces", "OAUTH_CLIENT_ID": "id", "SPACE_AUTHOR_NAME": "me"}
    signed_in = {"oauth_info": {"userinfo": {"preferred_username": "me"}, "expires_at": time.time() + 100}}
    assert access(tmp_path, **space).reader_of(request(session=signed_in)) == Reader("me", Role.ADMIN)
    given = access(tmp_path, **space, BONEGRADE_ROLES="me=viewer")
    assert given.reader_of(request(session=signed_in)) == Reader("me", Role.VIEWER)


def test_a_demo_lets_everybody_try_and_names_nobody(tmp_path: Path, users: Users) -> None:
    users.add("anna", Role.READER, None)
    demo = access(tmp_path, HOST="0.0.0.0")
    assert demo.reader_of(request()) == Reader("guest", Role.READER) and demo.people() == {}
    assert not demo.keeps and demo.log is None and demo.launch_arguments() == {}


def noted(folder: Path) -> list[tuple[str, str, str]]:
    """Who did what from where, the oldest first."""
    return [(one.who, one.deed, one.address) for one in reversed(AccessLog(folder).latest(99).entries)]


def test_whom_a_proxy_signed_in_is_noted_with_their_own_address_and_once(tmp_path: Path) -> None:
    found = access(tmp_path, BONEGRADE_PROXY_HEADER="X-Remote-User", BONEGRADE_PROXY_ADDRESSES="10.0.0.2, 10.0.0.3")
    anna = {"X-Remote-User": "anna", "X-Forwarded-For": "9.9.9.9, 203.0.113.7, 10.0.0.3"}
    for _ in range(3):
        found.reader_of(request(anna, peer="10.0.0.2"))
    found.reader_of(request(anna | {"X-Forwarded-For": "203.0.113.8"}, peer="10.0.0.2"))
    for _ in range(2):
        with pytest.raises(NotSignedIn):
            found.reader_of(request(anna, peer="198.51.100.2"))
    assert noted(tmp_path) == [
        ("anna", "signed in", "203.0.113.7"),
        ("anna", "signed in", "203.0.113.8"),
        ("?", "refused", "198.51.100.2"),
    ]
    Desk(lambda: pytest.fail("nothing is assessed"), None, found, found.log).note(
        request(anna, peer="10.0.0.2"), Reader("anna", Role.ADMIN), "looked", 3
    )
    assert noted(tmp_path)[-1] == ("anna", "looked", "203.0.113.7")


def test_accounts_of_a_space_are_noted_let_in_or_not(tmp_path: Path) -> None:
    found = access(
        tmp_path, SPACE_ID="me/x", SYSTEM="spaces", OAUTH_CLIENT_ID="id", BONEGRADE_ROLES="anna=reader, ben=reader"
    )
    from_outside = {"X-Forwarded-For": "9.9.9.9, 203.0.113.7"}
    for name in ("anna", "zoe", "anna", "zoe"):
        session = {"oauth_info": {"userinfo": {"preferred_username": name}, "expires_at": time.time() + 100}}
        found.client_of(request(from_outside, peer="10.1.1.1", session=session))
    found.client_of(request(from_outside, peer="10.1.1.1", session={}))
    assert noted(tmp_path) == [("anna", "signed in", "203.0.113.7"), ("zoe", "refused", "203.0.113.7")]


def test_nobody_locks_another_out_of_a_space_with_passwords(tmp_path: Path, users: Users) -> None:
    """There all requests come from Hugging Face's proxy."""
    users.add("anna", Role.READER, "correct horse")
    found = access(tmp_path, SPACE_ID="me/x")
    opens = found.launch_arguments()["auth"]

    async def enter(asked: Request) -> PlainTextResponse:
        return PlainTextResponse(str(await opens("anna", asked.query_params["password"])))

    app = Starlette(routes=[Route("/", enter)], middleware=found.middleware())
    app.tokens = {}  # type: ignore[attr-defined]  # gradio's app has them
    with TestClient(app) as client:

        def tried(password: str, address: str) -> str:
            return client.get("/", params={"password": password}, headers={"X-Forwarded-For": address}).text

        for _ in range(6):
            assert tried("wrong", "203.0.113.7") == "False"
        assert tried("correct horse", "203.0.113.7") == "False", "it has to wait"
        assert tried("correct horse", "198.51.100.2") == "True"


def test_the_addresses_of_one_ipv6_network_are_one_client_and_use_up_their_own_room_alone(tmp_path: Path) -> None:
    demo = access(tmp_path, HOST="0.0.0.0")

    def client(peer: str) -> str:
        return demo.client_of(request(peer=peer))[0]

    assert client("2001:db8:1:2::1") == client("2001:0DB8:1:2:ffff::9") != client("2001:db8:1:3::1")
    assert client("::ffff:198.51.100.9") == client("198.51.100.9") != client("198.51.100.8")
    quota = Quota(UploadLimits(4200))
    upload = quota.begin(client("2001:db8:1:2::1"), known=False, announced=0)
    quota.add(upload, size=1 << 30)
    quota.end(upload, kept=True)
    for number in range(2, 9):
        with pytest.raises(UploadRefused):
            quota.begin(client(f"2001:db8:1:2::{number:x}"), known=False, announced=1)
    quota.begin(client("198.51.100.9"), known=False, announced=1000)


def test_what_is_inside_a_spaces_own_network_is_nobodys_address(tmp_path: Path) -> None:
    space = access(tmp_path, SPACE_ID="me/x", SYSTEM="spaces", OAUTH_CLIENT_ID="id")

    def address(forwarded: str, peer: str = "10.1.2.3") -> str:
        return space.address_of(request({"X-Forwarded-For": forwarded}, peer=peer))

    assert address("203.0.113.7, 10.16.4.5") == "203.0.113.7"
    assert address("9.9.9.9, 203.0.113.99, 10.16.4.5, 10.16.4.6") == "203.0.113.99", (
        "what a visitor writes is no address"
    )
    assert address("10.16.4.5") == "10.16.4.5"
    assert address("203.0.113.7, 10.16.4.5", peer="198.51.100.2") == "10.16.4.5", "a proxy in no private network"
    proxy = access(tmp_path, BONEGRADE_PROXY_HEADER="X-Remote-User", BONEGRADE_PROXY_ADDRESSES="10.0.0.2")
    within = request({"X-Forwarded-For": "9.9.9.9, 10.16.4.5"}, peer="10.0.0.2")
    assert proxy.address_of(within) == "10.16.4.5", "in a department, people have private addresses"
