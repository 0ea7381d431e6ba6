"""What people say about a film's place in the reading queue: skip it, flag it, remove the flag, assign it to a
reader."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from core.access.roles import Action, Reader, enforce
from core.errors import BoneGradeError
from core.ledger import Ledger

QueueWord = Literal["skip", "flag", "unflag", "assign"]

_NEEDED: Final[Mapping[QueueWord, Action]] = {
    "skip": Action.CORRECT,
    "flag": Action.CORRECT,
    "unflag": Action.CORRECT,
    "assign": Action.ASSIGN,
}


def say_of_films(ledger: Ledger, film_ids: Sequence[int], word: QueueWord, reader: Reader, note: str = "") -> None:
    """Says the same of each film, as an event of its own. note: why, or the reader to whom the films are assigned, "" for
    nobody. Raises NotAllowed, UnknownFilm, and BoneGradeError where no film is named."""
    enforce(reader, _NEEDED[word])
    if not film_ids:
        raise BoneGradeError("Tick one or more films of the list first.")
    for film_id in film_ids:
        ledger.say(film_id, word, reader=reader.name, token=uuid.uuid4().hex, note=note)
