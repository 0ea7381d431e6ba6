"""Reads a CSV as spreadsheets really write it: whatever its encoding, separator and headers; one reader for all tables."""

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.bones import Sex
from core.errors import BoneGradeError

#: Names that a column may have, by what it is called here; headers are compared without blanks, punctuation and
#: capitals.
Columns = Mapping[str, Sequence[str]]

_SEPARATORS: Final = (",", ";", "\t", "|")
_SHOWN_ENCODINGS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Bytes that are looked at to find how the text is encoded, and characters to find where its header is.
_SAMPLE: Final = 4096
#: All bytes that a text may contain: no control characters except tabs, line ends and page ends.
_TEXT: Final = bytes(sorted({9, 10, 12, 13, *range(32, 256)}))
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
#: A line that many spreadsheets put before the header: which character separates the cells.
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?[\s,;\t|]*', re.IGNORECASE)
#: 1.234,5 and 1,234.5: one character separates thousands, the other decimals.
_COMMA_LAST: Final = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
_POINT_LAST: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
#: 1,234: more than a thousand, or a little more than one; certain to be the latter only where commas do not separate
#: cells.
_EITHER: Final = re.compile(r"[+-]?\d{1,3},\d{3}")
_PLAIN: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")

_SEXES: Final[Mapping[str, Sex]] = {
    "m": "M", "male": "M", "boy": "M", "f": "F", "female": "F", "girl": "F", "w": "F",
    "männlich": "M", "weiblich": "F", "masculin": "M", "féminin": "F",
}  # fmt: skip

#: The values of a column `male`.
_MALE: Final[Mapping[str, Sex]] = {"true": "M", "false": "F"}

#: An age beyond this, in months, is not a child's: most likely a column of years contains months.
_OLDEST: Final = 300.0


class NotATable(BoneGradeError):
    """The file is not a CSV that can be read; the message is one sentence."""


@dataclass(frozen=True)
class Row:
    """One row under the header. line: in the file, from 1. cells: by column, without the blanks around them; "" where
    there is none. surplus: there are more cells than headers."""

    line: int
    cells: Mapping[str, str]
    surplus: bool = False

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Sheet:
    """A table whose header was read. columns: those that were recognised. rows: streamed, once."""

    columns: frozenset[str]
    rows: Iterator[Row]


def open_sheet(path: Path, columns: Columns, max_bytes: int) -> Sheet:
    """Reads the header of a CSV and gives its rows as they are asked for, without empty ones.

    In UTF-8 or UTF-16 (with or without a byte order mark), else in the encoding of western Windows; cells separated by
    commas, semicolons, tabs or bars, whichever gives the most known columns in the first line that is not empty; a line
    `sep=;` before it is obeyed. columns: the names of each, plain ones and others. Raises NotATable, also while rows are
    read.
    """
    encoding = _encoding(path, max_bytes)
    try:
        with path.open(encoding=encoding, newline="", errors="replace" if encoding == "cp1252" else "strict") as file:
            sample = file.read(_SAMPLE)
    except (OSError, UnicodeError) as error:
        raise _unreadable() from error
    separator, before = _separator(sample, columns)
    rows = _rows(path, encoding, separator, before)
    _, header = next(rows, (0, []))
    places = _places(header, columns)
    return Sheet(frozenset(places), _named(rows, places, len(header), decimal_comma=separator != ","))


def number(text: str) -> float:
    """A number as spreadsheets of any country write it ("7.5", "7,5", "1.234,5", "1,234.5"); ValueError where it is not
    a number, or could be two."""
    plain = text.replace("\N{NO-BREAK SPACE}", "").replace("\N{NARROW NO-BREAK SPACE}", "").strip()
    if _COMMA_LAST.fullmatch(plain):
        return float(plain.replace(".", "").replace(",", "."))
    if _POINT_LAST.fullmatch(plain):
        return float(plain.replace(",", ""))
    if _EITHER.fullmatch(plain):
        raise ValueError(
            f"{text!r} could be {plain.replace(',', '.')} or {plain.replace(',', '')}: write it as one of the two."
        )
    if not _PLAIN.fullmatch(plain):
        raise ValueError(f"{text!r} is not a number.")
    return float(plain.replace(",", "."))


def sex_of(text: str) -> Sex | None:
    """M or F from what a file says, None where it says nothing; ValueError, without a sentence, where it is neither."""
    plain = text.strip().casefold()
    if plain and plain not in _SEXES:
        raise ValueError(text)
    return _SEXES.get(plain)


