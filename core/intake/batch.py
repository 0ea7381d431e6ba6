"""Makes one batch from what is sent: single files, a folder or a zip, and the CSV that gives their sexes."""

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from core.bones import Sex
from core.errors import UnreadableFilm
from core.film.radiograph import stated_by
from core.intake.archive import Limits, Member, Unpacker
from core.intake.errors import BatchRefused
from core.intake.table import FilmRow, read_table

_LIMITS: Final = Limits()
#: Endings of files that may be films.
FILM_ENDINGS: Final = (
    ".dcm", ".dicom", ".dic", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jp2", ".j2k",
    ".heic", ".heif", ".avif",
)  # fmt: skip
_TABLE_ENDING: Final = ".csv"
#: Files that operating systems leave in folders and zips.
_CLUTTER: Final = ("thumbs.db", "desktop.ini", "dicomdir")
_CLUTTER_FOLDER: Final = "__MACOSX"
#: Browsers' uploads lose other punctuation from their names, so only these characters tell names apart.
_SIGNS_OF_NAMES: Final = "._-/"


@dataclass(frozen=True)
class SentFile:
    """A file that was sent. name: what its sender calls it; the file here may be called something else."""

    path: Path
    name: str = field(repr=False)


@dataclass(frozen=True)
class FilmFile:
    """One film of a batch. name: shown only to whoever sent it, never stored or logged, as it may name the patient; so may
    `patient`, the patient's own id."""

    name: str = field(repr=False)
    path: Path = field(repr=False)
    sex: Sex
    age_months: float | None
    patient: str | None = field(repr=False)


@dataclass(frozen=True)
class Batch:
    """What was sent, in order of names. passed_over: names of files that are not films."""

    films: tuple[FilmFile, ...]
    passed_over: tuple[str, ...] = field(repr=False)


@contextmanager
def open_batch(
    files: Sequence[Path | SentFile], table: Path | None = None, sex: Sex | None = None, limits: Limits = _LIMITS
) -> Iterator[Batch]:
    """Checks all that was sent before any film is read, and unpacks zips into a private folder that is removed when this ends.

    files: films, zips, and folders of them; a zip within a zip is not opened. table: see `read_table`; it may also be among
    the films. sex: of the films that the table does not name; None: as each file states it.

    Raises BatchRefused, before anything is changed, where: a zip is damaged, encrypted, too big or leads out of itself;
    there are no films, or too many; the table has a fault, names a film that is not there, or names one twice; a film's sex
    is neither given nor stated in its file. What is wrong with a single film shows when it is read.
    """
    with tempfile.TemporaryDirectory(prefix="bonegrade-") as folder:
        members = [
            member for member in _members(files, Unpacker(Path(folder), limits), limits) if _is_kept(member.name)
        ]
        members.sort(key=lambda member: str(member.name))
        found = [member for member in members if member.path is not None and may_be_film(member.name)]
        if not found:
            raise BatchRefused(
                "There are no films in what was sent: send DICOM, PNG, JPEG, TIFF, WebP, BMP, GIF, JP2, HEIC or AVIF files."
            )
        rows = _rows(table, [m.path for m in members if m.path is not None and m.name.suffix.lower() == _TABLE_ENDING])
        others = [m.name.name for m in members if not may_be_film(m.name) and m.name.suffix.lower() != _TABLE_ENDING]
        yield Batch(tuple(_films(found, rows, sex)), tuple(others))


def _members(files: Sequence[Path | SentFile], unpacker: Unpacker, limits: Limits) -> Iterator[Member]:
    """All files that were sent, those of zips and folders one by one."""
    count = 0
    for name, path in _walk(files):
        if name.suffix.lower() == ".zip":
            yield from unpacker.unpack(path, lambda inner: may_be_film(inner) or inner.suffix.lower() == _TABLE_ENDING)
            continue
        count += 1
        if count > limits.files:
            raise BatchRefused(f"There are more than {limits.files} files: send the films in several parts.")
        yield Member(name, path)


