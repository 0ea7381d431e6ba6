"""Ledgers on both kinds of database, small films, and short ways to say things of them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from core.ledger import Correction, Event, FilmRecord, Ledger, LedgerSettings
from core.radiograph import Radiograph, film_hash
from tests import postgres

SQLITE, POSTGRES = "sqlite", "postgresql"


def radiograph(number: int, levels: int = 255) -> Radiograph:
    """A small film of grey noise, another one for each number."""
    random = np.random.default_rng(number)
    pixels = (random.integers(0, levels + 1, (48, 40)) / levels).astype(np.float32)
    return Radiograph(pixels, (0.2, 0.2), "L", film_hash(pixels))


def graded(bone: str, grade: int | None, **more: object) -> Correction:
    """A person's word: grade 0 is a centre that is not visible yet, None one that cannot be read."""
    verdict = "unreadable" if grade is None else "absent" if grade == 0 else "graded"
    return Correction(bone, verdict, grade, **more)  # type: ignore[arg-type]


@dataclass
class Store:
    """A ledger, and short ways to fill it."""

    ledger: Ledger
    settings: LedgerSettings
    _count: int = field(default=0)

    def film(self, *, consent: bool = False, patient: str | None = None, reader: str = "anna") -> FilmRecord:
        """A new film."""
        self._count += 1
        return self.ledger.add_film(
            radiograph(self._count), "F", reader=reader, source="queue", consent=consent, patient=patient
        ).film

    def save(
        self, film: FilmRecord, grades: dict[str, int | None], reader: str = "anna", base: int | None = None
    ) -> Event:
        """Saves on the film's latest revision, or on another."""
        return self.ledger.save(
            film.id,
            [graded(bone, grade) for bone, grade in grades.items()],
            reader=reader,
            base_revision=self.ledger.revision(film.id) if base is None else base,
            token=token(),
            prediction_id=None,
            seconds=12.0,
        )

    def grades(self, film: FilmRecord, reader: str = "anna") -> dict[str, int | None]:
        """A reader's current grades."""
        return {bone: said.grade for bone, said in self.ledger.reading(film.id, reader).items()}


def token() -> str:
    """As the page makes one for each save."""
    return uuid.uuid4().hex


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server."""
    if not postgres.available():
        pytest.skip("there is no PostgreSQL on this computer, and BONEGRADE_TEST_DB names none")
    with postgres.server() as url:
        yield url


#: Settings of a new, empty ledger.
MakeSettings = Callable[[], LedgerSettings]


@pytest.fixture(params=[SQLITE, POSTGRES])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerSettings]:
    """A new, empty ledger on each kind of database."""
    folder = tmp_path / "data"
    if request.param == SQLITE:
        yield LedgerSettings.in_folder(folder)
        return
    url = sa.make_url(request.getfixturevalue("postgres_url"))
    name = f"ledger_{uuid.uuid4().hex}"
    with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    own = url.set(database=name).render_as_string(hide_password=False)
    yield LedgerSettings(folder, own)
    with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def store(settings: LedgerSettings) -> Iterator[Store]:
    """An open ledger on each kind of database."""
    ledger = Ledger.open(settings)
    yield Store(ledger, settings)
    ledger.close()
