"""Where the ledger lies: one folder, and a database that is a file in it unless another is named."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from core.machine import data_folder


@dataclass(frozen=True)
class LedgerSettings:
    """folder: of the pictures, the patient secret and, by default, the database. url: SQLAlchemy's, of the database; not
    shown, for it may hold a password."""

    folder: Path
    url: str = field(repr=False)

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """With a SQLite database in the folder."""
        return cls(folder, f"sqlite:///{folder / 'ledger.sqlite'}")

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Self:
        """BONEGRADE_DATA names the folder, BONEGRADE_DB the database: SQLite in the folder unless it is set."""
        settings = cls.in_folder(data_folder(env))
        return cls(settings.folder, _with_driver(env["BONEGRADE_DB"])) if env.get("BONEGRADE_DB") else settings


def _with_driver(url: str) -> str:
    """The URL as hosts give it ("postgres://", "postgresql://") with the one driver that is installed."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgres", "postgresql") else url
