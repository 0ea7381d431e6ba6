"""Which films a batch has: those of a folder or an fsspec URL, or of a Parquet file that names them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from core.bones import Sex
from core.errors import UnreadableFilm
from core.film.greys import MAX_BYTES
from core.film.radiograph import Radiograph, read_radiograph
from core.hand.several import SIDES, HandSide
from core.intake.batch import matched, may_be_film, stated_sex
from core.intake.errors import BatchRefused
from core.intake.spreadsheet import sex_of
from core.intake.table import read_table

_TABLE_ENDING: Final = ".parquet"

_UNFETCHED: Final = (
    "The file could not be fetched from where it lies: see that it is there and may be read, delete failures.parquet, and "
    "run again."
)


@dataclass(frozen=True)
class BatchFilm:
    """One film of a batch. id: names it in the results. path: a file on this machine, or a URL that fsspec knows. hand: the one
    that is read where the film shows two."""

    id: str
    path: str
    sex: Sex
    hand: HandSide


def films_in(source: str, sex: Sex | None, hand: HandSide, table: Path | None = None) -> list[BatchFilm]:
    """The films of a folder or an fsspec URL of one, in the order of names, or those that a Parquet file names.

    The Parquet file's column `path` has URLs or paths, relative ones from the file's own folder; `id` names the films, as do
    their paths if there is none; `sex` says M or F, `hand` left or right. A film of a folder is named by its path in it.
    sex: of the films whose sex no table gives; None: as each file on this machine states it. hand: which is read where a
    film shows two and no table says. table: a CSV as `read_table` takes it, for a folder's films.

    Raises BatchRefused, before any film is read, where there are no films, two have one name, or one has no sex or
    another hand than left or right.
    """
    try:
        system, place = fsspec.url_to_fs(source)
        named = place.lower().endswith(_TABLE_ENDING) and system.isfile(place)
        if not named and not system.isdir(place):
            raise BatchRefused(
                f"There is no folder and no {_TABLE_ENDING} file at {source}: give the films' folder, its URL, or a Parquet "
                "file with a column path."
            )
        films = _of_parquet(system, place, sex, hand) if named else _of_folder(system, place, sex, hand, table)
    except (OSError, ValueError, ImportError) as error:  # of remote storage: no network, permission or such protocol
        raise BatchRefused(f"{source} cannot be read ({error}): check that it is right and can be reached.") from error
    twice = [name for name, count in Counter(film.id for film in films).items() if count > 1]
    if twice:
        raise BatchRefused(f"Two films are called {twice[0]}: give each an id of its own.")
    return films


def radiograph_of(film: BatchFilm) -> Radiograph:
    """Reads the film from wherever it lies. Raises UnreadableFilm."""
    if "://" not in film.path:
        return read_radiograph(Path(film.path))
    content: bytes | None = None
    try:
        with fsspec.open(film.path) as file:
            content = file.read(MAX_BYTES + 1)  # one more than is allowed, to recognise a film that is too big
    except Exception:
        # Each kind of storage has errors of its own, and any may quote the address, which can name the patient.
        content = None
    if content is None:
        raise UnreadableFilm(_UNFETCHED)
    return read_radiograph(content)


def _of_folder(system: Any, place: str, sex: Sex | None, hand: HandSide, table: Path | None) -> list[BatchFilm]:
    root = place.rstrip("/") + "/"
    found = {path.removeprefix(root): path for path in sorted(system.find(place))}
    names = [name for name in found if may_be_film(PurePosixPath(name)) and not _is_hidden(name)]
    if not names:
        raise BatchRefused(
            "There are no films in the folder: it takes DICOM, PNG, JPEG, TIFF, WebP, BMP, GIF, JP2, HEIC or AVIF files."
        )
    rows = {} if table is None else matched([PurePosixPath(name) for name in names], read_table(table))
    sexes = [rows[number].sex if number in rows else sex for number in range(len(names))]
    return _with_sexes(names, [_address(system, found[name]) for name in names], sexes, [hand] * len(names))


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _of_parquet(system: Any, place: str, sex: Sex | None, hand: HandSide) -> list[BatchFilm]:
    try:
        with system.open(place) as file:
            known = set(pq.read_schema(file).names)
            if "path" not in known:
                raise BatchRefused(f"{place} has no column path: add it, with the path or URL of each film.")
            columns = [name for name in ("path", "id", "sex", "hand") if name in known]
            rows = pq.read_table(file, columns=columns).to_pydict()
    except pa.ArrowInvalid as error:
        raise BatchRefused(f"{place} is not a Parquet file that can be read: write it again.") from error
    paths = [str(path) if path is not None else "" for path in rows["path"]]
    if not all(paths):
        raise BatchRefused(f"Row {paths.index('') + 1} of {place} has no path: fill it in, or take the row out.")
    if not paths:
        raise BatchRefused(f"{place} names no film: add a row for each film.")
    ids = [path if name is None else str(name) for name, path in zip(rows.get("id", paths), paths, strict=True)]
    sexes = [_sex(said, name, sex) for said, name in zip(rows.get("sex", [None] * len(ids)), ids, strict=True)]
    hands = [_hand(said, name, hand) for said, name in zip(rows.get("hand", [None] * len(ids)), ids, strict=True)]
    folder = place.rpartition("/")[0]
    placed = [_placed(path, lambda path: _address(system, f"{folder}/{path}")) for path in paths]
    return _with_sexes(ids, placed, sexes, hands)


def _sex(said: object, name: str, otherwise: Sex | None) -> Sex | None:
    try:
        return sex_of("" if said is None else str(said)) or otherwise
    except ValueError:
        raise BatchRefused(f"The sex of film {name} could mean either: the column sex takes M or F.") from None


def _hand(said: object, name: str, otherwise: HandSide) -> HandSide:
    text = "" if said is None else str(said).strip().lower()
    if not text:
        return otherwise
    for side in SIDES:
        if text == side:
            return side
    raise BatchRefused(f"The hand of film {name} is neither left nor right: the column hand takes these two.")


def _with_sexes(
    ids: Sequence[str], paths: Sequence[str], sexes: Sequence[Sex | None], hands: Sequence[HandSide]
) -> list[BatchFilm]:
    """The films; where nothing else gives a film's sex, it is what its file states, if the file is on this machine."""
    said = [sex or _stated_sex(path) for sex, path in zip(sexes, paths, strict=True)]
    without = sum(sex is None for sex in said)
    if without:
        raise BatchRefused(
            f"{'One film has' if without == 1 else f'{without} films have'} no sex, and the file doesn't "
            "state it: say --sex M or F for all that have none, or give the sex of each in a table."
        )
    return [BatchFilm(*one) for one in zip(ids, paths, cast(Sequence[Sex], said), hands, strict=True)]


def _stated_sex(path: str) -> Sex | None:
    return None if "://" in path or not Path(path).is_file() else stated_sex(Path(path))


def _placed(path: str, beside: Callable[[str], str]) -> str:
    """Returns an address as it is, and a relative path as seen from where its table lies."""
    return path if "://" in path or Path(path).is_absolute() else beside(path)


def _address(system: Any, path: str) -> str:
    return path if isinstance(system, LocalFileSystem) else str(system.unstrip_protocol(path))
