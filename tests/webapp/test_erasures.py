"""Exports that lie ready go when a film is erased, and one that was being made meanwhile is not handed out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.access.roles import OPERATOR
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph, film_hash
from core.keeping.erasing import erase_films, erase_reader
from core.ledger import Consent, Ledger, LedgerSettings
from webapp.erasures import Erasures, LooksFirst, export_name


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """With films 1 and 2."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "passing"))
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path / "data"))
    for grey in (0.2, 0.5):
        pixels = np.full((8, 8), grey, np.float32)
        film = Radiograph(pixels, None, None, film_hash(pixels))
        ledger.add_film(film, "F", reader="ben", source="queue", consent=Consent())
    yield ledger
    ledger.close()


def made(erasures: Erasures, folder: Path, begun: int, fetched: Callable[[], None] = lambda: None) -> Path:
    """An export that is handed out."""
    file = folder / export_name(7)
    file.write_bytes(b"zip")
    return Path(erasures.hand_out_export(file, str(folder / "passing"), begun, fetched))


def test_an_export_goes_with_the_next_erasure_of_a_film_by_any_process(ledger: Ledger, tmp_path: Path) -> None:
    erasures = Erasures(ledger)
    first, second = (made(erasures, tmp_path, erasures.count()) for _ in range(2))
    erasures.look()
    erase_reader(ledger, "ben", OPERATOR)
    erasures.look()
    assert first.exists() and second.exists(), "no export has names of readers"
    other = Ledger.open(LedgerSettings.in_folder(tmp_path / "data"))
    erase_films(other, [1], OPERATOR, labels_too=False)
    other.close()
    erasures.look()
    assert not first.exists() and not second.exists()
    third = made(erasures, tmp_path, erasures.count())
    erasures.look()
    assert third.exists()


def test_an_export_that_was_begun_before_an_erasure_is_thrown_away(ledger: Ledger, tmp_path: Path) -> None:
    erasures = Erasures(ledger)
    begun = erasures.count()
    erase_films(ledger, [1], OPERATOR, labels_too=True)
    erasures.look()
    with pytest.raises(BoneGradeError, match="erased while the export was made"):
        made(erasures, tmp_path, begun)
    assert list((tmp_path / "passing").rglob("*.zip")) == []


@pytest.mark.parametrize(
    ("method", "status", "told"), [("GET", 200, 1), ("GET", 206, 1), ("HEAD", 200, 0), ("GET", 403, 0), ("GET", 404, 0)]
)
def test_an_export_that_is_served_is_told_and_no_other_file(
    ledger: Ledger, tmp_path: Path, method: str, status: int, told: int
) -> None:
    erasures, fetched = Erasures(ledger), []
    export = made(erasures, tmp_path, erasures.count(), lambda: fetched.append(1))
    other = made(erasures, tmp_path, erasures.count())
    served = [Route("/{path:path}", lambda request: Response(b"zip", status), methods=["GET", "HEAD"])]
    client = TestClient(LooksFirst(Starlette(routes=served), erasures))
    for address in (other, export.with_name("another.zip"), export.parent.parent / "0" / export.name):
        client.request(method, f"/gradio_api/file={address}")
    assert fetched == []
    client.request(method, f"/gradio_api/file={export}")
    assert len(fetched) == told
    export.unlink()
    made(erasures, tmp_path, erasures.count())
    client.request(method, f"/gradio_api/file={export}")
    assert len(fetched) == told, "what is gone is not kept in mind"
