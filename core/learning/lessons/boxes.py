"""What the localiser learns in fine-tuning: people's boxes and, where nobody drew one, what the start model is sure of."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from core.bones import ALL_BONES
from core.errors import FilmRefused
from core.film.box import Box
from core.film.greys import Grey
from core.film.radiograph import read_radiograph
from core.hand.localization import Localization
from core.hand.localizer import Localizer
from core.learning.errors import LessonsRefused
from core.learning.lessons.material import PURPOSES, Purpose, held_keys
from core.learning.lessons.sources import LessonFilm
from core.training.localizer.boxed_films import CACHE_SIDE, BoxedFilm
from core.training.localizer.pseudo_boxes import sure_boxes

_ARRAYS: Final = ("sizes", "boxes", "purpose")


def upright(grey: NDArray[np.uint8], found: Localization, boxes: Mapping[str, Box], factor: float) -> BoxedFilm:
    """Returns a film as a left hand within 45 degrees of upright. grey: HxW, bone bright, shrunk by `factor` from the film to
    which `found` and `boxes` refer."""
    drawn = np.full((len(ALL_BONES), 4), np.nan)
    centres = found.all_centres.astype(np.float64) * factor
    for bone, box in boxes.items():
        drawn[ALL_BONES.index(bone)] = np.array(list(box)) * factor
        centres[ALL_BONES.index(bone)] = np.array(box.centre) * factor
    for _ in range(round(found.rotation_degrees / 90) % 4):
        width = grey.shape[1]
        grey = np.rot90(grey)
        drawn = np.stack([drawn[:, 1], width - drawn[:, 2], drawn[:, 3], width - drawn[:, 0]], 1)
        centres = np.stack([centres[:, 1], width - centres[:, 0]], 1)
    if found.mirrored:
        width = grey.shape[1]
        grey = grey[:, ::-1]
        drawn = np.stack([width - drawn[:, 2], drawn[:, 1], width - drawn[:, 0], drawn[:, 3]], 1)
        centres = np.stack([width - centres[:, 0], centres[:, 1]], 1)
    sure = sure_boxes(replace(found, all_centres=centres))
    return BoxedFilm(np.ascontiguousarray(grey), np.where(np.isnan(drawn), sure, drawn))


class BoxFilms(Sequence[BoxedFilm]):
    """Boxed films in one memory-mapped file, each in a corner of a square of CACHE_SIDE pixels."""

    def __init__(self, folder: Path, counts: dict[str, int]):
        arrays: dict[str, Any] = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
        self._sizes, self._boxes, self.purpose = (arrays[name] for name in _ARRAYS)
        shape = (len(self._sizes), CACHE_SIDE, CACHE_SIDE)
        self._films = np.memmap(folder / "films.u8", np.uint8, "r", shape=shape)
        self.counts = counts

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Opens what a BoxWriter closed; None where there is nothing to learn, and `reason` in its counts.json says why."""
        counts = json.loads((folder / "counts.json").read_text(encoding="utf-8"))
        return None if "reason" in counts else cls(folder, counts)

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, film: Any) -> Any:
        height, width = self._sizes[film]
        return BoxedFilm(np.asarray(self._films[film, :height, :width]), np.asarray(self._boxes[film], np.float64))

    def of(self, purpose: Purpose) -> NDArray[np.int64]:
        """Returns the numbers of the films with this purpose."""
        return np.flatnonzero(self.purpose == PURPOSES.index(purpose))


class BoxWriter:
    """Writes the films with people's boxes into a folder, one after the other; only `close` makes it BoxFilms."""

    def __init__(self, folder: Path, localizer: Localizer):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._localizer = folder, localizer
        self._file = (folder / "films.u8").open("wb")
        self._sizes: list[tuple[int, ...]] = []
        self._boxes: list[NDArray[np.float64]] = []
        self._keys: list[tuple[str, str] | None] = []
        self._moved = 0
        self.left_out: Counter[str] = Counter()

    def add_lesson(self, film: LessonFilm) -> bool:
        """Adds a film with people's boxes, or counts it, with the reason, where they cannot be learned; returns whether they
        can."""
        if not film.boxes or film.part == "test":
            return False
        if film.picture is None:
            self.left_out["boxes on a film whose pixels are not available"] += 1
            return False
        try:
            radiograph = read_radiograph(film.picture)
            found = film.localization or self._localizer.locate(radiograph)
        except FilmRefused:
            self.left_out["boxes on a film that the model refuses"] += 1
            return False
        pixels = radiograph.inverted_pixels if found.inverted else radiograph.pixels
        grey, factor = _shrunk(pixels)
        self.add(upright(grey, found, film.boxes, factor), (film.key, film.part))
        self._moved += film.moved
        return True

    def add(self, film: BoxedFilm, key: tuple[str, str] | None) -> None:
        """Adds a film. key: patient and part of the split; None for a film that is only seen again."""
        slot = np.zeros((CACHE_SIDE, CACHE_SIDE), np.uint8)
        height, width = film.grey.shape
        slot[:height, :width] = film.grey
        self._file.write(slot.tobytes())
        self._sizes.append((height, width))
        self._boxes.append(film.boxes)
        self._keys.append(key)

    def close(self) -> None:
        """Ends the files and divides the films into parts."""
        self._file.close()
        keys = [key for key in self._keys if key is not None]
        counts: dict[str, Any] = {}
        try:
            if not self._moved:
                raise LessonsRefused("nobody moved or drew a box on a film whose pixels are available")
            held = held_keys(keys)
        except LessonsRefused as refusal:
            counts["reason"] = str(refusal)
        else:
            purposes: list[Purpose] = [
                "replay" if key is None else "held" if key[0] in held else "learn" for key in self._keys
            ]
            arrays: tuple[NDArray[Any], ...] = (
                np.array(self._sizes, np.int16), np.array(self._boxes, np.float32),
                np.array([PURPOSES.index(purpose) for purpose in purposes], np.int8),
            )  # fmt: skip
            for name, array in zip(_ARRAYS, arrays, strict=True):
                np.save(self._folder / f"{name}.npy", array)
            counts = {**Counter(purposes), "with_a_moved_box": self._moved}
        (self._folder / "counts.json").write_text(json.dumps(counts) + "\n", encoding="utf-8")


def _shrunk(pixels: Grey) -> tuple[NDArray[np.uint8], float]:
    """Returns a film in 8 bits, no side longer than CACHE_SIDE, and the factor by which it was shrunk."""
    factor = min(1.0, CACHE_SIDE / max(pixels.shape))
    if factor < 1.0:
        pixels = np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)
    return np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8), factor
