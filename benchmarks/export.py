"""How many crops a second an export writes, compared with the disk's own speed, and how exporting labels grows with the store.

    python -m benchmarks.export

Films are a shipped example with film grain, at the size of the challenge's halved films and at full size. "cutting" is an
export that has to cut every crop, "kept" one whose crops were cut when the films were assessed, as the app does it; "disk"
reads and writes the same bytes and does nothing else. Run it on an idle machine.
"""

import argparse
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import sqlalchemy as sa

from core.access.roles import OPERATOR
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.bones import Sex
from core.dataset.exporting.export import export
from core.dataset.exporting.options import ExportFormat, ExportOptions
from core.evaluation.figures import as_json
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.ledger import Consent, Correction, Ledger, LedgerSettings
from core.ledger.rows import events, predictions
from core.ledger.rows.events import Words
from core.ledger.store import schema

_EXAMPLES = Path(__file__).parents[1] / "examples"
_READER = "reader"
_FILLED_AT_ONCE = 2000


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def base_film(scale: float) -> tuple[Radiograph, Sex]:
    """A shipped example, enlarged by `scale`."""
    example = json.loads((_EXAMPLES / "examples.json").read_text())[0]
    film = read_radiograph(_EXAMPLES / example["file"])
    size = (round(film.width * scale), round(film.height * scale))
    pixels = np.clip(cv2.resize(film.pixels, size, interpolation=cv2.INTER_LINEAR), 0, 1).astype(np.float32)
    return Radiograph(pixels, None, None, film_hash(pixels)), "F" if example["sex"] == "F" else "M"


def grainy(film: Radiograph, number: int) -> Radiograph:
    """Another film of the hand: 8-bit greys with grain, as most films have them."""
    grain = np.random.default_rng(number).normal(0.0, 0.006, film.pixels.shape)
    levels = np.round(np.clip(film.pixels + grain, 0, 1) * 255).astype(np.float32)
    pixels = np.ascontiguousarray(levels / np.float32(255))
    return Radiograph(pixels, None, None, film_hash(pixels))


def _accepted(assessment: Assessment) -> tuple[Correction, ...]:
    """The model's grades of all bones, accepted as they are."""
    return tuple(
        Correction(
            bone,
            "graded" if graded.grade else "absent",
            graded.grade,
            graded.box.clipped(assessment.width, assessment.height),
            accepted=True,
        )
        for bone, graded in assessment.bones.items()
        if graded is not None
    )


def _accept(ledger: Ledger, film_id: int, assessment: Assessment, radiograph: Radiograph) -> None:
    prediction = ledger.add_prediction(film_id, replace(assessment, film_sha256=radiograph.sha256))
    ledger.save(
        film_id, _accepted(assessment), reader=_READER, base_revision=0, token=uuid.uuid4().hex,
        prediction_id=prediction.id, seconds=20.0,
    )  # fmt: skip


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _plain_copy(read: Iterable[Path], write: Path, to: Path) -> None:
    """Reads files, and writes the bytes of an export."""
    for path in read:
        path.read_bytes()
    shutil.copytree(write, to)


@dataclass(frozen=True)
class CropsExported:
    """How fast crops leave a store of films of one size; the disk's own speed is given for each way."""

    film: str
    crops: int
    megabytes_of_pictures: float
    megabytes_written: float
    crops_a_second: Mapping[str, int]
    milliseconds_of_computing_a_crop: Mapping[str, float]


@dataclass(frozen=True)
class LabelsExported:
    """How long the labels of a store take, in all formats of labels."""

    films: int
    corrections: int
    seconds: float
    seconds_of_computing: float
    corrections_a_second: int
    seconds_for_the_disk_alone: float
    megabytes_written: float


