"""The ledger: what films there are, what the model said of them, and what people said. Nothing said is lost or changed."""

from core.ledger.film_ledger import FilmLedger
from core.ledger.word_ledger import WordLedger


class Ledger(FilmLedger, WordLedger):
    """One store, with its films and what was said of them.

    Every change is on disk before its method returns. Readers' names come from the caller, which has checked them and what
    their role allows: see core.access.roles.
    """
