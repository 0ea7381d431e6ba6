"""What was collected since a model was made, and what a run leaves out."""

import pytest

from core.bones import RUS_BONES
from core.dataset.split import Shares, part_of
from core.learning.errors import LessonsRefused
from core.learning.lessons.collected import collected
from core.ledger import Correction
from tests.stored_films import Store, graded, hand


def test_what_was_said_since_is_counted_and_what_is_left_out_has_its_reason(store: Store) -> None:
    assert collected(store.ledger, 0).films == 0
    with pytest.raises(LessonsRefused, match=r"no grades to learn from .* may be kept\.$"):
        collected(store.ledger, 0).check_enough()
    outside = (number for number in range(100) if part_of(hand(number).sha256, Shares()) != "test")
    store.save(store.film(next(outside)), [graded(bone, 5) for bone in RUS_BONES], "ann")
    since = store.ledger.ledger_revision()
    with pytest.raises(LessonsRefused, match="at least two patients"):
        collected(store.ledger, 0).check_enough()
    second, gold, bare = (store.film(next(outside), consent=consent) for consent in (True, True, False))
    only_gold = store.film(next(outside))
    for film, reader in ((second, "ann"), (gold, "ben"), (bare, "ben")):
        store.save(film, [graded("Radius", 7), graded("Ulna", 0), Correction("MC1", "unreadable", None)], reader)
    for film in (gold, only_gold):
        store.gold(film, {"Radius": 6})
    store.save(second, [graded("Radius", 8)], "cleo")
    store.save(second, [graded("Radius", 7)], "ann")
    found = collected(store.ledger, since)
    assert (found.films, found.taken, found.grades, found.boxes, found.consent) == (4, 1, 2, 0, 3)
    assert found.by_bone["Radius"][7] == 1 and found.by_bone["Ulna"][0] == 1 and sum(found.by_bone["MC1"]) == 0
    assert found.readers == ("ann", "ben", "cleo", "rita") and found.taken_in_all == 2
    assert found.left_out == {"of the test part, where the gold films are": 2, "no pixels kept, or no hand found": 1}
    found.check_enough()
    assert collected(store.ledger, 0).grades == 2 + len(RUS_BONES)
