"""The ledger at a revision: whose word counts, and that nothing of later shows."""

import uuid
from collections.abc import Callable

import pytest

from core.dataset.snapshot import FilmSnapshot, NothingToExport, Snapshot
from core.ledger import Consent, Correction, LabelRule
from tests.reading_room import standing
from tests.stored_films import Store, graded, hand


def _one(store: Store, revision: int | None = None, rule: LabelRule = "latest", reviewers: str = "") -> FilmSnapshot:
    (found,) = Snapshot.of(store.ledger, revision, rule, reviewers.split()).films()
    return found


def _grades(found: FilmSnapshot) -> dict[str, int | None]:
    return {bone: said.correction.grade for bone, said in found.words.items()}


def _predicted_by(found: FilmSnapshot) -> int | None:
    return found.prediction and found.prediction.id


def test_whose_word_counts(store: Store) -> None:
    film = store.film(1)
    store.save(film, [graded("MC3", 5), graded("Ulna", 2)], "rita")
    store.save(film, [graded("MC3", 6)], "anna")
    store.save(film, [graded("MC3", 6)], "ben")
    store.save(film, [graded("MC3", 7)], "carl")
    assert _grades(_one(store)) == {"Ulna": 2, "MC3": 7}
    assert _grades(_one(store, rule="majority")) == {"Ulna": 2, "MC3": 6}
    assert _grades(_one(store, rule="reviewer_first", reviewers="rita")) == {"Ulna": 2, "MC3": 5}
    store.gold(film, {"MC3": 8})
    found = _one(store, rule="reviewer_first", reviewers="anna")
    assert _grades(found) == {"Ulna": 2, "MC3": 8}
    assert found.words["MC3"].event is found.gold
    assert _grades(_one(store)) == {"Ulna": 2, "MC3": 7}


@pytest.mark.parametrize("rule", ["latest", "majority", "reviewer_first"])
def test_the_rule_is_the_ledgers(store: Store, rule: LabelRule) -> None:
    film = store.film(1)
    for number, reader in enumerate(["anna", "ben", "rita", "ben", "carl"]):
        store.save(film, [graded("MC3", number + 1), graded("PP1", number % 2 + 1)], reader)
    found = _one(store, rule=rule, reviewers="rita")
    assert {b: s.correction for b, s in found.words.items()} == standing(store.ledger, film.id).labels(rule, ["rita"])
    for bone, said in found.words.items():
        assert said.correction in said.event.corrections and said.correction.bone == bone


def test_a_revision_shows_nothing_of_later(store: Store) -> None:
    film = store.film(1, consent=False, assessed=False)
    first = store.save(film, [graded("MC3", 5)])
    then = _one(store)
    store.ledger.add_film(hand(1), "F", reader="anna", source="queue", consent=Consent())
    store.film(1)
    store.save(film, [graded("MC3", 6), Correction("Ulna", "unreadable", None)], "ben")
    store.gold(film, {"MC3": 8})
    other = store.film(2)
    store.accept(other)
    assert _one(store, first.id) == then
    assert (then.film.consent, then.prediction, then.gold) == (False, None, None)
    now = list(Snapshot.of(store.ledger).films())
    assert [found.film.id for found in now] == [film.id, other.id]
    assert now[0].film.consent and now[0].film.picture and now[0].prediction and now[0].gold


def test_undone_words_do_not_count(store: Store) -> None:
    film = store.film(1)
    store.save(film, [graded("MC3", 5)])
    second = store.save(film, [graded("MC3", 6)])
    base = store.ledger.revision(film.id)
    undo = store.ledger.undo(film.id, second.id, reader="anna", base_revision=base, token=uuid.uuid4().hex)
    assert _grades(_one(store)) == {"MC3": 5}
    assert _grades(_one(store, undo.id - 1)) == {"MC3": 6}


def test_films_without_words_are_left_out(store: Store) -> None:
    film, skipped = store.film(1), store.film(2)
    store.film(3)
    event = store.accept(film)
    store.ledger.say(skipped.id, "skip", reader="anna", token=uuid.uuid4().hex)
    assert [found.film.id for found in Snapshot.of(store.ledger).films()] == [film.id]
    base = store.ledger.revision(film.id)
    store.ledger.undo(film.id, event.id, reader="anna", base_revision=base, token=uuid.uuid4().hex)
    assert list(Snapshot.of(store.ledger).films()) == []


def test_the_prediction_that_readers_had_before_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    film = store.film(1)
    first = store.prediction(film)
    monkeypatch.setattr(store.assessor, "weights", {"localizer": "a" * 64, "grader": "b" * 64})
    store.film(1)
    later = store.prediction(film)
    assert later.id != first.id
    token = uuid.uuid4().hex
    store.ledger.save(
        film.id, [graded("MC3", 5)], reader="anna", base_revision=0, token=token, prediction_id=first.id, seconds=1
    )
    assert _predicted_by(_one(store)) == first.id
    store.save(film, [graded("MC3", 6)], "ben")
    assert _predicted_by(_one(store)) == later.id


def test_more_films_than_are_read_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.dataset.snapshot._PAGE", 2)
    films = [store.film(number) for number in range(5)]
    for film in films:
        store.accept(film)
    found = list(Snapshot.of(store.ledger).films())
    assert [f.film.id for f in found] == [film.id for film in films]
    assert all(len(f.words) == 13 and f.prediction is not None for f in found)


def test_revisions_that_do_not_exist(store: Store) -> None:
    with pytest.raises(NothingToExport, match="save a reading first"):
        Snapshot.of(store.ledger)
    last = store.accept(store.film(1)).id
    for revision in (0, -1, last + 1):
        with pytest.raises(NothingToExport, match=f"the revisions 1 to {last}, not {revision}"):
            Snapshot.of(store.ledger, revision)


def test_everybody_who_spoke(store: Store, make_store: Callable[..., Store]) -> None:
    film = store.film(1)
    store.accept(film, "ben")
    store.accept(film, "anna")
    store.gold(film, {"MC3": 8}, "rita")
    assert Snapshot.of(store.ledger).readers() == ["anna", "ben", "rita"]
    assert Snapshot.of(store.ledger, 1).readers() == ["ben"]
