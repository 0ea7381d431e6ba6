"""What was tried against the way by which files come in: to fill the disk, and to leave behind what nobody clears away."""

import errno
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests.hands import shipped_examples
from webapp.app import launch_settings
from webapp.entrance.files.quota import Room, UploadLimits
from webapp.entrance.files.uploads import ProgressForgotten, UploadsWithin, receive_in_order

_UPLOAD = "gradio_api/upload"
_CHUNK = 1 << 16
LIMITS = UploadLimits(
    seconds=3600, address=Room(40, 4 << 20), person=Room(100, 64 << 20), addresses=6 << 20, all=64 << 20
)


class ByHeader:
    """Whoever is signed in is a person; anybody else an address, which a header gives as it would behind a proxy."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """Who sends."""
        if request.username:
            return request.username, True
        return str(request.headers.get("x-client", "")), False


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., tuple[str, Path]]]:
    """Serves a page; its address, and the folder that files come into."""
    apps: list[gr.Blocks] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "passing"))
        patch.setattr(gr.route_utils, "GradioMultiPartParser", gr.route_utils.GradioMultiPartParser)
        receive_in_order()

        def serve(**more: Any) -> tuple[str, Path]:
            with gr.Blocks(analytics_enabled=False) as app:
                gr.File()
            settings = launch_settings({}) | {"server_port": None, "prevent_thread_lock": True, "quiet": True} | more
            settings["app_kwargs"]["middleware"] += [
                Middleware(ProgressForgotten),
                Middleware(UploadsWithin, ByHeader(), LIMITS),
            ]
            apps.append(app)
            return app.launch(**settings)[1], tmp_path / "passing"

        yield serve
        for app in apps:
            app.close()


def size_of(folder: Path) -> int:
    """Bytes in a folder's files, some of which may go meanwhile."""
    sizes = []
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size if path.is_file() else 0)
        except FileNotFoundError:
            continue
    return sum(sizes)


def empty_soon(folder: Path) -> bool:
    """Whether nothing lies in the folder, at the latest after some seconds."""
    until = time.monotonic() + 20
    while size_of(folder) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(path.is_file() for path in folder.rglob("*"))


def test_one_client_cannot_fill_the_disk_with_films_and_others_have_room(
    served: Callable[..., tuple[str, Path]],
) -> None:
    url, folder = served()
    film = shipped_examples()[0].path.read_bytes()
    with httpx.Client(base_url=url, timeout=60) as client:

        def send(who: str, number: int) -> httpx.Response:
            films = {"files": ("film.png", film + number.to_bytes(4, "little"))}
            return client.post(_UPLOAD, files=films, headers={"x-client": who})

        answers = [send("one", number) for number in range(60)]
        codes = [answer.status_code for answer in answers]
        assert codes == sorted(codes) and set(codes) == {200, 429}
        assert answers[-1].text.startswith("Too much was sent from your address within the last hour: try again")
        assert size_of(folder) <= LIMITS.address.bytes
        assert send("two", 100).status_code == 200
        for number in range(200):
            last = send(f"made up {number % 50}", 1000 + number)
        assert last.status_code == 429 and "there is no room at the moment" in last.text
        assert size_of(folder) <= LIMITS.addresses, "many addresses together cannot fill it either"


def test_the_limit_holds_while_bytes_arrive_whatever_the_request_says_of_its_size(
    served: Callable[..., tuple[str, Path]],
) -> None:
    url, folder = served()
    largest = 0

    def body() -> Iterator[bytes]:
        nonlocal largest
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="film.dcm"\r\n\r\n'
        for _ in range(4 * LIMITS.address.bytes // _CHUNK):
            largest = max(largest, size_of(folder))
            yield bytes(_CHUNK)
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x", "x-client": "one"}
    answer = httpx.post(f"{url}{_UPLOAD}", content=body(), headers=headers, timeout=60)
    assert answer.status_code == 413 and answer.text.endswith("send fewer or smaller files.")
    assert 0 < largest <= LIMITS.address.bytes and empty_soon(folder)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([b'name="files"; filename="film.dcm"\r\n\r\nfilm', None], "ended before its last byte"),
        ([b'name="files"; filename="film.dcm"\r\n\r\nfilm', b'name="x"; filename="y"\r\n\r\nhidden'], "Files alone"),
        ([b'name="files"; filename="film.dcm"\r\n\r\nfilm', b'name="files"\r\n\r\nno file'], "Files alone"),
        ([b'name="files"; filename="film.dcm"\r\n\r\nfilm', b'filename="y"\r\n\r\nx'], '"name" must be provided'),
    ],
)
@pytest.mark.parametrize("following", ["", "?upload_id=abc"])
def test_nothing_is_left_of_an_upload_that_is_not_whole(
    served: Callable[..., tuple[str, Path]], parts: list[bytes | None], told: str, following: str
) -> None:
    url, folder = served()
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts if part is not None)
    body += b"" if None in parts else b"--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{url}{_UPLOAD}{following}", content=body, headers=headers, timeout=60)
    assert answer.status_code == 400 and told in answer.text
    assert empty_soon(folder)


