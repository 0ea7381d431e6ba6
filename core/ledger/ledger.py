"""The ledger: what films there are, what the model said of them, and what people said. Nothing said is lost or changed."""

from core.ledger.film_ledger import FilmLedger
from core.ledger.word_ledger import WordLedger


class Ledger(FilmLedger, WordLedger):
    """One store, with its films and what was said of them.

    Every change is on the disk before its method returns. Names of readers come from the caller, who has made sure of
    them and of what their role allows: see core.access.roles.
    """
