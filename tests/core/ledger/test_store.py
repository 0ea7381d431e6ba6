"""The ledger on SQLite and PostgreSQL: what is said is kept, and nothing that was said is changed."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from core.bones import RUS_BONES
from core.ledger import (
    Correction,
    DamagedStore,
    Event,
    InvalidCorrection,
    Ledger,
    StaleRevision,
    UnknownFilm,
    UnreachableDatabase,
)
from core.ledger.schema import APPEND_ONLY
from core.ledger.settings import LedgerSettings
from tests.core.ledger.conftest import Store, graded, radiograph, token


def test_what_is_saved_is_there_after_closing(store: Store) -> None:
    film = store.film()
    box = (1.0, 2.0, 11.5, 12.0)
    said = [
        Correction("Radius", "graded", 7, box, note="clear", seconds=3.5),
        Correction("Ulna", "absent", 0),
        Correction("DP5", "unreadable", None, note="cut off"),
    ]
    event = store.ledger.save(
        film.id, said, reader="anna", base_revision=0, token=token(), prediction_id=None, seconds=30, note="left hand"
    )
    assert (event.revision, event.base_revision, event.kind, event.reader) == (1, 0, "correction", "anna")
    store.ledger.close()
    again = Ledger.open(store.settings)
    (kept,) = again.history(film.id)
    assert kept == event and kept.corrections == tuple(said) and kept.note == "left hand" and kept.seconds == 30
    assert again.reading(film.id, "anna") == {said_of.bone: said_of for said_of in said}
    assert again.revision(film.id) == 1 and again.ledger_revision() == event.id
    again.close()


def test_the_same_save_sent_twice_is_one_event(store: Store) -> None:
    film, mine = store.film(), token()

    def send() -> Event:
        return store.ledger.save(
            film.id, [graded("MC1", 4)], reader="anna", base_revision=0, token=mine, prediction_id=None, seconds=1
        )

    assert send() == send() and len(store.ledger.history(film.id)) == 1


def test_a_save_on_a_stale_revision_shows_both_versions_and_keeps_both_after_a_choice(store: Store) -> None:
    film = store.film()
    theirs = store.save(film, {"Radius": 5}, reader="ben")
    with pytest.raises(StaleRevision, match="changed by ben since you opened it") as stale:
        store.save(film, {"Radius": 7}, reader="anna", base=0)
    conflict = stale.value.conflict
    assert (conflict.base_revision, conflict.revision) == (0, 1)
    assert conflict.theirs == (theirs,) and [c.grade for c in conflict.mine] == [7]
    assert store.ledger.history(film.id) == [theirs], "nothing was changed"
    store.save(film, {"Radius": 7}, reader="anna", base=conflict.revision)
    assert store.grades(film, "anna") == {"Radius": 7} and store.grades(film, "ben") == {"Radius": 5}


def test_another_window_of_the_same_reader_conflicts_too(store: Store) -> None:
    film = store.film()
    store.save(film, {"Radius": 5})
    with pytest.raises(StaleRevision):
        store.save(film, {"Ulna": 5}, base=0)


def test_words_on_the_queue_never_conflict(store: Store) -> None:
    film = store.film()
    for kind in ("skip", "flag", "unflag", "assign"):
        store.ledger.say(film.id, kind, reader="ben", token=token(), note="anna" if kind == "assign" else "why")  # type: ignore[arg-type]
    assert store.ledger.revision(film.id) == 0
    store.save(film, {"Radius": 5}, base=0)
    assert store.ledger.revision(film.id) == 1 and len(store.ledger.history(film.id)) == 5


_WRONG: dict[str, Correction] = {
    "a bone that there is not": graded("MC2", 3),
    "a grade that the bone does not have": graded("Radius", 15),
    "a negative grade": Correction("Radius", "graded", -1),
    "a grade under another verdict": Correction("Radius", "absent", 3),
    "a grade of what cannot be read": Correction("Radius", "unreadable", 3),
    "no grade": Correction("Radius", "graded", None),
    "a box outside the film": graded("Radius", 3, box=(30.0, 10.0, 41.0, 20.0)),
    "a box left of the film": graded("Radius", 3, box=(-1.0, 10.0, 20.0, 20.0)),
    "an empty box": graded("Radius", 3, box=(10.0, 10.0, 10.0, 20.0)),
    "a box of no numbers": graded("Radius", 3, box=(float("nan"), 1.0, 2.0, 3.0)),
    "a negative time": graded("Radius", 3, seconds=-1.0),
    "an acceptance of no prediction": graded("Radius", 3, accepted=True),
}


@pytest.mark.parametrize("what", _WRONG)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_changes(store: Store, what: str) -> None:
    film = store.film()
    with pytest.raises(InvalidCorrection, match=r"^[A-Z0-9\"'].*\.$"):
        store.ledger.save(
            film.id, [graded("Ulna", 3), _WRONG[what]],
            reader="anna", base_revision=0, token=token(), prediction_id=None, seconds=1,
        )  # fmt: skip
    assert store.ledger.history(film.id) == [] and store.ledger.revision(film.id) == 0


def test_one_bone_twice_nothing_at_all_and_an_unknown_film_are_refused(store: Store) -> None:
    film = store.film()
    for corrections in ([graded("Ulna", 3), graded("Ulna", 4)], []):
        with pytest.raises(InvalidCorrection):
            store.ledger.save(
                film.id, corrections, reader="anna", base_revision=0, token=token(), prediction_id=None, seconds=1
            )
    with pytest.raises(UnknownFilm, match="no film 999"):
        store.save(replace(film, id=999), {"Ulna": 3}, base=0)


def test_undo_redo_and_restore_are_events_that_erase_nothing(store: Store) -> None:
    film = store.film()
    first = store.save(film, {"Radius": 5, "Ulna": 3})
    second = store.save(film, {"Radius": 6})
    assert store.grades(film) == {"Radius": 6, "Ulna": 3}

    def say(method: Callable[..., Event], event: Event) -> Event:
        return method(film.id, event.id, reader="anna", base_revision=store.ledger.revision(film.id), token=token())

    undo = say(store.ledger.undo, second)
    assert store.grades(film) == {"Radius": 5, "Ulna": 3}
    with pytest.raises(InvalidCorrection, match="undone already"):
        say(store.ledger.undo, second)
    say(store.ledger.undo, undo)
    assert store.grades(film) == {"Radius": 6, "Ulna": 3}
    say(store.ledger.restore, first)
    assert store.grades(film) == {"Radius": 5, "Ulna": 3}
    assert [event.kind for event in store.ledger.history(film.id)] == [
        "correction",
        "correction",
        "undo",
        "undo",
        "restore",
    ]
    with pytest.raises(InvalidCorrection, match=r"said by anna"):
        store.ledger.undo(film.id, first.id, reader="ben", base_revision=5, token=token())


def test_any_sequence_of_saves_undos_and_restores_gives_what_a_simple_model_gives(store: Store) -> None:
    """The model keeps each event's whole outcome; an undo takes an event out of the list, and an undo of it puts it back."""
    rolls = random.Random(3)
    for _ in range(4):
        film = store.film()
        said: list[Event] = []
        for _ in range(14):
            revision = store.ledger.revision(film.id)
            undone = _undone(said)
            choice = rolls.random()
            if choice < 0.5 or not said:
                grades = {bone: rolls.randrange(1, 9) for bone in rolls.sample(RUS_BONES, 3)}
                said.append(store.save(film, dict(grades)))
            elif choice < 0.8:
                able = [event for event in said if event.id not in undone]
                if not able:
                    continue
                target = rolls.choice(able).id
                said.append(store.ledger.undo(film.id, target, reader="anna", base_revision=revision, token=token()))
            else:
                target = rolls.choice(said).id
                said.append(store.ledger.restore(film.id, target, reader="anna", base_revision=revision, token=token()))
            assert store.grades(film) == _modelled(said)