def test_nothing_is_left_where_the_connection_is_lost_and_its_room_comes_back(
    served: Callable[..., tuple[str, Path]],
) -> None:
    url, folder = served()
    address = httpx.URL(url)
    head = (
        f"POST /{_UPLOAD} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nX-Client: one\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {3 << 20}\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="files"; filename="film.dcm"\r\n\r\n'
    )
    for _ in range(3):
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(head.encode() + bytes(2 << 20))
            until = time.monotonic() + 20
            while size_of(folder) < 1 << 20 and time.monotonic() < until:
                time.sleep(0.02)
            assert size_of(folder) >= 1 << 20
        assert empty_soon(folder)
    films = {"files": ("film.dcm", bytes(3 << 20))}
    assert httpx.post(f"{url}{_UPLOAD}", files=films, headers={"x-client": "one"}, timeout=60).status_code == 200


def test_made_up_ids_of_uploads_do_not_fill_the_memory(
    served: Callable[..., tuple[str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.entrance.files.uploads._PROGRESS_SECONDS", 0.0)
    url, _ = served()
    progress = gr.routes.file_upload_statuses
    before = {*progress._signals, *progress._statuses}
    with httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("gradio_api/upload_progress?upload_id=made-up").status_code == 404
        assert client.get(f"gradio_api/upload_progress?upload_id={'x' * 65}").status_code == 400
        for number in range(3):
            client.post(f"{_UPLOAD}?upload_id=broken{number}", content=b"x", headers={"content-type": "text/plain"})
            films = {"files": ("film.dcm", b"film")}
            assert client.post(f"{_UPLOAD}?upload_id=whole{number}", files=films).status_code == 200
        until = time.monotonic() + 20
        while {*progress._signals} - before and time.monotonic() < until:
            time.sleep(0.05)
    assert {*progress._signals, *progress._statuses} <= before


def test_whoever_is_signed_in_by_the_login_is_known(served: Callable[..., tuple[str, Path]]) -> None:
    url, _ = served(auth=("anna", "correct horse"))
    film = {"files": ("film.dcm", bytes(5 << 20))}
    with httpx.Client(base_url=url, timeout=60) as client:
        assert client.post(_UPLOAD, files={"files": ("film.dcm", b"film")}).status_code == 401
        client.post("login", data={"username": "anna", "password": "correct horse"})
        assert client.post(_UPLOAD, files=film).status_code == 200, "more than an address may send"


class Alone(UploadsWithin):
    """As Starlette would call it: with the app in the scope."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        scope["app"] = type("App", (), {"cookie_id": "x", "tokens": {}})
        await super().__call__(scope, receive, send)


def test_films_in_calls_over_mcp_are_counted_as_uploads_are() -> None:
    """Each was written to the disk before anything of the call was looked at: some 3 MB a second, for as long as one liked."""
    client = TestClient(Alone(Response("answered"), ByHeader(), LIMITS))
    calls = [client.post("/gradio_api/mcp/", content=bytes(1 << 20)) for _ in range(6)]
    assert [one.status_code for one in calls] == [200, 200, 200, 429, 429, 429]
    assert "Too much was sent from your address" in calls[-1].text
    assert client.post(f"/{_UPLOAD}", content=bytes(1 << 20)).status_code == 429
    assert all(client.post("/gradio_api/mcp/", content=bytes(1000)).status_code == 200 for _ in range(100))


def test_a_full_disk_is_said() -> None:
    async def full(scope: Scope, receive: Receive, send: Send) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    answer = TestClient(Alone(full, ByHeader(), LIMITS)).post(f"/{_UPLOAD}", content=b"x")
    assert answer.status_code == 507 and "disk is full" in answer.text
