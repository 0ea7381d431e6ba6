"""An open store: its database, its pictures, and the pseudonyms of its patients, readers and films."""

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from core.ledger.errors import DamagedStore
from core.ledger.store.database import Database
from core.ledger.store.patients import Pseudonyms
from core.ledger.store.pictures import PictureFolder
from core.ledger.store.settings import LedgerSettings
from core.machine import make_folder


class Store:
    """The store of a ledger, opened; safe to use from many threads, and from many processes that open the same one."""

    def __init__(self, database: Database, pictures: PictureFolder, pseudonyms: Pseudonyms):
        self._database = database
        self._pictures = pictures
        self._pseudonyms = pseudonyms

    @classmethod
    def open(cls, settings: LedgerSettings) -> Self:
        """Opens the store, creating it if needed, and brings its tables up to date.

        Raises UnreachableDatabase, or DamagedStore where the folder or the secret is not the one that the database was used
        with.
        """
        try:
            make_folder(settings.folder)
            with suppress(PermissionError):  # a mounted folder may have another owner
                settings.folder.chmod(0o700)
            pictures = PictureFolder(settings.folder)
        except OSError as error:
            raise DamagedStore(
                f"The data folder {settings.folder} cannot be written to: check BONEGRADE_DATA and who owns the folder."
            ) from error
        database = Database(settings.url, settings.folder)
        with database.writing() as connection:
            folder, secret = settings.folder, settings.secret
            pseudonyms = Pseudonyms.given(secret) if secret else Pseudonyms.of_folder(folder, pictures.incoming)
            pseudonyms.check(connection)
        return cls(database, pictures, pseudonyms)

    def close(self) -> None:
        """Closes the connections; the ledger cannot be used afterwards."""
        self._database.close()

    def reading_transaction(self) -> AbstractContextManager[sa.Connection]:
        """A reading transaction for queries over the tables of core.ledger.store.schema, such as the queue's."""
        return self._database.reading()

    def erasing_transaction(self) -> AbstractContextManager[sa.Connection]:
        """A writing transaction in which rows may be changed and removed: see core.keeping.erasing."""
        return self._database.erasing()

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._pictures.folder.parent

    def patient_key(self, patient: str) -> str:
        """The pseudonym of a patient's own id; "" for none."""
        return self._pseudonyms.of(patient)

    def reader_key(self, reader: str) -> str:
        """The pseudonym of a reader in data that leave the store; 16 hexadecimal digits, always the same ones."""
        return self._pseudonyms.of_reader(reader)

    def film_key(self, sha256: str) -> str:
        """The pseudonym of a film's hash: see core.keeping.lately_erased."""
        return self._pseudonyms.of_film(sha256)
