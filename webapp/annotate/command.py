"""What a reader asks of the Annotate tab, as the browser sends it."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import BoneGradeError
from webapp.shared.errors import CANNOT_BE_DONE


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Plain(_Frozen):
    """What needs no further details."""

    do: Literal["save", "next", "undo", "redo", "download"]


class Settle(_Frozen):
    """A conflict with another reader is settled. revision: of the film, as the reader saw it. theirs: the bones on which the
    other's word is taken."""

    do: Literal["settle"]
    revision: int
    theirs: frozenset[str]


class Restore(_Frozen):
    """The reading after a save is to be brought back. event: that save's number."""

    do: Literal["restore"]
    event: int


class ChangeGold(_Frozen):
    """The reader's own reading becomes gold, or the gold reading is taken back or put back. revision: as for Settle."""

    do: Literal["gold"]
    what: Literal["own", "back", "again"]
    revision: int


Command = Plain | Settle | Restore | ChangeGold

_COMMANDS: Final[TypeAdapter[Command]] = TypeAdapter(Annotated[Command, Field(discriminator="do")])


def read_command(text: str) -> Command:
    """Reads a command from the browser's JSON. Raises BoneGradeError where there is no such command."""
    try:
        return _COMMANDS.validate_json(text)
    except ValidationError:
        raise BoneGradeError(CANNOT_BE_DONE) from None
