"""The database itself refuses to lose words; the tables are what the code thinks; opening is safe for many at once."""

import multiprocessing
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.film.box import Box
from core.film.likeness import look_of
from core.film.radiograph import Radiograph, film_hash
from core.ledger import Consent, Correction, DamagedStore, Ledger, LedgerSettings, StageWord, UnreachableDatabase
from core.ledger.store import schema
from core.ledger.store.database import Database
from tests.postgres import new_database
from tests.reading_room import ReadingRoom, hand_at

#: The tables whose rows are never changed or removed, except by an erasure.
_APPEND_ONLY = ("film", "picture", "prediction", "event", "correction", "file_name", "stage", "look", "near_copy")
#: A process without this one's threads and connections, which a fork would copy.
_PROCESSES = multiprocessing.get_context("forkserver")


@pytest.fixture
def database(room: ReadingRoom) -> Database:
    """The database of a ledger in which something of every kind was said."""
    film = room.ledger.add_film(_film(), "F", reader="ann", source="queue", consent=Consent(), name="hand.png").film
    other = room.ledger.add_film(_film(7), "F", reader="ann", source="queue", consent=None).film
    room.ledger.add_stages(film.id, [StageWord("Radius", "F")], reader="ann")
    room.ledger.add_look(film.id, look_of(_film()), [other.id])
    room.predict(film.id, hand_at(0.5))
    room.read(film.id, "ann", {"Radius": 5, "Ulna": 0})
    return Database(room.settings.url, room.folder)


def _film(columns: int = 8) -> Radiograph:
    pixels = np.linspace(0, 1, 8 * columns, dtype=np.float32).reshape(8, columns)
    return Radiograph(pixels, None, None, film_hash(pixels))


@pytest.mark.parametrize("table", _APPEND_ONLY)
@pytest.mark.parametrize("attempt", ["update", "delete", "replace", "truncate"])
def test_what_was_said_cannot_be_changed_even_by_hand(database: Database, table: str, attempt: str) -> None:
    sqlite = database.engine.dialect.name == "sqlite"
    column = next(iter(schema.metadata.tables[table].primary_key)).name
    statement = {
        "update": f"UPDATE {table} SET {column} = {column} + 1",
        "delete": f"DELETE FROM {table}",
        "replace": f"REPLACE INTO {table} SELECT * FROM {table}" if sqlite else f"UPDATE {table} SET {column} = 7",
        "truncate": f"DELETE FROM {table} WHERE 1" if sqlite else f"TRUNCATE {table} CASCADE",
    }[attempt]
    rows = sa.select(schema.metadata.tables[table])
    with database.reading() as connection:
        before = connection.execute(rows).all()
    assert before
    with pytest.raises(DBAPIError, match="never changed"), database.writing() as connection:
        connection.exec_driver_sql(statement)
    with database.reading() as connection:
        assert connection.execute(rows).all() == before


def test_two_events_cannot_have_one_revision_or_one_token(database: Database) -> None:
    values = {
        "film_id": 1, "revision": 1, "base_revision": 0, "kind": "correction", "reader": "eve", "seconds": 1.0,
        "made_at": datetime.now(UTC), "note": "", "token": "a new one",
    }  # fmt: skip
    with database.reading() as connection:
        token = connection.execute(sa.select(schema.event.c.token)).scalar_one()
    for clash in (values, {**values, "revision": 2, "token": token}):
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(sa.insert(schema.event), clash)
    with database.writing() as connection:
        connection.execute(sa.insert(schema.event), {**values, "kind": "flag"})  # the queue's words take no revision


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() is not None


def test_a_ledger_of_the_version_before_gets_its_gains_anew(room: ReadingRoom) -> None:
    films = [room.film() for _ in range(3)]
    for film, share in zip(films, (0.2, 0.5, 0.8), strict=True):
        room.predict(film, hand_at(share))
    room.read(films[0], "ann", {"Radius": 5})
    gains = sa.select(schema.queue_film.c.gain).order_by(schema.queue_film.c.film_id)
    with room.ledger.reading_transaction() as connection:
        before = list(connection.execute(gains).scalars())
    room.ledger.close()
    with sa.create_engine(room.settings.url).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE queue_film RENAME COLUMN apart TO uncertainty")
        connection.exec_driver_sql("UPDATE queue_film SET uncertainty = '[]', gain = 0")
        connection.exec_driver_sql("DROP TABLE lately_erased")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    again = Ledger.open(room.settings)
    with again.reading_transaction() as connection:
        assert list(connection.execute(gains).scalars()) == pytest.approx(before, abs=1e-6)
    assert len(again.history(films[0])) == 1
    again.close()


