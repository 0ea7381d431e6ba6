"""The one assessor of this process, loaded once, in the background while the first page is read."""

import functools
import logging
import threading
from typing import TYPE_CHECKING, Final

from core.errors import BoneGradeError
from core.intake.turns import Turns

if TYPE_CHECKING:
    from core.assessment.assessor import Assessor

_log = logging.getLogger(__name__)
_loading = threading.Lock()

#: All who compute on whole films take turns here: the Assess tab at once, the queue's background when nobody waits.
TURNS: Final = Turns()


@functools.cache
def _load() -> "Assessor":
    # Imported here because torch takes seconds to import, and the page need not wait for it.
    from core.assessment.assessor import Assessor

    return Assessor.from_registry()


def shipped_assessor() -> "Assessor":
    """The assessor with the shipped weights; the first caller waits for it, the others share it.

    Raises BoneGradeError if the weights are missing or damaged; the next call tries again.
    """
    from models.registry import WeightsError

    with _loading:
        try:
            return _load()
        except WeightsError as error:
            raise BoneGradeError(str(error)) from error


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
