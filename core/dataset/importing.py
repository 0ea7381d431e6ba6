"""Takes labels that exist already into the ledger: all of a file or, where anything in it is wrong, nothing."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from core.bones import Sex
from core.dataset.formats import coco, csv_labels, pascal_voc
from core.dataset.labels import (
    BadLabels,
    LabelledFilm,
    as_correction,
    box_on_film,
    checked_age,
    checked_sex,
)
from core.errors import FilmRefused
from core.film.radiograph import read_radiograph
from core.intake.filing import Filing
from core.ledger import Consent, Ledger, StaleRevision

Format = Literal["coco", "voc", "csv"]
_READ: Final[Mapping[Format, Callable[[Path], list[LabelledFilm]]]] = {
    "coco": coco.read,
    "voc": pascal_voc.read,
    "csv": csv_labels.read,
}


@dataclass(frozen=True)
class Imported:
    """What an import did. films: in the file. new_films: that the ledger did not have. labels: bones with a verdict.
    known_labels: of these, the ones that an earlier import had brought already. refused: films that the model could not
    assess."""

    films: int
    new_films: int
    labels: int
    known_labels: int
    refused: int


@dataclass(frozen=True)
class ImportOptions:
    """reader: who answers for the labels. images: the folder of pictures. films: a CSV table of file, sex and, if known,
    patient and age_months, which goes before what the label file says. sex: of films of which neither says it. consent:
    the pixels may be kept, under `terms`."""

    reader: str
    images: Path
    films: Path | None = None
    sex: Sex | None = None
    consent: bool = False
    terms: Consent = field(default_factory=Consent)


@dataclass(frozen=True)
class _Checked:
    """A film of the file whose labels were found good. path: None where the ledger has the film, and no picture is given."""

    film: LabelledFilm
    sex: Sex
    path: Path | None


def import_labels(
    ledger: Ledger,
    source: Path,
    kind: Format,
    options: ImportOptions,
    filing: Filing | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Imported:
    """Takes in a COCO or CSV file or a folder of Pascal VOC files: films with the source "import", and for each one
    correction by the reader. With a filing of the same ledger, new films are assessed first, so that their crops can be cut.

    The same labels again, from the same reader, are recognised and change nothing; so an import that was broken off, say
    by a full disk, is completed by doing it again. Raises BadLabels before anything is changed.
    """
    films = _READ[kind](source)
    twice = next((file for file, times in Counter(film.file for film in films).items() if times > 1), None)
    if twice is not None:
        raise BadLabels(source.name, twice, "this picture is named twice; put all its labels in one place.")
    films = _with_table(films, options.films)
    checked = _check_all(ledger, source.name, films, options)
    refused = new = known = 0
    for number, one in enumerate(checked, 1):
        film_id, is_new, failed = _add_film(ledger, one, options, filing)
        new += is_new
        refused += failed
        if one.film.labels and not _add_labels(ledger, film_id, one.film, options.reader):
            known += len(one.film.labels)
        progress(number, len(checked))
    labels = sum(len(one.film.labels) for one in checked)
    return Imported(len(checked), new, labels, known, refused)


def _with_table(films: list[LabelledFilm], table: Path | None) -> list[LabelledFilm]:
    """The films with what the table of films says of them."""
    if table is None:
        return films
    by_file = {film.file: film for film in films}
    seen: dict[str, str] = {}
    for place, row in csv_labels.read_table(table, {"file", "sex"}):
        file = row["file"].strip()
        try:
            if file not in by_file:
                raise ValueError(f"the label file has no film {file!r}; correct the name or drop the row.")
            if file in seen:
                raise ValueError(f"{file} stands in {seen[file]} already; leave one of the two out.")
            seen[file] = place
            film = by_file[file]
            by_file[file] = replace(
                film,
                sex=checked_sex(row["sex"]) or film.sex,
                age_months=film.age_months if (age := checked_age(row.get("age_months"))) is None else age,
                patient=row.get("patient", "").strip() or film.patient,
            )
        except ValueError as problem:
            raise BadLabels(table.name, place, str(problem)) from None
    return list(by_file.values())


def _check_all(ledger: Ledger, name: str, films: list[LabelledFilm], options: ImportOptions) -> list[_Checked]:
    if not options.images.is_dir():
        raise BadLabels(str(options.images), "", "this is no folder; name the one that holds the pictures.")
    checked: list[_Checked] = []
    first: dict[str, str] = {}
    for film in films:
        try:
            one = _checked(ledger, film, options)
            same = first.setdefault(str(one.film.sha256), film.file)
            if same != film.file:
                raise ValueError(f"{film.file} shows the same film as {same}; keep one of the two and its labels.")
        except _AtLabel as problem:
            raise BadLabels(name, problem.place or film.file, str(problem)) from None
        except (ValueError, FilmRefused) as problem:
            raise BadLabels(name, film.place or film.file, str(problem)) from None
        checked.append(one)
    return checked


class _AtLabel(ValueError):
    """A label that does not fit its film."""

    def __init__(self, place: str, problem: str):
        super().__init__(problem)
        self.place = place


def _checked(ledger: Ledger, film: LabelledFilm, options: ImportOptions) -> _Checked:
    sex = film.sex or options.sex
    path = _picture(options.images, film.file)
    if path is not None:
        radiograph = read_radiograph(path)
        width, height, sha256 = radiograph.width, radiograph.height, radiograph.sha256
        known = ledger.film_by_hash(sha256)
    else:
        known = ledger.film_by_hash(film.sha256) if film.sha256 else None
        if known is None:
            raise ValueError(f"there is no picture {film.file!r} in {options.images}; add it or drop its labels.")
        width, height, sha256 = known.width, known.height, known.sha256
    sex = sex or (None if known is None else known.sex)
    if sex is None:
        raise ValueError(f"the sex of {film.file} is not known; give it in a table of films or for all films at once.")
    if known is not None and known.sex != sex:
        raise ValueError(f"{film.file} is in the ledger already, with sex {known.sex}, not {sex}; correct the sex.")
    if (film.width or width, film.height or height) != (width, height):
        raise ValueError(
            f"{film.file} has {width} x {height} pixels and the labels are for {film.width} x {film.height}; "
            "bring the picture on which they were drawn."
        )
    labels = []
    for said in film.labels:
        try:
            labels.append(replace(said, box=None if said.box is None else box_on_film(said.box, width, height)))
        except ValueError as problem:
            raise _AtLabel(said.place and f"{film.file}, {said.place}", str(problem)) from None
    return _Checked(replace(film, labels=tuple(labels), sha256=sha256), sex, path)


def _picture(images: Path, name: str) -> Path | None:
    """The named file in the folder of pictures or below, None if there is none; ValueError where the name leads outside."""
    folder = images.resolve()
    try:
        path = (folder / name.replace("\\", "/")).resolve()
    except (OSError, ValueError):
        raise ValueError(f"{name!r} is no name of a picture; correct it.") from None
    if not path.is_relative_to(folder):
        raise ValueError(f"{name!r} leads outside the folder of pictures; give names below it.")
    return path if path.is_file() else None


def _add_film(ledger: Ledger, one: _Checked, options: ImportOptions, filing: Filing | None) -> tuple[int, bool, bool]:
    """The film's id, whether it is new, and whether the model refused it."""
    if one.path is None:
        known = ledger.film_by_hash(str(one.film.sha256))
        assert known is not None  # films are never removed
        return known.id, False, False
    radiograph = read_radiograph(one.path)
    added = ledger.add_film(
        radiograph,
        one.sex,
        reader=options.reader,
        source="import",
        consent=options.consent,
        terms=options.terms,
        patient=one.film.patient,
        age_months=one.film.age_months,
    )
    refused = False
    if filing is not None and ledger.prediction(added.film.id) is None:
        refused = filing.file(added.film, radiograph).refusal is not None
    return added.film.id, not added.known, refused


def _add_labels(ledger: Ledger, film_id: int, film: LabelledFilm, reader: str) -> bool:
    """Saves the film's labels; False where the same ones had come in already."""
    corrections = [as_correction(said) for said in film.labels]
    while True:
        before = ledger.ledger_revision()
        try:
            event = ledger.save(
                film_id,
                corrections,
                reader=reader,
                base_revision=ledger.revision(film_id),
                token=_token(film, reader),
                prediction_id=None,
                seconds=0.0,
                note="Imported.",
            )
        except StaleRevision:  # somebody saved in this very moment: their words stand beside these
            continue
        return event.id > before


def _token(film: LabelledFilm, reader: str) -> str:
    """32 hexadecimal digits of what is said, of which film, by whom: the same import again has the same tokens."""
    said = sorted((s.bone, s.verdict, s.grade, s.box and list(s.box)) for s in film.labels)
    content = json.dumps(["import", reader, film.sha256, said])
    return hashlib.sha256(content.encode()).hexdigest()[:32]
