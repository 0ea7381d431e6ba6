"""From a download of the RSNA challenge, made here of drawn pictures, to the folder that training reads."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from core.cohort import rsna, rsna_tables
from core.cohort.films import DataFolderError, read_boxes, read_films
from core.cohort.rsna import convert_rsna
from core.cohort.rsna_tables import read_download
from tests.hands import drawn_hand, write_boxes

#: Pixels of the drawn pictures: width, height. One side is odd.
SIZE = (81, 120)
TRAINING = [(str(1377 + i), 12 + 5.0 * i, i % 2 == 0) for i in range(30)]
VALIDATION = [("4386", 114.0, False), ("4392", 18.72, True)]


def write_picture(path: Path, seed: int = 0) -> None:
    """A small drawn hand, each a little different."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = cv2.resize(drawn_hand()[0], SIZE, interpolation=cv2.INTER_AREA)
    picture[0, 0] = seed
    assert cv2.imwrite(str(path), picture)


def write_download(folder: Path, nested: bool = False) -> Path:
    """The challenge's files: either as it comes or as a well-known copy of it, doubly nested and other headers."""
    pictures = folder / "boneage-training-dataset" / ("boneage-training-dataset" if nested else "")
    for number, (film, _, _) in enumerate(TRAINING):
        write_picture(pictures / f"{film}.png", number)
    for part, (film, _, _) in enumerate(VALIDATION, start=1):
        write_picture(folder / f"Bone Age Validation Set/boneage-validation-dataset-{part}/{film}.png")
    headers = [" ID", "BoneAge", "Male "] if nested else ["id", "boneage", "male"]
    pd.DataFrame(TRAINING, columns=headers).to_csv(folder / "boneage-training-dataset.csv", index=False)
    headers = ["image id", "MALE", "Bone Age(months)"] if nested else ["Image ID", "male", "Bone Age (months)"]
    rows = [(film, str(male).upper(), age) for film, age, male in VALIDATION]
    pd.DataFrame(rows, columns=headers).to_csv(folder / "Bone Age Validation Set/Validation Dataset.csv", index=False)
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A whole download."""
    return write_download(tmp_path / "download")


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its place."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("nested", [False, True], ids=["as it comes", "doubly nested"])
def test_films_come_out_as_training_reads_them(tmp_path: Path, nested: bool) -> None:
    source, out = write_download(tmp_path / "download", nested), tmp_path / "out"
    done = convert_rsna(source, out)
    assert done.films == {"train": 27, "val": 3, "test": 2} and not done.left_out and not done.notes
    films = {film.id: film for film in read_films(out)}
    assert list(films) == [film for film, _, _ in TRAINING + VALIDATION]
    for film, months, male in TRAINING + VALIDATION:
        assert films[film].bone_age_months == months and films[film].sex == ("M" if male else "F")
    assert {film.id for film in read_films(out, "test")} == {film for film, _, _ in VALIDATION}
    table = pd.read_csv(out / "labels.csv")
    assert list(table) == ["id", "file", "sex", "bone_age_months", "width", "height", "variant", "split"]
    assert set(table["variant"]) == {"raw"}
    assert pd.read_csv(out / "left_out.csv").empty


@pytest.mark.parametrize("full_size", [False, True])
def test_pictures_are_8_bit_grey_at_half_the_size_or_all_of_it(source: Path, tmp_path: Path, full_size: bool) -> None:
    convert_rsna(source, tmp_path / "out", full_size=full_size)
    (row,) = pd.read_csv(tmp_path / "out/labels.csv").query("id == 1377").itertuples()
    picture = cv2.imread(str(tmp_path / "out" / row.file), cv2.IMREAD_UNCHANGED)
    assert picture.ndim == 2 and picture.dtype == np.uint8
    width, height = SIZE if full_size else (40, 60)
    assert picture.shape == (height, width) == (row.height, row.width)
    whole = cv2.imread(str(source / "boneage-training-dataset/1377.png"), cv2.IMREAD_GRAYSCALE)
    expected = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(picture.astype(int) - expected.astype(int)).mean() < 3


def test_several_processes_and_another_order_of_files_make_the_same_bytes(source: Path, tmp_path: Path) -> None:
    convert_rsna(source, tmp_path / "one")
    moved = source / "boneage-training-dataset" / "a folder more"
    moved.mkdir()
    for film in ("1400", "1380"):
        shutil.move(source / f"boneage-training-dataset/{film}.png", moved)
    convert_rsna(source, tmp_path / "two", workers=2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_the_split_is_a_tenth_of_every_group_and_hangs_on_the_table_alone(source: Path) -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame({"id": range(5000, 6000), "boneage": random.integers(12, 216, 1000)})
    table["male"] = random.random(1000) < 0.54
    table.to_csv(source / "boneage-training-dataset.csv", index=False)
    rows = [row for row in read_download(source).rows if row.split != "test"]
    groups = Counter((row.sex, int(row.months) // 24) for row in rows)
    chosen = Counter((row.sex, int(row.months) // 24) for row in rows if row.split == "val")
    assert chosen.total() == 100 and len(groups) == 18
    for group, size in groups.items():
        assert abs(chosen[group] - size / 10) <= 1
    table.sample(frac=1, random_state=1).to_csv(source / "boneage-training-dataset.csv", index=False)
    again = {row.id: row.split for row in read_download(source).rows if row.split != "test"}
    assert again == {row.id: row.split for row in rows}, "another order of rows, and no picture at all"


def test_an_interrupted_conversion_goes_on(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convert_rsna(source, tmp_path / "whole")
    read: list[str] = []
    read_radiograph = rsna.read_radiograph

    def read_few(path: Path) -> object:
        if len(read) == 7:
            raise KeyboardInterrupt
        read.append(path.stem)
        return read_radiograph(path)

    monkeypatch.setattr(rsna, "read_radiograph", read_few)
    with pytest.raises(KeyboardInterrupt):
        convert_rsna(source, tmp_path / "halves")
    assert not (tmp_path / "halves/labels.csv").exists(), "a folder with labels is a whole one"
    first, read[:] = set(read), []

    def read_rest(path: Path) -> object:
        read.append(path.stem)
        return read_radiograph(path)

    monkeypatch.setattr(rsna, "read_radiograph", read_rest)
    convert_rsna(source, tmp_path / "halves")
    assert len(first) == 7 and first.isdisjoint(read) and len(read) == len(TRAINING + VALIDATION) - 7
    assert files_of(tmp_path / "halves") == files_of(tmp_path / "whole")
    read.clear()
    convert_rsna(source, tmp_path / "halves")
    assert not read and files_of(tmp_path / "halves") == files_of(tmp_path / "whole")


def test_a_folder_begun_at_another_size_is_not_mixed(source: Path, tmp_path: Path) -> None:
    convert_rsna(source, tmp_path / "out")
    with pytest.raises(DataFolderError, match=r"made with another picture size: choose another --out"):
        convert_rsna(source, tmp_path / "out", full_size=True)


def test_single_films_that_are_wrong_are_listed_and_left_out(source: Path, tmp_path: Path) -> None:
    pictures = source / "boneage-training-dataset"
    (pictures / "1377.png").write_bytes(b"no picture")
    (pictures / "1378.png").unlink()
    whole = (pictures / "1379.png").read_bytes()
    (pictures / "1379.png").write_bytes(whole[: len(whole) // 2])
    with (source / "boneage-training-dataset.csv").open("a") as table:
        table.write("1380,100,True\n../x,100,True\n2001,old,True\n2002,900,True\n2003,100,perhaps\n2004,nan,True\n")
    done = convert_rsna(source, tmp_path / "out")
    assert sum(done.films.values()) == 29
    listed = pd.read_csv(tmp_path / "out/left_out.csv", dtype=str).set_index("id")["reason"].to_dict()
    assert listed == done.left_out
    assert set(listed) >= {"1377", "1378", "1379", "2001", "2002", "2003", "2004"} and len(listed) == 9
    assert listed["1378"] == "There is no picture of this id."
    assert listed["2001"] == "The bone age 'old' is not a number of months up to 240."
    assert listed["2003"] == "The sex cannot be told from 'perhaps'."
    assert listed["boneage-training-dataset.csv, line 32"] == "The id 1380 is there already."
    assert listed["boneage-training-dataset.csv, line 33"] == "'../x' is not a valid id."
    assert all(reason.endswith(".") and "\n" not in reason for reason in listed.values())
    assert not {"1377", "1378", "1379"} & {film.id for film in read_films(tmp_path / "out")}


def test_ages_and_sexes_as_spreadsheets_of_any_country_write_them(source: Path) -> None:
    written = {
        "1377": ('"94,5"', "1"), "1378": ("94.5", "0.0"), "1379": ("94", "TRUE"), "1380": ("94.", " f "), "1381": ("94", "Boy"),
        "1382": ("94", "weiblich"), "1383": ('"1,094"', "true"), "1384": ("94", "2"), "1385": ("94", ""),
    }  # fmt: skip
    lines = [",".join((film, *cells)) for film, cells in written.items()]
    (source / "boneage-training-dataset.csv").write_text("\n".join(["id,boneage,male", *lines]) + "\n")
    found = read_download(source)
    assert {row.id: (row.months, row.sex) for row in found.rows if row.split != "test"} == {
        "1377": (94.5, "M"), "1378": (94.5, "F"), "1379": (94.0, "M"), "1380": (94.0, "F"), "1381": (94.0, "M"),
        "1382": (94.0, "F"),
    }  # fmt: skip
    assert set(found.left_out) == {"1383", "1384", "1385"}


def test_a_hand_of_both_sets_is_trained_on_alone(source: Path, tmp_path: Path) -> None:
    table = source / "Bone Age Validation Set/Validation Dataset.csv"
    table.write_text(table.read_text() + "1377,TRUE,12\n")
    done = convert_rsna(source, tmp_path / "out")
    assert done.left_out == {"Validation Dataset.csv, line 4": "The id 1377 is there already."}


def test_the_test_set_is_not_read_and_no_validation_set_is_said(source: Path, tmp_path: Path) -> None:
    shutil.rmtree(source / "Bone Age Validation Set")
    (source / "Bone age ground truth.xlsx").write_bytes(b"PK")
    done = convert_rsna(source, tmp_path / "out")
    assert done.films == {"train": 27, "val": 3}
    assert [note.split(",")[0] for note in done.notes] == [
        'There is no "Validation Dataset.csv"',
        "Bone age ground truth.xlsx is not read: the challenge's test set has its ages in a spreadsheet or not at all.",
    ]


def test_of_two_folders_one_that_is_missing(source: Path, tmp_path: Path) -> None:
    shutil.rmtree(source / "Bone Age Validation Set/boneage-validation-dataset-1")
    assert convert_rsna(source, tmp_path / "out").left_out == {"4386": "There is no picture of this id."}


def _without(name: str) -> Callable[[Path], None]:
    def take_away(source: Path) -> None:
        path = source / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return take_away


def _table(text: str) -> Callable[[Path], None]:
    return lambda source: (source / "boneage-training-dataset.csv").write_text(text) and None


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, r"There is no folder .*point --source at"),
        (_without("boneage-training-dataset.csv"), r"has no boneage-training-dataset\.csv .*unpack"),
        (_without("boneage-training-dataset"), r"has no folder boneage-training-dataset with .*unpack .*\.zip"),
        (_table("id,age,male\n1377,100,True\n"), r"has no column boneage; it has id, age, male: "),
        (_table("id,boneage\n1377,100\n"), r"has no column male; it has id, boneage: "),
        (_table(""), r"is not a table that can be read: download it again\.$"),
        (_table("id,boneage,male\n1377,1,True,2,3\n1378,1\n1,1,1,1,1,1,1,1\n"), r"is not a table that can be read"),
        (_table("id,boneage,male\n"), r"has no row with an id"),
    ],
)
def test_what_is_missing_is_one_sentence(
    source: Path, tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(source)
    if message.startswith("has no row"):
        shutil.rmtree(source / "Bone Age Validation Set")
    with pytest.raises(DataFolderError, match=message) as caught:
        convert_rsna(source, tmp_path / "out")
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    assert not (tmp_path / "out").exists()


def test_pictures_none_of_which_can_be_read(source: Path, tmp_path: Path) -> None:
    for path in source.rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(DataFolderError, match="None of the 32 pictures could be read"):
        convert_rsna(source, tmp_path / "out")
    assert len(pd.read_csv(tmp_path / "out/left_out.csv")) == 32


@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_takes_nothing(source: Path, tmp_path: Path, workers: int) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "images").mkdir()
    for film, _, _ in TRAINING:
        (out / f"images/{film}.jpg.part").mkdir()  # what cannot be written, for every user
    with pytest.raises(DataFolderError, match=r"cannot be written \(Is a directory\): free some space .* go on"):
        convert_rsna(source, out, workers=workers)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError, match="cannot be written"):
        convert_rsna(source, tmp_path / "file" / "out")


def test_boxes_are_scaled_to_the_new_pictures(source: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    width, height = SIZE[0] * 2, SIZE[1] * 2
    films = [("1377", width, height, "raw"), ("1378", width, height, "fitted"), ("1379", width, width, "raw")]
    films.append(("9", width, height, "raw"))
    pd.DataFrame(films, columns=["id", "width", "height", "variant"]).to_csv(drawn / "labels.csv", index=False)
    write_boxes(drawn, [(film, "Radius", 20, 40, 60, 80) for film, *_ in films])
    (drawn / "keypoints21.csv").write_text(
        "id,side,keypoint,x,y,v,hand_x,hand_y,hand_w,hand_h\n1377,left,wrist,10,20,2,4,8,100,200\n"
    )
    done = convert_rsna(source, tmp_path / "out", boxes=drawn, full_size=True)
    assert [note.partition(" films")[0] for note in done.notes] == ["boxes21.csv: 1 of 4", "keypoints21.csv: 1 of 1"]
    boxes = read_boxes(tmp_path / "out")
    assert list(boxes) == ["1377"]
    np.testing.assert_allclose(boxes["1377"][~np.isnan(boxes["1377"])], [10, 20, 30, 40])
    (point,) = pd.read_csv(tmp_path / "out/keypoints21.csv", dtype={"id": str}).itertuples(index=False, name=None)
    assert point == ("1377", "left", "wrist", 5, 10, 2, 2, 4, 50, 100)


def test_boxes_that_cannot_be_read(source: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing\. It is needed for --boxes"):
        convert_rsna(source, tmp_path / "out", boxes=drawn)
    drawn.mkdir()
    (drawn / "labels.csv").write_text("id,width\n1,2\n")
    with pytest.raises(DataFolderError, match="has no column height"):
        convert_rsna(source, tmp_path / "out", boxes=drawn)
    (drawn / "labels.csv").write_text("id,width,height\n1377,2,2\n")
    with pytest.raises(DataFolderError, match=r"has none of boxes21\.csv"):
        convert_rsna(source, tmp_path / "out", boxes=drawn)
    write_boxes(drawn, [("1377", "Radius", 20, 40, "x", 80)])
    with pytest.raises(DataFolderError, match=r"boxes21\.csv lacks a number in a row of film 1377"):
        convert_rsna(source, tmp_path / "out", boxes=drawn)
    (drawn / "labels.csv").write_text("id,width,height\n1377,0,2\n")
    with pytest.raises(DataFolderError, match="widths and heights above 0"):
        convert_rsna(source, tmp_path / "out", boxes=drawn)
    assert not (tmp_path / "out").exists(), "nothing is converted before the boxes are known to be right"


def test_a_damaged_record_of_the_size(source: Path, tmp_path: Path) -> None:
    convert_rsna(source, tmp_path / "out")
    assert json.loads((tmp_path / "out/conversion.json").read_text()) == {"full_size": False}
    (tmp_path / "out/conversion.json").write_text("{")
    with pytest.raises(DataFolderError, match="is damaged: choose another --out"):
        convert_rsna(source, tmp_path / "out")


def test_a_folder_that_may_not_be_read(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = rsna_tables.os.scandir

    def refuse(path: str) -> object:
        if Path(path).name.startswith("boneage-training"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(rsna_tables.os, "scandir", refuse)
    with pytest.raises(DataFolderError, match=r"cannot be read \(Permission denied\): check its permissions\."):
        convert_rsna(source, tmp_path / "out")
