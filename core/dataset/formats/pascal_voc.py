"""Labels as Pascal VOC XML (VOC2012 development kit, section 5): one file per film, one object per bone.

Pixel coordinates are integers counted from 1, and xmax, ymax belong to the box; the grade is in the object's attributes, as
CVAT and LabelImg's successors write them.
"""

import math
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from core.dataset.labels import (
    OUTLINE,
    BadLabels,
    Fault,
    Label,
    LabelledFilm,
    bone_and_grade,
    box_of,
    checked_age,
    checked_sex,
    label,
    outline,
    refuse,
)
from core.film.box import Box
from core.intake.spreadsheet import number

_EDGES = ("xmin", "ymin", "xmax", "ymax")
MAX_BYTES = 10 * 10**6


class Writer:
    """Writes each film that is added to a file of its own, named after its picture, in a folder. Labels without a box are left
    out: VOC has no place for them."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        self._folder = folder

    def add(self, film: LabelledFilm) -> None:
        """Writes the film's file. Its width and height must be known."""
        root = Element("annotation")
        _say(root, "filename", film.file)
        size = SubElement(root, "size")
        for name, pixels in (("width", film.width), ("height", film.height), ("depth", 1)):
            _say(size, name, pixels)
        _say(root, "segmented", 0)
        for name, fact in _facts(film).items():
            if fact is not None:
                _say(root, name, fact)
        for said in film.labels:
            if said.box is not None:
                _add_object(root, said, said.box)
        ElementTree.indent(root)
        text = ElementTree.tostring(root, encoding="unicode")
        (self._folder / f"{Path(film.file).stem}.xml").write_text(text + "\n", encoding="utf-8", newline="\n")

    def close(self) -> None:
        """Nothing is left to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _facts(film: LabelledFilm) -> dict[str, object]:
    return {
        "film": film.sha256, "sex": film.sex, "age_months": film.age_months, "patient": film.patient,
        "original_name": film.original_name or None,
    }  # fmt: skip


def _say(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = str(value)


def _add_object(root: Element, said: Label, box: Box) -> None:
    thing = SubElement(root, "object")
    for name, value in (("name", said.bone), ("pose", "Unspecified"), ("truncated", 0), ("difficult", 0)):
        _say(thing, name, value)
    edges = SubElement(thing, "bndbox")
    xmin, ymin, xmax, ymax = map(round, box)
    # no box loses its last pixel
    for name, edge in zip(_EDGES, (xmin + 1, ymin + 1, max(xmax, xmin + 1), max(ymax, ymin + 1)), strict=True):
        _say(edges, name, edge)
    attributes = SubElement(thing, "attributes")
    for name, text in (("verdict", said.verdict), ("grade", said.stage or said.grade)):
        if text is not None:
            attribute = SubElement(attributes, "attribute")
            _say(attribute, "name", name)
            _say(attribute, "value", text)


def read(folder: Path, fault: Fault = refuse) -> list[LabelledFilm]:
    """Films of all XML files of a folder by name, or of one XML file.

    The grade is in an object's attributes or in elements of its own (`grade`, `verdict`), or follows its name ("Radius_7"). For
    a rotated box (`robndbox`, or `rotation` in degrees) the upright outline is taken. Document types and entities are refused
    unread. fault: called with each object and each file that cannot be read. Raises BadLabels where there are no files.
    """
    files = sorted(folder.glob("*.xml")) if folder.is_dir() else [folder]
    if not files:
        raise BadLabels(folder.name, "", "there are no XML files in this folder; choose the one with the labels.")
    films = []
    for path in files:
        try:
            films.append(_film(path, fault))
        except BadLabels as problem:
            fault(problem)
    return films


def _film(path: Path, fault: Fault) -> LabelledFilm:
    root = _root(path)
    labels: list[Label] = []
    for count, thing in enumerate(root.iter("object"), 1):
        place = f"object {count}"
        try:
            said = _label(thing, place)
            if any(other.bone == said.bone for other in labels):
                raise ValueError(f"{said.bone} is boxed twice; leave one of the two out.")
        except ValueError as problem:
            fault(BadLabels(path.name, place, str(problem)))
        else:
            labels.append(said)
    file = _text(root, "filename")
    if not file:
        raise BadLabels(path.name, "", "there is no filename; name the film's picture.")
    try:
        return LabelledFilm(
            file,
            tuple(labels),
            _pixels(_text(root, "size/width")),
            _pixels(_text(root, "size/height")),
            _text(root, "film") or None,
            checked_sex(_text(root, "sex")),
            checked_age(_text(root, "age_months")),
            _text(root, "patient") or None,
            original_name=_text(root, "original_name"),
        )
    except ValueError as problem:
        raise BadLabels(path.name, "", str(problem)) from None


def _root(path: Path) -> Element:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadLabels(path.name, "", f"the file is bigger than {MAX_BYTES // 10**6} MB; it holds no labels.")
        root: Element = defusedxml.ElementTree.fromstring(path.read_bytes(), forbid_dtd=True)
    except OSError as error:
        raise BadLabels(path.name, "", f"the file cannot be read ({error.strerror}); check the path.") from None
    except DefusedXmlException:
        problem = "the file declares a document type or entities, which label files do not need; remove them."
        raise BadLabels(path.name, "", problem) from None
    except (ElementTree.ParseError, ValueError, LookupError):
        raise BadLabels(path.name, "", "this is not XML; export the labels again as Pascal VOC.") from None
    if root.tag != "annotation":
        raise BadLabels(path.name, "", "this is not a Pascal VOC file; its outermost element must be annotation.")
    return root


def _label(thing: Element, place: str) -> Label:
    bone, named_grade = bone_and_grade(_text(thing, "name"))
    said = {name: _text(thing, name) for name in ("grade", "verdict")}
    for attribute in thing.iter("attribute"):
        said[_text(attribute, "name")] = _text(attribute, "value")
    edges = [_text(thing, f"bndbox/{edge}") for edge in _EDGES]
    box = box_of([*edges])
    if box is not None:  # files that count from 0 have boxes that start at 0
        box = Box(max(box.xmin - 1, 0.0), max(box.ymin - 1, 0.0), box.xmax, box.ymax)
    made = label(bone, said["grade"] or named_grade, said["verdict"], box, place)
    turned = _outline(thing, box, said.get("rotation", ""))
    return made if turned is None else replace(made, box=turned, remark=OUTLINE)


def _outline(thing: Element, box: Box | None, degrees: str) -> Box | None:
    """The upright box around an object's rotated one; None where it has none."""
    given = [_text(thing, f"robndbox/{name}") for name in ("cx", "cy", "w", "h", "angle")]
    try:
        if any(given):
            x, y, width, height, radians = map(number, given)
            return outline((x, y), width, height, radians)
        turned = number(degrees) if degrees else 0.0
    except ValueError:
        raise ValueError("the rotated box is not made of numbers; give the upright one around it.") from None
    if box is None or turned % 180 == 0:
        return None
    return outline(box.centre, box.width, box.height, math.radians(turned))


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _pixels(given: str) -> int | None:
    # some programs write 0 for a size that they do not know
    return int(given) if given.isdecimal() and int(given) > 0 else None