def _walk(files: Sequence[Path | SentFile]) -> Iterator[tuple[PurePosixPath, Path]]:
    for file in files:
        if isinstance(file, SentFile):
            yield PurePosixPath(file.name), file.path
            continue
        if not file.is_dir():
            yield PurePosixPath(file.name), file
            continue
        for folder, _, names in os.walk(file):
            paths = (Path(folder, name) for name in names)
            # A link could lead anywhere.
            yield from ((PurePosixPath(p.relative_to(file).as_posix()), p) for p in paths if not p.is_symlink())


def _is_kept(name: PurePosixPath) -> bool:
    return not (_CLUTTER_FOLDER in name.parts or name.name.startswith(".") or name.name.casefold() in _CLUTTER)


def may_be_film(name: PurePosixPath) -> bool:
    """Whether a file of this name is looked at: those of archives often have no ending, or are called by a UID, which ends
    in a number."""
    ending = name.suffix.lower()
    return _is_kept(name) and (ending in FILM_ENDINGS or not ending or ending[1:].isdigit())


def _rows(table: Path | None, found: Sequence[Path]) -> list[FilmRow]:
    tables = [*([table] if table is not None else []), *found]
    if len(tables) > 1:
        raise BatchRefused("There are several CSV files: send the one that says the films' sexes.")
    return read_table(tables[0]) if tables else []


def _films(members: Sequence[Member], rows: Sequence[FilmRow], sex: Sex | None) -> Iterator[FilmFile]:
    rows_of = matched([member.name for member in members], rows)
    others = [number for number in range(len(members)) if number not in rows_of]
    sexes = {number: sex or stated_sex(members[number].path) for number in others}
    without = sum(said is None for said in sexes.values())
    if without:
        raise BatchRefused(
            f"{'One film has' if without == 1 else f'{without} films have'} no sex, and the file doesn't state it: send a CSV "
            "with a row for each film, or choose the sex of all films that the CSV does not name."
        )
    for number, member in enumerate(members):
        row, said = rows_of.get(number), sexes.get(number)
        assert member.path is not None
        if row is not None:
            yield FilmFile(member.name.name, member.path, row.sex, row.age_months, row.patient)
        elif said is not None:
            yield FilmFile(member.name.name, member.path, said, None, None)


def stated_sex(path: Path | None) -> Sex | None:
    """The sex that the film's file states; None where something is wrong with the file, which shows when it is read."""
    if path is None:
        return None
    with suppress(UnreadableFilm):
        return stated_by(path).sex
    return None


def matched(names: Sequence[PurePosixPath], rows: Sequence[FilmRow]) -> dict[int, FilmRow]:
    """The row of each film, by its position in `names`. Raises BatchRefused where a row fits no film, or several, or one
    twice."""
    places: Mapping[str, set[int]] = defaultdict(set)
    for number, whole in enumerate(names):
        for name in (str(whole), whole.name):
            places[_plain(name)].add(number)
            places[_plain(_without_ending(name))].add(number)
    row_of: dict[int, FilmRow] = {}
    for row in rows:
        fitting = places.get(_plain(row.film), set())
        if not fitting:
            raise BatchRefused(
                f"Line {row.line} of the CSV names a film that was not sent: send it as well, or take the line out."
            )
        if len(fitting) > 1:
            raise BatchRefused(
                f"Line {row.line} of the CSV fits several films: write the file's whole name, with its folder."
            )
        (number,) = fitting
        if number in row_of:
            raise BatchRefused(
                f"Lines {row_of[number].line} and {row.line} of the CSV name the same film: take one of them out."
            )
        row_of[number] = row
    return row_of


def _without_ending(name: str) -> str:
    return next((name[: -len(ending)] for ending in FILM_ENDINGS if name.lower().endswith(ending)), name)


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold().strip("/") if sign.isalnum() or sign in _SIGNS_OF_NAMES)