def crops(assessor: Assessor, scale: float, films: int, folder: Path) -> CropsExported:
    """Crops a second from a store of films of one size."""
    ledger = Ledger.open(LedgerSettings.in_folder(folder / "store"))
    base, sex = base_film(scale)
    assessment = assessor.assess(base, sex)
    for number in range(films):
        radiograph = grainy(base, number)
        added = ledger.add_film(radiograph, sex, reader=_READER, source="queue", consent=Consent(), patient=str(number))
        _accept(ledger, added.film.id, assessment, radiograph)
    number_of_crops = sum(bone is not None for bone in assessment.bones.values()) * films
    pictures = _files(folder / "store" / "pictures")
    both: tuple[ExportFormat, ...] = ("labels", "crops")
    busy = [time.process_time()]
    first = _seconds(lambda: export(ledger, OPERATOR, folder / "first", ExportOptions(formats=both)))
    busy.append(time.process_time())
    second = _seconds(lambda: export(ledger, OPERATOR, folder / "second", ExportOptions(formats=both)))
    busy.append(time.process_time())
    of_pictures = _seconds(lambda: _plain_copy(pictures, folder / "first", folder / "copied"))
    of_crops = _seconds(
        lambda: _plain_copy(_files(folder / "store" / "crops"), folder / "first", folder / "copied too")
    )
    ledger.close()
    return CropsExported(
        film=f"{base.width} x {base.height}",
        crops=number_of_crops,
        megabytes_of_pictures=round(sum(path.stat().st_size for path in pictures) / 1e6, 1),
        megabytes_written=round(sum(path.stat().st_size for path in _files(folder / "first")) / 1e6, 1),
        crops_a_second={
            "cutting": round(number_of_crops / first),
            "disk, pictures read": round(number_of_crops / of_pictures),
            "kept": round(number_of_crops / second),
            "disk, kept crops read": round(number_of_crops / of_crops),
        },
        milliseconds_of_computing_a_crop={
            "cutting": round((busy[1] - busy[0]) / number_of_crops * 1000, 3),
            "kept": round((busy[2] - busy[1]) / number_of_crops * 1000, 3),
        },
    )


def labels(assessor: Assessor, films: int, folder: Path) -> LabelsExported:
    """Seconds to export the labels of a store without pictures, in all formats of labels."""
    settings = LedgerSettings.in_folder(folder / "store")
    ledger = Ledger.open(settings)
    base, sex = base_film(1.0)
    assessment = assessor.assess(base, sex)
    for first in range(1, films + 1, _FILLED_AT_ONCE):
        _fill(settings, assessment, range(first, min(first + _FILLED_AT_ONCE, films + 1)))
    rows = sum(bone is not None for bone in assessment.bones.values()) * films
    formats: tuple[ExportFormat, ...] = ("labels", "csv", "coco")
    busy = time.process_time()
    seconds = _seconds(lambda: export(ledger, OPERATOR, folder / "out", ExportOptions(formats=formats)))
    busy = time.process_time() - busy
    written = sum(path.stat().st_size for path in _files(folder / "out"))
    disk = _seconds(lambda: _plain_copy((), folder / "out", folder / "copied"))
    ledger.close()
    return LabelsExported(
        films=films,
        corrections=rows,
        seconds=round(seconds, 1),
        seconds_of_computing=round(busy, 1),
        corrections_a_second=round(rows / seconds),
        seconds_for_the_disk_alone=round(disk, 1),
        megabytes_written=round(written / 1e6, 1),
    )


def _fill(settings: LedgerSettings, assessment: Assessment, numbers: range) -> None:
    """Puts films with a prediction and an accepted reading each into the tables, all in one transaction."""
    engine = sa.create_engine(settings.url)
    now = datetime.now(UTC)
    predicted = {**predictions.assessed(assessment), "made_at": now}
    films = [
        {
            "id": n, "sha256": f"{n:064x}", "width": assessment.width, "height": assessment.height, "sex": assessment.sex,
            "patient_key": f"{n // 2:016x}", "age_months": float(n % 200), "source": "import", "added_at": now,
            "added_by": _READER,
        }
        for n in numbers
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(sa.insert(schema.film), films)
        connection.execute(sa.insert(schema.prediction), [{"id": n, "film_id": n, **predicted} for n in numbers])
        for n in numbers:
            said = Words(
                "correction", f"reader {n % 8}", f"{n:032x}", 0, _accepted(assessment), prediction_id=n, seconds=20.0
            )
            events.insert(connection, n, said, current=0)
    engine.dispose()


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=300, help="films of the first size; a quarter of the second")
    parser.add_argument("--labels", type=int, nargs="*", default=[10_000, 100_000], help="films in stores of labels")
    options = parser.parse_args()
    assessor = Assessor.from_registry()
    for films in options.labels:
        with tempfile.TemporaryDirectory() as folder:
            print(as_json(labels(assessor, films, Path(folder))), flush=True)
    for scale, films in ((1.0, options.films), (2.0, max(1, options.films // 4))):
        with tempfile.TemporaryDirectory() as folder:
            print(as_json(crops(assessor, scale, films, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
