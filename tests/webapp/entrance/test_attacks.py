"""What strangers tried on a running page, each attack as a test. The program is started with the laxest umask, behind a
login, and stopped by SIGTERM as systemd and Docker do."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.access.log import AccessLog
from core.access.roles import Role
from core.access.users import Users
from core.composites.examples import EXAMPLES_FOLDER
from tests.webapp.running_app import RunningApp, running

PASSWORD = "correct horse"
PATIENT = "MUELLER_Anna_20141203"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The data folder, with a reader who may sign in, and the folder for what passes through."""
    data, passing = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("passing")
    Users(data).add("anna", Role.READER, PASSWORD)
    data.chmod(0o755)
    return data, passing


@pytest.fixture(scope="module")
def app(folders: tuple[Path, Path]) -> Iterator[RunningApp]:
    """The app as a program."""
    data, passing = folders
    settings = {"BONEGRADE_DATA": str(data), "GRADIO_TEMP_DIR": str(passing)}
    before = os.umask(0)
    try:
        app = RunningApp(settings=settings)
        app.start()
    finally:
        os.umask(before)
    yield app
    app.stop()


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Iterator[httpx.Client]:
    """Signed in."""
    with httpx.Client(base_url=app.url, timeout=60) as client:
        assert client.post("/login", data={"username": "anna", "password": PASSWORD}).status_code == 200
        yield client


def upload(client: httpx.Client, name: str, content: bytes = b"film") -> Path:
    """Where the app keeps an upload."""
    answer = client.post("/gradio_api/upload", files={"files": (name, content)})
    assert answer.status_code == 200
    return Path(answer.json()[0])


def test_an_upload_that_is_too_much_is_refused_before_it_is_read(client: httpx.Client) -> None:
    address = client.base_url
    head = [
        "POST /gradio_api/upload HTTP/1.1", f"Host: {address.host}:{address.port}", f"Content-Length: {1 << 40}",
        "Content-Type: multipart/form-data; boundary=x",
    ]  # fmt: skip
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    with socket.create_connection((address.host, address.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*head, f"Cookie: {cookies}", "", ""]).encode())
        answer = b""
        while not answer.endswith(b"send fewer or smaller files.") and (more := connection.recv(1 << 16)):
            answer += more  # the body may come after the headers
    assert answer.startswith(b"HTTP/1.1 413 ") and answer.endswith(b"send fewer or smaller files.")


def files_under(folder: Path) -> list[Path]:
    """All of them."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_uploads_name_is_replaced_on_arrival(client: httpx.Client, folders: tuple[Path, Path]) -> None:
    kept = upload(client, f"{PATIENT}.dcm", b"one")
    assert kept.read_bytes() == b"one" and folders[1] in kept.parents
    assert upload(client, f"{PATIENT}.zip").name.endswith(".zip")
    assert upload(client, "1.2.840.20141203").name == kept.name
    assert not any(PATIENT in str(path) or "20141203" in str(path) for path in folders[1].rglob("*"))


def test_nobody_else_on_the_machine_can_look_into_the_folders(client: httpx.Client, folders: tuple[Path, Path]) -> None:
    upload(client, "film.dcm", b"two")
    shipped = {path.name for path in EXAMPLES_FOLDER.iterdir()}
    for folder in folders:
        for path in (folder, *(path for path in folder.rglob("*") if path.name not in shipped)):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_file_is_for_the_browser_alone_that_sent_it(app: RunningApp, client: httpx.Client) -> None:
    assert client.get("/").status_code == 200
    mine = upload(client, "film.dcm", b"mine")
    assert client.get(f"/gradio_api/file={mine}").content == b"mine"
    assert client.get(f"/gradio_api/file/{mine}").content == b"mine"
    with httpx.Client(base_url=app.url, timeout=60) as other:
        other.post("/login", data={"username": "anna", "password": PASSWORD})
        for address in (f"/gradio_api/file={mine}", f"/gradio_api/file/{mine}", f"/gradio_api/file=/{mine}"):
            assert other.get(address).status_code == 403, "one with the same name, at another machine"
        example = next(EXAMPLES_FOLDER.glob("*.png"))
        assert other.get(f"/gradio_api/file={example}").content == example.read_bytes()
    for path in ("/etc/passwd", f"{mine.parent}/../../starting.lock", str(Path(__file__)), "webapp/app.py"):
        assert client.get(f"/gradio_api/file={path}").status_code == 403


def test_no_function_of_the_page_answers_with_another_browsers_file(app: RunningApp, client: httpx.Client) -> None:
    assert client.get("/").status_code == 200
    mine = upload(client, "film.png", next(EXAMPLES_FOLDER.glob("*.png")).read_bytes())
    functions = client.get("/config").json()["dependencies"]

    def film(path: Path | str) -> dict[str, Any]:
        return {"path": str(path), "orig_name": "film.png", "meta": {"_type": "gradio.FileData"}}

    def refusals(who: httpx.Client, given: Any) -> set[str]:
        """Of all functions, each asked in every way; "" where one takes it in."""
        said = set()
        for function in functions:
            if function["api_visibility"] == "public" or not function["backend_fn"]:
                continue
            asked = {"data": [given] * len(function["inputs"]), "fn_index": function["id"], "session_hash": "s"}
            ways = ["queue/join", f"call/{function['api_name']}"] if function["queue"] else []
            for way in (*ways, f"run/{function['api_name']}", f"api/{function['api_name']}"):
                answer = who.post(
                    f"/gradio_api/{way}", json=asked if given in asked["data"] else asked | {"data": [given]}
                )
                said.add(answer.json()["detail"] if answer.status_code in (400, 403) else "")
        return said

    with httpx.Client(base_url=app.url, timeout=60) as other:
        other.post("/login", data={"username": "anna", "password": PASSWORD})
        assert other.get("/").status_code == 200
        for given in (
            film(mine), [film(mine)], {"image": film(mine)}, film("/etc/passwd"), film(f"{mine.parent}/../x"),
            {"path": "", "video": film(mine)}, film("http://127.0.0.1/"),
        ):  # fmt: skip
            (refusal,) = refusals(other, given)
            assert "not yours" in refusal
        show = next(f for f in functions if f["api_name"] == "_show")
        sent_by_other = upload(other, "film.png", b"other")
        for shown in (sent_by_other, next(EXAMPLES_FOLDER.glob("*.png"))):
            asked = {"data": [film(shown), "F", None, None, ""], "fn_index": show["id"], "session_hash": "t"}
            assert other.post("/gradio_api/queue/join", json=asked).status_code == 200


def test_the_server_fetches_nothing_for_anybody(client: httpx.Client) -> None:
    for address in ("http://100.64.0.1/", "http://example.org/film.png", "https://127.0.0.1:1/"):
        assert client.get(f"/gradio_api/file={address}").status_code == 403
        film = {"path": address, "meta": {"_type": "gradio.FileData"}}
        answer = client.post("/gradio_api/call/assess", json={"data": [film, "F", "left", None]})
        assert answer.status_code == 400 and "not addresses of files" in answer.json()["detail"]


def test_what_the_page_does_not_need_is_closed(client: httpx.Client, folders: tuple[Path, Path]) -> None:
    for address in (
        "/gradio_api/deep_link?session_hash=x", "/gradio_api/token", "/gradio_api/proxy=https://x.hf.space/", "/monitoring",
        "/monitoring/summary", "/gradio_api/runs", "/gradio_api/dev/reload", "/gradio_api/stream/a/1/2/playlist.m3u8",
    ):  # fmt: skip
        assert client.get(address).status_code == 404, address
    assert client.post("/gradio_api/vibe-edit", json={"prompt": "x"}).status_code == 404
    assert client.post("/gradio_api/process_recording").status_code == 404
    assert not list(folders[1].rglob("deep_links"))


def test_other_websites_may_not_frame_the_page(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_an_open_session_ends_with_a_new_password(app: RunningApp, folders: tuple[Path, Path]) -> None:
    users = Users(folders[0])
    users.add("otto", Role.READER, PASSWORD)
    with httpx.Client(base_url=app.url, timeout=60) as otto:
        otto.post("/login", data={"username": "otto", "password": PASSWORD})
        assert otto.get("/config").status_code == 200
        users.set_password("otto", "another horse")
        assert otto.get("/config").status_code == 401
    said = [(one.who, one.deed, one.address) for one in AccessLog(folders[0]).latest(50, who="otto").entries]
    assert said == [("otto", "signed in", "127.0.0.1")]


def test_nothing_that_passed_through_is_left_when_the_program_is_stopped_or_was_killed(
    app: RunningApp, client: httpx.Client, folders: tuple[Path, Path]
) -> None:
    passing = folders[1]
    first = upload(client, "film.dcm", b"three")
    app.kill()
    assert first.exists()
    app.start()
    assert not first.exists()
    with httpx.Client(base_url=app.url, timeout=60) as again:
        again.post("/login", data={"username": "anna", "password": PASSWORD})
        second = upload(again, "film.dcm", b"four")
    app.stop()
    assert not second.exists() and [path.name for path in files_under(passing)] == ["starting.lock"]


def assert_streams_of_one_leave_room_for_another(demo: RunningApp) -> None:
    """Connections that stay open, by made-up names."""
    opened: list[socket.socket] = []

    def opens(visitor: str) -> bytes:
        connection = socket.create_connection(("127.0.0.1", demo.port), timeout=60)
        opened.append(connection)
        head = f"GET /gradio_api/heartbeat/made{len(opened)} HTTP/1.1\r\nHost: 127.0.0.1:{demo.port}\r\n"
        connection.sendall(f"{head}X-Forwarded-For: {visitor}\r\n\r\n".encode())
        return connection.recv(12)[9:]

    try:
        assert [opens("203.0.113.5") for _ in range(45)] == [b"200"] * 40 + [b"429"] * 5
        assert opens("203.0.113.6") == b"200"
    finally:
        for connection in opened:
            connection.close()


def test_visitors_of_a_demo_are_told_apart_behind_a_proxy_of_this_machine() -> None:
    """One of them can use up their own room alone."""

    def send(visitor: str, files: int) -> int:
        sent = [("files", (f"{number}.png", b"film")) for number in range(files)]
        answer = httpx.post(
            f"{demo.url}/gradio_api/upload", files=sent, headers={"X-Forwarded-For": visitor}, timeout=60
        )
        return answer.status_code

    with running(settings={"HOST": "0.0.0.0"}) as demo:
        assert send("203.0.113.1", 950) == 200
        assert send("203.0.113.1", 100) == 429
        assert send("198.51.100.7, 203.0.113.1", 100) == 429, "what a visitor writes there does not count"
        assert send("203.0.113.2", 100) == 200
        assert_streams_of_one_leave_room_for_another(demo)
        asked = {"data": [None, "F", None, None, "A" * (30 << 20)], "fn_index": 1, "session_hash": "m"}
        for headers in ({}, {"Authorization": "Bearer bonegrade_invented"}):
            answer = httpx.post(f"{demo.url}/gradio_api/queue/join", json=asked, headers=headers, timeout=60)
            assert answer.status_code == 413 and "bigger than 1 MB" in answer.json()["detail"], (
                "it would wait in memory"
            )
