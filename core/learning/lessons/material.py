"""The grader's lessons as a run keeps them: decoded crops in one memory-mapped file, and what is known of them beside it."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.dataset.split import SplitPart
from core.hand.crops import CONTEXT_SIDE
from core.learning.errors import LessonsRefused
from core.learning.lessons.sources import LessonFilm
from core.standards import grade_count

#: What a film is there for. learn: its readers' words are learned. held: they are held back, to decide when to stop. replay: a
#: hand of the folder of labelled hands; exemplar: a crop graded there; both are seen again so that they are not forgotten.
#: measured: a hand of that folder that is only measured.
Purpose = Literal["learn", "held", "replay", "exemplar", "measured"]
PURPOSES: Final[tuple[Purpose, ...]] = ("learn", "held", "replay", "exemplar", "measured")
#: Number of grades, 0..14, of the bone with the most.
GRADES: Final = 1 + max(grade_count(bone) for bone in RUS_BONES)

#: Share of patients that are held back where the split holds none back.
_HELD_BACK: Final = 0.15
_SALT: Final = "bonegrade held back 1:"
_COUNTED_AT_ONCE: Final = 13_000
#: Crops that the start model grades at once.
_ASKED_AT_ONCE: Final = 208

#: Returns grade probabilities N x GRADES for crops NxSxS uint8 of these bones N.
CropGrader = Callable[[NDArray[np.uint8], NDArray[np.int64]], NDArray[np.float32]]


def held_keys(graded: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Returns the patients whose films are held back, given the patient and the split's part of each graded film.

    They are those of `val`; if there are none, about every seventh, chosen by a hash of their keys alone. Raises LessonsRefused
    where there are not at least two patients.
    """
    parts = dict(graded)
    keys = sorted(parts, key=lambda key: hashlib.sha256((_SALT + key).encode()).digest())
    if len(keys) < 2:
        raise LessonsRefused(
            f"Grades of {len(keys)} patient{'s' * (len(keys) != 1)} outside the test part are too few: some are held back to "
            "decide when training stops, so grade films of at least two patients whose pixels may be kept."
        )
    val = frozenset(key for key in keys if parts[key] == "val")
    if val and len(val) < len(keys):
        return val
    return frozenset(keys[: max(1, round(_HELD_BACK * len(keys)))])


def check_graded(graded: Collection[tuple[str, str]], left_out: Mapping[str, int]) -> None:
    """Raises LessonsRefused where nobody graded a film to learn from. graded: as for held_keys. left_out: number of films, by
    the reason."""
    if not graded:
        told = "; ".join(f"{count} left out: {why}" for why, count in left_out.items())
        raise LessonsRefused(
            "There are no grades to learn from outside the test part: grade films whose pixels may be kept"
            f"{f' ({told})' if told else ''}."
        )


def why_left_out(part: SplitPart, crops: int, graded: bool, age: float | None) -> str | None:
    """Returns why the grader learns nothing from a film; None where it does. graded: a reader gave a grade to one of its
    crops."""
    if part == "test":
        return "of the test part, where the gold films are"
    if not crops:
        return "no pixels kept, or no hand found"
    if not graded and (age is None or crops < len(RUS_BONES)):
        return "no grade, and no age with all 13 bones"
    if not graded and part == "val":
        return "held back, without a grade"
    return None


