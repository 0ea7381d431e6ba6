"""What a program with a token, or without one, tried on a running page, each attack as a test."""

import base64
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.access.log import AccessLog
from core.access.roles import Role
from core.access.tokens import Power, Tokens
from core.bones import RUS_BONES
from core.ledger import Correction, Ledger, LedgerSettings
from tests.hands import shipped_examples
from tests.webapp.programs.conftest import PASSWORD
from tests.webapp.programs.program import MCP, Program
from tests.webapp.running_app import RunningApp

MB = 1 << 20


@pytest.fixture(scope="module")
def programs(app: RunningApp, tokens: Mapping[str, str]) -> Iterator[Mapping[str, Program]]:
    """One of each role, by the role's name."""
    programs = {role: Program(app.url, token) for role, token in tokens.items()}
    yield programs
    for program in programs.values():
        program.http.close()


@pytest.fixture(scope="module")
def film() -> bytes:
    """A hand."""
    return shipped_examples()[1].path.read_bytes()


@pytest.fixture(scope="module")
def read_by_anna(programs: Mapping[str, Program], film: bytes, data: Path) -> int:
    """The number of a film that anna has read, of which a draft of hers is kept, and whose gold reading it is."""
    reader = programs["reader"]
    added = reader.asks("queue_add", films=[reader.sends(film)], sex="F")
    number = int(added["films"][0]["film"])
    ledger = Ledger.open(LedgerSettings.from_environment({"BONEGRADE_DATA": str(data)}))
    reading = [Correction(bone, "graded", 3, note="anna's word") for bone in RUS_BONES]
    settings: dict[str, Any] = {"reader": "anna", "base_revision": 0}
    ledger.save(number, reading, token="a" * 32, prediction_id=None, seconds=1.0, **settings)
    ledger.set_gold(number, {one.bone: one for one in reading}, token="b" * 32, **settings | {"base_revision": 1})
    ledger.keep_draft(number, "anna", {"work": {"note": "anna's draft"}, "kept_at": "2026-01-01T00:00:00+00:00"})
    ledger.close()
    return number


