"""Imports: every format, the app's own exports, all or nothing, and nothing twice."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.access.roles import OPERATOR
from core.dataset.exporting.export import export
from core.dataset.exporting.options import FORMATS, ExportOptions
from core.dataset.formats.reading import Format
from core.dataset.importing.checking import ImportOptions, check_labels
from core.dataset.importing.taking_in import Imported, take_in_labels
from core.dataset.labels import BadLabels
from core.dataset.split import Shares
from core.film.box import Box
from core.film.radiograph import read_radiograph
from core.intake.filing import Filing
from core.intake.turns import Turns
from core.keeping.erasing import erase_films
from core.ledger import Consent, Correction, Event, InvalidCorrection, assessment_of
from tests.core.dataset.importing.taken_in import import_labels
from tests.hands import Example, assert_same
from tests.reading_room import standing
from tests.stored_films import Store, graded, hand

#: How exactly a format says where a box is, in pixels: VOC's are whole, YOLO's are shares with eight digits.
_WRITTEN_TO = {"csv": 1e-9, "coco": 1e-9, "voc": 0.5, "yolo": 1e-5}


def _write_hands(folder: Path, *numbers: int) -> Path:
    """Drawn hands as PNG files "0.png", ... in a folder."""
    folder.mkdir()
    for number in numbers:
        cv2.imwrite(str(folder / f"{number}.png"), np.round(hand(number).pixels * 255).astype(np.uint8))
    return folder


def _csv(folder: Path, *rows: str, head: str = "file,sex,bone,grade,xmin,ymin,xmax,ymax,patient") -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Pictures of the drawn hands 0 to 2."""
    return _write_hands(tmp_path / "images", 0, 1, 2)


def _import(store: Store, source: Path, images: Path, kind: Format = "csv", **options: object) -> Imported:
    chosen = ImportOptions("ines", images, **{"consent": None, **options})  # type: ignore[arg-type]
    return import_labels(store.ledger, source, kind, chosen)


def _unchanged(store: Store) -> bool:
    return store.ledger.ledger_revision() == 0 and not list(store.ledger.films())


def test_a_film_that_was_erased_since_the_labels_were_checked_is_told(store: Store, tmp_path: Path) -> None:
    film = store.film(0)
    options = ImportOptions("ines", consent=None)
    checked = check_labels(store.ledger, _csv(tmp_path, f"{film.sha256}.png,F,MC3,5,,,,,"), "csv", options)
    assert not checked.faults and len(checked.films) == 1
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=True)
    with pytest.raises(BadLabels, match="row 2: the film was erased meanwhile; check the file again"):
        take_in_labels(store.ledger, checked, options)
    assert list(store.ledger.films()) == []


def test_labels_come_in_as_films_and_corrections(store: Store, tmp_path: Path, images: Path) -> None:
    source = _csv(tmp_path, "0.png,F,MCPThird,5,10,20,60,80,p1", "0.png,F,Ulna,0,,,,,p1", "1.png,M,DP5,9,,,,,p1")
    done = _import(store, source, images, consent=Consent())
    assert done == Imported(films=2, new_films=2, labels=3, known_labels=0, refused=0, near_copies=1)
    first, second = store.ledger.films()
    assert (first.sha256, first.sex, first.source, first.consent) == (hand(0).sha256, "F", "import", True)
    assert first.patient_key == second.patient_key != "" and second.sex == "M"
    assert standing(store.ledger, first.id).readings() == {
        "ines": {
            "Ulna": Correction("Ulna", "absent", 0),
            "MC3": Correction("MC3", "graded", 5, Box(10.0, 20.0, 60.0, 80.0)),
        }
    }
    (event,) = store.ledger.history(first.id)
    assert (event.reader, event.prediction_id, event.seconds) == ("ines", None, 0.0)
    assert "labels.csv" not in event.note


def test_the_same_import_again_doubles_nothing(store: Store, tmp_path: Path, images: Path) -> None:
    source = _csv(tmp_path, "0.png,F,MC3,5,,,,,p1", "1.png,M,DP5,9,,,,,p1")
    _import(store, source, images)
    before = list(store.ledger.events())
    film = next(store.ledger.films())
    store.save(film, [graded("MC3", 6)], "ines")
    assert _import(store, source, images) == Imported(2, 0, 2, 2, 0, 0)
    assert len(list(store.ledger.events())) == len(before) + 1
    assert store.ledger.reading(film.id, "ines")["MC3"].grade == 6
    changed = _csv(tmp_path, "0.png,F,MC3,7,,,,,p1", "1.png,M,DP5,9,,,,,p1")
    assert _import(store, changed, images).known_labels == 1
    assert store.ledger.reading(film.id, "ines")["MC3"].grade == 7


