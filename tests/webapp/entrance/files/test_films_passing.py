"""Which files that pass through go when a film is erased, and which stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.intake import FilmFile, SentFile
from core.keeping.lately_erased import Erased
from webapp.entrance.files.films_passing import FilmErased, FilmsPassing

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)


@pytest.fixture
def passing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def sent(passing: Path, films: FilmsPassing, folder: str, name: str = "upload") -> Path:
    """A file that comes in."""
    films.came(folder)
    path = passing / folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"film")
    return path


def erased(*hashes: str) -> Erased:
    """Just now."""
    return Erased(str, dict.fromkeys(hashes, datetime.now(UTC)))


def test_a_file_goes_with_its_film_and_is_known_again_when_it_is_sent_anew(passing: Path) -> None:
    films = FilmsPassing()
    gone, stays, unread = (sent(passing, films, name) for name in ("a", "b", "c"))
    made = sent(passing, films, "d", "report.pdf")
    for path, sha256 in ((gone, ONE), (stays, TWO), (made, ONE)):
        films.holds(path, [sha256], films.since(path))
    films.remove(erased(ONE))
    assert [path.exists() for path in (gone, stays, unread, made)] == [False, True, True, False]
    assert films.was_erased(gone) and not films.was_erased(stays)
    films.check([SentFile(stays, "stays.png")])
    with pytest.raises(FilmErased, match="erased after it was sent here"):
        films.check([SentFile(stays, "stays.png"), SentFile(gone, "gone.png")])
    earlier = erased(ONE)
    again = sent(passing, films, "a")
    assert again == gone and not films.was_erased(again)
    films.holds(again, [ONE], films.since(again))
    films.remove(earlier)
    assert again.exists(), "it came after the erasure"
    films.remove(erased(ONE))
    assert films.was_erased(again), "erased once more"


def test_what_was_made_of_a_film_before_it_was_erased_goes_however_late_it_was_handed_out(passing: Path) -> None:
    films = FilmsPassing()
    before = datetime.now(UTC) - timedelta(minutes=1)
    (passing / "d").mkdir()
    late = passing / "d" / "report.pdf"
    late.write_bytes(b"crops")
    told = erased(ONE)
    films.holds(late, [ONE], before)
    films.remove(told)
    assert not late.exists()


def test_a_zip_goes_with_any_film_that_came_in_it_and_no_other_file_does(passing: Path, tmp_path: Path) -> None:
    films = FilmsPassing()
    archive, alone = sent(passing, films, "z", "upload.zip"), sent(passing, films, "a")
    batch = [SentFile(archive, "films.zip"), SentFile(alone, "three.png")]
    unpacked = (FilmFile("one.png", Path("/unpacked/one.png"), "F", None, None), ONE)
    for file, sha256 in (unpacked, (FilmFile("three.png", alone, "F", None, None), THREE)):
        films.batch_holds(batch, file, sha256)
    films.remove(erased(TWO))
    assert archive.exists() and alone.exists()
    films.remove(erased(ONE))
    assert not archive.exists() and alone.exists()
    films.remove(erased(THREE))
    assert not alone.exists()


def test_files_that_do_not_pass_are_let_alone(passing: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    films = FilmsPassing()
    shipped = tmp_path_factory.mktemp("examples") / "girl.png"
    shipped.write_bytes(b"film")
    films.holds(shipped, [ONE], films.since(shipped))
    films.remove(erased(ONE))
    assert shipped.exists() and not films.was_erased(shipped)
