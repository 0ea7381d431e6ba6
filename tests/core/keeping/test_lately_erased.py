"""What every process can learn of films that were erased, whichever process erased them."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.access.roles import OPERATOR
from core.keeping import lately_erased
from core.keeping.erasing import Retention, erase_films, erase_what_is_due
from core.keeping.lately_erased import erased_after, erased_lately
from core.ledger import Consent, Ledger
from core.ledger.store import schema
from tests.reading_room import ReadingRoom
from tests.stored_films import hand


@pytest.mark.parametrize("labels_too", [False, True])
def test_another_process_learns_which_films_were_erased_since_it_looked_and_which_came_before(
    room: ReadingRoom, labels_too: bool
) -> None:
    first, second = (
        room.ledger.add_film(hand(number), "F", reader="anna", source="queue", consent=Consent()).film
        for number in (1, 2)
    )
    other = Ledger.open(room.settings)
    seen, before = lately_erased.erasures(other), datetime.now(UTC)
    assert not erased_after(other, seen).moments
    erase_films(room.ledger, [first.id], OPERATOR, labels_too=labels_too)
    erased = erased_after(other, seen)
    assert erased.since(first.sha256, before) and not erased.since(second.sha256, before)
    assert not erased.since(first.sha256, datetime.now(UTC)), "an erasure is not a ban"
    assert erased.moments == erased_lately(other, first.sha256).moments
    assert not erased_lately(other, second.sha256).moments
    now = lately_erased.erasures(other)
    assert not erased_after(other, now).moments, "it was looked at"
    again, later = (
        room.ledger.add_film(hand(1), "F", reader="anna", source="queue", consent=Consent()).film,
        datetime.now(UTC),
    )
    erase_films(room.ledger, [again.id], OPERATOR, labels_too=labels_too)
    assert erased_after(other, now).since(first.sha256, later), "once more"
    other.close()


def test_what_is_known_of_an_erased_film_is_no_hash_of_it_and_gone_after_a_day(room: ReadingRoom) -> None:
    films = [
        room.ledger.add_film(hand(number), "F", reader="anna", source="queue", consent=Consent()).film
        for number in (1, 2)
    ]
    erase_films(room.ledger, [film.id for film in films], OPERATOR, labels_too=True)
    lately = schema.lately_erased
    with room.ledger.reading_transaction() as connection:
        keys = set(connection.execute(sa.select(lately.c.film_key)).scalars())
    assert keys == {room.ledger.film_key(film.sha256) for film in films}
    assert not keys & {film.sha256 for film in films}
    with room.ledger.erasing_transaction() as connection:
        old = {"erased_at": datetime.now(UTC) - timedelta(days=1, minutes=1)}
        connection.execute(sa.update(lately).where(lately.c.number == 1).values(old))
    erase_what_is_due(room.ledger, Retention(), None)
    assert not erased_lately(room.ledger, films[0].sha256).moments
    assert erased_lately(room.ledger, films[1].sha256).moments
