"""What an import would do, said before anything is changed; and labels of other tools that come in as they were meant."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.access.roles import OPERATOR
from core.dataset.exporting.export import export
from core.dataset.exporting.options import ExportOptions
from core.dataset.formats.reading import Format
from core.dataset.importing.checking import ImportOptions, check_labels
from core.dataset.importing.checking_table import as_text, rows, summary
from core.dataset.importing.taking_in import Imported
from core.dataset.labels import BadLabels
from core.film.box import Box
from core.film.radiograph import read_radiograph
from tests.core.dataset.importing.taken_in import import_labels
from tests.stored_films import Store, graded, hand


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Pictures of the drawn hands 0 to 2."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), _greys(number))
    return folder


def _greys(number: int) -> np.ndarray:
    return np.round(hand(number).pixels * 255).astype(np.uint8)


def _csv(folder: Path, *lines: str, head: str = "file,sex,bone,grade,xmin,ymin,xmax,ymax") -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return path


def _coco(folder: Path, file: str, size: tuple[int, int], bbox: list[float]) -> Path:
    path = folder / "labels.json"
    document = {
        "images": [{"id": 1, "file_name": file, "width": size[0], "height": size[1], "sex": "F"}],
        "categories": [{"id": 1, "name": "Radius_7"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": bbox}],
    }
    path.write_text(json.dumps(document))
    return path


_MIXED = (
    "0.png,F,MC3,5,10,20,60,80",
    "0.png,F,MC5,99,,,,",
    "1.png,F,MC3,5,-3,20,60,323",
    "1.png,F,Radius,I,,,,",
    "9.png,F,MC3,5,,,,",
    "2.png,X,MC3,5,,,,",
)


def test_a_dry_run_says_what_would_come_in_and_why_not_and_changes_nothing(
    store: Store, tmp_path: Path, images: Path
) -> None:
    checked = check_labels(store.ledger, _csv(tmp_path, *_MIXED), "csv", ImportOptions("ines", images, consent=None))
    said = [(row.status, row.what, row.labels) for row in rows(checked)]
    assert said == [
        ("left out", "labels.csv, row 3", 0),
        ("left out", "labels.csv, row 7", 0),
        ("left out", "labels.csv, row 6", 0),
        ("new film", "1.png", 2),
        ("new film", "0.png", 1),
    ]
    why = [row.why for row in rows(checked)]
    assert why[0].endswith("(1 to 10), not 99.") and "the column sex takes M or F" in why[1]
    assert "no picture '9.png'" in why[2] and "clipped at its edge" in why[3] and "kept as a stage" in why[3]
    assert summary(checked).startswith("2 films can be imported, 2 of them new, with 3 labels; 3 things cannot.")
    assert "clipped at its edge: 1." in summary(checked)
    assert len(as_text(checked).splitlines()) == 6
    assert store.ledger.ledger_revision() == 0 and not list(store.ledger.films())


def test_what_is_bad_is_skipped_and_the_rest_comes_in(store: Store, tmp_path: Path, images: Path) -> None:
    source, options = _csv(tmp_path, *_MIXED), ImportOptions("ines", images, consent=None)
    with pytest.raises(BadLabels, match="row 3: Metacarpal V has the grades"):
        import_labels(store.ledger, source, "csv", options)
    assert not list(store.ledger.films())
    done = import_labels(store.ledger, source, "csv", options, skip_bad=True)
    assert done == Imported(films=2, new_films=2, labels=3, known_labels=0, refused=0, near_copies=0)
    first, second = store.ledger.films()
    assert store.ledger.reading(first.id, "ines")["MC3"].box == Box(10, 20, 60, 80)
    assert store.ledger.reading(second.id, "ines")["MC3"].box == Box(0, 20, 60, 320)
    again = import_labels(store.ledger, source, "csv", options, skip_bad=True)
    assert again == Imported(films=2, new_films=0, labels=3, known_labels=3, refused=0, near_copies=0)


def test_a_stage_of_several_grades_is_kept_as_a_stage_and_comes_back(
    store: Store, tmp_path: Path, images: Path, make_store: Callable[[Path], Store]
) -> None:
    source = _csv(tmp_path, "0.png,F,MC3,TW3 G,,,,", "0.png,F,Radius,I,10,20,60,80")
    import_labels(store.ledger, source, "csv", ImportOptions("ines", images, consent=None))
    (film,) = store.ledger.films()
    assert {bone: said.grade for bone, said in store.ledger.reading(film.id, "ines").items()} == {"MC3": 7}
    export(store.ledger, OPERATOR, tmp_path / "out", ExportOptions(formats=("csv",)))
    other = make_store(tmp_path / "other")
    for _ in range(2):
        import_labels(other.ledger, tmp_path / "out" / "labels.csv", "csv", ImportOptions("ines", images, consent=None))
        export(other.ledger, OPERATOR, tmp_path / "back", ExportOptions(formats=("csv",)))
        text = (tmp_path / "back" / "labels.csv").read_text()
        assert text == (tmp_path / "out" / "labels.csv").read_text()
        assert ",Radius,,,,10.0,20.0,60.0,80.0,I," in text
        (tmp_path / "back").rename(tmp_path / f"done{_}")


@pytest.mark.parametrize("kind", ["csv", "coco", "voc", "yolo"])
def test_own_exports_come_back_by_their_hash_without_consent(
    store: Store, tmp_path: Path, images: Path, make_store: Callable[[Path], Store], kind: Format
) -> None:
    """No picture was kept, so the original files are found by what is on them, whatever they are called."""
    for number in range(2):
        film = store.film(number, consent=False)
        store.save(film, [graded("MC3", 4, Box(20.0, 30.0, 80.0, 110.0))], "ben")
    export(store.ledger, OPERATOR, tmp_path / "out", ExportOptions(formats=(kind,)))
    source = tmp_path / "out" / ("labels.csv" if kind == "csv" else kind)
    assert import_labels(store.ledger, source, kind, ImportOptions("ines", consent=None)).new_films == 0
    other = make_store(tmp_path / "other")
    with pytest.raises(BadLabels, match="the ledger does not have"):
        import_labels(other.ledger, source, kind, ImportOptions("ines", sex="F", consent=None))
    done = import_labels(other.ledger, source, kind, ImportOptions("ines", images, sex="F", consent=None))
    assert (done.films, done.new_films, done.labels) == (2, 2, 2)
    for number in range(2):
        twin = other.ledger.film_by_hash(hand(number).sha256)
        assert twin is not None and not twin.consent
        said = other.ledger.reading(twin.id, "ines")["MC3"]
        assert said.grade == 4 and said.box is not None and said.box.is_near(Box(20.0, 30.0, 80.0, 110.0), 1e-5)


def test_names_of_files_are_exported_where_they_may_be_and_never_with_the_patients_id(
    store: Store, tmp_path: Path, images: Path
) -> None:
    head = "file,sex,bone,grade,patient"
    source = _csv(tmp_path, "0.png,F,MC3,5,p7", "1.png,F,MC3,5,1", "2.png,F,MC3,5,", head=head)
    import_labels(store.ledger, source, "csv", ImportOptions("ines", images, names=True, consent=None))
    assert [film.file_name for film in store.ledger.films()] == ["0.png", "", "2.png"]
    export(store.ledger, OPERATOR, tmp_path / "out", ExportOptions(formats=("csv", "coco", "voc")))
    text = (tmp_path / "out" / "labels.csv").read_text()
    assert [line.split(",")[-1] for line in text.splitlines()] == ["original_name", "0.png", "", "2.png"]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_drawn_before_the_turning_of_exif_are_turned_with_the_picture(
    store: Store, tmp_path: Path, images: Path, orientation: int
) -> None:
    """A bright mark on the stored picture, boxed there: the box that comes in holds the mark on the upright film."""
    stored = np.full((120, 200), 40, np.uint8)
    stored[20:50, 130:180] = 255
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(images / "photo.jpg", exif=exif, quality=95)
    upright = read_radiograph(images / "photo.jpg")
    assert (upright.width, upright.height) == (120, 200)
    source = _coco(tmp_path, "photo.jpg", (200, 120), [130, 20, 50, 30])
    checked = check_labels(store.ledger, source, "coco", ImportOptions("ines", images, consent=None))
    (film,) = checked.films
    box = film.film.labels[0].box
    assert box is not None and "turned with it (EXIF)" in rows(checked)[0].why
    inside = upright.pixels[int(box.ymin) : int(box.ymax), int(box.xmin) : int(box.xmax)]
    assert box.area == 1500 and inside.mean() > 0.95


def test_upright_boxes_with_the_size_before_turning_stay(store: Store, tmp_path: Path, images: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (120, 1))).save(images / "photo.jpg", exif=exif)
    source = _coco(tmp_path, "photo.jpg", (200, 120), [10, 150, 50, 40])
    checked = check_labels(store.ledger, source, "coco", ImportOptions("ines", images, consent=None))
    assert checked.films[0].film.labels[0].box == Box(10, 150, 60, 190)
    assert "the boxes are upright" in rows(checked)[0].why


def test_nothing_of_a_picture_is_decoded_in_this_process(
    store: Store, tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a PNG without EXIF, Pillow decodes every pixel when it is asked for the orientation."""

    def decoded_here(self: Image.Image) -> None:
        pytest.fail("the picture is decoded in the main process")

    Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (120, 1))).save(images / "wide.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded_here)
    source = _coco(tmp_path, "wide.png", (120, 200), [10, 20, 50, 40])
    (fault,) = check_labels(store.ledger, source, "coco", ImportOptions("ines", images, consent=None)).faults
    assert "bring the picture on which they were drawn" in str(fault)


def test_a_film_that_is_there_in_another_file_is_pointed_out(store: Store, tmp_path: Path, images: Path) -> None:
    film = store.film(0)
    from core.intake.near_copies import NearCopies

    NearCopies(store.ledger).note(film, hand(0))
    cv2.imwrite(str(images / "0.jpg"), _greys(0), [cv2.IMWRITE_JPEG_QUALITY, 80])
    checked = check_labels(
        store.ledger, _csv(tmp_path, "0.jpg,F,MC3,5,,,,"), "csv", ImportOptions("ines", images, consent=None)
    )
    assert f"It looks like film {film.id}, which is there already" in rows(checked)[0].why
    assert "films that look like one that is there: 1." in summary(checked)
