"""Which films of the queue a person wants to see, in their terms: ages in years, and their own films."""

from dataclasses import dataclass
from typing import Final, Literal

from core.access.roles import Reader
from core.ledger.queue.reading_queue import QueueFilter, QueueOrder, QueueState

_MONTHS_A_YEAR: Final = 12
#: The greatest bone age, in years.
OLDEST: Final = 20


@dataclass(frozen=True)
class Wish:
    """Which films a person wants to see; ages in years, None where none was given. mine: those that were assigned to them."""

    order: str = QueueOrder.EXPECTED_GAIN.value
    state: QueueState = "to_read"
    sex: Literal["", "M", "F"] = ""
    youngest: float | None = 0.0
    oldest: float | None = OLDEST
    mine: bool = False

    @property
    def in_order(self) -> QueueOrder:
        """The order in which the films are offered."""
        return QueueOrder(self.order)

    @property
    def narrows(self) -> bool:
        """Whether films are hidden for anything other than their state."""
        return bool(self.sex or self.mine or self._ages)

    @property
    def _ages(self) -> tuple[float, float] | None:
        """The ages in months; None where no limit is set, so that films without an age are shown."""
        youngest, oldest = self.youngest or 0.0, OLDEST if self.oldest is None else self.oldest
        return None if (youngest, oldest) == (0.0, OLDEST) else (_MONTHS_A_YEAR * youngest, _MONTHS_A_YEAR * oldest)

    def filter(self, reader: Reader) -> QueueFilter:
        """The wish as the ledger's queue takes it."""
        return QueueFilter(self.sex or None, self._ages, self.state, reader.name if self.mine else None)
