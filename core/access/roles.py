"""Readers, their roles, and what each role may do."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Literal, Self

from core.errors import BoneGradeError

#: The roles' names as they are typed.
RoleName = Literal["viewer", "reader", "reviewer", "admin"]


class Role(IntEnum):
    """What a person may do; each role may do all that those below it may."""

    VIEWER = 0
    READER = 1
    REVIEWER = 2
    ADMIN = 3

    @classmethod
    def named(cls, name: RoleName) -> Self:
        """The role of this name."""
        return cls[name.upper()]


class Action(StrEnum):
    """What somebody asks to do; "Your role does not allow you to" and the value make a sentence."""

    LOOK = "look at films and readings"
    CORRECT = "save corrections"
    ADD_FILMS = "add films"
    SEE_ALL_READINGS = "see other readers' readings"
    ASSIGN = "assign films to readers"
    SET_GOLD = "set gold readings and settle conflicts"
    EXPORT = "export the data"
    SEE_ACCESS = "see who looked at what"
    ERASE = "erase films and names"
    TRAIN = "train and promote models"
    ADMIT_PROGRAMS = "admit programs and revoke their tokens"


_LEAST_ROLE = {
    Action.LOOK: Role.VIEWER,
    Action.CORRECT: Role.READER,
    Action.ADD_FILMS: Role.READER,
    Action.SEE_ALL_READINGS: Role.REVIEWER,
    Action.ASSIGN: Role.REVIEWER,
    Action.SET_GOLD: Role.REVIEWER,
    Action.EXPORT: Role.ADMIN,
    Action.SEE_ACCESS: Role.ADMIN,
    Action.ERASE: Role.ADMIN,
    Action.TRAIN: Role.ADMIN,
    Action.ADMIT_PROGRAMS: Role.ADMIN,
}


@dataclass(frozen=True)
class Reader:
    """A person at the screen, or a program. name: from the login or the token, never from a text box. role: what they may
    do. only: the actions that they are limited to; None: all that the role allows."""

    name: str
    role: Role
    only: frozenset[Action] | None = None

    def may(self, action: Action) -> bool:
        """Whether the reader's role allows the action."""
        return self.role >= _LEAST_ROLE[action] and (self.only is None or action in self.only)


#: Whoever works at the command line: they have the ledger's files, so no rule of ours could keep anything from them.
OPERATOR: Final = Reader("operator", Role.ADMIN)


class NotAllowed(BoneGradeError):
    """The reader's role does not allow what was asked for; nothing was changed."""


def enforce(reader: Reader, action: Action) -> None:
    """Raises NotAllowed where the reader's role does not allow the action."""
    if reader.only is not None and action not in reader.only:
        raise NotAllowed(f"This token does not allow you to {action}: ask an administrator for another one.")
    if not reader.may(action):
        raise NotAllowed(
            f"Your role ({reader.role.name.lower()}) does not allow you to {action}: sign in under another name, or ask an "
            "administrator for another role."
        )
