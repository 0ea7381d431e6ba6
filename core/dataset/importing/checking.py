"""Reads a file of labels and its pictures and says what would be imported and what not, and why; changes nothing."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from core.bones import Sex
from core.dataset.formats import csv_labels
from core.dataset.formats.reading import Format, read_labels
from core.dataset.importing.exif import turned, turning
from core.dataset.labels import CLIPPED, BadLabels, Fault, Label, LabelledFilm, box_on_film
from core.errors import FilmRefused
from core.film.box import Box
from core.film.radiograph import Radiograph, read_radiograph
from core.intake.batch import FILM_ENDINGS
from core.intake.near_copies import NearCopies, sentence
from core.ledger import Consent, FilmRecord, Ledger

_HASH: Final = frozenset("0123456789abcdef")
_STAGE: Final = "a TW3 stage that covers several grades is kept as a stage"
_TURNED: Final = "boxes were drawn on the picture as it is stored, and were turned with it (EXIF)"
_UPRIGHT: Final = "the size is that before turning (EXIF), and the boxes are upright"


@dataclass(frozen=True)
class ImportOptions:
    """reader: who answers for the labels. images: the folder of pictures; None where the ledger has all films. films: a CSV
    table of file, sex and, if known, patient and age_months, which takes precedence over the label file. sex: of films for
    which neither gives it. names: the names of the films' files may be kept. consent: to keeping the pixels, None without."""

    reader: str
    images: Path | None = None
    films: Path | None = None
    sex: Sex | None = None
    names: bool = False
    consent: Consent | None = field(kw_only=True)


@dataclass(frozen=True)
class CheckedFilm:
    """A film that can be imported. film: with its hash and the labels that were found good, in pixels. path: None where the
    ledger has the film, and no picture is given. known: the ledger has it. remarks: what was done to labels, and how often.
    near: a sentence, where it looks like a film that the ledger has."""

    film: LabelledFilm
    sex: Sex
    path: Path | None
    known: bool
    remarks: Mapping[str, int]
    near: str = ""


@dataclass(frozen=True)
class Checked:
    """What a file of labels holds: films that can be imported, and the faults of what cannot."""

    films: tuple[CheckedFilm, ...]
    faults: tuple[BadLabels, ...]

    @property
    def remarks(self) -> Counter[str]:
        """What was done to labels, and how often."""
        return sum((Counter(film.remarks) for film in self.films), Counter())


