"""Exports: what is in them, that the same revision makes the same bytes, and that nothing half-written is left."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.access.roles import OPERATOR, NotAllowed, Reader, Role
from core.bones import RUS_BONES
from core.dataset.exporting.export import ExportRefused, export, export_zip
from core.dataset.exporting.options import FORMATS, ExportOptions
from core.dataset.exporting.zip_file import zipped
from core.dataset.formats import coco, csv_labels, pascal_voc
from core.dataset.manifest import check_files
from core.dataset.snapshot import NothingToExport
from core.dataset.split import BadShares, Shares
from core.film.box import Box
from core.film.radiograph import read_radiograph
from core.ledger import Consent, Correction, DamagedStore
from tests.stored_films import Store, bare, graded, hand

_ALL = ExportOptions(formats=FORMATS)
_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from core.access.roles import OPERATOR
from core.dataset.exporting.export import export
from core.dataset.exporting.options import FORMATS, ExportOptions
from core.ledger import Ledger, LedgerSettings
ledger = Ledger.open(LedgerSettings.in_folder(Path(sys.argv[1])))
export(ledger, OPERATOR, Path(sys.argv[2]), ExportOptions(formats=FORMATS))
"""


def _fill(store: Store) -> None:
    """Eight films of five patients: accepted, corrected, gold, unreadable, without consent, without prediction."""
    films = [store.film(n, patient=f"p{n % 5}", consent=n != 3, sex="MF"[n % 2]) for n in range(7)]  # type: ignore[arg-type]
    films.append(store.film(7, assessed=False))
    for film in films[:7]:
        store.accept(film)
    store.save(films[7], [graded("MC3", 5, Box(20.0, 30.0, 80.0, 110.0))], "ben")
    store.save(
        films[0], [graded("MC3", 4, Box(20.0, 30.0, 80.0, 110.0)), Correction("Ulna", "unreadable", None)], "ben"
    )
    store.gold(films[5], {bone: 2 for bone in RUS_BONES})


def _bytes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _labels(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "labels").to_pandas().set_index(["film", "bone"])


def test_the_same_revision_makes_the_same_bytes_in_two_processes(store: Store, tmp_path: Path) -> None:
    _fill(store)
    command = [sys.executable, "-c", _IN_ANOTHER_PROCESS, str(tmp_path / "store"), str(tmp_path / "there")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[4])
    shutil.rmtree(tmp_path / "store" / "crops")  # so that they are cut in both
    export(store.ledger, OPERATOR, tmp_path / "here", _ALL)
    assert len(_bytes(tmp_path / "here")) > 20
    assert _bytes(tmp_path / "here") == _bytes(tmp_path / "there")


def test_an_older_revision_makes_the_bytes_that_it_made_then(store: Store, tmp_path: Path) -> None:
    _fill(store)
    then = store.ledger.ledger_revision()
    export(store.ledger, OPERATOR, tmp_path / "then", _ALL)
    store.ledger.add_film(hand(3), "M", reader="anna", source="queue", consent=Consent())
    store.film(7)
    for number in (1, 8):
        store.accept(store.film(number, patient="p1"), "carl")
    store.gold(store.film(1), {"MC3": 2})
    export(store.ledger, OPERATOR, tmp_path / "again", ExportOptions(formats=FORMATS, revision=then))
    assert _bytes(tmp_path / "again") == _bytes(tmp_path / "then")
    export(store.ledger, OPERATOR, tmp_path / "now", _ALL)
    assert len(_labels(tmp_path / "now")) == len(_labels(tmp_path / "then")) + 13


