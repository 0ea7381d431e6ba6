"""What people say: saved once, on the revision they saw; undone, redone, restored, made gold."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.bones import RUS_BONES
from core.film.box import Box
from core.ledger import Conflict, Correction, Event, InvalidCorrection, StaleRevision, UnknownFilm
from core.standards import GRADE_COUNTS
from tests.reading_room import ReadingRoom, hand_at, standing

RADIUS5 = Correction("Radius", "graded", 5, Box(0.0, 0.5, 3.5, 4.0), note="fused?", seconds=4.5)
RADIUS6 = Correction("Radius", "graded", 6)
ULNA = Correction("Ulna", "absent", 0)
MC1 = Correction("MC1", "unreadable", None, Box(1.0, 1.0, 2.0, 2.0))


def _token() -> str:
    return uuid.uuid4().hex


def _save(room: ReadingRoom, film: int, *corrections: Correction, reader: str = "ann", **given: Any) -> Event:
    base = room.ledger.revision(film)
    words: dict[str, Any] = {"base_revision": base, "token": _token(), "prediction_id": None, "seconds": 60.0, **given}
    return room.ledger.save(film, corrections, reader=reader, **words)


def _said(room: ReadingRoom, film: int, reader: str = "ann") -> dict[str, int | None]:
    return {bone: correction.grade for bone, correction in room.ledger.reading(film, reader).items()}


def test_what_is_said_is_found_again(room: ReadingRoom) -> None:
    film = room.film()
    prediction = room.predict(film, hand_at(0.5))
    assert room.ledger.revision(film) == 0 and room.ledger.history(film) == []
    event = _save(room, film, MC1, RADIUS5, ULNA, prediction_id=prediction, note="a fine film")
    assert (event.film_id, event.revision, event.base_revision, event.kind) == (film, 1, 0, "correction")
    assert (event.reader, event.seconds, event.prediction_id, event.note) == ("ann", 60.0, prediction, "a fine film")
    assert event.corrections == (RADIUS5, ULNA, MC1)  # in the bones' order
    assert room.ledger.history(film) == [event] == list(room.ledger.events())
    assert room.ledger.reading(film, "ann") == {"Radius": RADIUS5, "Ulna": ULNA, "MC1": MC1}
    assert room.ledger.ledger_revision() == event.id


def test_later_words_stand_beside_earlier_ones(room: ReadingRoom) -> None:
    film = room.film()
    first = _save(room, film, RADIUS5, ULNA)
    second = _save(room, film, RADIUS6)
    assert room.ledger.reading(film, "ann") == {"Radius": RADIUS6, "Ulna": ULNA}
    assert room.ledger.history(film) == [first, second]


def test_readers_do_not_mix(room: ReadingRoom) -> None:
    film = room.film()
    _save(room, film, RADIUS5)
    _save(room, film, ULNA, reader="bob")
    assert standing(room.ledger, film).readings() == {"ann": {"Radius": RADIUS5}, "bob": {"Ulna": ULNA}}
    assert room.ledger.reading(film, "eve") == {}


def test_a_save_sent_twice_is_kept_once(room: ReadingRoom) -> None:
    film, token = room.film(), _token()
    first = _save(room, film, RADIUS5, token=token, base_revision=0)
    _save(room, film, ULNA)
    again = _save(room, film, RADIUS5, token=token, base_revision=0, seconds=99.0)
    assert again == first and len(room.ledger.history(film)) == 2


@pytest.mark.parametrize("other", ["words", "reader", "film", "kind"])
def test_a_token_does_not_swallow_other_words(room: ReadingRoom, other: str) -> None:
    film, token = room.film(), _token()
    _save(room, film, RADIUS5, token=token)
    with pytest.raises(InvalidCorrection, match="then save"):
        match other:
            case "words":
                _save(room, film, RADIUS6, token=token)
            case "reader":
                _save(room, film, RADIUS5, token=token, reader="bob")
            case "film":
                _save(room, room.film(), RADIUS5, token=token)
            case "kind":
                room.ledger.say(film, "flag", reader="ann", token=token)
    assert len(list(room.ledger.events())) == 1


def test_a_save_on_a_stale_revision_shows_both_versions(room: ReadingRoom) -> None:
    film = room.film()
    _save(room, film, ULNA, reader="cleo")
    theirs = (_save(room, film, RADIUS5, reader="bob"), room.undo(film, room.ledger.history(film)[0]))
    room.ledger.say(film, "flag", reader="eve", token=_token())
    room.ledger.keep_draft(film, "ann", {"Radius": 6})
    with pytest.raises(StaleRevision, match="bob and cleo") as caught:
        _save(room, film, RADIUS6, base_revision=1)
    conflict = caught.value.conflict
    assert conflict == Conflict(film, base_revision=1, revision=3, theirs=theirs, mine=(RADIUS6,))
    assert _said(room, film) == {} and room.ledger.draft(film, "ann") == {"Radius": 6}
    _save(room, film, RADIUS6, base_revision=conflict.revision)
    assert _said(room, film) == {"Radius": 6} and _said(room, film, "bob") == {"Radius": 5}


def test_another_window_of_the_same_reader_is_stale_too(room: ReadingRoom) -> None:
    film = room.film()
    event = _save(room, film, RADIUS5)
    words: dict[str, Any] = {"reader": "ann", "base_revision": 0, "token": _token()}
    for stale in (
        lambda: _save(room, film, RADIUS6, base_revision=0),
        lambda: room.ledger.undo(film, event.id, **words),
        lambda: room.ledger.restore(film, event.id, **words),
        lambda: room.ledger.set_gold(film, {"Radius": RADIUS5}, **words),
        lambda: room.ledger.clear_gold(film, **words),
    ):
        with pytest.raises(StaleRevision):
            stale()
    assert room.ledger.history(film) == [event]


@pytest.mark.parametrize("base", [-1, 2])
def test_a_revision_that_never_was_is_refused(room: ReadingRoom, base: int) -> None:
    film = room.film()
    _save(room, film, RADIUS5)
    with pytest.raises(InvalidCorrection, match="open the film again"):
        _save(room, film, RADIUS6, base_revision=base)


BAD: list[tuple[str, Callable[[], list[Correction]]]] = [
    ("not one of the 13", lambda: [Correction("Thumb", "graded", 3)]),
    ("twice", lambda: [RADIUS5, RADIUS6]),
    ("grades", lambda: [Correction("Ulna", "graded", GRADE_COUNTS["Ulna"] + 1)]),
    ("grades", lambda: [Correction("Radius", "graded", 0)]),
    ("grades", lambda: [Correction("Radius", "graded", -1)]),
    ("has no grade", lambda: [Correction("Radius", "graded", None)]),
    ("has no grade", lambda: [Correction("Radius", "graded", 3.5)]),  # type: ignore[arg-type]
    ("not visible yet", lambda: [Correction("Radius", "absent", 2)]),
    ("has no grade", lambda: [Correction("Radius", "absent", None)]),
    ("is marked unreadable but", lambda: [Correction("Radius", "unreadable", 3)]),
    ("not a verdict", lambda: [Correction("Radius", "maybe", 3)]),  # type: ignore[arg-type]
    ("outside the film", lambda: [Correction("Radius", "graded", 3, Box(-0.5, 0, 2, 2))]),
    ("outside the film", lambda: [Correction("Radius", "graded", 3, Box(0, 0, 4.1, 2))]),
    ("outside the film", lambda: [Correction("Radius", "graded", 3, Box(0, 0, 2, 5))]),
    ("accepted", lambda: [Correction("Radius", "graded", 3, accepted=True)]),
    ("seconds", lambda: [Correction("Radius", "graded", 3, seconds=-1.0)]),
    ("longer", lambda: [Correction("Radius", "graded", 3, note="x" * 2_001)]),
    ("cannot be stored", lambda: [Correction("Radius", "graded", 3, note="a\0b")]),
    ("cannot be stored", lambda: [Correction("Radius", "graded", 3, note="half a hand \ud83d")]),
    ("nothing to save", lambda: []),
]


@pytest.mark.parametrize(("sentence", "bad"), BAD, ids=[f"{place} {words}" for place, (words, _) in enumerate(BAD)])
def test_what_cannot_be_is_refused_and_nothing_changes(
    room: ReadingRoom, sentence: str, bad: Callable[[], list[Correction]]
) -> None:
    film = room.film()
    room.ledger.keep_draft(film, "ann", {"kept": True})
    with pytest.raises(InvalidCorrection, match=sentence) as caught:
        words = bad()
        if words:
            words.append(Correction("DP5", "graded", 1))  # nothing of a save is kept if part of it is refused
        _save(room, film, *words)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert room.ledger.history(film) == [] and room.ledger.draft(film, "ann") == {"kept": True}


def test_every_grade_of_every_bone_can_be_said(room: ReadingRoom) -> None:
    film = room.film()
    for grade in range(max(GRADE_COUNTS.values()) + 1):
        words = {
            b: Correction(b, "graded" if grade else "absent", grade) for b in RUS_BONES if grade <= GRADE_COUNTS[b]
        }
        _save(room, film, *words.values())
        assert {bone: _said(room, film)[bone] for bone in words} == dict.fromkeys(words, grade)


@pytest.mark.parametrize(
    "given",
    [
        {"reader": " "},
        {"token": ""},
        {"seconds": float("inf")},
        {"seconds": -1.0},
        {"note": "\0"},
        {"prediction_id": 99},
    ],
)
def test_a_save_without_its_particulars_is_refused(room: ReadingRoom, given: dict[str, Any]) -> None:
    film = room.film()
    with pytest.raises(InvalidCorrection):
        _save(room, film, RADIUS5, **given)
    assert room.ledger.history(film) == []


def test_an_unknown_film_or_another_films_prediction_is_refused(room: ReadingRoom) -> None:
    film, other = room.film(), room.film()
    prediction = room.predict(other, hand_at(0.5))
    with pytest.raises(InvalidCorrection, match="prediction"):
        _save(room, film, RADIUS5, prediction_id=prediction)
    with pytest.raises(UnknownFilm):
        _save(room, 99, RADIUS5)
    with pytest.raises(UnknownFilm):
        room.ledger.say(99, "flag", reader="ann", token=_token())
    with pytest.raises(UnknownFilm):
        room.ledger.keep_draft(99, "ann", {})
    assert list(room.ledger.events()) == []


def test_undo_and_redo(room: ReadingRoom) -> None:
    film = room.film()
    first = _save(room, film, RADIUS5, ULNA)
    second = _save(room, film, RADIUS6, MC1)
    undo = room.undo(film, second)
    assert (undo.kind, undo.target, undo.revision) == ("undo", second.id, 3)
    assert _said(room, film) == {"Radius": 5, "Ulna": 0}
    redo = room.undo(film, undo)
    assert _said(room, film) == {"Radius": 6, "Ulna": 0, "MC1": None}
    room.undo(film, first)
    assert _said(room, film) == {"Radius": 6, "MC1": None}
    room.undo(film, redo)
    assert _said(room, film) == {} and standing(room.ledger, film).readings() == {}
    assert len(room.ledger.history(film)) == 6  # nothing was taken out of the ledger


def test_what_cannot_be_undone(room: ReadingRoom) -> None:
    film, other = room.film(), room.film()
    event, elsewhere = _save(room, film, RADIUS5), _save(room, other, RADIUS5)
    flag = room.ledger.say(film, "flag", reader="ann", token=_token())
    bobs = _save(room, film, RADIUS6, reader="bob")

    def undo(event_id: int) -> None:
        room.ledger.undo(film, event_id, reader="ann", base_revision=room.ledger.revision(film), token=_token())

    for sentence, bad in (
        ("bob", bobs.id),
        ("queue", flag.id),
        ("not in the film's history", elsewhere.id),
        ("not in the film's history", 9999),
    ):
        with pytest.raises(InvalidCorrection, match=sentence):
            undo(bad)
    undo(event.id)
    with pytest.raises(InvalidCorrection, match="already"):
        undo(event.id)
    assert len(room.ledger.history(film)) == 4


def test_an_undo_sent_twice_is_kept_once(room: ReadingRoom) -> None:
    film, token = room.film(), _token()
    event = _save(room, film, RADIUS5)
    sent = [room.ledger.undo(film, event.id, reader="ann", base_revision=1, token=token) for _ in range(2)]
    assert sent[0] == sent[1] and _said(room, film) == {}


def test_an_earlier_state_is_restored_as_a_new_event(room: ReadingRoom) -> None:
    film = room.film()
    prediction = room.predict(film, hand_at(0.5))
    first = _save(room, film, RADIUS5, ULNA, prediction_id=prediction)
    _save(room, film, RADIUS6, MC1)
    restored = room.restore(film, first, "ann")
    assert (restored.kind, restored.target, restored.prediction_id) == ("restore", first.id, prediction)
    assert restored.corrections == (RADIUS5, ULNA)
    assert room.ledger.reading(film, "ann") == {"Radius": RADIUS5, "Ulna": ULNA}
    room.undo(film, restored)
    assert _said(room, film) == {"Radius": 6, "Ulna": 0, "MC1": None}


def test_the_state_after_an_undo_can_be_restored_though_it_is_empty(room: ReadingRoom) -> None:
    film = room.film()
    undo = room.undo(film, _save(room, film, RADIUS5))
    _save(room, film, RADIUS6)
    restored = room.restore(film, undo, "ann")
    assert restored.corrections == () and _said(room, film) == {}


def test_anothers_state_becomes_ones_own_and_leaves_theirs(room: ReadingRoom) -> None:
    film = room.film()
    bobs = _save(room, film, RADIUS5, reader="bob")
    _save(room, film, RADIUS6, reader="bob")
    _save(room, film, ULNA, reader="rita")
    room.restore(film, bobs, "rita")
    assert _said(room, film, "rita") == {"Radius": 5} and _said(room, film, "bob") == {"Radius": 6}


def test_a_mark_of_the_queue_is_no_state_to_restore(room: ReadingRoom) -> None:
    film = room.film()
    flag = room.ledger.say(film, "flag", reader="ann", token=_token())
    with pytest.raises(InvalidCorrection, match="none to restore"):
        room.restore(film, flag, "ann")


def test_gold_is_set_replaced_undone_and_cleared(room: ReadingRoom) -> None:
    film = room.film()
    assert standing(room.ledger, film).gold_reading() is None
    _save(room, film, RADIUS5)
    room.set_gold(film, {"Radius": 5, "Ulna": 0})
    second = room.set_gold(film, {"Radius": 6}, "rita")
    assert {b: c.grade for b, c in (standing(room.ledger, film).gold_reading() or {}).items()} == {"Radius": 6}
    room.undo(film, second)
    assert {b: c.grade for b, c in (standing(room.ledger, film).gold_reading() or {}).items()} == {
        "Radius": 5,
        "Ulna": 0,
    }
    cleared = room.clear_gold(film)
    assert standing(room.ledger, film).gold_reading() is None and cleared.kind == "ungold"
    with pytest.raises(InvalidCorrection, match="no gold"):
        room.clear_gold(film)
    room.undo(film, cleared)
    assert standing(room.ledger, film).gold_reading() is not None
    assert set(standing(room.ledger, film).readings()) == {"ann"}  # gold is nobody's reading


def test_a_gold_reading_becomes_ones_own_on_request(room: ReadingRoom) -> None:
    film = room.film()
    gold = room.set_gold(film, {"Radius": 5, "Ulna": 0}, "rita")
    room.restore(film, gold, "ann")
    assert _said(room, film) == {"Radius": 5, "Ulna": 0}


@pytest.mark.parametrize("reading", [{}, {"Radius": ULNA}, {"Ulna": replace(ULNA, seconds=-1.0)}])
def test_an_impossible_gold_reading_is_refused(room: ReadingRoom, reading: dict[str, Correction]) -> None:
    film = room.film()
    with pytest.raises(InvalidCorrection):
        room.ledger.set_gold(film, reading, reader="rita", base_revision=0, token=_token())
    assert room.ledger.history(film) == []


def test_words_of_the_queue_leave_the_revision_alone(room: ReadingRoom) -> None:
    film = room.film()
    flag = room.ledger.say(film, "flag", reader="bob", token=_token(), note="motion blur")
    event = _save(room, film, RADIUS5, base_revision=0)
    assign = room.ledger.say(film, "assign", reader="rita", token=_token(), note=" ann ")
    assert (flag.revision, event.revision, assign.revision) == (0, 1, 1)
    assert assign.note == "ann" and flag.note == "motion blur"
    _save(room, film, RADIUS6, base_revision=1)
    assert [e.kind for e in room.ledger.history(film)] == ["flag", "correction", "assign", "correction"]
    with pytest.raises(InvalidCorrection):
        room.ledger.say(film, "gold", reader="bob", token=_token())  # type: ignore[arg-type]


def test_labels_by_rule(room: ReadingRoom) -> None:
    film = room.film()
    _save(room, film, Correction("Radius", "graded", 7), Correction("Ulna", "graded", 3), reader="rita")
    _save(room, film, Correction("Radius", "graded", 5), ULNA, MC1, reader="ann")
    _save(room, film, Correction("Radius", "graded", 5), reader="bob")
    _save(room, film, Correction("Radius", "graded", 6), reader="cleo")

    def labels(rule: Any, *reviewers: str) -> dict[str, int | None]:
        return {bone: c.grade for bone, c in standing(room.ledger, film).labels(rule, reviewers).items()}

    assert labels("latest") == {"Radius": 6, "Ulna": 0, "MC1": None}
    assert labels("majority") == {"Radius": 5, "Ulna": 0, "MC1": None}  # the later of the Ulna's two camps
    assert labels("reviewer_first", "rita") == {"Radius": 7, "Ulna": 3, "MC1": None}
    assert labels("reviewer_first") == labels("latest")
    room.set_gold(film, {"Radius": 9}, "rita")
    assert labels("reviewer_first", "rita") == {"Radius": 9, "Ulna": 3, "MC1": None}
    assert labels("latest")["Radius"] == 6
    assert list(labels("latest")) == ["Radius", "Ulna", "MC1"]


def test_drafts_come_back_and_go_with_the_save(room: ReadingRoom) -> None:
    film = room.film()
    room.ledger.keep_draft(film, "ann", {"Radius": 4})
    room.ledger.keep_draft(film, "ann", {"Radius": 5, "note": "ä\0", "boxes": [[0.1, 1e-9]]})
    room.ledger.keep_draft(film, "bob", {"Radius": 9})
    assert room.ledger.draft(film, "ann") == {"Radius": 5, "note": "ä\0", "boxes": [[0.1, 1e-9]]}
    _save(room, film, RADIUS5)
    assert room.ledger.draft(film, "ann") is None
    assert room.ledger.draft(film, "bob") == {"Radius": 9}
    room.ledger.drop_draft(film, "bob")
    room.ledger.drop_draft(film, "bob")
    assert room.ledger.draft(film, "bob") is None


def test_everything_is_there_after_reopening(room: ReadingRoom) -> None:
    film = room.film()
    _save(room, film, RADIUS5, ULNA)
    room.ledger.keep_draft(film, "ann", {"Radius": 4})
    before = room.ledger.history(film)
    room.ledger.close()
    again = ReadingRoom(room.folder, room.settings.url).ledger
    assert again.history(film) == before and again.draft(film, "ann") == {"Radius": 4}
    again.close()


def test_events_come_in_order_and_in_parts(room: ReadingRoom) -> None:
    films = [room.film(), room.film()]
    said = [_save(room, films[n % 2], RADIUS5, ULNA) for n in range(7)]
    assert list(room.ledger.events()) == said
    assert list(room.ledger.events(after=said[2].id)) == said[3:]
    assert list(room.ledger.events(after=said[2].id, limit=2)) == said[3:5]
    assert list(room.ledger.events(limit=0)) == [] == list(room.ledger.events(after=said[-1].id))
    assert room.ledger.ledger_revision() == said[-1].id
