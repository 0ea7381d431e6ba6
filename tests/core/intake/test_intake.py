"""What people send in: every way in which it can be wrong, and that nothing is changed where it is refused as a whole."""

import logging
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import cv2
import pytest

from core.access.roles import NotAllowed, Reader, Role
from core.assessment.assessor import Assessment, Assessor, Progress
from core.bones import Sex
from core.film.radiograph import Radiograph, read_radiograph
from core.intake import BatchRefused, Filing, Limits, TakenIn, look_through, open_batch, take_in
from core.intake.table import read_table
from core.intake.turns import Turns
from core.ledger import Consent, Ledger, LedgerSettings
from tests.films import dicom_file, dicom_film, file_of
from tests.hands import drawn_hand

ADA = Reader("ada", Role.READER)
#: What names a patient in these tests, and must not be found in the store, the log or an error.
PATIENT = "Zwiebelfisch"


def film_bytes(number: int) -> bytes:
    """A PNG of a drawn hand, each number another."""
    return bytes(cv2.imencode(".png", drawn_hand(unit=60.0 + number)[0])[1])


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Two films on the disk, a.png and b.png."""
    for number, name in enumerate(("a.png", "b.png")):
        (tmp_path / name).write_bytes(film_bytes(number))
    return [tmp_path / "a.png", tmp_path / "b.png"]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    ledger = Ledger.open(LedgerSettings.from_environment({"BONEGRADE_DATA": str(tmp_path / "store")}))
    yield ledger
    ledger.close()


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a CSV."""

    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A zip with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def filing(ledger: Ledger, assessor: Assessor) -> Filing:
    """Files what the shipped model says."""
    return Filing(ledger, lambda: assessor, Turns().when_free)


def nobody(ledger: Ledger) -> Filing:
    """For films of which the model need not be asked."""

    def never() -> Assessor:
        raise AssertionError("the model was asked")

    return Filing(ledger, never, Turns().when_free)


def send(ledger: Ledger, files: list[Path], table: Path | None = None, sex: Sex | None = None) -> list[TakenIn]:
    """Takes in with consent."""
    with open_batch(files, table, sex) as batch:
        return list(take_in(batch, nobody(ledger), reader=ADA, consent=Consent()))


def refused(ledger: Ledger, files: list[Path], table: Path | None = None, limits: Limits | None = None) -> str:
    """The sentence with which a batch is refused; afterwards the ledger and its folder hold no film."""
    with pytest.raises(BatchRefused) as caught, open_batch(files, table, None, limits or Limits()) as batch:
        list(take_in(batch, nobody(ledger), reader=ADA, consent=Consent()))
    assert list(ledger.films()) == []
    sentence = str(caught.value)
    assert sentence.endswith(".") and PATIENT not in sentence and "\n" not in sentence
    return sentence


# Batches that are whole


def test_files_and_a_csv_become_films_with_sex_age_and_a_pseudonym(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path]
) -> None:
    taken = send(ledger, films, csv(f"file,id,sex,age_months\nb.png,{PATIENT},F,96\na.png,{PATIENT},M,\n"))
    assert [t.status for t in taken] == ["added", "added"]
    one, other = ledger.films()
    assert (one.sex, one.age_months, other.sex, other.age_months) == ("M", None, "F", 96.0)
    assert one.patient_key == other.patient_key != ""
    assert one.consent and one.source == "queue" and one.added_by == "ada"


@pytest.mark.parametrize(
    "text",
    [
        "id,sex\na,M\nb,F\n",
        "\ufeffID;Sex\r\nA;male\r\nB;Female\r\n",
        "Image ID\tgender\na\tM\n\nb\tf\n",
        "sex,file\nm,A.PNG\nF,b\n",
        "id,boneage,male\na,94,TRUE\nb,20,false\n",
    ],
)
def test_a_csv_may_come_in_many_dialects(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path], text: str
) -> None:
    send(ledger, films, csv(text))
    assert [film.sex for film in ledger.films()] == ["M", "F"]


def test_ages_in_years_with_a_decimal_comma(csv: Callable[[str], Path]) -> None:
    (row,) = read_table(csv("id;sex;Age (years)\na;F;7,5\n"))
    assert row.age_months == 90.0


