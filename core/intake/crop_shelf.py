"""Crops of the films whose pixels are kept, as PNG files: cut once and kept, since the next export needs most of them again.

Cutting is slow: equalising one crop alone takes about 2 ms. The shelf may be deleted at any time.
"""

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from core.film.box import Box
from core.hand.crops import CUT_VERSION
from core.hand.hand import Hand
from core.hand.localization import Localization, Region
from core.ledger import Correction, FilmRecord, Ledger, PredictionRecord, Reading

#: zlib's level: crops hardly shrink beyond it.
_COMPRESSION: Final = 1


@dataclass(frozen=True)
class KeptCrop:
    """One bone's crop. png: CONTEXT_SIDE x CONTEXT_SIDE 8-bit grey, upright, as a left hand, bone bright, enhanced.
    moved: it was cut where a person put the box, else where the model did."""

    png: bytes
    moved: bool


class CropShelf:
    """Crops of one ledger's films, kept in its data folder. Threads and processes may share it."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger
        self._folder = ledger.folder / "crops"

    def bones(self, film: FilmRecord, prediction: PredictionRecord | None, reading: Reading) -> set[str]:
        """The bones that `crops` gives, without cutting them."""
        if film.picture is None or prediction is None or prediction.localization is None:
            return set()
        return set(_regions(film, prediction.localization, reading))

    def crops(self, film: FilmRecord, prediction: PredictionRecord | None, reading: Reading) -> dict[str, KeptCrop]:
        """Crops of the bones of a reading that have a grade and a place, by bone; none without consent or prediction.

        Raises core.ledger.DamagedStore where the film's picture is missing or damaged.
        """
        if film.picture is None or prediction is None or prediction.localization is None:
            return {}
        localization = prediction.localization
        regions = _regions(film, localization, reading)
        names = {bone: _name(region, localization) for bone, region in regions.items()}
        file = self._file(film.picture)
        picture = self._ledger.picture_file(film)
        # without its picture, which somebody meant to remove, a film has no crops either
        kept = _read(file) if picture is not None and picture.exists() else {}
        if not all(name in kept for name in names.values()):
            kept = self._cut(film, localization, {names[bone]: regions[bone] for bone in regions}, kept)
            _write(file, kept)
        as_predicted = {region.bone: region for region in localization.regions}
        return {bone: KeptCrop(kept[names[bone]], regions[bone] is not as_predicted[bone]) for bone in regions}

    def fill(self, film: FilmRecord, prediction: PredictionRecord) -> dict[str, bytes]:
        """Cuts all bones that the model found and keeps them, so that an export need not; nothing without consent.

        Returns their PNG files by bone. Raises core.ledger.DamagedStore as `crops` does.
        """
        localization = prediction.localization
        if film.picture is None or localization is None:
            return {}
        regions = {_name(r, localization): r for r in localization.regions if r.status == "found"}
        file = self._file(film.picture)
        kept = _read(file)
        if not all(name in kept for name in regions):
            kept = self._cut(film, localization, regions, kept)
            _write(file, kept)
        return {region.bone: kept[name] for name, region in regions.items()}

    def remove(self, picture: str) -> None:
        """Removes the crops of a picture, if there are any."""
        self._file(picture).unlink(missing_ok=True)

    def _file(self, picture: str) -> Path:
        return self._folder / picture[:2] / picture

    def _cut(
        self, film: FilmRecord, localization: Localization, regions: Mapping[str, Region], kept: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        radiograph = self._ledger.radiograph(film)
        assert radiograph is not None  # its picture is kept
        hand = Hand(radiograph, localization)
        return {name: kept.get(name) or png(hand, region) for name, region in regions.items()}


def png(hand: Hand, region: Region) -> bytes:
    """The region's crop, see Hand.cut, as a PNG file of 8 bits."""
    levels = np.round(hand.cut(region) * 255).astype(np.uint8)
    done, encoded = cv2.imencode(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])
    assert done  # an array of this type and shape can always be encoded
    return bytes(encoded)


def _regions(film: FilmRecord, localization: Localization, reading: Reading) -> dict[str, Region]:
    """The regions to cut for the bones that have a grade."""
    predicted = {region.bone: region for region in localization.regions}
    regions = {}
    for bone, said in reading.items():
        region = _region(film, predicted[bone], said)
        if region is not None:
            regions[bone] = region
    return regions


def _region(film: FilmRecord, predicted: Region, said: Correction) -> Region | None:
    """The reader's box, or the model's where the reader left it; None where there is neither, or nothing to grade."""
    if said.verdict == "unreadable":
        return None
    if predicted.status == "found" and (said.box is None or said.accepted or _left(film, predicted.box, said.box)):
        return predicted
    return None if said.box is None else predicted.moved_to(said.box)


def _left(film: FilmRecord, predicted: Box, said: Box) -> bool:
    """Whether a box is the model's, cut off at the film's edges and rounded to whole pixels as pages do."""
    shown = predicted.clipped(film.width, film.height)
    return shown is not None and shown.is_near(said, 1.0)


#: What a crop's pixels depend on apart from its film and its place on it.
_CUT_WITH: Final = (CUT_VERSION, cv2.__version__, np.__version__)


def _name(region: Region, localization: Localization) -> str:
    """Names a crop of a film by how it is cut."""
    how = (*_CUT_WITH, localization.inverted, localization.mirrored, region.bone, region.centre, region.size,
           region.axis_degrees)  # fmt: skip
    return hashlib.sha256(json.dumps(how).encode()).hexdigest()[:32]


def _read(file: Path) -> dict[str, bytes]:
    """A film's kept crops by name; none where the file is missing or damaged."""
    try:
        content = file.read_bytes()
    except OSError:
        return {}
    head, _, body = content.partition(b"\n")
    try:
        index = json.loads(head)
        sizes: dict[str, int] = index["sizes"]
        if index["crc32"] != zlib.crc32(body) or index["film"] != file.name:
            return {}
    except (ValueError, KeyError, TypeError):
        return {}
    crops, start = {}, 0
    for name, size in sizes.items():
        crops[name] = body[start : start + size]
        start += size
    return crops


def _write(file: Path, crops: Mapping[str, bytes]) -> None:
    """Replaces a film's kept crops; a crash leaves the previous ones, or damaged ones that `_read` passes over."""
    body = b"".join(crops.values())
    sizes = {name: len(crop) for name, crop in crops.items()}
    head = json.dumps({"film": file.name, "crc32": zlib.crc32(body), "sizes": sizes})
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as opened:
        opened.write(head.encode() + b"\n" + body)
    Path(temporary).replace(file)
