"""Assesses the ledger's films that the current weights have not seen yet, one by one, while people work."""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from core.errors import BoneGradeError
from core.intake.filing import Filing

_log = logging.getLogger(__name__)

#: Seconds until the next try after a fault that is not a film's own (no weights, no database).
_RETRY_SECONDS: Final = 30.0
#: Number of past films from which the time left is estimated.
_TIMED_FILMS: Final = 20


@dataclass(frozen=True)
class BackgroundProgress:
    """How far the background work is. done, failed, total: films since it was last idle; failed ones are tried again when
    the program is restarted. film_id: in hand, None if none. seconds_left: None if not known. trouble: what keeps it from
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
        """Whether films still wait, or it is being checked whether any do."""
        return self.looking or self.done + self.failed < self.total


class BackgroundAssessor:
    """Works in a thread of its own on all films whose pixels are kept; safe to use from many threads.

    What it has done is in the ledger alone, so after a stop, or a kill, it continues where it was.
    """

    def __init__(self, filing: Filing):
        """filing: of the ledger whose films wait; its model is only asked for when there is a film to assess."""
        self._filing = filing
        self._ledger = filing.ledger
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
        """Starts the thread, unless it is running; films that an earlier run left are taken up at once."""
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

    def progress(self) -> BackgroundProgress:
        """How far the work is."""
        with self._lock:
            seconds = sum(self._seconds) / len(self._seconds) * self._waiting if self._seconds else None
            total = self._done_now + self._failed_now + self._waiting
            return BackgroundProgress(
                self._done_now, self._failed_now, total, self._film_id, seconds, self._trouble, not self._idle
            )

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
                trouble = "Assessing stopped; it will be tried again shortly, and the server's log says why."
            with self._lock:
                self._trouble, self._film_id = trouble, None
                self._idle = not self._woken.is_set()
            self._woken.wait(_RETRY_SECONDS if trouble else None)

    def _work_through(self) -> None:
        """Assesses all films that wait."""
        if not self._ledger.films_to_assess():  # then no weights are needed either
            self._begin(0)
            return
        waiting = self._look()
        while waiting and not self._stopping.is_set():
            if self._woken.is_set():
                self._woken.clear()
                waiting = self._look()
            else:
                self._assess(waiting.popleft())
                # A film may have got its pixels, by a consent given later, without this thread being told.
                waiting = waiting or self._look()

    def _look(self) -> deque[int]:
        """The films that wait now for the present weights, in the order in which they came in."""
        films = self._ledger.films_to_assess(self._filing.weights())
        waiting = deque(film_id for film_id in films if film_id not in self._failed)
        self._begin(len(waiting))
        return waiting

    def _begin(self, waiting: int) -> None:
        with self._lock:
            if not self._waiting and waiting:
                self._done_now = self._failed_now = 0
            self._waiting = waiting

    def _assess(self, film_id: int) -> None:
        with self._lock:
            self._film_id = film_id
        started = time.monotonic()
        try:
            record = self._ledger.film(film_id)
            radiograph = self._ledger.radiograph(record)
            if radiograph is not None:
                self._filing.file(record, radiograph)
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
