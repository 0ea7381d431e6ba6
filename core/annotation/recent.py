"""A small cache of recent results, shared by the sessions of one process."""

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
        self._cleared = 0

    def clear(self) -> None:
        """Forgets everything, including what is being made just now."""
        with self._lock:
            self._values.clear()
            self._cleared += 1

    def items(self) -> list[tuple[Key, Value]]:
        """Everything that is remembered."""
        with self._lock:
            return list(self._values.items())

    def put(self, key: Key, value: Value) -> None:
        """Remembers a value in place of the earlier one."""
        with self._lock:
            self._keep(key, value)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not remembered; what `make` raises is passed on and nothing is kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            cleared = self._cleared
        value = make()
        with self._lock:
            if cleared == self._cleared:
                self._keep(key, value)
        return value

    def _keep(self, key: Key, value: Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)