def test_another_day_makes_the_same_bytes(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(store)
    export(store.ledger, OPERATOR, tmp_path / "today", _ALL)
    zipped(tmp_path / "today", tmp_path / "today.zip")
    for path in (tmp_path / "store" / "crops").glob("*/*"):
        path.unlink()
    tomorrow = (datetime.now() + timedelta(days=1)).timestamp()
    monkeypatch.setattr("time.time", lambda: tomorrow)
    export(store.ledger, OPERATOR, tmp_path / "tomorrow", _ALL)
    zipped(tmp_path / "tomorrow", tmp_path / "tomorrow.zip")
    assert _bytes(tmp_path / "today") == _bytes(tmp_path / "tomorrow")
    assert (tmp_path / "today.zip").read_bytes() == (tmp_path / "tomorrow.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "today.zip") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == set(_bytes(tmp_path / "today"))


def test_one_zip_file(store: Store, tmp_path: Path) -> None:
    store.accept(store.film(1))
    manifest = export_zip(store.ledger, OPERATOR, tmp_path / "dataset.zip")
    with zipfile.ZipFile(tmp_path / "dataset.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    assert check_files(tmp_path / "unpacked") == manifest
    assert _names(tmp_path) == {"store", "dataset.zip", "unpacked"}
    with pytest.raises(ExportRefused, match="cannot be written to"):
        export_zip(store.ledger, OPERATOR, tmp_path / "nowhere" / "dataset.zip")


def test_prediction_correction_and_gold_stand_beside_each_other(store: Store, tmp_path: Path) -> None:
    _fill(store)
    manifest = export(store.ledger, OPERATOR, tmp_path / "out", _ALL)
    table = _labels(tmp_path / "out")
    assert len(table) == 8 * 13
    corrected = table.loc[(hand(0).sha256, "MC3")]
    assert (corrected.verdict, corrected.grade, corrected.label, corrected.accepted) == ("graded", 4, "4(0)", False)
    assert Box(*corrected[["xmin", "ymin", "xmax", "ymax"]]) == Box(20.0, 30.0, 80.0, 110.0)
    prediction = store.prediction(store.film(0))
    np.testing.assert_allclose(corrected.prediction_probabilities, prediction.probabilities["MC3"], rtol=1e-6)
    assert corrected.prediction_grade == np.argmax(prediction.probabilities["MC3"])
    assert json.loads(corrected.prediction_weights) == store.assessor.weights == manifest.weights[0]
    unreadable = table.loc[(hand(0).sha256, "Ulna")]
    assert unreadable.verdict == "unreadable" and np.isnan(unreadable.grade)
    gold = table.loc[(hand(5).sha256, "PP1")]
    assert (gold.gold_verdict, gold.gold_grade) == ("graded", 2)
    assert gold.grade == gold.prediction_grade and gold.accepted
    unjudged = table.loc[(hand(7).sha256, "PP1")]
    assert unjudged[["verdict", "reader", "prediction_label", "gold_verdict"]].isna().all()
    assert set(table.rule) == {"latest"} and set(table.revision) == {store.ledger.ledger_revision()}


def test_crops_only_with_consent_and_named_by_film_and_bone(store: Store, tmp_path: Path) -> None:
    _fill(store)
    manifest = export(store.ledger, OPERATOR, tmp_path / "out", _ALL)
    crops = pq.read_table(tmp_path / "out" / "crops").to_pandas()
    # 6 films with consent and prediction, one bone unreadable
    assert len(crops) == 6 * 13 - 1 == sum(manifest.split.crops.values())
    assert hand(3).sha256 not in set(crops.film)
    table = _labels(tmp_path / "out")
    for _, crop in crops.iterrows():
        picture = cv2.imdecode(np.frombuffer(crop.image["bytes"], np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None and picture.shape == (144, 144) and picture.dtype == np.uint8
        row = table.loc[(crop.film, crop.bone)]
        assert (crop.grade, crop.split) == (row.grade, row.split)
    assert len({image["path"] for image in crops.image}) == len(crops)
    features = pq.read_schema(next((tmp_path / "out" / "crops").iterdir())).metadata[b"huggingface"]
    assert json.loads(features)["info"]["features"]["image"]["_type"] == "Image"


def test_large_exports_have_several_files_of_crops(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.dataset.exporting.tables._CROPS_OF_A_FILE", 20)
    for number in range(4):
        store.accept(store.film(number))
    export(store.ledger, OPERATOR, tmp_path / "out", ExportOptions(formats=("crops",), shares=Shares(0, 0, 100)))
    assert sorted(p.name for p in (tmp_path / "out" / "crops").iterdir()) == [
        "test-00000.parquet", "test-00001.parquet", "test-00002.parquet"
    ]  # fmt: skip
    assert len(pq.read_table(tmp_path / "out" / "crops")) == 52


def test_patients_never_straddle_and_gold_is_in_test(store: Store, tmp_path: Path) -> None:
    _fill(store)
    manifest = export(store.ledger, OPERATOR, tmp_path / "out", ExportOptions(formats=FORMATS, shares=Shares(90, 5, 5)))
    table = _labels(tmp_path / "out").reset_index()
    assert (table[table.patient_key.notna()].groupby("patient_key").split.nunique() == 1).all()
    key = store.ledger.film_by_hash(hand(5).sha256)
    assert key is not None
    # film 0 is the gold film's patient too
    assert set(table[table.film.isin([hand(0).sha256, hand(5).sha256])].split) == {"test"}
    assert set(table[table.patient_key == key.patient_key].split) == {"test"}
    assert manifest.split.gold_patients == 1
    for part in ("train", "val", "test"):
        expected = set(table[(table.split == part) & table.verdict.notna()].film)
        assert {film.sha256 for film in coco.read(tmp_path / "out" / "coco" / f"{part}.json")} == expected


def test_label_files_agree_with_each_other(store: Store, tmp_path: Path) -> None:
    _fill(store)
    export(store.ledger, OPERATOR, tmp_path / "out", _ALL)
    rows = csv_labels.read(tmp_path / "out" / "labels.csv")
    boxed = {
        film.sha256: {s.bone: (s.verdict, s.grade) for s in film.labels if s.box is not None}
        for film in rows
    }  # fmt: skip
    parts = ("train", "val", "test")
    in_coco = [film for part in parts for film in coco.read(tmp_path / "out" / "coco" / f"{part}.json")]
    for films in (in_coco, pascal_voc.read(tmp_path / "out" / "voc")):
        assert {f.sha256: {s.bone: (s.verdict, s.grade) for s in f.labels} for f in films} == boxed
    assert bare(rows) and len(rows) == 8


def test_pictures_of_films_with_consent_come_along(store: Store, tmp_path: Path) -> None:
    _fill(store)
    export(store.ledger, OPERATOR, tmp_path / "out", _ALL)
    films = {path.stem: read_radiograph(path) for path in (tmp_path / "out" / "films").iterdir()}
    assert set(films) == {hand(n).sha256 for n in range(8) if n != 3}
    assert all(radiograph.sha256 == name for name, radiograph in films.items())


def test_nothing_names_a_person(store: Store, tmp_path: Path) -> None:
    """Neither readers' names nor patients' ids nor notes, in any file; readers only where they are asked for."""
    film = store.film(1, patient="Zwiebelfisch")
    store.accept(film, "anna.schmidt")
    store.gold(film, {"MC3": 4}, "rita.meier")
    export(store.ledger, OPERATOR, tmp_path / "out", _ALL)
    for path in (p for p in (tmp_path / "out").rglob("*") if p.is_file()):
        content = path.read_bytes()
        for secret in (b"Zwiebelfisch", b"anna.schmidt", b"rita.meier", b"Peter"):
            assert secret not in content, path
    export(store.ledger, OPERATOR, tmp_path / "named", ExportOptions(reader_names=True))
    assert set(_labels(tmp_path / "named").reader) == {"anna.schmidt"}
    assert "anna.schmidt" in (tmp_path / "named" / "README.md").read_text()
    (key,) = set(_labels(tmp_path / "out").reader)
    assert key == store.ledger.reader_key("anna.schmidt")


def test_the_manifest_answers_for_every_file(store: Store, tmp_path: Path) -> None:
    _fill(store)
    manifest = export(
        store.ledger, OPERATOR, tmp_path / "out", ExportOptions(rule="majority", shares=Shares(70, 20, 10))
    )
    assert check_files(tmp_path / "out") == manifest
    assert manifest.revision == store.ledger.ledger_revision()
    assert (manifest.rule, manifest.split.shares) == ("majority", "70/20/10")
    assert manifest.formats == ("labels", "csv", "coco", "crops")
    assert sum(manifest.split.films.values()) == 8
    assert {name.split("/")[0] for name in manifest.files} == {"README.md", "coco", "crops", "labels", "labels.csv"}


def test_reviewers_go_first(store: Store, tmp_path: Path) -> None:
    film = store.film(1)
    store.save(film, [graded("MC3", 5)], "rita")
    store.save(film, [graded("MC3", 6)], "ben")
    options = ExportOptions(rule="reviewer_first", reviewers=frozenset({"rita", "nobody"}))
    manifest = export(store.ledger, OPERATOR, tmp_path / "out", options)
    assert _labels(tmp_path / "out").loc[(film.sha256, "MC3")].grade == 5
    assert manifest.reviewers == (store.ledger.reader_key("rita"),)


def test_a_folder_with_something_in_it_is_left_alone(store: Store, tmp_path: Path) -> None:
    store.accept(store.film(1))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("a file")
    for target in ("mine", "file"):
        with pytest.raises(ExportRefused, match="is there already and not empty"):
            export(store.ledger, OPERATOR, tmp_path / target)
    assert _names(tmp_path) == {"store", "mine", "file"} and _names(tmp_path / "mine") == {"thesis.txt"}
    (tmp_path / "empty").mkdir()
    export(store.ledger, OPERATOR, tmp_path / "empty")
    check_files(tmp_path / "empty")
    export(store.ledger, OPERATOR, tmp_path / "a" / "deep" / "one")


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_nothing_half_written_is_left(store: Store, tmp_path: Path) -> None:
    films = [store.film(number) for number in range(3)]
    for film in films:
        store.accept(film)
    picture = store.ledger.picture_file(films[2])
    assert picture is not None
    picture.unlink()
    with pytest.raises(DamagedStore):
        export(store.ledger, OPERATOR, tmp_path / "out")
    assert _names(tmp_path) == {"store"}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (lambda: ExportOptions(revision=99), NothingToExport),
        (lambda: ExportOptions(revision=0), NothingToExport),
        (lambda: ExportOptions(shares=Shares(90, 5, 6)), BadShares),
    ],
)
def test_what_cannot_be_exported(
    store: Store, tmp_path: Path, options: Callable[[], ExportOptions], error: type[Exception]
) -> None:
    store.accept(store.film(1))
    with pytest.raises(error):
        export(store.ledger, OPERATOR, tmp_path / "out", options())
    assert _names(tmp_path) == {"store"}


def test_a_place_that_cannot_be_written(store: Store, tmp_path: Path) -> None:
    store.accept(store.film(1))
    (tmp_path / "file").touch()
    with pytest.raises(ExportRefused, match="cannot be written to"):
        export(store.ledger, OPERATOR, tmp_path / "file" / "out")


def test_the_datasheet_says_what_is_there(store: Store, tmp_path: Path) -> None:
    _fill(store)
    manifest = export(store.ledger, OPERATOR, tmp_path / "out", _ALL)
    text = (tmp_path / "out" / "README.md").read_text()
    films = manifest.split.films
    assert "8 films with 92 verdicts on bones" in text
    assert f"| train | {films['train']} |" in text and "| all | 8 | 4 | 4 | 6 | 77 |" in text
    assert "| unreadable | 1 |" in text
    assert f"| {store.ledger.reader_key('ben')} | 3 |" in text
    assert "did not assess (1), nor of those without consent to keep the pixels (1)" in text
    table = _labels(tmp_path / "out")
    counts = table[table.grade.notna()].reset_index().groupby(["bone", "grade"]).size()
    row = next(line for line in text.splitlines() if line.startswith("| Radius |"))
    assert [int(cell) for cell in row.split("|")[2:17]] == [counts.get(("Radius", g), 0) for g in range(15)]
    for part, number in films.items():
        assert (f"path: labels/{part}.parquet" in text) == (number > 0)


def test_whoever_may_not_export_gets_nothing(store: Store, tmp_path: Path) -> None:
    _fill(store)
    rita = Reader("rita", Role.REVIEWER)
    with pytest.raises(NotAllowed, match=r"Your role \(reviewer\) does not allow you to export the data"):
        export(store.ledger, rita, tmp_path / "out", _ALL)
    with pytest.raises(NotAllowed):
        export_zip(store.ledger, rita, tmp_path / "dataset.zip")
    assert not (tmp_path / "out").exists() and not (tmp_path / "dataset.zip").exists()
