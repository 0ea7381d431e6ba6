"""A small memory of what was made last, shared by the sessions of one process."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keeps the `size` values that were asked for last. Thread-safe; two threads may make the same value at once."""

    def __init__(self, size: int):
        self._size = size
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._values.clear()

    def peek(self, key: Key) -> Value | None:
        """The value of a key, if it is remembered."""
        with self._lock:
            return self._values.get(key)

    def items(self) -> list[tuple[Key, Value]]:
        """All that is remembered."""
        with self._lock:
            return list(self._values.items())

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not remembered; what `make` raises is passed on and nothing is kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value
