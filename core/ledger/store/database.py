"""The connection to SQLite or PostgreSQL: reading transactions, and writing ones that wait for each other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from core.ledger.errors import DamagedStore, UnreachableDatabase
from core.ledger.records import Event, FilmRecord
from core.ledger.store import schema
from core.machine import WriterLock

#: How long SQLite waits for a lock, in milliseconds.
_PATIENCE: Final = 30_000
#: Names the writers' lock among PostgreSQL's advisory locks; any number will do, as long as it never changes.
_WRITERS: Final = 0x426F6E65
#: Rows that are read at a time where all are asked for.
PAGE: Final = 500
_MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"

_Row = TypeVar("_Row", FilmRecord, Event)


class Database:
    """One database for all threads of the process.

    Writers take turns on both kinds of database. Event ids are assigned within a turn and become visible when it ends, so
    whoever reads "all events after number n" can never miss one that was numbered earlier and is committed later.
    """

    def __init__(self, url: str, folder: Path):
        """Raises UnreachableDatabase, or DamagedStore where a newer version has changed the tables."""
        try:
            self.engine = _engine(url)
        except (ArgumentError, ImportError, ValueError) as error:
            raise UnreachableDatabase(
                "BONEGRADE_DB names no SQLite or PostgreSQL database: write it like postgresql://user:password@host/name."
            ) from error
        self._sqlite = self.engine.dialect.name == "sqlite"
        self._lock = WriterLock(folder / "writer.lock") if self._sqlite else None
        try:
            self._migrate()
        except DamagedStore:
            self.engine.dispose()
            raise
        except (DatabaseError, UnreachableDatabase) as error:
            self.engine.dispose()
            raise UnreachableDatabase(
                f"The ledger's database ({self.engine.url.render_as_string(hide_password=True)}) cannot be opened:"
                " check BONEGRADE_DB and BONEGRADE_DATA, that it is running, and that its user may make tables."
            ) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, and sees one moment however many queries it makes.

        Raises UnreachableDatabase where the database fails meanwhile.
        """
        try:
            with self.engine.connect() as connection:
                if not self._sqlite:
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                yield connection
        except OperationalError as error:
            raise UnreachableDatabase(
                "The ledger's database could not be read: see that it is running, then try again."
            ) from error

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """The only writing transaction at the time; on disk when the block ends, undone if it raises. Not nested.

        Raises UnreachableDatabase where the database fails meanwhile.
        """
        try:
            with self._turn(), self._writers_connection() as connection, connection.begin():
                if not self._sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
                yield connection
        except OperationalError as error:
            raise UnreachableDatabase(
                "The ledger's database could not be written to: see that it is running and its disk has room, then try again."
            ) from error

    @contextmanager
    def erasing(self) -> Iterator[sa.Connection]:
        """A writing transaction in which rows may be changed and removed; no journal keeps what they were."""
        with self.writing() as connection:
            connection.execute(sa.insert(schema.store), {"name": "erasing", "value": "now"})
            yield connection
            connection.execute(sa.delete(schema.store).where(schema.store.c.name == "erasing"))
        self.forget_journal()

    def pages(
        self, page: Callable[[sa.Connection, int, int], list[_Row]], after: int, limit: int | None
    ) -> Iterator[_Row]:
        """The rows with an id greater than `after`, at most `limit` of them, in id order; no transaction stays open
        between pages.

        page: gives the rows after an id, up to a number of them."""
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            with self.reading() as connection:
                rows = page(connection, after, size)
            yield from rows
            if len(rows) < size:
                return
            after = rows[-1].id
            left = None if left is None else left - size

    def forget_journal(self) -> None:
        """Empties SQLite's journal, which keeps rows as they were before they were changed."""
        if self._sqlite:
            with self._turn(), self.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    def _turn(self) -> Any:
        return nullcontext() if self._lock is None else self._lock.held()

    def _writers_connection(self) -> sa.Connection:
        return self.engine.connect().execution_options(begin="BEGIN IMMEDIATE")

    def _migrate(self) -> None:
        """Brings the tables up to date, in one transaction; of several processes the first does it."""
        if self._sqlite:
            with self._turn(), self.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[union-attr]
        with self.writing() as connection:
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise DamagedStore(
                    "The ledger was last used with a newer version of BoneGrade: install that version or a later one."
                ) from error


def _engine(url: str) -> sa.Engine:
    if sa.make_url(url).get_backend_name() not in ("sqlite", "postgresql"):
        raise ArgumentError("only SQLite and PostgreSQL have the triggers and locks that the ledger needs")
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=24)
    engine = sa.create_engine(url, pool_size=8, max_overflow=56)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        # The driver would start transactions by itself, and only at the first write.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {_PATIENCE}",
            "synchronous = FULL",  # a save is on disk before it is acknowledged
            "foreign_keys = ON",
            "secure_delete = ON",  # what an erasure removes is overwritten
            "recursive_triggers = ON",  # so that REPLACE cannot get round the triggers that refuse to delete
            "cache_size = -32768",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine
