"""Reads the CSV that says the sex, and if known the age and the patient, of each film."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.bones import Sex
from core.intake.errors import BatchRefused

_Cell = Callable[[str], str]

_MAX_BYTES: Final = 20 * 10**6
_SEPARATORS: Final = (",", ";", "\t")

#: What a column may be called, in lower case and without blanks, lines and brackets.
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "file": ("file", "filename", "film", "image", "path"),
    "id": ("id", "imageid", "caseid"),
    "patient": ("patient", "patientid"),
    "sex": ("sex", "gender"),
    "male": ("male",),
    "age_months": ("agemonths", "ageinmonths", "months"),
    "age_years": ("ageyears", "ageinyears", "years"),
    "age": ("age",),
}

_SEXES: Final[Mapping[str, Sex]] = {"m": "M", "male": "M", "boy": "M", "f": "F", "female": "F", "girl": "F"}
_MALE: Final[Mapping[str, Sex]] = {"true": "M", "false": "F"}

#: An age beyond this, in months, is no child's: most likely months stand in a column of years.
_OLDEST: Final = 300.0


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
    """The rows of a CSV with a header, parted by commas, semicolons or tabs.

    Columns, in any order and case: `file` or `id` (the file's name, its ending may be left out), `sex` (M or F, male or
    female) or `male` (true or false), and if known `age_months` or `age_years`, and `patient`. With a `file` column, `id`
    is the patient. Other columns are not looked at. Raises BatchRefused, with the number of the line at fault.
    """
    lines = _lines(_text(path))
    header = _header(lines[0]) if lines else {}
    name = "file" if "file" in header else "id"
    if name not in header:
        raise BatchRefused('The CSV names no films: add a header with a column "file" or "id".')
    if "sex" not in header and "male" not in header:
        raise BatchRefused('The CSV has no column "sex": add it, with M or F in each row.')
    if "age" in header:
        raise BatchRefused('The column "age" of the CSV could be years or months: call it "age_years" or "age_months".')
    if "age_years" in header and "age_months" in header:
        raise BatchRefused("The CSV has the age twice, in years and in months: leave out one of the columns.")
    rows = [_row(line, cells, header, name) for line, cells in enumerate(lines[1:], 2) if any(map(str.strip, cells))]
    if not rows:
        raise BatchRefused("The CSV has a header but no rows: add a row for each film.")
    return rows


def sex_of(said: str) -> Sex | None:
    """The sex that a cell says, in any case: M or F, male or female, boy or girl; None for anything else."""
    return _SEXES.get(said.strip().casefold())


def _text(path: Path) -> str:
    try:
        content = path.read_bytes() if path.stat().st_size <= _MAX_BYTES else None
    except OSError:
        content = None
    if content is None or b"\0" in content:
        raise BatchRefused("The CSV cannot be read: save it as CSV (UTF-8) and send it again.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets write where they are not asked for UTF-8.
        return content.decode("cp1252", errors="replace")


def _lines(text: str) -> list[list[str]]:
    first = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise BatchRefused("The CSV cannot be read: save it as CSV (UTF-8) and send it again.") from error


def _header(cells: Sequence[str]) -> dict[str, int]:
    """Where each known column is."""
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        plain = "".join(letter for letter in cell.casefold() if letter.isalnum())
        for column, names in _COLUMNS.items():
            if plain in names:
                if column in found:
                    raise BatchRefused(f'The CSV has two columns for "{column}": leave out one of them.')
                found[column] = place
    return found


def _row(line: int, cells: Sequence[str], header: Mapping[str, int], name: str) -> FilmRow:
    def cell(column: str) -> str:
        place = header.get(column)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    film = cell(name)
    if not film:
        raise BatchRefused(f"Line {line} of the CSV names no film: fill in its {name}.")
    # With ids alone, the id is all that could tell one patient from another.
    patient = cell("patient") if "patient" in header else cell("id")
    return FilmRow(line, film.replace("\\", "/"), _sex(line, cell, header), _age_months(line, cell), patient or None)


def _sex(line: int, cell: _Cell, header: Mapping[str, int]) -> Sex:
    words, column = (_SEXES, "sex") if "sex" in header else (_MALE, "male")
    said = cell(column).casefold()
    if not said:
        raise BatchRefused(f"Line {line} of the CSV has no sex: fill in M or F, since the score tables need it.")
    if said not in words:
        wanted = "M or F" if column == "sex" else "true or false"
        raise BatchRefused(
            f"Line {line} of the CSV has a sex that could mean either: the column {column} takes {wanted}."
        )
    return words[said]


def _age_months(line: int, cell: _Cell) -> float | None:
    column, months = ("age_months", 1.0) if cell("age_months") else ("age_years", 12.0)
    said = cell(column).replace(",", ".")
    if not said:
        return None
    try:
        age = float(said) * months
    except ValueError:
        age = math.nan
    if not 0.0 <= age <= _OLDEST:
        raise BatchRefused(
            f"Line {line} of the CSV has an age that no child has: {column} takes a number up to {_OLDEST / months:.0f}."
        )
    return age