def test_without_a_good_token_nothing_is_answered(app: RunningApp) -> None:
    for token in ("", "bonegrade_", "bonegrade_" + "0" * 12 + "_" + "A" * 43):
        stranger = Program(app.url, token)
        with stranger.http as http:
            if not token:
                del http.headers["Authorization"]
            for address in ("/config", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/mcp/schema"):
                assert http.get(address).status_code == 401, address
            assert http.post("/gradio_api/call/v2/queue", json={}).status_code == 401
            assert http.post("/gradio_api/upload", files={"files": ("film.png", b"film")}).status_code == 401
            assert http.post("/gradio_api/mcp/", json={}, headers=MCP).status_code == 401


def test_a_reader_learns_nothing_of_others_before_having_read_the_film(
    programs: Mapping[str, Program], read_by_anna: int
) -> None:
    reader = programs["reader"]
    seen = reader.asks("film", film=read_by_anna)
    assert seen["blind"] and seen["history"] == [] and seen["reading"] == {} and seen["film"]["film"] == read_by_anna
    row = next(row for row in reader.asks("queue", state="all")["films"] if row["film"] == read_by_anna)
    saved = reader.asks("correct", film=read_by_anna, revision=0, grades={"Radius": 9})
    assert saved["saved"] == 1 and saved["conflict"] is None and set(saved["reading"]) == {"Radius"}
    well, told = reader.calls("film", film=read_by_anna)
    assert well
    for text in (json.dumps([seen, row, saved]), told):
        assert "anna" not in text and "gold" not in text
    assert programs["reviewer"].asks("film", film=read_by_anna)["history"][-1]["reader"] == "program:reader"


def test_a_save_meets_what_was_said_meanwhile_and_its_repetition_does_not(
    programs: Mapping[str, Program], read_by_anna: int
) -> None:
    reviewer = programs["reviewer"]
    revision = reviewer.asks("film", film=read_by_anna)["revision"]
    ask: dict[str, Any] = {"film": read_by_anna, "grades": {"MC1": 5}, "token": "c" * 32}
    met = reviewer.asks("correct", revision=0, **ask)
    assert met["saved"] == 0 and "anna" in met["conflict"]["who"] and met["conflict"]["revision"] == revision
    saved = reviewer.asks("correct", revision=revision, **ask)
    assert saved["saved"] == 1 and reviewer.asks("correct", revision=revision, **ask)["event"] in (None, saved["event"])


@pytest.mark.parametrize(
    ("role", "endpoint", "inputs", "sentence"),
    [
        (
            "viewer",
            "correct",
            {"revision": 0, "grades": {"Radius": 9}},
            "Your role (viewer) does not allow you to save",
        ),
        ("viewer", "queue_add", {"films": []}, "Your role (viewer) does not allow you to add films"),
        ("reviewer", "export", {}, "Your role (reviewer) does not allow you to export the data"),
    ],
)
def test_a_role_allows_no_more_to_a_program_than_to_a_person(
    role: str, endpoint: str, inputs: dict[str, Any], sentence: str, programs: Mapping[str, Program], read_by_anna: int
) -> None:
    number = {"film": read_by_anna} if endpoint == "correct" else {}
    assert sentence in programs[role].asks(endpoint, **number, **inputs)
    well, text = programs[role].calls(endpoint, **number, **inputs)
    assert not well and sentence in text


def test_a_narrowed_token_and_a_revoked_one(app: RunningApp, data: Path, film: bytes, read_by_anna: int) -> None:
    tokens = Tokens(data)
    program = Program(app.url, tokens.make("pacs", Role.ADMIN, 30, [Power.ADD_FILMS]))
    with program.http:
        added = program.asks("queue_add", films=[program.sends(film)], sex="F")
        assert added["films"][0]["status"] == "known"
        for endpoint, inputs in (("film", {"film": read_by_anna}), ("queue", {}), ("export", {})):
            assert "This token does not allow you to" in program.asks(endpoint, **inputs)
        tokens.revoke("pacs")
        assert "was revoked" in program.asks("queue")


def test_only_what_a_program_has_sent_itself_is_a_film(
    app: RunningApp, programs: Mapping[str, Program], film: bytes, data: Path
) -> None:
    reader, viewer = programs["reader"], programs["viewer"]
    others = viewer.sends(film + b"not the readers own")["path"]
    mine = reader.sends(b"mine")["path"]
    no_film = (
        str(data / "users.json"), "/etc/passwd", "users.json", others.replace("/upload", "/../../users.json"),
        f"{mine}/../../../starting.lock", others, mine + "x", "", "\0",
    )  # fmt: skip
    for meta in ({"_type": "gradio.FileData"}, None):
        for path in no_film:
            given = {"path": path} | ({"meta": meta} if meta else {})
            assert "no such file of yours" in reader.asks("assess", film=given, sex="F"), path
            assert "no such file of yours" in reader.asks("queue_add", films=[given], sex="F"), path
        for address in (app.url, "http://100.64.0.1/", "file:///etc/passwd", "HTTPS://x", "ftp://127.0.0.1/"):
            given = {"path": address} | ({"meta": meta} if meta else {})
            assert "not addresses of files" in reader.asks("assess", film=given, sex="F"), address
    assert reader.http.get(f"/gradio_api/file={others}").status_code == 403
    for path in (*no_film[:-1], "data:image/png,plain", "data:image/png;base64,%%%"):
        assert not reader.calls("assess", film=path, sex="F")[0], path
    well, text = reader.calls("assess", film="http://100.64.0.1/film.png", sex="F")
    assert not well and "not addresses of files" in text


def test_a_film_over_mcp_is_kept_with_the_uploads_and_goes_with_them(
    programs: Mapping[str, Program], film: bytes
) -> None:
    content = "data:image/png;base64," + base64.b64encode(b"no film").decode()
    well, text = programs["reader"].calls("assess", film=content, sex="F")
    assert not well and "not a PNG, JPEG" in text
    address = str(programs["reader"].http.base_url) + "/gradio_api/file=" + programs["reader"].sends(film)["path"]
    assert programs["reader"].calls("assess", film=address, sex="F")[0], "an upload may be named by its address here"


@pytest.mark.parametrize(
    ("endpoint", "inputs", "sentence"),
    [
        ("assess", {"film": "film.png"}, "film: Input should be a valid dictionary"),
        ("assess", {"film": 5}, "film: Input should be"),
        ("assess", {}, "No value provided for required argument: film"),
        ("assess", {"picture": 5}, "Parameter `picture` is not a valid"),
        ("nothing", {}, "There is no endpoint of this name"),
        ("film", {"film": [1]}, "film: Input should be a valid integer"),
        ("film", {"film": 999}, "There is no film 999"),
        ("film", {"film": 10**30}, "There is no film 1000"),
        ("correct", {"film": 1, "revision": 0, "grades": {"Radius": 99}}, "(1 to 14), not 99; nothing was changed."),
        ("correct", {"film": 1, "revision": 0, "grades": {"Thumb": 1}}, "'Thumb' is not one of the 13 bones"),
        ("correct", {"film": 1, "revision": 0, "grades": [1]}, "grades: Input should be a valid dictionary"),
        ("correct", {"film": 1, "revision": -1, "grades": {"Radius": 1}}, "base_revision: Input should be greater"),
        ("correct", {"film": 1, "revision": 0, "boxes": {"Radius": [1, 2]}}, "boxes.Radius"),
        ("correct", {"film": 1, "revision": 0, "boxes": {"Radius": [9, 9, 2, 2]}}, "box"),
        ("queue", {"order": "worst"}, "order: Input should be 'expected_gain', 'random' or 'oldest'"),
        ("queue", {"page": 10**30}, "counted from 0 to 100000"),
        ("queue_add", {"films": [], "ends": "soon"}, "'soon' is not a date"),
        ("queue_add", {"films": [], "consent": True, "ends": "2001-01-01"}, "This consent ended on 2001-01-01"),
        ("queue_add", {"films": [], "consent": True, "reference": "y" * 201}, "The reference is longer than 200"),
    ],
)
def test_what_is_of_the_wrong_type_gets_a_sentence_and_changes_nothing(
    endpoint: str, inputs: dict[str, Any], sentence: str, programs: Mapping[str, Program], read_by_anna: int, data: Path
) -> None:
    before = _events(data)
    told = programs["reader"].asks(endpoint, **inputs)
    assert isinstance(told, str) and sentence in told and "\n" not in told and _events(data) == before


def _events(data: Path) -> int:
    with sqlite3.connect(data / "ledger.sqlite") as connection:
        return int(connection.execute("select count(*) from event").fetchone()[0])


def test_a_film_of_300_mb_is_refused_and_leaves_nothing(app: RunningApp, programs: Mapping[str, Program]) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="film.dcm"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(300):
            yield bytes(MB)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = programs["reader"].http.post("/gradio_api/upload", content=body(), headers=headers)
    except httpx.WriteError:  # it did not even listen to the end
        return
    assert answer.status_code == 413 and "maximum allowed size" in answer.text


def test_a_call_over_mcp_that_is_too_big_is_told_to_upload_the_film(programs: Mapping[str, Program]) -> None:
    answer = programs["reader"].http.post("/gradio_api/mcp/", content=bytes(5 * MB), headers=MCP)
    assert answer.status_code == 413 and "bigger than 4 MB" in answer.text and "/gradio_api/upload" in answer.text


def test_the_pages_own_handlers_are_not_for_programs_and_nobody_goes_past_the_line(
    app: RunningApp, programs: Mapping[str, Program]
) -> None:
    listed = programs["admin"].http.get("/gradio_api/info").json()
    assert list(listed["named_endpoints"]) == [
        "/assess", "/explain", "/film", "/correct", "/queue", "/queue_add", "/export"
    ]  # fmt: skip
    assert listed["unnamed_endpoints"] == {}
    config = programs["admin"].http.get("/config").json()
    for handler in config["dependencies"]:
        if handler["api_visibility"] != "public":
            join = {"data": [], "fn_index": handler["id"], "session_hash": "s"}
            answer = programs["admin"].http.post("/gradio_api/queue/join", json=join)
            assert answer.status_code == 400 and "named endpoints alone" in answer.json()["detail"]
    with httpx.Client(base_url=app.url, timeout=60) as anna:
        anna.post("/login", data={"username": "anna", "password": PASSWORD})
        assert anna.post("/gradio_api/run/assess", json={"data": [None, "F", "left", None]}).status_code == 404
        assert anna.post("/gradio_api/mcp/", json={}, headers=MCP).status_code == 401, "MCP is for tokens"
        assert anna.get("/gradio_api/mcp/sse").status_code == 404


def test_the_access_log_has_programs_by_their_names(
    programs: Mapping[str, Program], read_by_anna: int, data: Path
) -> None:
    log = AccessLog(data)
    deeds = {one.deed for one in log.latest(500, who="program:reader").entries}
    assert {"signed in", "added", "looked"} <= deeds
    assert any(one.who == "program:reader" for one in log.latest(500, film=read_by_anna).entries)
