"""What somebody no longer agrees to is removed everywhere, and nothing else is; an interruption loses no erasure."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.access.log import AccessLog
from core.access.roles import OPERATOR, NotAllowed, Reader, Role
from core.agreement.collector import ReadingCollector
from core.dataset.exporting.export import export
from core.dataset.exporting.options import ExportOptions
from core.dataset.hub.events import EventPusher
from core.dataset.hub.private import HubRefused
from core.dataset.snapshot import Snapshot
from core.errors import BoneGradeError
from core.film.likeness import look_of
from core.intake.near_copies import NearCopies
from core.keeping import erasing
from core.keeping.erasing import (
    NothingToErase,
    Retention,
    erase_films,
    erase_overdue,
    erase_past_consents,
    erase_patient,
    erase_reader,
    erase_what_is_due,
    finish,
)
from core.ledger import Consent, StageWord, UnknownFilm
from core.ledger.queue.reading_queue import QueueFilter, QueueOrder, counts, next_film, queue_rows
from core.ledger.store import schema
from tests.core.dataset.hub.dummies import DummyScheduler
from tests.reading_room import ReadingRoom
from tests.stored_films import Store, hand


def files_of(store: Store) -> list[Path]:
    """Pictures and crops in the data folder."""
    return [p for folder in ("pictures", "crops") for p in (store.ledger.folder / folder).rglob("*") if p.is_file()]


def traces(store: Store, words: Collection[str]) -> list[str]:
    """Which of the words occur in a file of the data folder, the database among them, or in a file's name."""
    found = [path for path in store.ledger.folder.rglob("*") if path.is_file()]
    return [w for w in words if any(w in path.name or w.encode() in path.read_bytes() for path in found)]


def test_a_withdrawn_film_leaves_its_labels_and_older_exports_still_work(store: Store, tmp_path: Path) -> None:
    film, other = store.film(1), store.film(2)
    before = store.accept(film).id
    store.accept(other)
    whole = ExportOptions(revision=before, formats=("labels", "crops", "films"))
    export(store.ledger, OPERATOR, tmp_path / "before", whole)
    assert any(film.picture in path.name for path in files_of(store) if film.picture)
    assert erase_films(store.ledger, [film.id], OPERATOR, labels_too=False, reason="the parents asked") == [film.id]
    (left,) = files_of(store)
    assert other.picture is not None and other.picture in left.name
    now = store.ledger.film(film.id)
    assert not now.consent and store.ledger.radiograph(now) is None
    assert len(store.ledger.reading(film.id, "anna")) == 13
    last = store.ledger.history(film.id)[-1]
    assert (last.kind, last.reader, last.note) == ("withdraw", "operator", "the parents asked")
    manifest = export(store.ledger, OPERATOR, tmp_path / "after", whole)
    assert sum(manifest.split.films.values()) == 1 and sum(manifest.split.crops.values()) == 0
    assert list((tmp_path / "after" / "films").iterdir()) == [] != list((tmp_path / "before" / "films").iterdir())
    again = store.film(1, terms=Consent("read"))
    assert (again.id, again.scope) == (film.id, "read") and store.ledger.radiograph(again) is not None
    manifest = export(store.ledger, OPERATOR, tmp_path / "read", ExportOptions(formats=("films", "crops")))
    assert [path.stem for path in (tmp_path / "read" / "films").iterdir()] == [other.sha256], "only to be read again"
    third = store.film(3, terms=Consent("train"))
    store.accept(third)
    for use, there in (("train", {other.sha256, third.sha256}), ("share", {other.sha256})):
        folder = tmp_path / f"to {use}"
        manifest = export(store.ledger, OPERATOR, folder, ExportOptions(formats=("films", "crops"), use=use))
        assert {path.stem for path in (folder / "films").iterdir()} == there
        assert sum(manifest.split.films.values()) == 3
        assert sum(manifest.split.crops.values()) == 13 * len(there)


def test_a_film_without_its_picture_is_not_offered_until_somebody_sends_it_again(store: Store) -> None:
    film, other = store.film(1), store.film(2)
    ledger = store.ledger

    def offered() -> tuple[set[int | None], int, dict[int, str]]:
        first = next_film(ledger, "ben", QueueOrder.OLDEST)
        found = {first, next_film(ledger, "ben", QueueOrder.OLDEST, after=first)}
        states = {
            row.film.id: row.state for row in queue_rows(ledger, "ben", QueueOrder.OLDEST, QueueFilter(state="all"))
        }
        return found, counts(ledger, "ben").to_read, states

    whole = ({film.id, other.id}, 2, {film.id: "to_read", other.id: "to_read"})
    assert offered() == whole
    erase_films(ledger, [film.id], OPERATOR, labels_too=False)
    without = ({other.id}, 1, {film.id: "erased", other.id: "to_read"})
    assert offered() == without
    ledger.rebuild_queue()
    assert offered() == without, "made anew from what was said"
    store.film(1)
    assert offered() == whole, "sent again, with a consent"