def test_a_csv_of_a_spreadsheet_without_utf_8(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("id;sex;patient\na;F;Müller\n".encode("cp1252"))
    assert read_table(tmp_path / "t.csv")[0].patient == "Müller"


def test_a_zip_with_its_csv_inside_and_clutter(ledger: Ledger, tmp_path: Path) -> None:
    members = {
        "hands/1.png": film_bytes(1),
        "hands/2.png": film_bytes(2),
        "labels.csv": b"id,sex\n1,F\n2,M\n",
        "__MACOSX/hands/._1.png": b"x",
        "hands/.DS_Store": b"x",
        "hands/Thumbs.db": b"x",
        "hands/report.pdf": b"%PDF",
        "hands/more.zip": b"PK\x03\x04",
    }
    with open_batch([make_zip(tmp_path / "z.ZIP", members)]) as batch:
        assert [film.name for film in batch.films] == ["1.png", "2.png"]
        assert set(batch.passed_over) == {"report.pdf", "more.zip"}
        folder = batch.films[0].path.parent
        list(take_in(batch, nobody(ledger), reader=ADA, consent=Consent()))
    assert not folder.exists()
    assert [film.sex for film in ledger.films()] == ["F", "M"]


def test_a_folder_of_folders_tells_equal_names_apart(
    ledger: Ledger, tmp_path: Path, csv: Callable[[str], Path]
) -> None:
    for number, folder in enumerate(("x", "y")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        (tmp_path / "set" / folder / "1.png").write_bytes(film_bytes(number))
    send(ledger, [tmp_path / "set"], csv("file,sex\nx/1.png,F\ny\\1.png,M\n"))
    assert [film.sex for film in ledger.films()] == ["F", "M"]
    with pytest.raises(BatchRefused, match="Line 2 of the CSV fits several films"):
        send(ledger, [tmp_path / "set"], csv("file,sex\n1.png,F\n"))


def test_the_chosen_sex_is_that_of_films_without_a_row(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path]
) -> None:
    send(ledger, films, csv("id,sex\nb,M\n"), "F")
    assert [film.sex for film in ledger.films()] == ["F", "M"]


def test_dicom_films_without_an_ending_or_with_a_uid_are_films(tmp_path: Path) -> None:
    members = {"IM0001": b"x", "1.2.840.113619.2": b"x", "DICOMDIR": b"x"}
    with open_batch([make_zip(tmp_path / "z.zip", members)], sex="F") as batch:
        assert {film.name for film in batch.films} == {"IM0001", "1.2.840.113619.2"}
        assert batch.passed_over == ()


# Films that are wrong one by one


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


def girl(number: int) -> bytes:
    """A DICOM film of a drawn hand whose header says that it is a girl's, of nine years."""
    hand = drawn_hand(unit=60.0 + number)[0]
    return dicom_file(dicom_film(hand, 8 * hand.dtype.itemsize, PatientSex="F", PatientAge="009Y"))


def test_the_sex_that_a_file_states_is_taken_and_another_is_pointed_out(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "g.dcm").write_bytes(girl(0))
    for sex, said in ((None, ""), ("F", ""), ("M", "The file says F, and the sex was given as M")):
        with open_batch([tmp_path / "g.dcm"], sex=cast("Sex | None", sex)) as batch:
            assert [film.sex for film in batch.films] == [sex or "F"]
            (looked,) = look_through(batch, ledger, for_writing=False)
        assert looked.status == "new" and looked.sentence.startswith(said) and bool(looked.sentence) == bool(said)
    with open_batch([tmp_path / "g.dcm"], sex="M") as batch:
        (taken,) = take_in(batch, nobody(ledger), reader=ADA, consent=Consent())
    assert taken.film is not None and taken.film.age_months == 108 and "The file says F" in taken.sentence


def test_only_films_whose_sex_nobody_tells_have_none(ledger: Ledger, films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "g.dcm").write_bytes(girl(0))
    assert "One film has no sex" in refused(ledger, [films[0], tmp_path / "g.dcm"])


def test_what_phones_write_is_a_film(ledger: Ledger, tmp_path: Path) -> None:
    phone = tmp_path / "phone"
    phone.mkdir()
    for ending, kind in ((".heic", "HEIF"), (".avif", "AVIF"), (".jp2", "JPEG2000"), (".gif", "GIF")):
        (phone / f"hand{ending}").write_bytes(file_of(drawn_hand(unit=60.0)[0], kind))
    with open_batch([phone], sex="F") as batch:
        looked = list(look_through(batch, ledger, for_writing=False))
    assert len(looked) == 4 and {one.status for one in looked} <= {"new", "twice"}


# Batches that are refused


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,sex\na,M\nb,F\nc,F\n", "Line 4 of the CSV names a film that was not sent"),
        ("id,sex\na,M\nb,F\nA.png,M\n", "Lines 2 and 4 of the CSV name the same film"),
        ("id,sex\na,M\nb,\n", "Line 3 of the CSV has no sex"),
        ("id,sex\na,M\nb\n", "Line 3 of the CSV has no sex"),
        ("id,sex\na,1\nb,0\n", "Line 2 of the CSV has a sex that could mean either"),
        ("id,male\na,1\nb,0\n", "takes true or false"),
        ("id,sex\na,M\n", "One film has no sex"),
        ("id,age_months\na,12\nb,13\n", 'no column "sex"'),
        ("name,sex\na,M\n", "names no films"),
        ("id,sex,age\na,M,7\nb,F,8\n", "could be years or months"),
        ("id,sex,age_years,age months\na,M,7,84\nb,F,8,96\n", "the age twice"),
        ("id,sex,age_years\na,M,96\nb,F,8\n", "Line 2 of the CSV has an age that no child has"),
        ("id,sex,age_years\na,M,seven\nb,F,8\n", "Line 2 of the CSV has an age"),
        ("id,sex,age_years\na,M,nan\nb,F,8\n", "Line 2 of the CSV has an age"),
        ("id,sex,Sex\na,M,M\nb,F,F\n", 'two columns for "sex"'),
        ("id,sex\n,M\nb,F\n", "Line 2 of the CSV names no film"),
        ("id,sex\n", "no rows"),
        ("", "names no films"),
        ("id,sex\na,\0\n", "cannot be read"),
    ],
)
def test_a_csv_with_a_fault_is_refused_with_its_line(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path], text: str, sentence: str
) -> None:
    assert sentence in refused(ledger, films, csv(text))


