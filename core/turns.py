"""Takes turns on the processor's cores: one film at a time, and people who wait for an answer before the background."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One holder at a time. Whoever waits in `now` gets the next turn before all that wait in `when_free`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._people = 0

    @contextmanager
    def now(self) -> Iterator[None]:
        """A turn for work that a person waits for; it waits for the film in hand at most."""
        with self._changed:
            self._people += 1
            try:
                self._changed.wait_for(lambda: not self._taken)
                self._taken = True
            finally:
                self._people -= 1
        yield from self._turn()

    @contextmanager
    def when_free(self) -> Iterator[None]:
        """A turn for work that can wait until nobody else does."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken and not self._people)
            self._taken = True
        yield from self._turn()

    def _turn(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()