def test_a_film_that_the_ledger_has_is_recognised(store: Store, tmp_path: Path, images: Path) -> None:
    film = store.film(1)
    store.accept(film)
    assert _import(store, _csv(tmp_path, "1.png,F,MC3,5,,,,,"), images) == Imported(1, 0, 1, 0, 0, 0)
    assert set(standing(store.ledger, film.id).readings()) == {"anna", "ines"}
    with pytest.raises(BadLabels, match="in the ledger already, with sex F, not M"):
        _import(store, _csv(tmp_path, "1.png,M,MC3,5,,,,,"), images)


@pytest.mark.parametrize("kind", ["csv", "coco", "voc", "yolo"])
def test_own_exports_come_in_again(
    store: Store, tmp_path: Path, make_store: Callable[[Path], Store], kind: Format
) -> None:
    films = [store.film(n, patient=f"p{n}") for n in range(3)]
    for film in films:
        store.accept(film)
    store.save(films[0], [graded("MC3", 4, Box(20.5, 30.25, 80.0, 110.0))], "ben")
    export(store.ledger, OPERATOR, tmp_path / "out", ExportOptions(formats=FORMATS, shares=Shares(0, 0, 100)))
    source = {"csv": "labels.csv", "coco": "coco", "voc": "voc", "yolo": "yolo"}[kind]
    other = make_store(tmp_path / "other")
    # a YOLO file has no place for what is known of a child
    options = {"sex": "F"} if kind == "yolo" else {}
    done = _import(other, tmp_path / "out" / source, tmp_path / "out" / "films", kind, consent=Consent(), **options)
    assert done == Imported(3, 3, 39, 0, 0, 3)
    for film in films:
        twin = other.ledger.film_by_hash(film.sha256)
        assert twin is not None and twin.sex == film.sex
        assert kind == "yolo" or (twin.age_months == film.age_months and twin.patient_key)
        expected = standing(store.ledger, film.id).labels("latest")
        for bone, said in other.ledger.reading(twin.id, "ines").items():
            assert (said.verdict, said.grade) == (expected[bone].verdict, expected[bone].grade)
            box = expected[bone].box
            assert said.box is not None and box is not None and said.box.is_near(box, _WRITTEN_TO[kind])
    # the ledger that they came from needs no pictures
    shutil.rmtree(tmp_path / "out" / "films")
    (tmp_path / "out" / "films").mkdir()
    assert _import(store, tmp_path / "out" / source, tmp_path / "out" / "films", kind).new_films == 0


def test_new_films_are_assessed(store: Store, tmp_path: Path, images: Path, example: Example) -> None:
    """A hand gets a prediction, so that its crops can be cut; a film that is refused keeps its labels."""
    shutil.copyfile(example.path, images / "hand.png")
    cv2.imwrite(str(images / "grey.png"), np.tile(np.arange(200, dtype=np.uint8), (220, 1)))
    source = _csv(tmp_path, f"hand.png,{example.sex},MC3,5,,,,,", "grey.png,F,MC3,5,,,,,")
    options = ImportOptions("ines", images, consent=Consent())
    turns = 0

    @contextmanager
    def turn() -> Iterator[Callable[[], None]]:
        nonlocal turns
        turns += 1
        yield lambda: None

    done = import_labels(store.ledger, source, "csv", options, Filing(store.ledger, lambda: store.assessor, turn))
    assert done == Imported(2, 2, 2, 0, 1, 0) and turns == 2
    seen, refused = store.ledger.films()
    assert store.prediction(seen).localization is not None
    assert store.prediction(refused).refusal
    manifest = export(store.ledger, OPERATOR, tmp_path / "out")
    assert sum(manifest.split.crops.values()) == 1
    assert manifest.weights == (store.assessor.weights,)


