"""Where the ledger is kept: one folder, and a database that is a file in it unless another is named."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from core.machine import data_folder

#: The environment variable of the secret from which patients' pseudonyms are made.
SECRET_VARIABLE: Final = "BONEGRADE_PATIENT_SECRET"


@dataclass(frozen=True)
class LedgerSettings:
    """folder: of the pictures and, by default, the patient secret and the database. url: SQLAlchemy's, of the database; not
    shown, since it may contain a password. secret: from which patients' pseudonyms are made; "" where it is kept in the
    folder."""

    folder: Path
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """With a SQLite database in the folder."""
        return cls(folder, f"sqlite:///{folder / 'ledger.sqlite'}")

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Self:
        """BONEGRADE_DATA names the folder, BONEGRADE_DB the database: SQLite in the folder unless it is set.
        BONEGRADE_PATIENT_SECRET is the secret; if it is set, the folder's own is ignored."""
        settings = cls.in_folder(data_folder(env))
        url = _with_driver(env["BONEGRADE_DB"]) if env.get("BONEGRADE_DB") else settings.url
        return cls(settings.folder, url, env.get(SECRET_VARIABLE, "").strip())


def _with_driver(url: str) -> str:
    """The URL as hosts give it ("postgres://", "postgresql://") with the one driver that is installed."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgres", "postgresql") else url
