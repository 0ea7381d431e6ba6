"""The assessor of this process: loaded in the background while the first page is read, and again when other weights go live."""

import gc
import logging
import threading
from dataclasses import dataclass
from typing import Final

from core.assessment.live_model import LiveModel, live_model
from core.assessment.records import FilmAssessor
from core.errors import BoneGradeError
from core.intake.turns import Turns

_log = logging.getLogger(__name__)

#: All who compute on whole films take turns here: the Assess tab at once, the queue's background when nobody waits.
TURNS: Final = Turns()


@dataclass(frozen=True)
class _Loaded:
    """model: what the assessor was loaded for. It may have other weights: those that were live before, where the model's own
    cannot be loaded."""

    model: LiveModel
    assessor: FilmAssessor


class LiveAssessor:
    """The one assessor of a process, which follows the live weights. Safe to use from many threads.

    Whoever holds an assessor finishes with it what they began; whoever asks next gets the one that is live by then.
    """

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None

    def get(self) -> FilmAssessor:
        """The assessor with the live weights. The first caller loads it and the others wait; when others go live, the first
        to notice loads those while the rest continue with the former ones.

        Raises BoneGradeError where the weights are missing or damaged and none are in memory; the next call tries again.
        """
        loaded = self._loaded
        try:
            live = live_model()
        except BoneGradeError as error:
            if loaded is None:
                raise
            _log.error("The former weights go on answering: %s", error)
            return loaded.assessor
        if loaded is not None and loaded.model == live:
            return loaded.assessor
        if not self._loading.acquire(blocking=loaded is None):
            assert loaded is not None  # else the lock would have been waited for
            return loaded.assessor
        try:
            return self._load(live)
        finally:
            self._loading.release()

    def _load(self, live: LiveModel) -> FilmAssessor:
        former = self._loaded
        if former is not None and former.model == live:  # another thread was first
            return former.assessor
        # Imported here because torch takes seconds to import, and the page need not wait for it.
        from core.assessment.assessor import Assessor
        from models.registry import WeightsError

        try:
            assessor = Assessor.from_folder(live.folder)
        except WeightsError as error:
            if former is None:
                raise BoneGradeError(str(error)) from error
            _log.error("Version %s cannot be loaded, and the former weights go on answering: %s", live.version, error)
            self._loaded = _Loaded(live, former.assessor)
            return former.assessor
        if former is not None:
            assert isinstance(former.assessor, Assessor)
            assessor.former = (former.assessor,)
            former.assessor.former = ()
            _log.info("Version %s is live now.", live.version)
        self._loaded = _Loaded(live, assessor)
        return assessor


_LIVE: Final = LiveAssessor()


def live_assessor() -> FilmAssessor:
    """The assessor that the whole process shares; see LiveAssessor.get."""
    return _LIVE.get()


def warm_up() -> threading.Thread:
    """Loads the assessor in a thread of its own. A failure is logged here and told to whoever assesses first."""
    thread = threading.Thread(target=_load_quietly, name="warm-up", daemon=True)
    thread.start()
    return thread


def _load_quietly() -> None:
    try:
        live_assessor()
    except Exception:
        _log.exception("The weights could not be loaded.")
    else:
        gc.freeze()  # 400,000 objects that stay; looking through them for garbage took a quarter of a second now and then
