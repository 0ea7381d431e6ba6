"""Finds the tables and pictures in a download of the RSNA bone age challenge, and splits its training set."""

import hashlib
import math
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, NoReturn

import pandas as pd

from core.bones import Sex
from core.cohort.films import DataFolderError
from core.intake.spreadsheet import number, sex_of, sex_of_male

_Split = Literal["train", "val", "test"]

#: Names as `_bare` leaves them: of each table, and the beginning of the names of its picture folders.
_TRAINING_TABLES: Final = ("boneagetrainingdatasetcsv", "traincsv", "trainingcsv")
_VALIDATION_TABLES: Final = ("validationdatasetcsv", "boneagevalidationdatasetcsv", "boneagevalidationsetcsv")
_TEST_TABLES: Final = ("boneagetestdatasetcsv", "boneagegroundtruthxlsx", "testcsv")
_TRAINING_PICTURES: Final = ("boneagetrainingdataset", "boneagetrainingset")
_VALIDATION_PICTURES: Final = ("boneagevalidationdataset", "boneagevalidationset")
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "imageid", "caseid"),
    "boneage": ("boneage", "boneagemonths", "groundtruthboneagemonths"),
    "male": ("male", "sex"),
}
#: How copies of the challenge's tables write true and false.
_TRUTHS: Final = {"1": "true", "0": "false"}
_OLDEST_MONTHS: Final = 240.0
#: One in this many training films is for validation.
_EVERY: Final = 10


@dataclass(frozen=True)
class ChallengeFilm:
    """One film of the challenge; `picture` is None where there is none.

    split: every tenth film of the training set is `val`, counted through the groups of sex and two years of age, each
    ordered by the ids' SHA-256. So each group gives a tenth, to within one film, and the split depends on the table
    alone. The validation set is `test`.
    """

    id: str
    sex: Sex
    months: float
    picture: Path | None
    split: _Split


@dataclass(frozen=True)
class Download:
    """What was found. left_out: by id, a sentence saying why. notes: sentences about whole tables."""

    rows: tuple[ChallengeFilm, ...]
    left_out: dict[str, str]
    notes: tuple[str, ...]


def read_download(source: Path) -> Download:
    """Reads the tables and finds the pictures anywhere below `source`, even in doubly nested folders.

    Raises DataFolderError where the training table, one of its columns, or all pictures of a table are missing.
    """
    if not source.is_dir():
        raise DataFolderError(f"There is no folder {source}: point --source at the unpacked download of the challenge.")
    files = _files(source)
    training = _only(files, _TRAINING_TABLES)
    if training is None:
        raise DataFolderError(
            f"{source} has no boneage-training-dataset.csv (id,boneage,male): unpack the challenge's training annotations "
            "there."
        )
    left_out: dict[str, str] = {}
    pictures = _pictures(source, files, _TRAINING_PICTURES, "boneage-training-dataset")
    rows = _split(_rows(training, pictures, "train", left_out))
    notes = []
    validation = _only(files, _VALIDATION_TABLES)
    if validation is None:
        notes.append('There is no "Validation Dataset.csv", so no film is in the split test.')
    else:
        pictures = _pictures(source, files, _VALIDATION_PICTURES, "boneage-validation-dataset-1")
        rows += _rows(validation, pictures, "test", left_out, taken={row.id for row in rows})
    if (test := _only(files, _TEST_TABLES)) is not None:
        notes.append(f"{test.name} is not read: the challenge's test set has its ages in a spreadsheet or not at all.")
    if not rows:
        raise DataFolderError(f"{training} has no row with an id, a bone age in months and a sex.")
    return Download(tuple(rows), left_out, tuple(notes))


