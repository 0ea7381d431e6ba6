"""What a reader should know of the file that a film came in: how it was read, and what it says of the child."""

from typing import Final

from core.assessment.records import Check, FilmFacts
from core.bones import Sex

_WORDS: Final[dict[Sex, str]] = {"F": "girl", "M": "boy"}


def checks_of_file(film: FilmFacts, sex: Sex) -> tuple[Check, ...]:
    """The file's own notes, and whether it states the sex that was chosen; nothing of either where it does not say."""
    notes = tuple(Check(note.name, not note.doubt, note.sentence) for note in film.notes)
    said = film.stated_sex
    if said is None:
        return notes
    return (
        *notes,
        Check(
            "stated_sex",
            said == sex,
            f"The file says that the child is a {_WORDS[said]}, as was chosen."
            if said == sex
            else f"The file says that the child is a {_WORDS[said]}, and it was read as a {_WORDS[sex]}: "
            "check the sex, and that the film is this child's.",
        ),
    )
