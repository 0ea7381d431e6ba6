"""Has something done once nobody has asked for anything for a while."""

import threading
from collections.abc import Callable


class Rest:
    """Waits for a pause in the work. Thread-safe."""

    def __init__(self, seconds: float, work: Callable[[], None]):
        """work: done in a thread of its own once this number of seconds has passed since `put_off` was last called."""
        self._seconds = seconds
        self._work = work
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def put_off(self) -> None:
        """Begins the pause again, as there is work or was just now."""
        timer = threading.Timer(self._seconds, self._work)
        timer.daemon = True  # a program that ends does not wait for it
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = timer
            timer.start()