def _bare(name: str) -> str:
    """Only the letters and digits, in lower case, of a name that people and spreadsheets write differently."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _files(source: Path) -> list[Path]:
    def refuse(error: OSError) -> NoReturn:
        raise DataFolderError(f"{error.filename} cannot be read ({error.strerror}): check its permissions.") from error

    found = []
    for folder, folders, names in os.walk(source, onerror=refuse, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        found += [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
    return found


def _only(files: Iterable[Path], names: tuple[str, ...]) -> Path | None:
    """The first file of one of the names, those named first before those named later."""
    named = [path for path in files if _bare(path.name) in names]
    return min(named, key=lambda path: names.index(_bare(path.name)), default=None)


def _pictures(source: Path, files: Iterable[Path], folders: tuple[str, ...], usual: str) -> dict[str, Path]:
    """Pictures by id, from all folders whose names begin with one of `folders`, and from the folders in them."""
    pictures = {
        path.stem: path
        for path in files
        if path.suffix.lower() in (".png", ".jpg", ".jpeg")
        and any(_bare(part).startswith(folders) for part in path.relative_to(source).parts[:-1])
    }
    if not pictures:
        raise DataFolderError(
            f"{source} has no folder {usual} with pictures in it: unpack {usual}.zip there, or remove its table."
        )
    return pictures


def _rows(
    path: Path, pictures: Mapping[str, Path], split: _Split, left_out: dict[str, str], taken: Iterable[str] = ()
) -> list[ChallengeFilm]:
    """The table's rows; what is wrong with a row goes into `left_out`."""
    table = _read_table(path)
    seen = set(taken)
    rows = []
    for line, (text, age, male) in enumerate(table.itertuples(index=False, name=None), start=2):
        film = re.sub(r"\.(png|jpe?g|0+)$", "", text.strip(), flags=re.IGNORECASE)
        sex, months = _sex(male), _months(age)
        if re.fullmatch(r"[\w-]+", film) is None:
            left_out[f"{path.name}, line {line}"] = f"{text!r} is not a valid id."
        elif film in seen:
            left_out[f"{path.name}, line {line}"] = f"The id {film} is there already."
        elif not 0 < months <= _OLDEST_MONTHS:
            left_out[film] = f"The bone age {age!r} is not a number of months up to {_OLDEST_MONTHS:.0f}."
        elif sex is None:
            left_out[film] = f"The sex cannot be told from {male!r}."
        else:
            rows.append(ChallengeFilm(film, sex, months, pictures.get(film), split))
        seen.add(film)
    return rows


def _sex(text: str) -> Sex | None:
    """The sex in the column `male`, which some copies fill with sexes; None where it is empty or says anything else."""
    plain = re.sub(r"\.0*$", "", text.strip())
    for read in (sex_of_male, sex_of):
        with suppress(ValueError):
            return read(_TRUTHS.get(plain, plain))
    return None


def _months(text: str) -> float:
    try:
        return number(text)
    except ValueError:
        return math.nan


def _read_table(path: Path) -> pd.DataFrame:
    """The three columns as text, named id, boneage and male."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", encoding_errors="replace")
    except OSError as error:
        raise DataFolderError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    except ValueError as error:  # includes pandas' errors for empty and uneven tables
        raise DataFolderError(f"{path} is not a table that can be read: download it again.") from error
    headers = {_bare(str(header)): header for header in reversed(table.columns)}
    chosen = {}
    for column, names in _COLUMNS.items():
        header = next((headers[name] for name in names if name in headers), None)
        if header is None:
            raise DataFolderError(
                f"{path} has no column {column}; it has {', '.join(map(str, table.columns))}: take the challenge's own "
                "table."
            )
        chosen[column] = table[header]
    return pd.DataFrame(chosen)


def _split(rows: list[ChallengeFilm]) -> list[ChallengeFilm]:
    """Films of the training set as `train` and `val`; in the order given."""

    def place(row: ChallengeFilm) -> tuple[str, int, str]:
        return row.sex, int(row.months) // 24, hashlib.sha256(row.id.encode()).hexdigest()

    chosen = {row.id for row in sorted(rows, key=place)[_EVERY // 2 :: _EVERY]}
    return [replace(row, split="val" if row.id in chosen else "train") for row in rows]