def check_labels(
    ledger: Ledger,
    source: Path,
    kind: Format,
    options: ImportOptions,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Checked:
    """Reads everything that an import would read. Raises BadLabels where the file or a table cannot be read."""
    faults: list[BadLabels] = []
    if options.images is not None and not options.images.is_dir():
        raise BadLabels(str(options.images), "", "this is not a folder; name the one that holds the pictures.")
    films = read_labels(source, kind, faults.append)
    films = _with_table(films, options.films, faults.append)
    times = Counter(film.file for film in films)
    pictures, copies = _Pictures(options.images), NearCopies(ledger)
    good: list[CheckedFilm] = []
    first: dict[str, str] = {}
    for number, film in enumerate(films, 1):
        try:
            if times[film.file] > 1:
                raise BadLabels(source.name, film.file, "this picture is named twice; put all its labels in one place.")
            one = _checked(ledger, source.name, film, options, pictures, copies, faults.append)
            same = first.setdefault(str(one.film.sha256), film.file)
            if same != film.file:
                raise ValueError(f"{film.file} shows the same film as {same}; keep one of the two and its labels.")
            good.append(one)
        except BadLabels as fault:
            faults.append(fault)
        except (ValueError, FilmRefused) as problem:
            faults.append(BadLabels(source.name, film.place or film.file, str(problem)))
        progress(number, len(films))
    return Checked(tuple(good), tuple(faults))


def _with_table(films: list[LabelledFilm], table: Path | None, fault: Fault) -> list[LabelledFilm]:
    """The films, completed from the table of films."""
    if table is None:
        return films
    by_file = {film.file: film for film in films}
    seen: dict[str, str] = {}
    for place, row in csv_labels.read_table(table, {"file"}, one_of={"sex", "male"}, fault=fault):
        file = row["file"]
        try:
            if file not in by_file:
                raise ValueError(f"the label file has no film {file!r}; correct the name or drop the row.")
            if file in seen:
                raise ValueError(f"{file} is in {seen[file]} already; leave one of the two out.")
            seen[file] = place
            film = by_file[file]
            sex, age = csv_labels.sex_and_age(row)
            by_file[file] = replace(
                film,
                sex=sex or film.sex,
                age_months=film.age_months if age is None else age,
                patient=row["patient"] or film.patient,
            )
        except ValueError as problem:
            fault(BadLabels(table.name, place, str(problem)))
    return [by_file[film.file] for film in films]


class _Pictures:
    """The folder of pictures, in which films are found by name and, where necessary, by their hash."""

    def __init__(self, folder: Path | None):
        self._folder = None if folder is None else folder.resolve()
        self._by_hash: dict[str, Path] | None = None

    def named(self, name: str) -> Path | None:
        """The named file in the folder or below; its ending may be omitted. None if there is none. Raises ValueError where the
        name leads outside."""
        if self._folder is None:
            return None
        try:
            path = (self._folder / name.replace("\\", "/")).resolve()
        except (OSError, ValueError):
            raise ValueError(f"{name!r} does not name a picture; correct it.") from None
        if not path.is_relative_to(self._folder):
            raise ValueError(f"{name!r} leads outside the folder of pictures; give names inside it.")
        if path.is_file():
            return path
        beside = (path.with_name(path.name + ending) for ending in FILM_ENDINGS)
        return next((other for other in beside if other.is_file() and not other.is_symlink()), None)

    def of_hash(self, sha256: str) -> Path | None:
        """The file with these pixels; all files are read when this is first asked."""
        if self._folder is None:
            return None
        if self._by_hash is None:
            self._by_hash = {}
            for path in sorted(p for p in self._folder.rglob("*") if p.is_file() and not p.is_symlink()):
                try:
                    self._by_hash.setdefault(read_radiograph(path).sha256, path)
                except FilmRefused:  # any other file
                    continue
        return self._by_hash.get(sha256)


def _checked(
    ledger: Ledger,
    name: str,
    film: LabelledFilm,
    options: ImportOptions,
    pictures: _Pictures,
    copies: NearCopies,
    fault: Fault,
) -> CheckedFilm:
    sha256 = _stated_hash(film)
    path = pictures.named(film.file)
    known = ledger.film_by_hash(sha256) if path is None and sha256 else None
    if path is None and known is None and sha256:
        path = pictures.of_hash(sha256)
    if path is not None:
        read: Radiograph | FilmRecord = read_radiograph(path)
        known = ledger.film_by_hash(read.sha256)
    elif known is not None:
        read = known
    elif options.images is None:
        raise ValueError(
            f"the ledger does not have {film.file!r}; give the folder with its picture, or drop its labels."
        )
    else:
        raise ValueError(f"there is no picture {film.file!r} in {options.images}; add it or drop its labels.")
    sex = film.sex or options.sex or (None if known is None else known.sex)
    if sex is None:
        raise ValueError(f"the sex of {film.file} is not known; give it in a table of films or for all films at once.")
    if known is not None and known.sex != sex:
        raise ValueError(f"{film.file} is in the ledger already, with sex {known.sex}, not {sex}; correct the sex.")
    remarks: Counter[str] = Counter()
    near = [] if known is not None or not isinstance(read, Radiograph) else copies.of(read)
    in_pixels = _in_pixels(film, read, remarks)
    labels = _on_film(in_pixels, name, read.width, read.height, remarks, fault)
    return CheckedFilm(
        replace(film, labels=labels, sha256=read.sha256, fractions=False, width=read.width, height=read.height),
        sex, path, known is not None, dict(remarks), sentence(near),
    )  # fmt: skip


def _stated_hash(film: LabelledFilm) -> str | None:
    """The hash that a film's labels give, directly or as the name of its picture, as in our own exports."""
    for text in (film.sha256, Path(film.file.replace("\\", "/")).name.split(".")[0]):
        if text is not None and len(text) == 64 and set(text.lower()) <= _HASH:
            return text.lower()
    return None


def _in_pixels(film: LabelledFilm, read: Radiograph | FilmRecord, remarks: Counter[str]) -> LabelledFilm:
    """The film with boxes in pixels of the upright picture. Raises ValueError where they were drawn on another one."""
    width, height = read.width, read.height
    if film.fractions:
        return _with_boxes(film, lambda box: Box(*(v * side for v, side in zip(box, (width, height) * 2, strict=True))))
    stated = film.width or width, film.height or height
    if stated == (width, height):
        return film
    boxes = [said.box for said in film.labels if said.box is not None]
    turned_by = read.orientation if isinstance(read, Radiograph) else 1
    orientation = turning(turned_by, stated, (width, height), boxes)
    if orientation is None:
        raise ValueError(
            f"{film.file} has {width} x {height} pixels and the labels are for {film.width} x {film.height}; "
            "bring the picture on which they were drawn."
        )
    if orientation == 1:
        remarks[_UPRIGHT] += 1
        return film
    remarks[_TURNED] += 1
    return _with_boxes(film, lambda box: turned(box, orientation, stated))


def _with_boxes(film: LabelledFilm, change: Callable[[Box], Box]) -> LabelledFilm:
    labels = tuple(said if said.box is None else replace(said, box=change(said.box)) for said in film.labels)
    return replace(film, labels=labels)


def _on_film(
    film: LabelledFilm, name: str, width: int, height: int, remarks: Counter[str], fault: Fault
) -> tuple[Label, ...]:
    labels = []
    for said in film.labels:
        try:
            box, clipped = (None, False) if said.box is None else box_on_film(said.box, width, height)
        except ValueError as problem:
            fault(BadLabels(name, f"{film.file}, {said.place}" if said.place else film.file, str(problem)))
            continue
        remarks.update([CLIPPED] * clipped + [said.remark] * bool(said.remark) + [_STAGE] * bool(said.stage))
        labels.append(replace(said, box=box))
    return tuple(labels)
