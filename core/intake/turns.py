"""Takes turns on the processor's cores: one film at a time, and people who wait for an answer before the background."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Turns:
    """One holder at a time. Whoever waits in `now` gets the next turn before all who wait in `when_free`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._people = 0

    @contextmanager
    def now(self) -> Iterator[Callable[[], None]]:
        """A turn for work that a person waits for; it waits for another person's film, or a step of the background's. It
        gives way to nobody, so the function that it is given to call between its steps does nothing."""
        with self._changed:
            self._people += 1
            try:
                self._changed.wait_for(lambda: not self._taken)
                self._taken = True
            finally:
                self._people -= 1
        try:
            yield lambda: None
        finally:
            self._end()

    @contextmanager
    def when_free(self) -> Iterator[Callable[[], None]]:
        """A turn for work that can wait until nobody else does. The work calls the function that it is given between its
        steps; this lets those waiting in `now` go first, and returns when the turn is the work's own again."""
        self._begin_when_free()
        try:
            yield self._give_way
        finally:
            self._end()

    def _begin_when_free(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._taken and not self._people)
            self._taken = True

    def _give_way(self) -> None:
        if self._people:
            self._end()
            self._begin_when_free()

    def _end(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()
