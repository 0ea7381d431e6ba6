"""Films taken in one by one, and looked through before: the bad, the known, those without consent, those left out."""

import logging
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from core.access.roles import NotAllowed, Reader, Role
from core.assessment.assessor import Assessment, Assessor, Progress
from core.bones import Sex
from core.film.radiograph import Radiograph, read_radiograph
from core.intake import Filing, look_through, open_batch, take_in
from core.intake.turns import Turns
from core.ledger import Consent, Ledger
from tests.core.intake.sent import ADA, PATIENT, film_bytes, nobody, send
from tests.films import file_of
from tests.hands import drawn_hand


@pytest.fixture
def filing(ledger: Ledger, assessor: Assessor) -> Filing:
    """Files what the shipped model says."""
    return Filing(ledger, lambda: assessor, Turns().when_free)


def test_a_bad_film_is_named_and_the_others_go_in(ledger: Ledger, films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "c.png").write_text("not a film")
    taken = send(ledger, [*films, tmp_path / "c.png"], sex="F")
    assert [(t.name, t.status) for t in taken] == [("a.png", "added"), ("b.png", "added"), ("c.png", "refused")]
    assert taken[2].sentence.endswith(".") and len(list(ledger.films())) == 2


def test_a_film_sent_twice_is_recognised(ledger: Ledger, films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "again.png").write_bytes(films[0].read_bytes())
    taken = send(ledger, [*films, tmp_path / "again.png"], sex="F")
    assert sorted(t.status for t in taken) == ["added", "added", "twice"]
    again = send(ledger, films, sex="M")
    assert [t.status for t in again] == ["known", "known"]
    assert "Already in the queue" in again[0].sentence and "sex F and not M" in again[0].sentence
    assert [film.sex for film in ledger.films()] == ["F", "F"]


class _Asked(Assessor):
    """The shipped pipeline, which remembers for which sexes it was asked."""

    def __init__(self, assessor: Assessor):
        super().__init__(assessor.localizer, assessor.grader, assessor.intervals, assessor.weights, assessor.whole_hand)
        self.sexes: list[Sex] = []

    def assess(self, radiograph: Radiograph, sex: Sex, progress: Progress | None = None) -> Assessment:
        self.sexes.append(sex)
        return super().assess(radiograph, sex, progress)


def test_the_model_is_asked_for_the_sex_that_the_ledger_has(
    ledger: Ledger, assessor: Assessor, films: list[Path]
) -> None:
    """A film whose pixels were not kept, and which has no prediction, comes again under the other sex."""
    ledger.add_film(read_radiograph(films[0]), "M", reader="ada", source="queue", consent=None)
    asked = _Asked(assessor)
    with open_batch(films, None, "F") as batch:
        taken = list(take_in(batch, Filing(ledger, lambda: asked, Turns().when_free), reader=ADA, consent=None))
    assert [t.status for t in taken] == ["known", "added"] and asked.sexes == ["M", "F"]
    assert [film.sex for film in ledger.films()] == asked.sexes


def test_looking_through_changes_nothing(ledger: Ledger, films: list[Path], tmp_path: Path) -> None:
    picture = drawn_hand(720, 960, unit=200.0)[0]
    cv2.putText(picture, "DOE JANE", (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 250, 3, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "c.png"), picture)
    send(ledger, films[:1], sex="F")
    (tmp_path / "d.png").write_text("not a film")
    everything = [*films, tmp_path / "c.png", tmp_path / "d.png", films[1]]
    with open_batch(everything, sex="F") as batch:
        looked = list(look_through(batch, ledger, for_writing=True))
    assert [one.status for one in looked] == ["known", "new", "twice", "new", "refused"]
    assert [bool(one.places) for one in looked] == [False, False, False, True, False]
    assert len(list(ledger.films())) == 1


def test_without_consent_the_model_is_asked_first_and_no_pixels_are_kept(
    ledger: Ledger, filing: Filing, films: list[Path], tmp_path: Path
) -> None:
    with open_batch(films, sex="F") as batch:
        list(take_in(batch, filing, reader=ADA, consent=None))
    for film in ledger.films():
        prediction = ledger.prediction(film.id)
        assert not film.consent and prediction is not None and prediction.refusal
    assert not list((tmp_path / "store").rglob("*.png"))
    # Consent given later is kept with the picture.
    assert ["kept from now on" in t.sentence for t in send(ledger, films, sex="F")] == [True, True]
    assert all(film.consent for film in ledger.films())


def test_a_model_that_cannot_be_asked_leaves_no_film_behind(ledger: Ledger, films: list[Path]) -> None:
    def broken() -> Assessor:
        raise MemoryError

    with open_batch(films, sex="F") as batch:
        taken = list(take_in(batch, Filing(ledger, broken, Turns().when_free), reader=ADA, consent=None))
    assert [t.status for t in taken] == ["refused", "refused"] and list(ledger.films()) == []


def test_films_can_be_left_out(ledger: Ledger, films: list[Path]) -> None:
    with open_batch(films, sex="F") as batch:
        shas = [one.radiograph.sha256 for one in look_through(batch, ledger, for_writing=False) if one.radiograph]
        taken = list(take_in(batch, nobody(ledger), reader=ADA, consent=Consent(), left_out=shas[:1]))
    assert [t.status for t in taken] == ["left_out", "added"] and len(list(ledger.films())) == 1


def test_what_phones_write_is_a_film(ledger: Ledger, tmp_path: Path) -> None:
    phone = tmp_path / "phone"
    phone.mkdir()
    for ending, kind in ((".heic", "HEIF"), (".avif", "AVIF"), (".jp2", "JPEG2000"), (".gif", "GIF")):
        (phone / f"hand{ending}").write_bytes(file_of(drawn_hand(unit=60.0)[0], kind))
    with open_batch([phone], sex="F") as batch:
        looked = list(look_through(batch, ledger, for_writing=False))
    assert len(looked) == 4 and {one.status for one in looked} <= {"new", "twice"}


def test_names_are_neither_stored_nor_logged(
    ledger: Ledger, tmp_path: Path, csv: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    for name, content in ((f"{PATIENT}1.png", film_bytes(1)), (f"{PATIENT}2.png", b"no film")):
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / f"{PATIENT}{number}.png" for number in (1, 2)]
    with caplog.at_level(logging.DEBUG):
        taken = send(ledger, files, csv(f"id,sex\n{PATIENT}1,F\n{PATIENT}2,M\n"))
    assert [t.status for t in taken] == ["added", "refused"]
    ledger.close()
    stored = b"".join(p.read_bytes() for p in (tmp_path / "store").rglob("*") if p.is_file())
    assert PATIENT.encode() not in stored and PATIENT not in caplog.text
    assert all(PATIENT not in repr(t) and PATIENT not in t.sentence for t in taken)


def test_a_viewer_takes_nothing_in(ledger: Ledger, films: list[Path]) -> None:
    vera = Reader("vera", Role.VIEWER)
    with open_batch(films, None, "F") as batch, pytest.raises(NotAllowed, match="does not allow you to add films"):
        list(take_in(batch, nobody(ledger), reader=vera, consent=Consent()))
    assert list(ledger.films()) == []