def _undone(said: list[Event]) -> set[int]:
    taken: set[int] = set()
    for event in reversed(said):
        if event.kind == "undo" and event.id not in taken and event.target is not None:
            taken.add(event.target)
    return taken


def _modelled(said: list[Event]) -> dict[str, int | None]:
    taken = _undone(said)
    now: dict[str, int | None] = {}
    for event in said:
        if event.id in taken or event.kind == "undo":
            continue
        if event.kind == "restore":
            now = {}
        now |= {correction.bone: correction.grade for correction in event.corrections}
    return {bone: now[bone] for bone in RUS_BONES if bone in now}


def test_whose_word_counts_is_a_named_rule(store: Store) -> None:
    film = store.film()
    for reader, grade in (("anna", 5), ("ben", 5), ("rita", 7), ("carl", 6)):
        store.save(film, {"Radius": grade}, reader=reader)
    grade = {
        rule: store.ledger.labels(film.id, rule, reviewers={"rita"})["Radius"].grade  # type: ignore[arg-type]
        for rule in ("latest", "majority", "reviewer_first")
    }
    assert grade == {"latest": 6, "majority": 5, "reviewer_first": 7}
    reading = {"Radius": graded("Radius", 9)}
    base = store.ledger.revision(film.id)
    store.ledger.set_gold(film.id, reading, reader="rita", base_revision=base, token=token())
    assert store.ledger.labels(film.id, "reviewer_first", {"rita"})["Radius"].grade == 9
    assert store.ledger.labels(film.id, "latest")["Radius"].grade == 6, "gold is not a reading"


