"""What a running program does again and again beside its other work."""

import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


def keep_doing(work: Callable[[], object], every_seconds: float, name: str) -> threading.Thread:
    """Does the work now and after each pause, in a thread that ends with the program; returns it.

    What fails, for a full disk or a database that restarts, is logged under the name, and the next turn makes up for it.
    """

    def run() -> None:
        while True:
            try:
                work()
            except Exception:
                _log.exception("%s failed; it is tried again in %g seconds.", name, every_seconds)
            time.sleep(every_seconds)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
