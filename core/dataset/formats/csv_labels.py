"""Labels as a CSV table, one row per film and bone."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from core.bones import Sex
from core.dataset.labels import (
    BadLabels,
    Fault,
    Label,
    LabelledFilm,
    bone_and_grade,
    box_of,
    label,
    refuse,
)
from core.intake.spreadsheet import NotATable, Row, number, open_sheet
from core.intake.table import FILM_COLUMNS, age_of_row, check_columns, sex_of_row

#: Of these, `file` and `bone` are required, and one of `grade`, `verdict` and `tw3_stage`; the others may be missing or empty.
COLUMNS = (
    "file", "film", "width", "height", "sex", "age_months", "patient", "split", "bone", "verdict", "grade", "label",
    "xmin", "ymin", "xmax", "ymax", "tw3_stage", "original_name",
)  # fmt: skip
_OF_THE_FILM = (
    "film",
    "width",
    "height",
    "sex",
    "male",
    "age_months",
    "age_years",
    "patient",
    "split",
    "original_name",
)
#: Other names of the columns.
_NAMES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(COLUMNS, ()),
    **FILM_COLUMNS,
    "file": ("filename", "image", "path", "picture"),
    "film": ("sha256",),
}
MAX_BYTES = 1000 * 10**6


class Writer:
    """Writes films to a table, in the order in which they are added."""

    def __init__(self, path: Path):
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def add(self, film: LabelledFilm) -> None:
        """Appends the film's rows."""
        age = film.age_months
        whose = (film.file, film.sha256, film.width, film.height, film.sex, age, film.patient, film.split)
        self._rows.writerows(
            (
                *whose, said.bone, said.verdict, said.grade, said.text, *(said.box or (None,) * 4),
                said.stage, film.original_name,
            )
            for said in film.labels
        )  # fmt: skip

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read(path: Path, fault: Fault = refuse) -> list[LabelledFilm]:
    """Films of a table, in the order in which they first appear; see COLUMNS for what it may hold.

    Other columns are ignored. fault: called with each row that cannot be read. Raises BadLabels where no row can.
    """
    films: dict[str, tuple[str, Row, list[Label]]] = {}
    for place, row in read_table(path, {"file", "bone"}, one_of={"grade", "verdict", "tw3_stage"}, fault=fault):
        try:
            file = row["file"]
            if not file:
                raise ValueError("the column file is empty; name the film's picture.")
            said = _label(row, place)
            first, facts, labels = films.setdefault(file, (place, row, []))
            for column in _OF_THE_FILM:
                if row[column] != facts[column]:
                    raise ValueError(f"the {column} of {file} is not that of {first}; make them agree.")
            if any(other.bone == said.bone for other in labels):
                raise ValueError(f"{said.bone} of {file} has a row already; leave one of the two out.")
            labels.append(said)
        except ValueError as problem:
            fault(BadLabels(path.name, place, str(problem)))
    made = (_film(path, file, *found, fault) for file, found in films.items())
    return [film for film in made if film is not None]


def read_table(
    path: Path, needed: set[str], one_of: set[str] | None = None, fault: Fault = refuse
) -> Iterator[tuple[str, Row]]:
    """The rows of any CSV table in a dialect of `core.intake.spreadsheet`, with their places ("row 2" is the first one below
    the header), streamed.

    needed: columns that must all be there; one_of: columns of which one must be. fault: called with each row with too many
    values.
    Raises BadLabels where columns are missing, or the table cannot be read.
    """
    try:
        sheet = open_sheet(path, _NAMES, MAX_BYTES)
        missing = needed - sheet.columns or (set() if one_of is None or one_of & sheet.columns else one_of)
        if missing:
            raise BadLabels(path.name, "", f"there is no column {' or '.join(sorted(missing))}; add it.")
        check_columns(sheet)
        for row in sheet.rows:
            place = f"row {row.line}"
            if row.surplus:
                problem = "there are more values than columns; quote values that hold commas."
                fault(BadLabels(path.name, place, problem))
            else:
                yield place, row
    except NotATable as problem:
        raise BadLabels(path.name, "", str(problem)) from None


def sex_and_age(row: Row) -> tuple[Sex | None, float | None]:
    """The sex and age in a row, None where it does not give them. Raises ValueError with a sentence."""
    try:
        return sex_of_row(row), age_of_row(row)
    except ValueError as problem:
        raise ValueError(f"the row {problem}") from None


def _label(row: Row, place: str) -> Label:
    bone, named_grade = bone_and_grade(row["bone"])
    box = box_of([row[edge] for edge in ("xmin", "ymin", "xmax", "ymax")])
    return label(bone, row["grade"] or row["tw3_stage"] or named_grade, row["verdict"], box, place)


def _film(path: Path, file: str, place: str, row: Row, labels: list[Label], fault: Fault) -> LabelledFilm | None:
    try:
        return LabelledFilm(
            file,
            tuple(labels),
            _pixels(row["width"]),
            _pixels(row["height"]),
            row["film"] or None,
            *sex_and_age(row),
            row["patient"] or None,
            row["split"],
            place,
            original_name=row["original_name"],
        )
    except ValueError as problem:
        fault(BadLabels(path.name, place, str(problem)))
        return None


def _pixels(given: str) -> int | None:
    try:
        pixels = number(given) if given else None
    except ValueError:
        pixels = 0.5
    if pixels is not None and not pixels.is_integer():
        raise ValueError(f"the size {given!r} is not a number of pixels; correct it or leave it empty.")
    return None if pixels is None else int(pixels)