def test_films_without_a_sex_or_no_films_are_refused(ledger: Ledger, films: list[Path], tmp_path: Path) -> None:
    assert "2 films have no sex" in refused(ledger, films)
    (tmp_path / "notes.txt").write_text("x")
    assert "no films" in refused(ledger, [tmp_path / "notes.txt"])
    assert "no films" in refused(ledger, [])
    assert "several CSV" in refused(
        ledger, [make_zip(tmp_path / "z.zip", {"1.png": b"x", "1.csv": b"id,sex\n", "2.csv": b"id,sex\n"})]
    )


@pytest.mark.parametrize(
    "name", ["../evil.png", "hands/../../evil.png", "/etc/evil.png", "C:/evil.png", "c:evil.png", "..\\evil.png"]
)
def test_a_zip_with_a_path_outside_itself_is_refused(ledger: Ledger, tmp_path: Path, name: str) -> None:
    sentence = refused(ledger, [make_zip(tmp_path / "z.zip", {"a.png": film_bytes(0), name: film_bytes(1)})])
    assert "path outside itself" in sentence
    assert not list(tmp_path.rglob("evil.png")) and not (tmp_path.parent / "evil.png").exists()


def test_a_zip_with_a_link_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        link = zipfile.ZipInfo("film.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "link" in refused(ledger, [tmp_path / "z.zip"])


def test_a_zip_bomb_is_refused_by_what_it_unpacks_to(ledger: Ledger, tmp_path: Path) -> None:
    bomb = make_zip(tmp_path / "z.zip", {"a.png": bytes(3 * 10**6)})
    tight = Limits(ratio=100.0, ratio_from_bytes=10**6)
    assert "far more than films need" in refused(ledger, [bomb], limits=tight)
    many = make_zip(tmp_path / "m.zip", {f"{n}.png": bytes(2 * 10**5) for n in range(20)})
    assert "far more than films need" in refused(ledger, [many], limits=tight)
    assert "far more" in refused(ledger, [many], limits=Limits(total_bytes=10**6))
    assert "more than 5 files" in refused(ledger, [many], limits=Limits(files=5))


def test_a_zip_that_lies_about_its_sizes_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", {"a.png": film_bytes(0)})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(signature) + offset
        content[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))
    assert "damaged" in refused(ledger, [path])


def test_a_zip_whose_list_of_files_would_fill_the_memory_is_refused_before_it_is_read(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.png", b"")
    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", lambda self: pytest.fail("the list was read"))
    assert "more than 5 files" in refused(ledger, [path], limits=Limits(files=5))


def test_damaged_encrypted_and_strangely_packed_zips_are_refused(ledger: Ledger, tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "z.zip", {"a.png": film_bytes(0), "b.png": film_bytes(1)}).read_bytes()
    path = tmp_path / "bad.zip"
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused(ledger, [path])
    path.write_bytes(b"not a zip")
    assert "damaged" in refused(ledger, [path])
    flipped = bytearray(whole)
    flipped[200] ^= 0xFF
    path.write_bytes(bytes(flipped))
    assert "damaged" in refused(ledger, [path])
    for signature, flags, method in ((b"PK\x03\x04", 6, 8), (b"PK\x01\x02", 8, 10)):
        encrypted, strange = bytearray(whole), bytearray(whole)
        encrypted[whole.index(signature) + flags] |= 1
        strange[whole.index(signature) + method] = 97
        path.write_bytes(bytes(encrypted))
        assert "password" in refused(ledger, [path]) or signature == b"PK\x03\x04"
        path.write_bytes(bytes(strange))
        assert refused(ledger, [path])


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_can_only_be_unpacked_at_once_is_refused_before_it_fills_the_memory(
    ledger: Ledger, tmp_path: Path, packed: int
) -> None:
    """zipfile counts nothing while it unpacks these: 2 kB of bzip2 took 6 GB."""
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w", packed) as archive:
        archive.writestr("a.png", bytes(10**8))
    tracemalloc.start()
    try:
        assert "ordinary zip" in refused(ledger, [path])
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()


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
