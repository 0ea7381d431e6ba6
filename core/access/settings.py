"""How people sign in, which roles they have and how long their data are kept, as the environment sets it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self

from core.access.roles import Role
from core.access.users import Users, UsersError, role_of_text
from core.errors import BoneGradeError

#: local: one person on their own machine. login: names and passwords from the users file. proxy: a proxy in front has
#: signed the person in. space: a Hugging Face account. demo: anybody from anywhere, and nothing is kept.
Mode = Literal["local", "login", "proxy", "space", "demo"]

#: Names of this computer under which nobody else can reach it.
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def served_host(environment: Mapping[str, str]) -> str:
    """The address to serve on: HOST or GRADIO_SERVER_NAME; this computer only, if neither is set; a Hugging Face Space,
    which sets SPACE_ID, is reachable from outside."""
    host = environment.get("HOST") or environment.get("GRADIO_SERVER_NAME")
    return host or ("0.0.0.0" if environment.get("SPACE_ID") else "127.0.0.1")


#: Days for which things are kept if no setting says otherwise.
USUAL_DAYS: Final = 365


def days_kept(variable: str, environment: Mapping[str, str] = os.environ) -> int:
    """The number of days that an environment variable sets, a year if it does not. Raises BoneGradeError where that is
    not a number of days."""
    given = environment.get(variable) or str(USUAL_DAYS)
    if not (given.isdecimal() and int(given) > 0):
        raise BoneGradeError(f"{variable} must be a number of days from 1 up, not {given!r}.")
    return int(given)


@dataclass(frozen=True)
class AccessSettings:
    """header: the lower-case name of the header in which a proxy names the person, "" without one; believed: addresses of
    proxies whose header counts. roles: of people that the environment names."""

    mode: Mode
    header: str
    believed: frozenset[str]
    roles: Mapping[str, Role]
    on_a_space: bool

    @classmethod
    def from_environment(cls, users: Users, environment: Mapping[str, str] = os.environ) -> Self:
        """BONEGRADE_PROXY_HEADER (with BONEGRADE_PROXY_ADDRESSES, 127.0.0.1 if not set): proxy. A Space with a Hugging Face
        login: space. Somebody in the users file with a password: login. Served to this computer alone: local. Otherwise:
        demo. BONEGRADE_ROLES ("alice=admin,bob=reader") adds people.

        Hugging Face's login counts only where gradio believes that it runs on a Space (SYSTEM=spaces): elsewhere it lets
        everybody in as the owner of HF_TOKEN, without asking.

        Raises UsersError where the users file is damaged or BONEGRADE_ROLES cannot be read.
        """
        header = environment.get("BONEGRADE_PROXY_HEADER", "").strip().lower()
        addresses = environment.get("BONEGRADE_PROXY_ADDRESSES", "").strip() or "127.0.0.1"
        believed = frozenset(address.strip() for address in addresses.split(","))
        roles = _roles_of_text(environment.get("BONEGRADE_ROLES", ""))
        owner = environment.get("SPACE_AUTHOR_NAME")  # Hugging Face sets it
        if owner:
            roles = {owner: Role.ADMIN} | roles
        on_a_space = bool(environment.get("SPACE_ID"))
        mode: Mode
        if header:
            mode = "proxy"
        elif on_a_space and environment.get("SYSTEM") == "spaces" and environment.get("OAUTH_CLIENT_ID"):
            mode = "space"
        elif users.can_sign_in():
            mode = "login"
        elif not on_a_space and served_host(environment) in LOOPBACK:
            mode = "local"
        else:
            mode = "demo"
        return cls(mode, header, believed, roles, on_a_space)

    def people(self, users: Users) -> Mapping[str, Role]:
        """Those whom the environment or the users file names, with their roles; the file takes precedence."""
        return {**self.roles, **users.roles()}


def _roles_of_text(text: str) -> dict[str, Role]:
    """The roles in "alice=admin,bob=reader". Raises UsersError."""
    roles = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, role = part.partition("=")
        if not equals or not name.strip():
            raise UsersError(f"BONEGRADE_ROLES holds {part!r}: write it as alice=admin,bob=reader.")
        roles[name.strip()] = role_of_text(role)
    return roles
