"""A power cut or a full disk at every step of a save, an upload and an erasure: what was there stays, what was begun is
either whole or absent, and repeating it completes it."""

import os
import uuid
from collections.abc import Callable

import pytest

from core.access.roles import OPERATOR
from core.bones import RUS_BONES
from core.intake.filing import Filing
from core.keeping.erasing import erase_films, finish
from core.ledger import Consent
from tests.faults import Fault, struck
from tests.stored_films import Store, accepted, assessment, hand

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
FAULTS: tuple[Fault, ...] = ("power cut", "full disk")


def at_every_step(store: Store, fault: Fault, action: Callable[[], object], check: Callable[[int], None]) -> int:
    """Strikes the action at each of its steps in turn, checks after each what is left, and returns the number of strikes."""
    at = 0
    store.ledger.close()  # connections are not shared with a process that dies
    while struck(store.ledger.folder, at, fault, action):
        check(at)
        store.ledger.close()
        at += 1
    return at


def pictures(store: Store) -> set[str]:
    return {path.stem for path in (store.ledger.folder / "pictures").rglob("*.png")}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_save(store: Store, fault: Fault) -> None:
    other, film = store.film(1), store.film(2)
    earlier, draft = store.accept(other), {"grades": {"Radius": 3}}
    store.ledger.keep_draft(film.id, "anna", draft)
    prediction, token = store.prediction(film), uuid.uuid4().hex

    def save() -> None:
        store.ledger.save(
            film.id, accepted(prediction), reader="anna", base_revision=0, token=token,
            prediction_id=prediction.id, seconds=9.0,
        )  # fmt: skip

    def check(at: int) -> None:
        said = store.ledger.history(film.id)
        assert said == [] or len(said[0].corrections) == len(RUS_BONES), at
        assert store.ledger.draft(film.id, "anna") == (None if said else draft), at
        assert store.ledger.history(other.id) == [earlier], at

    assert at_every_step(store, fault, save, check) > 3
    save()
    (event,) = store.ledger.history(film.id)
    assert len(event.corrections) == len(RUS_BONES)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_upload(store: Store, fault: Fault) -> None:
    radiograph, other = hand(3), store.film(1)
    said = assessment(store.assessor, radiograph, "M", 3)

    def upload() -> None:
        film = store.ledger.add_film(
            radiograph, "M", reader="anna", source="queue", consent=Consent(), patient="P-1"
        ).film
        Filing(store.ledger, lambda: store.assessor, turn=None).store(film, said)  # type: ignore[arg-type]

    def check(at: int) -> None:
        films = list(store.ledger.films())
        assert films[0] == other, at
        for film in films[1:]:
            kept = store.ledger.radiograph(film)
            assert film.consent and kept is not None and kept.sha256 == radiograph.sha256, at
        assert {film.picture for film in films} <= pictures(store), at

    assert at_every_step(store, fault, upload, check) > 5
    upload()
    _, film = store.ledger.films()
    prediction = store.prediction(film)
    assert prediction.refusal is None and {film.picture, other.picture} == pictures(store)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_erasure(store: Store, fault: Fault) -> None:
    other, pixels = store.film(1), hand(2).sha256
    kept = store.accept(other)

    def come_again() -> None:
        store.accept(store.film(2))

    def erase() -> None:
        film = store.ledger.film_by_hash(pixels)
        erase_films(store.ledger, [film.id] if film else [], OPERATOR, labels_too=True)

    def check(at: int) -> None:
        film = store.ledger.film_by_hash(pixels)
        if film is not None:
            assert len(store.ledger.reading(film.id, "anna")) == len(RUS_BONES), at
            assert store.ledger.radiograph(film) is not None, at
        else:
            finish(store.ledger)  # as the next start does
            assert pictures(store) == {other.picture}, at
            come_again()
        assert store.ledger.history(other.id) == [kept] and store.ledger.radiograph(other) is not None, at

    come_again()
    assert at_every_step(store, fault, erase, check) > 5
    assert pictures(store) == {other.picture} and store.ledger.film_by_hash(pixels) is None