def test_gold_is_set_and_cleared(store: Store) -> None:
    film = store.film()
    assert store.ledger.gold(film.id) is None
    reading = {"Radius": graded("Radius", 9), "Ulna": graded("Ulna", 0)}
    store.ledger.set_gold(film.id, reading, reader="rita", base_revision=0, token=token())
    assert store.ledger.gold(film.id) == reading and store.ledger.readings(film.id) == {}
    store.ledger.clear_gold(film.id, reader="rita", base_revision=1, token=token())
    assert store.ledger.gold(film.id) is None
    with pytest.raises(InvalidCorrection, match="no gold reading"):
        store.ledger.clear_gold(film.id, reader="rita", base_revision=2, token=token())


def test_a_draft_comes_back_and_a_save_drops_it(store: Store) -> None:
    film = store.film()
    store.ledger.keep_draft(film.id, "anna", {"grades": {"Radius": 5}})
    store.ledger.keep_draft(film.id, "anna", {"grades": {"Radius": 6}})
    store.ledger.keep_draft(film.id, "ben", {"grades": {}})
    store.ledger.close()
    store.ledger = Ledger.open(store.settings)
    assert store.ledger.draft(film.id, "anna") == {"grades": {"Radius": 6}}
    store.save(film, {"Radius": 6}, reader="anna")
    assert store.ledger.draft(film.id, "anna") is None and store.ledger.draft(film.id, "ben") == {"grades": {}}
    store.ledger.drop_draft(film.id, "ben")
    assert store.ledger.draft(film.id, "ben") is None


def test_the_same_pixels_are_one_film(store: Store) -> None:
    first = store.ledger.add_film(radiograph(1), "F", reader="anna", source="queue", consent=False)
    second = store.ledger.add_film(radiograph(1), "M", reader="ben", source="assess", consent=False)
    assert not first.known and second.known and second.film == first.film
    assert store.ledger.film_by_hash(radiograph(1).sha256) == first.film and store.ledger.film_by_hash("0" * 64) is None


@pytest.mark.parametrize("levels", [255, 65535])
def test_pixels_are_kept_with_consent_alone_and_come_back_exactly(store: Store, levels: int) -> None:
    film = radiograph(1, levels)
    added = store.ledger.add_film(film, "F", reader="anna", source="queue", consent=False).film
    assert not added.consent and added.picture is None and store.ledger.radiograph(added) is None
    assert not [path for path in store.settings.folder.rglob("*.png")]
    given = store.ledger.add_film(film, "F", reader="anna", source="queue", consent=True)
    assert given.known and given.film.id == added.id and given.film.consent
    back = store.ledger.radiograph(given.film)
    assert back is not None and back.sha256 == film.sha256 and back.spacing_mm == film.spacing_mm
    np.testing.assert_array_equal(back.pixels, film.pixels)


def test_a_missing_and_a_changed_picture_are_named(store: Store) -> None:
    film = store.film(consent=True)
    path = store.ledger.picture_file(film)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedStore, match="was changed since it was kept"):
        store.ledger.radiograph(film)
    path.unlink()
    with pytest.raises(DamagedStore, match="is missing from the data folder"):
        store.ledger.radiograph(film)


def test_a_patients_id_becomes_a_pseudonym_that_stays(store: Store) -> None:
    name = "Mueller 1234567"
    first, second, other = (
        store.film(patient=name),
        store.film(patient=f" {name} "),
        store.film(patient="somebody else"),
    )
    assert first.patient_key == second.patient_key != other.patient_key and len(first.patient_key) == 16
    assert store.film().patient_key == ""
    store.ledger.close()
    for path in store.settings.folder.rglob("*"):
        assert not path.is_file() or name.encode() not in path.read_bytes()
    store.ledger = Ledger.open(store.settings)
    assert store.film(patient=name).patient_key == first.patient_key


def test_the_database_itself_refuses_to_change_what_was_said(store: Store) -> None:
    film = store.film(consent=True)
    store.save(film, {"Radius": 5})
    engine = sa.create_engine(store.settings.url)
    for table in APPEND_ONLY:
        column = "bone" if table == "correction" else "reader" if table == "event" else "id"
        column = "film_id" if table == "picture" else column
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with engine.connect() as connection:
                rows = connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
                if rows == 0:
                    continue
                with pytest.raises(DatabaseError, match="never changed"):
                    connection.execute(sa.text(statement))
    engine.dispose()
    assert store.grades(film) == {"Radius": 5}


def test_events_are_streamed_in_order_and_from_any_place(store: Store) -> None:
    films = [store.film() for _ in range(3)]
    events = [store.save(film, {"Radius": 5}, reader=reader) for film in films for reader in ("anna", "ben")]
    assert list(store.ledger.events()) == events
    assert list(store.ledger.events(after=events[2].id, limit=2)) == events[3:5]
    assert [film.id for film in store.ledger.films()] == [film.id for film in films]


def test_a_database_that_is_not_there_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = LedgerSettings(tmp_path_factory.mktemp("data"), "postgresql+psycopg://nobody:secret@127.0.0.1:1/x")
    with pytest.raises(UnreachableDatabase, match=r"BONEGRADE_DB") as error:
        Ledger.open(settings)
    assert "secret" not in str(error.value)
