"""The one assessor of this process, loaded once, in the background while the first page is read."""

import functools
import logging
import threading
from typing import Final

from core.assessment.records import FilmAssessor
from core.errors import BoneGradeError
from core.intake.turns import Turns

_log = logging.getLogger(__name__)
_loading = threading.Lock()

#: All who compute on whole films take turns here: the Assess tab at once, the queue's background when nobody waits.
TURNS: Final = Turns()


@functools.cache
def _load() -> FilmAssessor:
    # Imported here because torch takes seconds to import, and the page need not wait for it.
    from core.assessment.assessor import Assessor
    from models.registry import WeightsError

    try:
        return Assessor.from_registry()
    except WeightsError as error:
        raise BoneGradeError(str(error)) from error


def shipped_assessor() -> FilmAssessor:
    """The assessor with the shipped weights; the first caller waits for it, the others share it.

    Raises BoneGradeError if the weights are missing or damaged; the next call tries again.
    """
    with _loading:
        return _load()


def warm_up() -> threading.Thread:
    """Loads the assessor in a thread of its own. A failure is logged here and told to whoever assesses first."""
    thread = threading.Thread(target=_load_quietly, name="warm-up", daemon=True)
    thread.start()
    return thread


def _load_quietly() -> None:
    try:
        shipped_assessor()
    except Exception:
        _log.exception("The weights could not be loaded.")
