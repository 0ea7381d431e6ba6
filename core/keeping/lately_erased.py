"""Which films were erased lately, by any process, so that every process drops them from memory and from temporary
files.

A film that was erased completely can no longer be found in the ledger, so a pseudonym of its hash is kept for a day, longer
than any page remembers a film. An erasure is not a ban: it does not apply to what comes in again afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.keeping import erasures as rows
from core.ledger import Ledger
from core.ledger.store import schema

_LATELY = schema.lately_erased.c


@dataclass(frozen=True)
class Erased:
    """Films that were erased, and when. key_of: the pseudonym of a film's hash. moments: by pseudonym."""

    key_of: Callable[[str], str]
    moments: Mapping[str, datetime]

    def since(self, sha256: str, came: datetime) -> bool:
        """Whether a film (SHA-256 of its pixels) was erased, or its picture alone, after it came."""
        gone = self.moments.get(self.key_of(sha256))
        return gone is not None and came <= gone


def erasures(ledger: Ledger) -> int:
    """How many times films or names were erased."""
    with ledger.reading_transaction() as connection:
        return rows.count(connection)


def erased_after(ledger: Ledger, erasures: int) -> Erased:
    """The films that were erased after the given number of erasures: see `erasures`."""
    return _erased(ledger, _LATELY.number > erasures)


def erased_lately(ledger: Ledger, sha256: str) -> Erased:
    """One film (SHA-256 of its pixels), if it was erased within the last day."""
    return _erased(ledger, _LATELY.film_key == ledger.film_key(sha256))


def _erased(ledger: Ledger, which: sa.ColumnElement[bool]) -> Erased:
    query = sa.select(_LATELY.film_key, _LATELY.erased_at).where(which)
    with ledger.reading_transaction() as connection:
        return Erased(ledger.film_key, {row.film_key: row.erased_at for row in connection.execute(query)})