def test_a_film_that_comes_in_meanwhile_is_assessed_for_the_sex_that_the_ledger_has(
    store: Store, tmp_path: Path, images: Path, example: Example
) -> None:
    shutil.copyfile(example.path, images / "hand.png")
    source = _csv(tmp_path, "0.png,F,MC3,5,,,,,", f"hand.png,{example.sex},MC3,5,,,,,")
    radiograph, other = read_radiograph(example.path), "M" if example.sex == "F" else "F"

    def somebody_adds_it(done: int, of: int) -> None:
        if done == 1:
            store.ledger.add_film(radiograph, other, reader="anna", source="queue", consent=None)  # type: ignore[arg-type]

    filing = Filing(store.ledger, lambda: store.assessor, Turns().now)
    import_labels(store.ledger, source, "csv", ImportOptions("ines", images, consent=None), filing, somebody_adds_it)
    film = store.ledger.film_by_hash(radiograph.sha256)
    assert film is not None and film.sex == other
    stored = assessment_of(store.assessor, film, store.prediction(film))
    assert_same(stored, store.assessor.assess(radiograph, film.sex))


def test_a_table_of_films(store: Store, tmp_path: Path, images: Path) -> None:
    source = _csv(tmp_path, "0.png,MC3,5", "1.png,MC3,6", head="file,bone,grade")
    table = tmp_path / "films.csv"
    table.write_text("file,sex,patient,age_months\n1.png,male,p1,100\n")
    with pytest.raises(BadLabels, match=r"the sex of 0\.png is not known"):
        _import(store, source, images, films=table)
    assert _unchanged(store)
    _import(store, source, images, films=table, sex="F")
    first, second = store.ledger.films()
    assert (first.sex, first.age_months, second.sex, second.age_months) == ("F", None, "M", 100.0)
    assert second.patient_key and not first.patient_key


@pytest.mark.parametrize(
    ("row", "place", "sentence"),
    [
        ("9.png,F,,", "row 2", r"no film '9\.png'"),
        ("1.png,X,,", "row 2", "the column sex takes M or F"),
        ("1.png,F,,old", "row 2", "age_months takes a number up to 300"),
        ("1.png,F,,\n1.png,F,,", "row 3", "is in row 2 already"),
    ],
)
def test_a_bad_table_of_films(store: Store, tmp_path: Path, images: Path, row: str, place: str, sentence: str) -> None:
    source = _csv(tmp_path, "1.png,F,MC3,5,,,,,")
    table = tmp_path / "films.csv"
    table.write_text(f"file,sex,patient,age_months\n{row}\n")
    with pytest.raises(BadLabels, match=sentence) as caught:
        _import(store, source, images, films=table)
    assert str(caught.value).startswith(f"films.csv, {place}: ")
    assert _unchanged(store)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1.png,F,MC3,99,,,,,", r"row 4: Metacarpal III has the grades .*, not 99"),
        ("1.png,F,MC2,5,,,,,", r"row 4: the bone 'MC2' is not known"),
        (
            "1.png,F,MC3,5,10,20,300,80,",
            r"1\.png, row 4: the box 10, 20, 300, 80 reaches outside the film of 240 x 320",
        ),
        ("9.png,F,MC3,5,,,,,", r"row 4: there is no picture '9\.png'"),
        ("../secret.png,F,MC3,5,,,,,", r"row 4: '\.\./secret\.png' leads outside the folder"),
        ("..\\secret.png,F,MC3,5,,,,,", r"leads outside the folder"),
        ("{root}/secret.png,F,MC3,5,,,,,", r"leads outside the folder"),
        ("link.png,F,MC3,5,,,,,", r"leads outside the folder"),
        ("copy.png,F,MC3,5,,,,,", r"row 4: copy\.png shows the same film as 0\.png"),
        ("torn.png,F,MC3,5,,,,,", r"row 4: The file"),
        ("1.png,,MC3,5,,,,,", r"row 4: the sex of 1\.png is not known"),
        ("1.png,F,MC3,5,,,,,\n2.png,F,MC3,,,,,,", r"row 5: Metacarpal III has no grade"),
    ],
)
def test_one_bad_row_keeps_everything_out(store: Store, tmp_path: Path, images: Path, row: str, sentence: str) -> None:
    shutil.copyfile(images / "1.png", tmp_path / "secret.png")
    (images / "link.png").symlink_to(tmp_path / "secret.png")
    shutil.copyfile(images / "0.png", images / "copy.png")
    (images / "torn.png").write_bytes((images / "1.png").read_bytes()[:300])
    good = ("0.png,F,MC3,5,,,,,p1", "0.png,F,MC5,5,,,,,p1")
    with pytest.raises(BadLabels, match=sentence) as caught:
        _import(store, _csv(tmp_path, *good, row.replace("{root}", str(tmp_path))), images, consent=Consent())
    assert str(caught.value).startswith("labels.csv, ") and str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert _unchanged(store)
    assert not [p for p in (tmp_path / "store" / "pictures").rglob("*") if p.is_file()]