def test_of_an_erased_film_nothing_is_left_that_tells_of_it(store: Store, tmp_path: Path) -> None:
    film, other = store.film(1, patient="Zwiebelfisch"), store.film(2)
    revision = store.accept(film).id
    store.gold(film, {"MC3": 4})
    store.ledger.keep_draft(film.id, "ben", {"note": "Zwiebelfisch again"})
    store.accept(other)
    telling = [film.sha256, film.picture or "", film.patient_key, "Zwiebelfisch"]
    assert traces(store, telling) == telling
    assert erase_patient(store.ledger, " Zwiebelfisch ", OPERATOR, labels_too=True) == [film.id]
    with pytest.raises(UnknownFilm):
        store.ledger.film(film.id)
    assert store.ledger.film_by_hash(film.sha256) is None
    assert [one.id for one in store.ledger.films()] == [other.id]
    with store.ledger.erasing_transaction() as connection:
        assert not connection.exec_driver_sql("SELECT * FROM correction WHERE event_id = ?", (revision,)).all()
    assert traces(store, telling) == []
    manifest = export(store.ledger, OPERATOR, tmp_path / "all", ExportOptions())
    assert sum(manifest.split.films.values()) == 1
    store.ledger.rebuild_queue()
    assert store.film(1).id not in (film.id, other.id), "the same pixels are a new film"


def test_what_came_in_with_labels_goes_with_a_film(store: Store) -> None:
    film, other, third = store.film(1), store.film(2), store.film(3)
    for one, others in ((film, []), (other, [film.id]), (third, [film.id, other.id])):
        radiograph = hand(one.id)
        store.ledger.add_film(
            radiograph, "F", reader="anna", source="import", consent=Consent(), name=f"Zwiebelfisch{one.id}.png"
        )
        store.ledger.add_stages(one.id, [StageWord("Radius", "G")], reader="anna")
        store.ledger.add_look(one.id, look_of(radiograph), others)
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=False)
    assert rows(store) == {"file_name": 2, "look": 2, "stage": 3, "near_copy": 3}, "no split parts what was said"
    assert store.ledger.film(film.id).file_name == "" and traces(store, ["Zwiebelfisch1.png"]) == []
    store.ledger.add_look(store.film(1).id, look_of(hand(1)), [other.id])
    assert rows(store)["near_copy"] == 3, "the pair was known"
    looked_through = NearCopies(store.ledger)
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=True)
    assert rows(store) == {"file_name": 2, "look": 2, "stage": 2, "near_copy": 1}
    assert store.ledger.near_copies() == [(third.id, other.id)]
    assert film.id not in looked_through.of(hand(1)), "erased while a batch was taken in"
    with pytest.raises(UnknownFilm):
        store.ledger.add_look(film.id, look_of(hand(1)), [])
    store.ledger.add_look(store.film(4).id, look_of(hand(4)), [film.id, other.id])
    assert len(store.ledger.near_copies()) == 2
    assert Snapshot.of(store.ledger).near_copies()
    erase_films(store.ledger, [third.id], OPERATOR, labels_too=True)
    assert rows(store) == {"file_name": 1, "look": 2, "stage": 1, "near_copy": 1}


def test_what_compares_readers_forgets_what_was_erased(store: Store) -> None:
    film, other = store.film(1), store.film(2)
    for one in (film, other):
        store.accept(one, "anna.schmidt")
        store.gold(one, {"Radius": 5})
    collector = ReadingCollector(store.ledger)
    assert collector.table().film_ids.tolist() == [film.id, other.id] and "anna.schmidt" in collector.table().readers
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=True)
    assert collector.table().film_ids.tolist() == [other.id] and len(collector.table().grades) == 2
    erase_reader(store.ledger, "anna.schmidt", OPERATOR)
    assert "anna.schmidt" not in collector.table().readers and len(collector.table().readers) == 2
    assert collector.table() is collector.table()


