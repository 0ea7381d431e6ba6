"""What the page says about an error: the error's own sentence or, where nobody foresaw it, one on how things stand now."""

import logging
from typing import Final

from core.errors import BoneGradeError

# Each is a whole sentence, so that it can be translated: what happened, where to look, and what to do.
TRY_AGAIN: Final = "Something went wrong in the program; the server's log says what. Try once more."
NOTHING_CHANGED: Final = "Something went wrong in the program; the server's log says what. Nothing was changed."
NOTHING_MORE_ADDED: Final = (
    "Something went wrong in the program; the server's log says what. Nothing more was added; try once more."
)
CHECK_WHETHER_ERASED: Final = (
    "Something went wrong in the program; the server's log says what. Check whether it is erased."
)
WORK_KEPT: Final = (
    "Something went wrong in the program; your work is kept, and the server's log says what happened. Try once more."
)
NOT_COMPARED: Final = (
    "Something went wrong in the program while it compared the readings; the server's log says what. Press Refresh to "
    "try once more."
)
FILM_NOT_READ: Final = (
    "Something went wrong in the program while it read this film; the server's log says what. "
    "Try once more, and report it with that log if it happens again."
)
CANNOT_BE_DONE: Final = "The page asked for something that cannot be done; reload it."
LABELS_NOT_READ: Final = "The labels could not be read, for an unexpected reason; the server's log says more."


def sentence_of(error: Exception, unexpected: str, log: logging.Logger, what_failed: str) -> str:
    """What to say about an error. An unforeseen one is reported as `unexpected`, and goes to the log under `what_failed`."""
    if isinstance(error, BoneGradeError):
        return str(error)
    log.error(what_failed, exc_info=error)
    return unexpected


def sentence_without_names(error: Exception, unexpected: str, log: logging.Logger, what_failed: str) -> str:
    """As `sentence_of`, for work on files that people send: the message of an unforeseen error may hold a file's name, and a
    child's with it, so only the kind of error goes to the log."""
    if isinstance(error, BoneGradeError):
        return str(error)
    log.error("%s (%s)", what_failed, type(error).__name__)
    return unexpected
