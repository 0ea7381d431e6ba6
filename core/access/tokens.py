"""The programs that may use the API: each with a token that expires, whose hash is kept in one file of the data folder."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from core.access.list_file import ListFile
from core.access.roles import Action, Reader, Role
from core.errors import BoneGradeError


class Power(StrEnum):
    """What a token may be limited to. Every token allows assessing and explaining films that are sent along."""

    ASSESS = "assess"
    LOOK = "look"
    CORRECT = "correct"
    ADD_FILMS = "add_films"
    EXPORT = "export"

    @property
    def action(self) -> Action | None:
        """What it allows beyond assessing; None for nothing."""
        return _ACTIONS.get(self)


_ACTIONS: Final = {
    Power.LOOK: Action.LOOK,
    Power.CORRECT: Action.CORRECT,
    Power.ADD_FILMS: Action.ADD_FILMS,
    Power.EXPORT: Action.EXPORT,
}
MOST_DAYS: Final = 366
#: What every token looks like, so that it can be recognised wherever it turns up: its public number, then the secret.
TOKEN: Final = re.compile(r"bonegrade_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class TokensError(BoneGradeError):
    """What was asked of the list of tokens cannot be done; the list is as it was."""


@dataclass(frozen=True)
class Program:
    """What a token stands for. number: the token's public part. only: the powers that it was limited to; empty: all that the
    role allows. made_by: the administrator's name, "" for the command line."""

    number: str
    name: str
    role: Role
    only: tuple[Power, ...]
    ends: datetime
    made_by: str

    @property
    def reader_name(self) -> str:
        """The program's name in the ledger and the logs, which no person can have."""
        return f"program:{self.name}"

    def has_ended(self, now: datetime | None = None) -> bool:
        """Whether the token has expired."""
        return (now or datetime.now(UTC)) >= self.ends

    def reader(self, most: Role = Role.ADMIN) -> Reader:
        """The reader that the program acts as. most: the highest role that it may have."""
        actions = frozenset(power.action for power in self.only if power.action is not None)
        return Reader(self.reader_name, min(self.role, most), actions if self.only else None)


class Tokens:
    """The file of tokens. It is read afresh each time, so a change takes effect at once; several processes may share it.

    It is not part of a backup, so that restoring one does not bring back a token that was revoked.
    """

    def __init__(self, folder: Path):
        self._file = ListFile(folder / "tokens.json", _row, _kept, _damaged)

    def make(self, name: str, role: Role, days: int, only: Collection[Power] = (), made_by: str = "") -> str:
        """Makes a program's token, which cannot be shown again. Raises TokensError for a name that is taken or not valid,
        for an expiry that is too far off, and for a power that the role does not have."""
        if not _NAME.fullmatch(name):
            raise TokensError(
                f"{name!r} cannot be a program's name: use 1 to 64 letters, digits, dots, hyphens or underscores, and begin "
                "with a letter or a digit."
            )
        if not 1 <= days <= MOST_DAYS:
            raise TokensError(f"A token is valid for 1 to {MOST_DAYS} days, not {days}: choose another end.")
        for power in only:
            if power.action is not None and not Reader(name, role).may(power.action):
                raise TokensError(
                    f"A {role.name.lower()} may not {power.action}: choose another role, or do not narrow it to that."
                )
        number, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        token = f"bonegrade_{number}_{secret}"
        program = Program(
            number,
            name,
            role,
            tuple(power for power in Power if power in only),
            datetime.now(UTC).replace(microsecond=0) + timedelta(days=days),
            made_by,
        )
        with self._file.changed() as kept:
            if any(one.program.name == name for one in kept.values()):
                raise TokensError(f"The program {name} has a token already: revoke it first, or choose another name.")
            kept[number] = _Kept(program, _hashed(token))
        return token

    def revoke(self, name: str) -> None:
        """Ends a program's token now; what the program said stays in the ledger. Raises TokensError for an unknown name."""
        with self._file.changed() as kept:
            numbers = [number for number, one in kept.items() if one.program.name == name]
            if not numbers:
                raise TokensError(f"There is no program {name} with a token: see the list of tokens.")
            for number in numbers:
                del kept[number]

    def programs(self) -> list[Program]:
        """All programs whose token was not revoked, by name. Raises TokensError where the file is damaged."""
        return sorted((one.program for one in self._file.read().values()), key=lambda program: program.name)

    def holder(self, token: str) -> Program | None:
        """The program whose token this is, even if it has expired; None for anything that is not a token, or was revoked."""
        found = TOKEN.fullmatch(token)
        kept = None if found is None else self._file.read().get(found[1])
        return kept.program if kept is not None and hmac.compare_digest(kept.hash, _hashed(token)) else None

    def numbered(self, number: str) -> Program | None:
        """The program with this public number; None if its token was revoked."""
        kept = self._file.read().get(number)
        return None if kept is None else kept.program


@dataclass(frozen=True)
class _Kept:
    """hash: of the token."""

    program: Program
    hash: str


def _row(kept: _Kept) -> dict[str, Any]:
    program = kept.program
    return {
        "name": program.name,
        "role": program.role.name.lower(),
        "only": list(program.only),
        "ends": program.ends.isoformat(),
        "made_by": program.made_by,
        "hash": kept.hash,
    }


def _kept(number: str, row: Any) -> _Kept:
    only = tuple(Power(power) for power in row["only"])
    ends = datetime.fromisoformat(row["ends"])
    program = Program(number, row["name"], Role[row["role"].upper()], only, ends.astimezone(UTC), row["made_by"])
    return _Kept(program, row["hash"])


def _damaged(path: Path) -> TokensError:
    return TokensError(f"The list of tokens {path} cannot be read: remove it, and make the programs' tokens again.")


def _hashed(token: str) -> str:
    """A token is as random as a key, so one round of SHA-256 keeps it as well as a slow hash keeps a password."""
    return hashlib.sha256(token.encode()).hexdigest()
