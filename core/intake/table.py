"""Reads the CSV that gives the sex, and if known the age and the patient, of each film."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.bones import Sex
from core.intake.errors import BatchRefused
from core.intake.spreadsheet import NotATable, Row, Sheet, age_months, oldest, open_sheet, sex_of, sex_of_male

_MAX_BYTES: Final = 20 * 10**6

#: Columns of a film that mean the same in every table, with their other names.
FILM_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "sex": ("gender",),
    "male": (),
    "age_months": ("ageinmonths", "months"),
    "age_years": ("ageinyears", "years"),
    "age": (),
    "patient": ("patientid", "patientkey"),
}
_COLUMNS: Final = {
    "file": ("filename", "film", "image", "path", "picture"),
    "id": ("imageid", "caseid"),
    **FILM_COLUMNS,
}


@dataclass(frozen=True)
class FilmRow:
    """One film's row. line: in the CSV, from 1. film: its file name (with or without folders and ending) or its id.
    patient: the patient's own id, to be made a pseudonym; None if there is none."""

    line: int
    film: str
    sex: Sex
    age_months: float | None
    patient: str | None


def read_table(path: Path) -> list[FilmRow]:
    """The rows of a CSV with a header, in any dialect of `core.intake.spreadsheet`.

    Columns, in any order and case: `file` or `id` (the file's name, its ending may be left out), `sex` (M or F, male or
    female) or `male` (true or false), and if known `age_months` or `age_years`, and `patient`. With a `file` column, `id`
    is the patient. Other columns are ignored. Raises BatchRefused, with the number of the line at fault.
    """
    try:
        sheet = open_sheet(path, _COLUMNS, _MAX_BYTES)
        name = "file" if "file" in sheet.columns else "id"
        if name not in sheet.columns:
            raise BatchRefused('The CSV names no films: add a header with a column "file" or "id".')
        check_columns(sheet)
        if "sex" not in sheet.columns and "male" not in sheet.columns:
            raise BatchRefused('The CSV has no column "sex": add it, with M or F in each row.')
        rows = [_row(row, sheet, name) for row in sheet.rows]
    except NotATable as problem:
        raise BatchRefused(str(problem)) from problem
    if not rows:
        raise BatchRefused("The CSV has a header but no rows: add a row for each film.")
    return rows


def check_columns(sheet: Sheet) -> None:
    """Raises NotATable where the ages of a table could mean two things."""
    if "age" in sheet.columns:
        raise NotATable('The column "age" of the CSV could be years or months: call it "age_years" or "age_months".')
    if {"age_years", "age_months"} <= sheet.columns:
        raise NotATable("The CSV has the age twice, in years and in months: leave out one of the columns.")


def sex_of_row(row: Row) -> Sex | None:
    """The sex that a row gives, None where it gives none. Raises ValueError with the end of a sentence."""
    try:
        return sex_of_male(row["male"]) or sex_of(row["sex"])
    except ValueError:
        column, wanted = ("male", "true or false") if row["male"] else ("sex", "M or F")
        raise ValueError(f"has a sex that could mean either: the column {column} takes {wanted}.") from None


def age_of_row(row: Row) -> float | None:
    """The age in months that a row gives, None where it gives none. Raises ValueError with the end of a sentence."""
    column, months = ("age_years", 12.0) if row["age_years"] else ("age_months", 1.0)
    try:
        return age_months(row[column], months)
    except ValueError:
        problem = f"has an age that no child has: {column} takes a number up to {oldest(months)}."
        raise ValueError(problem) from None


def _row(row: Row, sheet: Sheet, name: str) -> FilmRow:
    line = f"Line {row.line} of the CSV"
    if not row[name]:
        raise BatchRefused(f"{line} names no film: fill in its {name}.")
    try:
        sex, age = sex_of_row(row), age_of_row(row)
    except ValueError as problem:
        raise BatchRefused(f"{line} {problem}") from None
    if sex is None:
        raise BatchRefused(f"{line} has no sex: fill in M or F, since the score tables need it.")
    # If there are only ids, nothing else can tell one patient from another.
    patient = row["patient" if "patient" in sheet.columns else "id"]
    return FilmRow(row.line, row[name].replace("\\", "/"), sex, age, patient or None)
