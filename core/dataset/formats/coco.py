"""Labels as COCO object detection JSON (cocodataset.org/#format-data): a category for each bone, the grade as an attribute."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

from core.bones import BONE_TITLES, RUS_BONES
from core.dataset.labels import (
    OUTLINE,
    BadLabels,
    Fault,
    Label,
    LabelledFilm,
    bone_and_grade,
    checked_age,
    checked_sex,
    label,
    outline,
    refuse,
)
from core.film.box import Box

MAX_BYTES = 500 * 10**6


class Writer:
    """Writes films to a COCO file as they are added, whatever their number. Labels without a box are left out: COCO has no
    place for them."""

    def __init__(self, path: Path, description: str):
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._annotations = TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 closed in close()
        categories = [
            {"id": i, "name": bone, "supercategory": "hand", "title": BONE_TITLES[bone]}
            for i, bone in enumerate(RUS_BONES, 1)
        ]
        self._file.write(f'{{"info": {_json({"description": description, "version": "1"})},\n"licenses": [],\n')
        self._file.write(f'"categories": {_json(categories)},\n"images": [')
        self._films = self._boxes = 0

    def add(self, film: LabelledFilm) -> None:
        """Appends the film and its boxes. Its width and height must be known."""
        self._films += 1
        image = {
            "id": self._films, "file_name": film.file, "width": film.width, "height": film.height, "film": film.sha256,
            "sex": film.sex, "age_months": film.age_months, "patient": film.patient,
            **({"original_name": film.original_name} if film.original_name else {}),
        }  # fmt: skip
        self._file.write((",\n" if self._films > 1 else "\n") + _json(image))
        for said in film.labels:
            if said.box is not None:
                self._boxes += 1
                self._annotations.write((",\n" if self._boxes > 1 else "\n") + _json(self._annotation(said, said.box)))

    def _annotation(self, said: Label, box: Box) -> dict[str, Any]:
        xmin, ymin, xmax, ymax = box
        return {
            "id": self._boxes,
            "image_id": self._films,
            "category_id": RUS_BONES.index(said.bone) + 1,
            "bbox": [xmin, ymin, box.width, box.height],
            "area": box.area,
            "segmentation": [[xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax]],
            "iscrowd": 0,
            "attributes": {"verdict": said.verdict, "grade": said.stage or said.grade, "label": said.text},
        }

    def close(self) -> None:
        """Ends the file."""
        self._file.write('\n],\n"annotations": [')
        self._annotations.seek(0)
        shutil.copyfileobj(self._annotations, self._file)
        self._file.write("\n]}\n")
        self._annotations.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def read(path: Path, fault: Fault = refuse) -> list[LabelledFilm]:
    """Films of a COCO file, or of all in a folder by name, in the order of its images. bbox is x, y, width, height in pixels
    from the film's top left corner.

    The grade is in an annotation's `attributes` or in the annotation itself (`grade`, `verdict`), or follows the category's
    name ("Radius_7"). For a rotated box (`rotation` in degrees, as CVAT writes it) the upright outline is taken. Images may
    carry film (SHA-256), sex, age_months and patient. fault: called with each annotation and each image that cannot be read.
    Raises BadLabels where none can.
    """
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise BadLabels(path.name, "", "there are no JSON files in this folder; choose the one with the labels.")
        return [film for file in files for film in read(file, fault)]
    document = _document(path)
    images = _by_id(path, document, "images", "file_name")
    categories = _by_id(path, document, "categories", "name")
    labels: dict[object, list[Label]] = {identifier: [] for identifier in images}
    for number, annotation in enumerate(_listed(path, document, "annotations"), 1):
        place = f"annotation {annotation.get('id', f'no. {number}')}"
        try:
            labels[_known(annotation, "image_id", images)].append(_label(annotation, categories, place))
        except ValueError as problem:
            fault(BadLabels(path.name, place, str(problem)))
    films = (_film(path, image, labels[identifier], fault) for identifier, image in images.items())
    return [film for film in films if film is not None]


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadLabels(path.name, "", f"the file is bigger than {MAX_BYTES // 10**6} MB; split it.")
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise BadLabels(path.name, "", f"the file cannot be read ({error.strerror}); check the path.") from None
    except (ValueError, RecursionError):
        raise BadLabels(path.name, "", "this is not JSON; export the labels again as COCO.") from None
    if not isinstance(document, dict):
        raise BadLabels(path.name, "", "this is not a COCO file; it must be an object with images and annotations.")
    return document


def _listed(path: Path, document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = document.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadLabels(path.name, "", f"there is no list {name!r}; export the labels again as COCO.")
    return rows


def _by_id(path: Path, document: dict[str, Any], name: str, text: str) -> dict[object, dict[str, Any]]:
    found: dict[object, dict[str, Any]] = {}
    for number, row in enumerate(_listed(path, document, name), 1):
        place = f"{name}, no. {number}"
        identifier = row.get("id")
        if not isinstance(identifier, int | str) or identifier in found:
            raise BadLabels(path.name, place, f"the id {identifier!r} is missing or taken; number {name} uniquely.")
        if not isinstance(row.get(text), str) or not row[text].strip():
            raise BadLabels(path.name, place, f"there is no {text}; add it.")
        found[identifier] = row
    return found


def _known(annotation: dict[str, Any], key: str, rows: dict[object, dict[str, Any]]) -> object:
    identifier = annotation.get(key)
    if not isinstance(identifier, int | str) or identifier not in rows:
        what = "images" if key == "image_id" else "categories"
        raise ValueError(f"the {key} {identifier!r} is not among the {what}; add it there or drop the annotation.")
    return identifier


def _label(annotation: dict[str, Any], categories: dict[object, dict[str, Any]], place: str) -> Label:
    bone, named_grade = bone_and_grade(categories[_known(annotation, "category_id", categories)]["name"])
    attributes = annotation.get("attributes")
    said = {**annotation, **(attributes if isinstance(attributes, dict) else {})}
    grade = said.get("grade")
    box = _box(annotation.get("bbox"))
    made = label(bone, named_grade if grade is None else grade, said.get("verdict"), box, place)
    turned = said.get("rotation")
    if box is None or not isinstance(turned, int | float) or turned % 180 == 0:
        return made
    return replace(made, box=outline(box.centre, box.width, box.height, math.radians(turned)), remark=OUTLINE)


def _box(given: object) -> Box | None:
    if given is None or given == []:
        return None
    numbers = given if isinstance(given, list) else []
    if len(numbers) != 4 or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers):
        turned = " (a rotated box has five: give the upright one around it)" if len(numbers) == 5 else ""
        raise ValueError(f"the bbox is not four numbers; give x, y, width, height in pixels{turned}.")
    x, y, width, height = numbers
    if not (width > 0 and height > 0):
        raise ValueError("the bbox has no area; width and height must be greater than 0.")
    return Box(x, y, x + width, y + height)


def _film(path: Path, image: dict[str, Any], labels: list[Label], fault: Fault) -> LabelledFilm | None:
    place = f"image {image['id']}"
    by_bone: dict[str, Label] = {}
    for said in labels:
        if said.bone in by_bone:
            problem = f"{said.bone} of {image['file_name']} is boxed twice; leave one of the two out."
            fault(BadLabels(path.name, said.place, problem))
        else:
            by_bone[said.bone] = said
    size = [image.get("width"), image.get("height")]
    width, height = (v if isinstance(v, int) and not isinstance(v, bool) else None for v in size)
    patient, film, name = image.get("patient"), image.get("film"), image.get("original_name")
    try:
        sex, age = checked_sex(image.get("sex")), checked_age(image.get("age_months"))
    except ValueError as problem:
        fault(BadLabels(path.name, place, str(problem)))
        return None
    return LabelledFilm(
        image["file_name"].strip(),
        tuple(by_bone.values()),
        width,
        height,
        film if isinstance(film, str) else None,
        sex,
        age,
        None if patient in (None, "") else str(patient),
        place=place,
        original_name=name if isinstance(name, str) else "",
    )
