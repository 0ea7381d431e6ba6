"""What the Train tab says about the folder that a run sees again so that nothing is forgotten."""

from pathlib import Path

from core.errors import BoneGradeError
from core.learning.lessons.training_data import TRAINING_DATA_VARIABLE, training_data
from webapp.shared.words import counted


def seen_again(sends: bool) -> tuple[Path | None, tuple[str, ...]]:
    """The folder (None where no run can use one), and what to know about it. sends: a run may also be sent to the hub."""
    try:
        found = training_data()
    except BoneGradeError as error:
        return None, (f"No run can start on this machine until this is put right: {error}",)
    if found is None:
        return None, (
            "A run learns from the ledger alone, so it may forget some of what the shipped weights learned from: to mix that "
            f"in, set {TRAINING_DATA_VARIABLE} to its folder on this server, and restart the program.",
        )
    again = counted(found.train, "hand")
    if found.exemplars:
        again = f"{again} and {counted(found.exemplars, 'graded crop')}"
    words = (
        f"So that nothing is forgotten, a run also sees again {again} that the shipped weights learned from.",
        f"It is measured on {counted(found.val, 'more hand')}, and its intervals are set on these.",
        f"All of this is in {found.folder}.",
    )
    return found.folder, (*words, "A Hugging Face Job learns from the ledger alone.") if sends else words
