"""The people who may sign in: names, roles and argon2 hashes of their passwords, in one file of the data folder."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.access.list_file import ListFile
from core.access.roles import Role
from core.errors import BoneGradeError

LEAST_PASSWORD: Final = 10
_MOST_PASSWORD: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_HASHER: Final = PasswordHasher()


class UsersError(BoneGradeError):
    """What was asked of the list of users cannot be done; the list is as it was."""


@dataclass(frozen=True)
class _User:
    """password: argon2id hash; None for somebody who signs in elsewhere (a Hugging Face account, a proxy's name)."""

    role: Role
    password: str | None


class Users:
    """The users file. It is read afresh each time, so a change takes effect at once; several processes may share it."""

    def __init__(self, folder: Path):
        self._file = ListFile(folder / "users.json", _row, _user, _damaged)

    def roles(self) -> dict[str, Role]:
        """Everybody's role, by name. Raises UsersError where the file is damaged."""
        return {name: user.role for name, user in self._file.read().items()}

    def role(self, name: str) -> Role | None:
        """One person's role; None for a stranger."""
        return self.roles().get(name)

    def can_sign_in(self) -> bool:
        """Whether anybody has a password."""
        return any(user.password is not None for user in self._file.read().values())

    def stamp(self, name: str) -> str | None:
        """A value that changes with a person's password, without revealing it; None for someone who cannot, or can no
        longer, sign in with a password."""
        user = self._file.read().get(name)
        return None if user is None or user.password is None else hashlib.sha256(user.password.encode()).hexdigest()

    def verify(self, name: str, password: str) -> bool:
        """Whether this is the person's password. Takes as long for a stranger as for a known name."""
        user = self._file.read().get(name)
        known = None if user is None else user.password
        try:
            _HASHER.verify(known or _STRANGER, password[:_MOST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
        if known is None:
            return False
        if _HASHER.check_needs_rehash(known):
            self._renew(name, known, _HASHER.hash(password[:_MOST_PASSWORD]))
        return True

    def add(self, name: str, role: Role, password: str | None) -> None:
        """Adds a person. Raises UsersError for a name that is taken or not valid, and for a short password."""
        if not _NAME.fullmatch(name):
            raise UsersError(
                f"{name!r} cannot be a user's name: use 1 to 64 letters, digits, dots, hyphens, underscores, + or @, and "
                "begin with a letter or a digit."
            )
        hashed = None if password is None else _hashed(password)
        with self._file.changed() as users:
            if name in users:
                raise UsersError(f"There is a user {name} already: change the role or the password instead.")
            users[name] = _User(role, hashed)

    def remove(self, name: str) -> None:
        """Takes a person off the list; what they said stays in the ledger. Raises UsersError for a stranger."""
        with self._file.changed() as users:
            _known(users, name)
            del users[name]

    def set_role(self, name: str, role: Role) -> None:
        """Raises UsersError for a stranger."""
        with self._file.changed() as users:
            users[name] = _User(role, _known(users, name).password)

    def set_password(self, name: str, password: str) -> None:
        """Raises UsersError for a stranger and for a short password."""
        hashed = _hashed(password)
        with self._file.changed() as users:
            users[name] = _User(_known(users, name).role, hashed)

    def _renew(self, name: str, known: str, hashed: str) -> None:
        """Replaces the known hash with one made with the current settings, unless it has been changed meanwhile."""
        try:
            with self._file.changed() as users:
                user = users.get(name)
                if user is not None and user.password == known:
                    users[name] = _User(user.role, hashed)
        except OSError:
            return  # a list that cannot be written still lets people in; the next sign-in tries again


def _row(user: _User) -> dict[str, Any]:
    return {"role": user.role.name.lower(), "password": user.password}


def _user(name: str, row: Any) -> _User:
    return _User(Role[row["role"].upper()], row["password"])


def _damaged(path: Path) -> UsersError:
    return UsersError(
        f"The list of users {path} cannot be read: restore it from a copy, or remove it and add the users again."
    )


def role_of_text(text: str) -> Role:
    """The role of this name. Raises UsersError."""
    try:
        return Role[text.strip().upper()]
    except KeyError:
        names = ", ".join(role.name.lower() for role in Role)
        raise UsersError(f"There is no role {text!r}: choose one of {names}.") from None


def _known(users: Mapping[str, _User], name: str) -> _User:
    user = users.get(name)
    if user is None:
        raise UsersError(f"There is no user {name}: see the list of users.")
    return user


def _hashed(password: str) -> str:
    if not LEAST_PASSWORD <= len(password) <= _MOST_PASSWORD:
        raise UsersError(
            f"The password has {len(password)} characters: choose one of at least {LEAST_PASSWORD}"
            f"{'' if len(password) < LEAST_PASSWORD else f' and at most {_MOST_PASSWORD}'}."
        )
    return _HASHER.hash(password)


#: The hash of a password that nobody has, so that strangers are turned away no faster than others.
_STRANGER: Final = _HASHER.hash("nobody's password, for strangers")