def picture_of(png: bytes, film: str) -> NDArray[np.uint8]:
    """Decodes a crop. Raises LessonsRefused where it is damaged or of another size."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None or picture.shape != (CONTEXT_SIDE, CONTEXT_SIDE):
        raise LessonsRefused(
            f"A crop of film {film[:12]} is not a picture of {CONTEXT_SIDE} x {CONTEXT_SIDE}: export again."
        )
    return np.asarray(picture, np.uint8)


@dataclass(frozen=True)
class Material:
    """F films with N crops, opened from a folder; arrays are memory-mapped, so that they take no memory of their own.

    crops NxSxS uint8, bones N, votes N x GRADES (shares of the readers; zeros where nobody graded the crop), answers
    N x GRADES (the start model's), first F+1 (where each film's crops start), female F, months F (NaN: not known), reading F
    (months is a radiologist's reading of the bone age, not the child's age), purpose F (index into PURPOSES).
    """

    crops: NDArray[np.uint8]
    bones: NDArray[np.int8]
    votes: NDArray[np.float32]
    answers: NDArray[np.float32]
    first: NDArray[np.int64]
    female: NDArray[np.int8]
    months: NDArray[np.float32]
    reading: NDArray[np.bool_]
    purpose: NDArray[np.int8]
    counts: Mapping[str, int]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Opens what a MaterialWriter closed."""
        counts: dict[str, int] = json.loads((folder / "counts.json").read_text(encoding="utf-8"))
        of_films: dict[str, Any] = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _OF_FILMS}
        return cls(**_of_crops(folder, counts["crops"]), **of_films, counts=counts)

    def of(self, purpose: Purpose) -> NDArray[np.int64]:
        """Returns the numbers of the films with this purpose."""
        return np.flatnonzero(self.purpose == PURPOSES.index(purpose))

    def rows(self, films: Iterable[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns the crops of some films, and for each the place of its film among them."""
        spans = [np.arange(self.first[film], self.first[film + 1]) for film in films]
        places = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
        return np.concatenate([np.zeros(0, np.int64), *spans]), places


_OF_FILMS: Final = ("first", "female", "months", "reading", "purpose")
#: What is known of each crop, by the name of its file: type, and shape.
_OF_CROPS: Final[dict[str, tuple[Any, tuple[int, ...]]]] = {
    "crops": (np.uint8, (CONTEXT_SIDE, CONTEXT_SIDE)),
    "bones": (np.int8, ()),
    "votes": (np.float32, (GRADES,)),
    "answers": (np.float32, (GRADES,)),
}


def _of_crops(folder: Path, count: int) -> dict[str, Any]:
    return {
        name: np.memmap(folder / name, kind, "r", shape=(count, *shape)) for name, (kind, shape) in _OF_CROPS.items()
    }


class MaterialWriter:
    """Writes films into a folder, one after the other; only `close` makes it a Material."""

    def __init__(self, folder: Path, answers: CropGrader):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._answers = answers
        self._files = {name: (folder / name).open("wb") for name in _OF_CROPS}
        self._asked: list[tuple[NDArray[np.uint8], int]] = []
        self._films: list[tuple[int, float, bool, Purpose]] = []
        self._first = [0]
        self._keys: dict[int, tuple[str, str]] = {}
        self._given = np.zeros((len(RUS_BONES), GRADES), bool)
        self.left_out: Counter[str] = Counter()

    def add_lesson(self, film: LessonFilm) -> bool:
        """Adds a film that readers said something of, or whose age is known, or counts it, with the reason, where nothing can
        be learned from it; returns whether something can."""
        age = film.age_months
        reason = why_left_out(film.part, len(film.crops), bool(film.votes), age)
        if reason is not None:
            self.left_out[reason] += 1
        else:
            pictures = [picture_of(film.crops[bone], film.name) for bone in film.crops]
            bones = [RUS_BONES.index(bone) for bone in film.crops]
            votes = [film.votes.get(bone, ()) for bone in film.crops]
            key = (film.key, film.part) if film.votes else None
            self.add_graded(np.stack(pictures), bones, votes, key, int(film.sex == "F"), np.nan if age is None else age)
        return reason is None

    def add_graded(
        self,
        crops: NDArray[np.uint8],
        bones: Iterable[int],
        votes: Iterable[Iterable[int]],
        key: tuple[str, str] | None,
        female: int = 0,
        months: float = np.nan,
    ) -> None:
        """Adds a film to learn or hold back. key: patient and part of the split, None where nobody graded a bone."""
        if key is not None:
            self._keys[len(self._films)] = key
        of_bones, given = list(bones), [tuple(some) for some in votes]
        for bone, some in zip(of_bones, given, strict=True):
            self._given[bone, list(some)] = True
        self.add(crops, of_bones, given, female, months, False, "learn")

    def add(
        self,
        crops: NDArray[np.uint8],
        bones: Iterable[int],
        votes: Iterable[Iterable[int]],
        female: int,
        months: float,
        reading: bool,
        purpose: Purpose,
    ) -> None:
        """Adds a film with its crops KxSxS, their bones and the grades that each was given."""
        for picture, bone, given in zip(crops, bones, votes, strict=True):
            share = np.bincount(np.fromiter(given, np.int64), minlength=GRADES).astype(np.float32)
            self._append("crops", picture)
            self._append("bones", np.array(bone))
            self._append("votes", share / max(float(share.sum()), 1.0))
            self._asked.append((picture, bone))
            if len(self._asked) == _ASKED_AT_ONCE:
                self._ask()
        self._films.append((female, months, reading, purpose))
        self._first.append(self._first[-1] + len(crops))

    def close(self) -> None:
        """Ends the files and divides the films into parts. Raises LessonsRefused where there are no grades to learn from, no
        bone has more than one, or there are fewer than two patients."""
        self._ask()
        for file in self._files.values():
            file.close()
        check_graded(self._keys.values(), self.left_out)
        if self._given.sum(1).max() < 2:
            raise LessonsRefused(
                "Every bone has the same grade on all films, so there is nothing to tell apart: grade films of other ages too."
            )
        held = held_keys(self._keys.values())
        purposes = [PURPOSES.index(purpose) for *_, purpose in self._films]
        for film, (key, _) in self._keys.items():
            if key in held:
                purposes[film] = PURPOSES.index("held")
        arrays: dict[str, NDArray[Any]] = {
            "first": np.array(self._first, np.int64),
            "female": np.array([film[0] for film in self._films], np.int8),
            "months": np.array([film[1] for film in self._films], np.float32),
            "reading": np.array([film[2] for film in self._films], np.bool_),
            "purpose": np.array(purposes, np.int8),
        }
        graded = _graded(_of_crops(self._folder, self._first[-1])["votes"])
        for name, array in arrays.items():
            np.save(self._folder / f"{name}.npy", array)
        of = Counter(str(PURPOSES[purpose]) for purpose in purposes)
        counts: dict[str, int] = {"crops": self._first[-1], "graded_crops": graded, **of}
        temporary = self._folder / "counts.tmp"
        temporary.write_text(json.dumps(counts) + "\n", encoding="utf-8")
        temporary.replace(self._folder / "counts.json")

    def _ask(self) -> None:
        if self._asked:
            pictures = np.stack([picture for picture, _ in self._asked])
            self._append("answers", self._answers(pictures, np.array([bone for _, bone in self._asked], np.int64)))
            self._asked = []

    def _append(self, name: str, values: NDArray[Any]) -> None:
        self._files[name].write(np.ascontiguousarray(values, _OF_CROPS[name][0]).tobytes())


def _graded(votes: NDArray[np.float32]) -> int:
    """Returns how many crops somebody graded; looks at them in parts, so that memory does not grow with their number."""
    parts = (votes[start : start + _COUNTED_AT_ONCE] for start in range(0, len(votes), _COUNTED_AT_ONCE))
    return sum(int((np.asarray(part) > 0).any(1).sum()) for part in parts)
