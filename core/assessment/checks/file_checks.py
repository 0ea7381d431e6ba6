"""What a reader should know about the file that a film came in: how it was read, and what it says about the child."""

from core.assessment.records import Check, FilmFacts
from core.bones import CHILDREN, Sex


def checks_of_file(film: FilmFacts, sex: Sex) -> tuple[Check, ...]:
    """The file's own notes, and whether it states the sex that was chosen; nothing where it does not say."""
    notes = tuple(Check(note.name, not note.doubt, note.sentence) for note in film.notes)
    said = film.stated_sex
    if said is None:
        return notes
    return (
        *notes,
        Check(
            "stated_sex",
            said == sex,
            f"The file says that the child is a {CHILDREN[said]}, as was chosen."
            if said == sex
            else f"The file says that the child is a {CHILDREN[said]}, and it was read as a {CHILDREN[sex]}: "
            "check the sex, and that the film is this child's.",
        ),
    )