def test_labels_drawn_on_another_size_are_refused(store: Store, tmp_path: Path, images: Path) -> None:
    head = "file,sex,bone,grade,width,height"
    source = _csv(tmp_path, "1.png,F,MC3,5,480,640", head=head)
    with pytest.raises(BadLabels, match="has 240 x 320 pixels and the labels are for 480 x 640"):
        _import(store, source, images)
    assert _unchanged(store)


def test_coco_and_voc_name_what_is_wrong(store: Store, tmp_path: Path, images: Path) -> None:
    document = {
        "images": [{"id": 1, "file_name": "0.png", "sex": "F"}, {"id": 2, "file_name": "1.png", "sex": "F"}],
        "categories": [{"id": 1, "name": "Radius_7"}],
        "annotations": [
            {"id": 10, "image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 40]},
            {"id": 11, "image_id": 2, "category_id": 1, "bbox": [220, 20, 30, 40]},
        ],
    }
    source = tmp_path / "labels.json"
    source.write_text(json.dumps(document))
    with pytest.raises(
        BadLabels, match=r"labels\.json, 1\.png, annotation 11: the box 220, 20, 250, 60 reaches outside"
    ):
        _import(store, source, images, "coco")
    (tmp_path / "voc").mkdir()
    (tmp_path / "voc" / "x.xml").write_text(
        "<annotation><filename>0.png</filename><sex>F</sex><object><name>Radius_7</name><bndbox><xmin>1</xmin>"
        "<ymin>1</ymin><xmax>999</xmax><ymax>9</ymax></bndbox></object></annotation>"
    )
    with pytest.raises(BadLabels, match=r"voc, 0\.png, object 1: the box 0, 0, 999, 9 reaches outside"):
        _import(store, tmp_path / "voc", images, "voc")
    assert _unchanged(store)


def test_a_picture_that_is_named_twice(store: Store, tmp_path: Path, images: Path) -> None:
    document = {
        "images": [{"id": 1, "file_name": "0.png", "sex": "F"}, {"id": 2, "file_name": "0.png", "sex": "F"}],
        "categories": [],
        "annotations": [],
    }
    (tmp_path / "labels.json").write_text(json.dumps(document))
    with pytest.raises(BadLabels, match=r"labels\.json, 0\.png: this picture is named twice"):
        _import(store, tmp_path / "labels.json", images, "coco")
    assert _unchanged(store)


def test_an_import_that_was_broken_off_is_completed(
    store: Store, tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _csv(tmp_path, "0.png,F,MC3,5,,,,,", "1.png,F,MC3,6,,,,,")

    save = store.ledger.save

    def once(film_id: int, *given: Any, **named: Any) -> Event:
        if film_id == 2:
            raise OSError("No space left on device")
        return save(film_id, *given, **named)

    with monkeypatch.context() as broken, pytest.raises(OSError, match="No space"):
        broken.setattr(store.ledger, "save", once)
        _import(store, source, images)
    assert _import(store, source, images) == Imported(2, 0, 2, 1, 0, 0)
    assert [len(store.ledger.history(film.id)) for film in store.ledger.films()] == [1, 1]


def test_a_folder_of_pictures_that_is_none(store: Store, tmp_path: Path, images: Path) -> None:
    source = _csv(tmp_path, "1.png,F,MC3,5,,,,,")
    with pytest.raises(BadLabels, match="this is not a folder"):
        _import(store, source, images / "1.png")
    with pytest.raises(InvalidCorrection, match="Nobody is named"):
        import_labels(store.ledger, source, "csv", ImportOptions(" ", images, consent=None))
    assert _unchanged(store)
