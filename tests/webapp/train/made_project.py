"""A small project of made-up films for docs/learning.md: a folder of films, a table of grades, and a live model that is off.

The films are the shipped examples, smaller and darkened; every reader finds them old, and the live model, whose grader is
small and untrained, younger than that.
"""

import json
import shutil
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from core.access.roles import Reader, Role
from core.annotation.gold import make_own_gold
from core.assessment.grading.grader import starting_cuts
from core.assessment.live_model import LIVE, VERSIONS
from core.bones import RUS_BONES, Sex
from core.dataset.split import Shares, part_of
from core.film.radiograph import read_radiograph
from core.ledger import Consent, Ledger, LedgerSettings
from core.standards import grade_count
from models import WEIGHTS
from models.bone_grader import BoneGrader, OrdinalScale
from models.registry import INDEX, register, register_intervals
from models.whole_hand_network import WholeHandNetwork, WholeHandOptions
from tests.core.learning.made_lessons import OPTIONS
from tests.hands import shipped_examples
from tests.stored_films import graded

#: The version that is live before the project begins.
VERSION = "0001-0badc0de"
#: How many films to learn from, and how many are made gold, which is what the gate asks for.
LEARNED, GOLD = 4, 30
_SHADES = range(20, 13, -1)


def made_films(gold: bool) -> Iterator[tuple[Sex, bytes]]:
    """PNG files of some of the examples in several shades, or of the others, which are not in the test part by themselves."""
    for number, example in enumerate(shipped_examples()):
        picture = cv2.imread(str(example.path), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        for shade in _SHADES if (number % 2 == 0) is gold else ():
            darker = (picture[::2, ::2].astype(np.uint16) * shade // 20).astype(np.uint8)
            file = cv2.imencode(".png", darker)[1].tobytes()
            if gold or part_of(read_radiograph(file).sha256, Shares()) != "test":
                yield example.sex, file


def old(number: int) -> dict[str, int]:
    """The grades that readers give; not all films have the same."""
    return {bone: grade_count(bone) - number % 2 for bone in RUS_BONES}


def write_films(folder: Path) -> None:
    """`films`, and `readings.csv` with a grade of every bone of each, as a lab may have them."""
    (folder / "films").mkdir()
    rows = ["file,sex,bone,grade"]
    for number, (sex, file) in enumerate(islice(made_films(gold=False), LEARNED), 1):
        (folder / "films" / f"{number}.png").write_bytes(file)
        rows += [f"{number}.png,{sex},{bone},{grade}" for bone, grade in old(number).items()]
    (folder / "readings.csv").write_text("\n".join(rows) + "\n")


def write_live_model(data: Path) -> None:
    """A live version: the shipped localiser, and a small grader and a small second opinion that know nothing."""
    folder = data / "weights" / VERSIONS / VERSION
    folder.mkdir(parents=True)
    for kind in ("safetensors", "md"):
        shutil.copy(WEIGHTS / f"localizer.{kind}", folder)
    index = json.loads((WEIGHTS / INDEX).read_text())
    (folder / INDEX).write_text(json.dumps({"localizer": index["localizer"]}))
    torch.manual_seed(0)
    grader = BoneGrader(OrdinalScale(starting_cuts()), OPTIONS)
    grader.head.bias.data += 0.4  # some years behind what the readers say
    options = WholeHandOptions("resnet", 128, 8, (1, 1, 1, 1))
    second = {**options.to_metadata(), "weight": "0.1"}
    hashes = {
        "grader": register("grader", grader, OPTIONS.to_metadata(), folder),
        "whole_hand": register("whole_hand", WholeHandNetwork(options), second, folder),
    }
    register_intervals(9.0, hashes, folder)
    entry = {"version": VERSION, "how": "promoted", "at": "2026-01-01T00:00:00+00:00", "by": "ada", "before": None}
    (data / "weights" / LIVE).write_text(json.dumps({"history": [entry]}))


def read_on_the_page(data: Path) -> None:
    """What people do on the page between import and export: a second reader reads what there is, who calls every radius a
    grade younger; a film comes in without consent to keep it; and a reviewer reads films that are new, and makes them gold."""
    ledger = Ledger.open(LedgerSettings.in_folder(data))
    for film in list(ledger.films()):
        grades = {one.bone: int(one.grade or 0) for one in ledger.reading(film.id, "ann").values()}
        _save(ledger, film.id, {**grades, "Radius": grades["Radius"] - 1}, "ben")
    (sex, file), *gold = islice(made_films(gold=True), 1 + GOLD)
    film = ledger.add_film(read_radiograph(file), sex, reader="ben", source="queue", consent=None).film
    _save(ledger, film.id, old(0), "ben")
    rita = Reader("rita", Role.REVIEWER)
    for number, (sex, file) in enumerate(gold):
        film = ledger.add_film(read_radiograph(file), sex, reader="rita", source="queue", consent=Consent()).film
        _save(ledger, film.id, old(number), "rita")
        make_own_gold(ledger, film.id, rita, revision=ledger.revision(film.id), token=uuid.uuid4().hex)
    ledger.close()


def _save(ledger: Ledger, film: int, grades: dict[str, int], reader: str) -> None:
    said = [graded(bone, grade) for bone, grade in grades.items()]
    ledger.save(
        film, said, reader=reader, base_revision=ledger.revision(film), token=uuid.uuid4().hex, prediction_id=None,
        seconds=60.0,
    )  # fmt: skip