def test_both_databases_let_an_erasure_and_nothing_else_remove_rows(room: ReadingRoom) -> None:
    film, other = (
        room.ledger.add_film(hand(number), "F", reader="anna", source="queue", consent=Consent()).film.id
        for number in (1, 2)
    )
    look = look_of(hand(1))
    for one, others in ((film, []), (other, [film])):
        room.ledger.add_stages(one, [StageWord("Radius", "G")], reader="anna")
        room.ledger.add_look(one, look, others)
    tables = (schema.look, schema.stage, schema.near_copy)
    for table in tables:
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), room.ledger._database.writing() as connection:
            connection.execute(sa.delete(table))
    erase_films(room.ledger, [film], OPERATOR, labels_too=True)
    with room.ledger.reading_transaction() as connection:
        counts = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables]
    assert counts == [1, 1, 0]
    assert erase_reader(room.ledger, "anna", OPERATOR) >= 1
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), room.ledger._database.writing() as connection:
        connection.execute(sa.delete(schema.stage))


def rows(store: Store) -> dict[str, int]:
    """The number of rows, by table."""
    with store.ledger.reading_transaction() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (schema.file_name, schema.look, schema.stage, schema.near_copy)
        }


def test_an_erasure_that_was_stopped_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    film = store.film(1)
    with monkeypatch.context() as power:
        power.setattr(erasing, "finish", lambda ledger: None)
        erase_films(store.ledger, [film.id], OPERATOR, labels_too=False)
    assert files_of(store)
    finish(store.ledger)
    assert files_of(store) == []
    finish(store.ledger)
    with monkeypatch.context() as power:
        power.setattr(erasing, "finish", lambda ledger: None)
        erase_films(store.ledger, [store.film(1).id], OPERATOR, labels_too=False)
    again = store.film(1)
    finish(store.ledger)
    assert store.ledger.radiograph(again) is not None, "somebody consented anew meanwhile"


def test_a_consent_ends_by_itself(store: Store) -> None:
    now = datetime.now(UTC)
    over = store.film(1, terms=Consent(ends=now - timedelta(seconds=1), reference="form 7"))
    store.accept(over)
    assert store.ledger.film(over.id).consent
    assert [one.film.consent for one in Snapshot.of(store.ledger).films()] == [False], "from that moment"
    store.film(2, terms=Consent(ends=now + timedelta(days=1)))
    assert erase_past_consents(store.ledger, OPERATOR) == [over.id]
    assert not store.ledger.film(over.id).consent and store.ledger.film(over.id + 1).consent


def test_what_goes_by_itself_is_noted(store: Store) -> None:
    over = store.film(1, terms=Consent(ends=datetime.now(UTC) - timedelta(seconds=1)))
    unread = store.film(2, consent=False)
    with store.ledger.erasing_transaction() as connection:
        connection.execute(sa.update(schema.film).values(added_at=datetime.now(UTC) - timedelta(days=31)))
    log = AccessLog(store.ledger.folder)
    erase_what_is_due(store.ledger, Retention(unread=32), log)
    erase_what_is_due(store.ledger, Retention(unread=30), log)
    noted = [(one.who, one.deed, one.film, one.detail) for one in reversed(log.latest(9).entries)]
    assert noted == [
        ("operator", "erased", over.id, "its picture alone; its consent has come to its end"),
        ("operator", "erased", over.id, "with its labels; kept for as long as it may be"),
        ("operator", "erased", unread.id, "with its labels; kept for as long as it may be"),
    ]


def test_what_nobody_consented_to_or_finished_goes_when_it_is_old(store: Store) -> None:
    read, unread, kept = store.film(1, consent=False), store.film(2, consent=False), store.film(3)
    refused = store.film(4, assessed=False)
    store.ledger.add_refusal(refused.id, {"localizer": "w"}, "This is not a hand.")
    store.accept(read)
    store.ledger.keep_draft(kept.id, "ben", {"note": "later"})
    assert erase_overdue(store.ledger, OPERATOR, Retention()) == []
    with store.ledger.erasing_transaction() as connection:
        old = datetime.now(UTC) - timedelta(days=31)
        connection.execute(sa.update(schema.film).values(added_at=old))
        connection.execute(sa.update(schema.draft).values(kept_at=old))
    assert erase_overdue(store.ledger, OPERATOR, Retention(unread=32, drafts=32)) == []
    assert store.ledger.draft(kept.id, "ben") is not None
    assert erase_overdue(store.ledger, OPERATOR, Retention(unread=30, drafts=30)) == [unread.id, refused.id]
    assert [film.id for film in store.ledger.films()] == [read.id, kept.id]
    assert store.ledger.draft(kept.id, "ben") is None
    assert Retention.from_environment({"BONEGRADE_DRAFT_DAYS": "7"}) == Retention(drafts=7)
    with pytest.raises(BoneGradeError, match="BONEGRADE_UNREAD_DAYS must be a number of days"):
        Retention.from_environment({"BONEGRADE_UNREAD_DAYS": "soon"})


