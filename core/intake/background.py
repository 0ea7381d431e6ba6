"""Assesses the ledger's films that the current weights have not seen yet, one by one, while people work."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from core.bones import Sex
from core.errors import BoneGradeError, FilmRefused
from core.film.radiograph import Radiograph
from core.intake.crop_shelf import CropShelf
from core.intake.turns import Turns
from core.ledger import Ledger
from core.ledger.predictions import weights_key
from core.ledger.schema import film, picture, prediction

if TYPE_CHECKING:
    # Not imported here: torch takes seconds to import, and the page that starts the background need not wait for it.
    from core.assessment.assessor import Assessment, Assessor

_log = logging.getLogger(__name__)

#: After a trouble that is not a film's own (no weights, no database), so long until the next try, in seconds.
_RETRY_SECONDS: Final = 30.0
#: The time left is told by so many films before.
_TIMED_FILMS: Final = 20


@dataclass(frozen=True)
class Progress:
    """How far the background is. done, failed, total: films since it last was idle; failed ones are tried again when the
    program is started anew. film_id: in hand, None if none. seconds_left: None if not known. trouble: what keeps it from
    working, as a sentence; "" if nothing. looking: not idle, though films may not have been counted yet."""

    done: int
    failed: int
    total: int
    film_id: int | None
    seconds_left: float | None
    trouble: str = ""
    looking: bool = False

    @property
    def at_work(self) -> bool:
        """Whether films still wait, or it is just being looked whether any do."""
        return self.looking or self.done + self.failed < self.total


@dataclass(frozen=True)
class Judgement:
    """What the model said of one film: an assessment, or the sentence with which it refused it."""

    weights: dict[str, str]
    said: "Assessment | str"

    def store(self, ledger: Ledger, film_id: int) -> None:
        """Stores it as the film's prediction, or as its refusal; crops are cut now, so that an export need not wait."""
        if isinstance(self.said, str):
            ledger.add_refusal(film_id, self.weights, self.said)
        else:
            prediction = ledger.add_prediction(film_id, self.said)
            CropShelf(ledger).fill(ledger.film(film_id), prediction)


class BackgroundAssessor:
    """Works in a thread of its own on all films whose pixels are kept; safe to use from many threads.

    What it has done is in the ledger alone, so after a stop, or a kill, it goes on where it was.
    """

    def __init__(self, ledger: Ledger, load_assessor: Callable[[], "Assessor"], turns: Turns):
        """load_assessor: first called when there is a film to assess. turns: shared with all who compute."""
        self._ledger = ledger
        self._load_assessor = load_assessor
        self._turns = turns
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._failed: set[int] = set()
        self._done_now = self._failed_now = self._waiting = 0
        self._film_id: int | None = None
        self._trouble = ""
        self._idle = True
        self._seconds: deque[float] = deque(maxlen=_TIMED_FILMS)

    def start(self) -> None:
        """Starts the thread, unless it runs; films that an earlier run left are taken up at once."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._woken.set()
                self._idle = False
                self._thread = threading.Thread(target=self._run, name="background-assessor", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Says that there are new films."""
        with self._lock:
            self._woken.set()
            self._idle = self._thread is None

    def stop(self, timeout: float = 10.0) -> None:
        """Ends the thread after the film in hand, and waits for that, but for no more than `timeout` seconds."""
        self._stopping.set()
        self._woken.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def progress(self) -> Progress:
        """How far it is."""
        with self._lock:
            seconds = sum(self._seconds) / len(self._seconds) * self._waiting if self._seconds else None
            total = self._done_now + self._failed_now + self._waiting
            return Progress(
                self._done_now, self._failed_now, total, self._film_id, seconds, self._trouble, not self._idle
            )

    def judge(self, radiograph: Radiograph, sex: Sex) -> Judgement:
        """Asks the model about one film at once, when nobody waits. Raises BoneGradeError if there are no weights."""
        assessor = self._load_assessor()
        with self._turns.when_free() as give_way:
            return _judgement(assessor, radiograph, sex, give_way)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                self._idle = False
                self._woken.clear()
            try:
                self._work_through()
                trouble = ""
            except BoneGradeError as error:
                trouble = str(error)
            except Exception:
                _log.exception("Assessing in the background came to a halt; it is tried again.")
                trouble = "Assessing came to a halt; it is tried again shortly, and the server's log says why."
            with self._lock:
                self._trouble, self._film_id = trouble, None
                self._idle = not self._woken.is_set()
            self._woken.wait(_RETRY_SECONDS if trouble else None)

    def _work_through(self) -> None:
        """Assesses all films that wait."""
        if not self._count(None):
            self._begin(0)
            return
        assessor = self._load_assessor()
        key = weights_key(assessor.weights)
        self._begin(self._count(key))
        film_id = 0
        while not self._stopping.is_set():
            if self._woken.is_set():
                self._woken.clear()
                self._begin(self._count(key))
            following = self._next(key, film_id)
            if following is not None:
                film_id = following
                self._assess(assessor, film_id)
            elif film_id and self._next(key, 0) is not None:
                # A film may have got its pixels, by a consent given later, after its turn.
                film_id = 0
            else:
                self._begin(0)
                return

    def _begin(self, waiting: int) -> None:
        with self._lock:
            if not self._waiting and waiting:
                self._done_now = self._failed_now = 0
            self._waiting = waiting

    def _assess(self, assessor: "Assessor", film_id: int) -> None:
        with self._lock:
            self._film_id = film_id
        started = time.monotonic()
        try:
            record = self._ledger.film(film_id)
            radiograph = self._ledger.radiograph(record)
            if radiograph is not None:
                with self._turns.when_free() as give_way:
                    judgement = _judgement(assessor, radiograph, record.sex, give_way)
                judgement.store(self._ledger, film_id)
            failed = False
        except Exception:
            _log.exception("Film %d could not be assessed; the others go on.", film_id)
            failed = True
        with self._lock:
            self._waiting = max(0, self._waiting - 1)
            self._seconds.append(time.monotonic() - started)
            if failed:
                self._failed.add(film_id)
                self._failed_now += 1
            else:
                self._done_now += 1

    def _count(self, key: str | None) -> int:
        """How many films wait for the weights of this key; without a key, how many films have pixels at all."""
        with self._ledger.reading_transaction() as connection:
            number: int = connection.execute(
                sa.select(sa.func.count()).select_from(self._waiting_films(key).subquery())
            ).scalar_one()
            return number

    def _next(self, key: str, after: int) -> int | None:
        """The first film that waits and has a greater id."""
        query = self._waiting_films(key).where(film.c.id > after).order_by(film.c.id).limit(1)
        with self._ledger.reading_transaction() as connection:
            return connection.execute(query).scalar_one_or_none()

    def _waiting_films(self, key: str | None) -> sa.Select[int]:
        seen = sa.exists().where(prediction.c.film_id == film.c.id, prediction.c.weights_key == key)
        query = sa.select(film.c.id).join(picture, picture.c.film_id == film.c.id)
        if key is not None:
            query = query.where(~seen)
        return query.where(film.c.id.not_in(self._failed)) if self._failed else query


def _judgement(assessor: "Assessor", radiograph: Radiograph, sex: Sex, between_steps: Callable[[], None]) -> Judgement:
    try:
        assessment = assessor.assess(radiograph, sex, lambda share, step: between_steps())
        return Judgement(assessor.weights, assessment)
    except FilmRefused as refusal:
        return Judgement(assessor.weights, str(refusal))