def test_a_ledger_of_the_version_before_forgets_what_films_without_pixels_look_like(room: ReadingRoom) -> None:
    kept, other = (
        room.ledger.add_film(_film(columns), "F", reader="ann", source="queue", consent=consent).film.id
        for columns, consent in ((8, Consent()), (7, None))
    )
    for film, others in ((kept, []), (other, [kept])):
        room.ledger.add_look(film, look_of(_film()), others)
    assert [film for film, _ in room.ledger.looks()] == [kept]
    room.ledger.close()
    with sa.create_engine(room.settings.url).begin() as connection:
        rows = {"film_id": other, "content": look_of(_film()).to_bytes()}
        connection.execute(sa.insert(schema.look), rows)
        connection.exec_driver_sql("DROP TABLE lately_erased")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")
    again = Ledger.open(room.settings)
    assert [film for film, _ in again.looks()] == [kept] and again.near_copies() == [(other, kept)]
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), again._database.writing() as connection:
        connection.execute(sa.delete(schema.look))
    again.close()


def test_a_failed_save_leaves_nothing(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    film = room.film()
    room.read(film, "ann", {"Radius": 5})

    def broken(*given: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("core.ledger.queue.projection.add_event", broken)
    with pytest.raises(RuntimeError):
        room.read(film, "ann", {"Radius": 6})
    monkeypatch.undo()
    assert [event.revision for event in room.ledger.history(film)] == [1]
    with room.ledger.reading_transaction() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.correction)).scalar() == 1
    assert room.read(film, "ann", {"Radius": 6}).revision == 2


def test_sqlite_is_safe_against_a_power_cut(tmp_path: Path) -> None:
    database = Database(LedgerSettings.in_folder(tmp_path).url, tmp_path)
    with database.reading() as connection:
        pragmas = {n: connection.exec_driver_sql(f"PRAGMA {n}").scalar() for n in ("journal_mode", "synchronous")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
    database.close()


def _open_and_say(folder: str, url: str, name: str) -> None:
    room = ReadingRoom(Path(folder), url)
    film = room.ledger.add_film(_film(), "F", reader=name, source="queue", consent=Consent(), patient="4711").film
    room.ledger.say(film.id, "flag", reader=name, token=name)
    room.ledger.close()


def test_many_processes_can_open_a_new_store_at_once(room: ReadingRoom, tmp_path: Path) -> None:
    sqlite = room.settings.url.startswith("sqlite")
    settings = LedgerSettings.in_folder(tmp_path / "new") if sqlite else room.settings
    if not sqlite:
        room.ledger.close()
        with sa.create_engine(settings.url).begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    names = [f"reader {number}" for number in range(6)]
    running = [
        _PROCESSES.Process(target=_open_and_say, args=(str(settings.folder), settings.url, name)) for name in names
    ]
    for process in running:
        process.start()
    for process in running:
        process.join(120)
    assert [process.exitcode for process in running] == [0] * len(names)
    ledger = Ledger.open(settings)
    (film,) = ledger.films()
    assert sorted(event.reader for event in ledger.history(film.id)) == names
    assert film.picture is not None and len(film.patient_key) == 16
    ledger.close()


def test_who_follows_the_events_misses_none(room: ReadingRoom) -> None:
    films = [room.film() for _ in range(4)]
    finished = threading.Event()
    followed: list[int] = []

    def follow() -> None:
        while True:
            last_look = finished.is_set()
            followed.extend(event.id for event in room.ledger.events(after=followed[-1] if followed else 0))
            if last_look:
                return

    def say(film: int) -> None:
        for _ in range(40):
            room.read(film, f"reader {film}", {"Radius": 5})

    follower = threading.Thread(target=follow)
    writers = [threading.Thread(target=say, args=(film,)) for film in films]
    for thread in (follower, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    finished.set()
    follower.join()
    assert followed == [event.id for event in room.ledger.events()] and len(followed) == 160


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    settings = LedgerSettings(tmp_path, "postgresql+psycopg://ann:Rumpelstiltskin@127.0.0.1:1/nowhere")
    with pytest.raises(UnreachableDatabase, match="BONEGRADE_DB") as caught:
        Ledger.open(settings)
    assert "Rumpelstiltskin" not in str(caught.value) + repr(settings)


@pytest.mark.parametrize(
    "url",
    ["mysql://ann:Rumpelstiltskin@host/db", "postgresql+nothing://host/db", "postgresql://host:port/db", "ledger"],
)
def test_another_kind_of_database_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UnreachableDatabase, match="names no SQLite or PostgreSQL") as caught:
        Ledger.open(LedgerSettings(tmp_path, url))
    assert "Rumpelstiltskin" not in str(caught.value)


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    file.write_bytes(b"a letter" * 1000)
    with pytest.raises(UnreachableDatabase, match="cannot be opened"):
        Ledger.open(LedgerSettings.in_folder(tmp_path))
    assert file.read_bytes() == b"a letter" * 1000


def test_tables_of_a_newer_version_are_left_alone(database: Database, room: ReadingRoom) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DamagedStore, match="newer version"):
        Ledger.open(room.settings)