def test_a_readers_name_goes_and_what_they_said_stays(store: Store) -> None:
    film = store.film(1)
    store.accept(film, "anna.schmidt")
    store.ledger.say(film.id, "assign", reader="rita", token="t", note="anna.schmidt")
    store.ledger.add_film(hand(1), "F", reader="anna.schmidt", source="import", consent=Consent(), name="1.png")
    store.ledger.add_stages(film.id, [StageWord("Radius", "G")], reader="anna.schmidt")
    key = store.ledger.reader_key("anna.schmidt")
    assert erase_reader(store.ledger, "anna.schmidt", OPERATOR) >= 3
    said, assigned, *_ = store.ledger.history(film.id)
    assert said.reader == assigned.note == f"erased {key}" and len(said.corrections) == 13
    assert store.ledger.reader_key(said.reader) == key, "older revisions are exported as before"
    assert traces(store, ["anna.schmidt"]) == []
    with pytest.raises(NothingToErase, match=r"Nobody called anna\.schmidt"):
        erase_reader(store.ledger, "anna.schmidt", OPERATOR)
    with pytest.raises(NothingToErase, match="patient"):
        erase_patient(store.ledger, "4711", OPERATOR, labels_too=True)


def test_a_readers_name_goes_from_the_notes_of_conflicts_and_from_no_others(store: Store) -> None:
    """As notes were written before they said "another reader"."""
    film = store.film(1)
    store.accept(film, "anna.schmidt")
    notes = (
        "Taken from anna.schmidt in a conflict",
        "Kept after a conflict with anna.schmidt",
        "Kept after a conflict with ben and anna.schmidt",
        "Kept after a conflict with anna.schmidtke",
        "Taken from ben in a conflict",
        "see anna.schmidt's letter",
    )
    for note in notes:
        store.ledger.say(film.id, "flag", reader="rita", token=note, note=note)
    pseudonym = f"erased {store.ledger.reader_key('anna.schmidt')}"
    assert erase_reader(store.ledger, "anna.schmidt", OPERATOR) == 2 + 3
    after = [event.note for event in store.ledger.history(film.id) if event.kind == "flag"]
    assert after == [*(note.replace("anna.schmidt", pseudonym) for note in notes[:3]), *notes[3:]]


def test_only_an_admin_may_erase(store: Store) -> None:
    film, rita = store.film(1), Reader("rita", Role.REVIEWER)
    for attempt in (
        lambda: erase_films(store.ledger, [film.id], rita, labels_too=False),
        lambda: erase_patient(store.ledger, "x", rita, labels_too=False),
        lambda: erase_reader(store.ledger, "anna", rita),
    ):
        with pytest.raises(NotAllowed, match="erase"):
            attempt()
    assert store.ledger.film(film.id).consent


def test_copies_for_the_hub_and_on_it_go_as_soon_as_it_can_be_reached(store: Store) -> None:
    film, other = store.film(1), store.film(2)
    store.accept(film)
    store.accept(other)
    forgotten: list[tuple[set[str], set[str]]] = []
    reachable = False

    def forget(repo: str, films: Collection[str], unsaid: Collection[str]) -> None:
        if not reachable:
            raise HubRefused("The hub cannot be reached.")
        forgotten.append((set(films), set(unsaid)))

    folder = store.ledger.folder / "hub"
    pusher = EventPusher(
        store.ledger, "lab/r", folder, DummyScheduler, pictures=True, prepare=lambda _: None, forget=forget,
        look_every=3600,
    )  # fmt: skip
    pusher.write_new()
    assert (folder / "events" / "films" / f"{film.sha256}.png").exists()
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=True)
    with pytest.raises(HubRefused):
        pusher.forget_erased()
    reachable = True
    pusher.forget_erased()
    pusher.forget_erased()
    pusher.write_new()
    assert forgotten == [({film.sha256}, {film.sha256})]
    left = "".join(path.name + path.read_text(errors="ignore") for path in folder.rglob("*") if path.is_file())
    assert film.sha256 not in left and other.sha256 in left
    pusher.stop()
