"""The programs that may use the API: tokens are shown once, kept as hashes, expire, and can be limited and revoked."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.access.roles import Action, NotAllowed, Reader, Role, enforce
from core.access.tokens import TOKEN, Power, Program, Tokens, TokensError


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "data")


def holder(tokens: Tokens, token: str) -> Program:
    found = tokens.holder(token)
    assert found is not None
    return found


def test_a_token_names_its_program_until_it_is_revoked(tokens: Tokens, tmp_path: Path) -> None:
    token = tokens.make("pacs", Role.READER, 30, made_by="anna")
    program = holder(tokens, token)
    assert (program.name, program.role, program.made_by) == ("pacs", Role.READER, "anna")
    assert tokens.numbered(program.number) == program and tokens.programs() == [program]
    assert timedelta(days=29) < program.ends - datetime.now(UTC) <= timedelta(days=30)
    path = tmp_path / "data" / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in path.read_text() and token.rpartition("_")[2] not in path.read_text()
    tokens.revoke("pacs")
    assert tokens.holder(token) is None and tokens.numbered(program.number) is None and tokens.programs() == []
    assert tokens.make("pacs", Role.READER, 30) != token, "the name is free again"


def test_what_is_no_token_opens_nothing(tokens: Tokens) -> None:
    token = tokens.make("pacs", Role.READER, 30)
    other = tokens.make("other", Role.READER, 30)
    number, secret = token.split("_", 2)[1:]
    for wrong in ("", "bonegrade_", token[:-1], token + "x", f"bonegrade_{number}_{other.split('_', 2)[2]}", secret):
        assert tokens.holder(wrong) is None
    assert TOKEN.search(f"/config?token={token}")


def test_a_token_ends(tokens: Tokens, tmp_path: Path) -> None:
    program = holder(tokens, tokens.make("pacs", Role.READER, 1))
    assert not program.has_ended() and program.has_ended(program.ends)


def test_a_program_is_a_reader_whom_nobody_can_be_called_by(tokens: Tokens) -> None:
    program = holder(tokens, tokens.make("anna", Role.ADMIN, 1))
    assert program.reader() == Reader("program:anna", Role.ADMIN)
    assert program.reader(Role.READER).role is Role.READER, "no more than whoever made it"


def test_a_narrowed_token_allows_that_alone(tokens: Tokens) -> None:
    reader = holder(tokens, tokens.make("pacs", Role.REVIEWER, 1, [Power.ADD_FILMS, Power.ASSESS])).reader()
    assert [action for action in Action if reader.may(action)] == [Action.ADD_FILMS]
    with pytest.raises(NotAllowed, match="This token does not allow you to look at films"):
        enforce(reader, Action.LOOK)
    assert not any(map(holder(tokens, tokens.make("x", Role.ADMIN, 1, [Power.ASSESS])).reader().may, Action))


@pytest.mark.parametrize(
    ("name", "role", "days", "only", "sentence"),
    [
        ("", Role.READER, 1, (), "cannot be a program's name"),
        ("a:b", Role.READER, 1, (), "cannot be a program's name"),
        ("taken", Role.READER, 1, (), "has a token already"),
        ("pacs", Role.READER, 0, (), "1 to 366 days, not 0"),
        ("pacs", Role.READER, 367, (), "1 to 366 days, not 367"),
        ("pacs", Role.VIEWER, 1, (Power.EXPORT,), "A viewer may not export the data"),
    ],
)
def test_what_cannot_be_gets_a_sentence(
    tokens: Tokens, name: str, role: Role, days: int, only: tuple[Power, ...], sentence: str
) -> None:
    tokens.make("taken", Role.READER, 1)
    with pytest.raises(TokensError, match=sentence):
        tokens.make(name, role, days, only)
    assert [one.name for one in tokens.programs()] == ["taken"]
    with pytest.raises(TokensError, match="no program stranger"):
        tokens.revoke("stranger")


@pytest.mark.parametrize("change", [{"role": "chief"}, {"only": ["everything"]}, {"ends": "soon"}])
def test_a_damaged_file_opens_nothing(tokens: Tokens, tmp_path: Path, change: dict[str, object]) -> None:
    token = tokens.make("pacs", Role.READER, 1)
    path = tmp_path / "data" / "tokens.json"
    rows = json.loads(path.read_text())
    path.write_text(json.dumps({number: row | change for number, row in rows.items()}))
    with pytest.raises(TokensError, match="cannot be read"):
        tokens.holder(token)
