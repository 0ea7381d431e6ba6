"""Pseudonyms of patients, readers and films: each always gets the same key in one store, and nobody without its secret can
tell whose it is."""

import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from core.ledger.errors import DamagedStore
from core.ledger.store import schema
from core.machine import write_whole

_FILE = "patient_secret"
_BYTES = 32
#: What replaces a reader's name that was erased.
ERASED_NAME = "erased {}"
_ERASED_NAME = re.compile("erased ([0-9a-f]{16})")


class Pseudonyms:
    """Keyed by a secret of the store, which is kept in its folder, readable by its owner alone, unless it is given."""

    def __init__(self, secret: bytes):
        self._secret = secret

    @classmethod
    def of_folder(cls, folder: Path, incoming: Path) -> Self:
        """With the folder's secret, made through `incoming` if there is none; the caller ensures that only one is
        made."""
        path = folder / _FILE
        if not path.exists():
            write_whole(path, secrets.token_bytes(_BYTES), by_way_of=incoming)
        secret = path.read_bytes()
        if len(secret) != _BYTES:
            raise DamagedStore(f"The file {_FILE} in the data folder is damaged: restore it from its backup.")
        return cls(secret)

    @classmethod
    def given(cls, secret: str) -> Self:
        """With a secret that is kept elsewhere: as text, or a folder's secret as its hexadecimal digits. Raises DamagedStore
        where it is too short."""
        folders = re.fullmatch(f"[0-9A-Fa-f]{{{2 * _BYTES}}}", secret)
        content = bytes.fromhex(secret) if folders else secret.encode()
        if len(content) < _BYTES:
            raise DamagedStore(
                "BONEGRADE_PATIENT_SECRET has fewer than 32 bytes: set it to a longer one, drawn at random."
            )
        return cls(content)

    @property
    def fingerprint(self) -> str:
        """Shows whether two stores have the same secret, and nothing more about it."""
        return self._digest("fingerprint of the secret")

    def check(self, connection: sa.Connection) -> None:
        """Notes the secret's fingerprint in a new database. Raises DamagedStore for one that was used with another secret:
        pseudonyms from both would split one patient in two."""
        name = schema.store.c.name == "patient_secret"
        known = connection.execute(sa.select(schema.store.c.value).where(name)).scalar_one_or_none()
        if known is None:
            connection.execute(sa.insert(schema.store), {"name": "patient_secret", "value": self.fingerprint})
        elif known != self.fingerprint:
            raise DamagedStore(
                "The database was used with another data folder or another secret: set BONEGRADE_DATA to that folder, restore "
                "it, or set BONEGRADE_PATIENT_SECRET as it was."
            )

    def of(self, patient: str | None) -> str:
        """16 hexadecimal digits for a patient's id, ignoring blanks around it; "" for none."""
        named = (patient or "").strip()
        return self._digest(named)[:16] if named else ""

    def of_reader(self, reader: str) -> str:
        """16 hexadecimal digits for a reader's name, the same ones after the name was erased."""
        erased = _ERASED_NAME.fullmatch(reader)
        return erased[1] if erased else self.of(f"reader {reader}")

    def of_film(self, sha256: str) -> str:
        """64 hexadecimal digits for a film's hash, which cannot be compared with the hash of a picture."""
        return self._digest(f"film {sha256}")

    def _digest(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
