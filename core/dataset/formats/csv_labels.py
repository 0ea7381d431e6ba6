"""Labels as a CSV table, one row a film and bone."""

import csv
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from core.dataset.labels import (
    BadLabels,
    Label,
    LabelledFilm,
    bone_and_grade,
    box_of,
    checked_age,
    checked_sex,
    label,
)

#: Of these, `file` and `bone` must be there, and `grade` or `verdict`; the others may be missing or empty.
COLUMNS = (
    "file", "film", "width", "height", "sex", "age_months", "patient", "split", "bone", "verdict", "grade", "label",
    "xmin", "ymin", "xmax", "ymax",
)  # fmt: skip
_OF_THE_FILM = ("film", "width", "height", "sex", "age_months", "patient", "split")
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
            (*whose, said.bone, said.verdict, said.grade, said.text, *(said.box or (None,) * 4)) for said in film.labels
        )

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read(path: Path) -> list[LabelledFilm]:
    """Films of a table, in the order in which they first appear; see COLUMNS for what it may hold.

    Other columns are ignored. Raises BadLabels at the first row that cannot be read.
    """
    films: dict[str, tuple[str, dict[str, str], list[Label]]] = {}
    for place, row in read_table(path, {"file", "bone"}, one_of={"grade", "verdict"}):
        try:
            file = row["file"].strip()
            if not file:
                raise ValueError("the column file is empty; name the film's picture.")
            first, facts, labels = films.setdefault(file, (place, row, []))
            for column in _OF_THE_FILM:
                if row.get(column, "") != facts.get(column, ""):
                    raise ValueError(f"the {column} of {file} is not that of {first}; make them agree.")
            said = _label(row, place)
            if any(other.bone == said.bone for other in labels):
                raise ValueError(f"{said.bone} of {file} has a row already; leave one of the two out.")
            labels.append(said)
        except ValueError as problem:
            raise BadLabels(path.name, place, str(problem)) from None
    return [_film(path, file, *found) for file, found in films.items()]


def read_table(path: Path, needed: set[str], one_of: set[str] | None = None) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of any CSV table with their places ("row 2" is the first one under the header), streamed.

    needed: columns that must all be there; one_of: of which one must be. Raises BadLabels where they are not, the table is
    no CSV in UTF-8, or a row has too many values.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadLabels(path.name, "", f"the table is bigger than {MAX_BYTES // 10**6} MB; split it.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            columns = set(reader.fieldnames or ())
            missing = needed - columns or (set() if one_of is None or one_of & columns else one_of)
            if missing:
                raise BadLabels(path.name, "", f"there is no column {' or '.join(sorted(missing))}; add it.")
            for row in reader:
                place = f"row {reader.line_num}"
                if None in row:
                    problem = "there are more values than columns; quote values that hold commas."
                    raise BadLabels(path.name, place, problem)
                yield place, row
    except OSError as error:
        raise BadLabels(path.name, "", f"the table cannot be read ({error.strerror}); check the path.") from None
    except (csv.Error, UnicodeDecodeError):
        raise BadLabels(path.name, "", "this is no CSV table in UTF-8; export it as such again.") from None


def _label(row: dict[str, str], place: str) -> Label:
    bone, named_grade = bone_and_grade(row["bone"])
    box = box_of([row.get(edge, "").strip() for edge in ("xmin", "ymin", "xmax", "ymax")])
    return label(bone, row.get("grade", "") or named_grade, row.get("verdict"), box, place)


def _film(path: Path, file: str, place: str, row: dict[str, str], labels: list[Label]) -> LabelledFilm:
    try:
        return LabelledFilm(
            file,
            tuple(labels),
            _pixels(row.get("width", "")),
            _pixels(row.get("height", "")),
            row.get("film") or None,
            checked_sex(row.get("sex")),
            checked_age(row.get("age_months")),
            row.get("patient") or None,
            row.get("split", ""),
            place,
        )
    except ValueError as problem:
        raise BadLabels(path.name, place, str(problem)) from None


def _pixels(given: str) -> int | None:
    if not given.strip():
        return None
    if not given.strip().isdecimal():
        raise ValueError(f"the size {given!r} is not a number of pixels; correct it or leave it empty.")
    return int(given)