def test_a_reading_sees_one_moment(room: ReadingRoom) -> None:
    film = room.film()
    count = sa.select(sa.func.count()).select_from(schema.event)
    with room.ledger.reading_transaction() as connection:
        assert connection.execute(count).scalar() == 0
        writer = threading.Thread(target=room.read, args=(film, "ann", {"Radius": 5}))
        writer.start()
        writer.join()
        assert len(room.ledger.history(film)) == 1
        assert connection.execute(count).scalar() == 0
    with room.ledger.reading_transaction() as connection:
        assert connection.execute(count).scalar() == 1


def test_a_server_that_goes_away_is_told_and_used_again_when_it_is_back(postgres: str, tmp_path: Path) -> None:
    with new_database(postgres) as url, psycopg.connect(postgres, autocommit=True) as server:
        room = ReadingRoom(tmp_path, url)
        film, name = room.film(), url.rpartition("/")[2]
        said = room.read(film, "ann", {"Radius": 5})
        server.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")  # type: ignore[arg-type]
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        with pytest.raises(UnreachableDatabase, match="could not be read"):
            room.ledger.history(film)
        with pytest.raises(UnreachableDatabase, match="could not be written to"):
            room.ledger.say(film, "flag", reader="ann", token="t")
        server.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")  # type: ignore[arg-type]
        assert room.ledger.history(film) == [said]
        assert room.ledger.say(film, "flag", reader="ann", token="t").kind == "flag"
        room.ledger.close()


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    room = ReadingRoom(tmp_path)
    film, engine = room.film(), room.ledger._database.engine

    def fill(connection: Any, record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # no page more than the file has

    sa.event.listen(engine, "connect", fill)
    engine.dispose()
    acknowledged = []
    with pytest.raises(UnreachableDatabase, match="disk"):
        for _ in range(1000):
            acknowledged.append(room.read(film, "ann", hand_at(0.5)))
    sa.event.remove(engine, "connect", fill)
    engine.dispose()
    assert room.ledger.history(film) == acknowledged
    assert room.read(film, "ann", hand_at(0.5)).revision == len(acknowledged) + 1
    room.ledger.close()


def test_corrections_are_stored_to_the_last_digit(room: ReadingRoom) -> None:
    film = room.film()
    box = Box(0.1 + 0.2, 1 / 3, 3.0000000000000004, 3.9999999999999996)
    said = Correction("Radius", "graded", 5, box, note="ä " * 50, seconds=1e-9)
    room.ledger.save(film, [said], reader="ann", base_revision=0, token="t", prediction_id=None, seconds=0.1)
    assert room.ledger.reading(film, "ann") == {"Radius": said}