def sex_of_male(text: str) -> Sex | None:
    """M or F from a column `male`, which says true or false."""
    plain = text.strip().casefold()
    if plain and plain not in _MALE:
        raise ValueError(text)
    return _MALE.get(plain)


def age_months(text: str, months: float = 1.0) -> float | None:
    """An age in months from a number given in units of `months` months, None where there is none; ValueError, without a
    sentence, where it is not a number, or not an age of 0 to 25 years."""
    if not text.strip():
        return None
    age = number(text) * months
    if not 0.0 <= age <= _OLDEST:
        raise ValueError(text)
    return age


def oldest(months: float) -> int:
    """The greatest age that is accepted as a child's, in units of `months` months."""
    return math.floor(_OLDEST / months)


def plain_header(text: str) -> str:
    """A header without capitals, blanks and punctuation, for comparing headers."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _encoding(path: Path, max_bytes: int) -> str:
    try:
        if path.stat().st_size > max_bytes:
            raise NotATable(f"The table is bigger than {max_bytes // 10**6} MB: split it.")
        with path.open("rb") as file:
            start = file.read(_SAMPLE)
            if start.startswith(_WORKBOOKS):
                raise NotATable("This is a workbook and not a CSV: save the sheet as CSV (UTF-8) and give that file.")
            known = next((name for mark, name in _SHOWN_ENCODINGS if start.startswith(mark)), None)
            if known is None and b"\0" in start:
                known = _utf_16_without_mark(start)
            elif known is None and start.translate(None, _TEXT) != b"":
                raise _unreadable()
            if known is None:
                known = "utf-8" if _is_utf_8(start, file) else "cp1252"
            return known
    except OSError as error:
        raise NotATable(f"The table cannot be read ({error.strerror}): check the path.") from error


def _utf_16_without_mark(start: bytes) -> str:
    """The UTF-16 encoding of a text without a byte order mark: in it, every second byte of Latin letters is zero."""
    even, odd = start[0::2], start[1::2]
    if not even.count(0) and odd.count(0) > len(odd) // 2:
        return "utf-16-le"
    if not odd.count(0) and even.count(0) > len(even) // 2:
        return "utf-16-be"
    raise _unreadable()


def _is_utf_8(start: bytes, rest: io.BufferedReader) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(start)
        while chunk := rest.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _unreadable() -> NotATable:
    return NotATable("The CSV cannot be read: save it as CSV (UTF-8) and give it again.")


def _separator(sample: str, columns: Columns) -> tuple[str, int]:
    """The character that separates the cells, and the number of lines before the header."""
    lines = sample.splitlines()
    before = 0
    while before < len(lines) and not lines[before].strip(' ,;\t|"'):
        before += 1
    if before == len(lines):
        return ",", 0
    stated = _SEPARATOR_LINE.fullmatch(lines[before])
    if stated is not None:
        return stated[1], before + 1

    def known_and_all(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([lines[before]], delimiter=separator), [])
        return len(_known(cells, columns)), len(cells)

    return max(_SEPARATORS, key=known_and_all), before


def _rows(path: Path, encoding: str, separator: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that has any, with the line's number, from 1."""
    try:
        with path.open(encoding=encoding, newline="", errors="replace" if encoding == "cp1252" else "strict") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            for cells in reader:
                if reader.line_num > before and any(cell.strip() for cell in cells):
                    yield reader.line_num, [cell.strip() for cell in cells]
    except OSError as error:
        raise NotATable(f"The table cannot be read ({error.strerror}): check the path.") from error
    except (csv.Error, UnicodeError) as error:
        raise _unreadable() from error


def _known(header: Sequence[str], columns: Columns) -> list[tuple[int, str]]:
    """The places of the cells that name a column, with that column."""
    names = {plain_header(name): column for column, others in columns.items() for name in (column, *others)}
    plain = [(place, names.get(plain_header(cell))) for place, cell in enumerate(header)]
    return [(place, column) for place, column in plain if column is not None]


def _places(header: Sequence[str], columns: Columns) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, column in _known(header, columns):
        if column in found:
            raise NotATable(f'The CSV has two columns for "{column}": leave out one of them.')
        found[column] = place
    return found


def _named(
    rows: Iterator[tuple[int, list[str]]], places: Mapping[str, int], width: int, decimal_comma: bool
) -> Iterator[Row]:
    for line, cells in rows:
        if decimal_comma:
            cells = [cell.replace(",", ".") if _EITHER.fullmatch(cell) else cell for cell in cells]
        named = {column: cells[place] for column, place in places.items() if place < len(cells)}
        yield Row(line, named, surplus=any(cells[width:]))
