"""Many films at once: the same numbers as one by one, whatever dies and whatever is wrong with a film."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from typer.testing import CliRunner

from core.__main__ import cli
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.batch import BatchFilm, assess_batch
from core.batch.engines import NO_RAY, local
from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph, read_radiograph
from core.film.stated import Side
from core.hand.hand import Hand
from core.hand.several import SIDES, HandSide
from tests.dying import RefusingAll, dying_once
from tests.hands import Assess, Example, shipped_examples

_HAS_RAY: Final = importlib.util.find_spec("ray") is not None


def film_of(example: Example) -> BatchFilm:
    """The example under its own name."""
    return BatchFilm(example.path.name, str(example.path), example.sex, "left")


def documents(out: Path) -> dict[str, Any]:
    """What is in the table of films, by id, but for the time that it took."""
    rows = pd.read_parquet(out / "films.parquet")
    found = {name: json.loads(text) for name, text in zip(rows["id"], rows["assessment"], strict=True)}
    return {name: {**document, "seconds": 0} for name, document in found.items()}


def alone(assessment: Assessment) -> Any:
    """What is said of the film when it is assessed on its own."""
    return {**json.loads(json.dumps(assessment.to_dict())), "seconds": 0}


@pytest.fixture
def films(example: Example, tmp_path: Path) -> list[BatchFilm]:
    """A hand, a file that is not a picture, and no file."""
    (tmp_path / "notes.png").write_text("no picture")
    return [
        film_of(example),
        BatchFilm("notes", str(tmp_path / "notes.png"), "F", "left"),
        BatchFilm("gone", str(tmp_path / "gone.png"), "M", "left"),
    ]


@pytest.fixture
def one_thread(assessor: Assessor) -> Iterator[Assess]:
    """Assesses an example with one thread, as each worker of several does; the last digits depend on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield lambda example: assessor.assess(read_radiograph(example.path), example.sex)
    torch.set_num_threads(threads)


class Interrupted:
    """The pipeline, stopped by its user at the second film."""

    def __init__(self, assessor: Assessor):
        self.weights = assessor.weights
        self._assessor, self._films = assessor, 0

    def find_hand(self, film: Radiograph, *, wanted: Side) -> Hand:
        """Stops where it must."""
        self._films += 1
        if self._films == 2:
            raise KeyboardInterrupt
        return self._assessor.find_hand(film, wanted=wanted)

    def assess_hand(self, hand: Hand, sex: Sex) -> Assessment:
        """As the pipeline does."""
        return self._assessor.assess_hand(hand, sex)


def test_the_same_as_one_by_one_and_failures_apart(
    films: list[BatchFilm], example: Example, assessor: Assessor, assessed: Assess, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    counts = assess_batch(lambda: assessor, films, out, "local", 1)
    assert (counts.new, counts.films, counts.failures) == (3, 1, 2)
    one = assessed(example)
    assert documents(out) == {example.path.name: alone(one)}
    (row,) = pq.read_table(out / "films.parquet").to_pylist()
    assert one.interval90_months is not None
    assert row["bone_age_months"] == round(one.bone_age_months or 0.0, 2)
    assert row["interval90_high_months"] == round(one.interval90_months[1], 2)
    assert [row[f"grade_{bone}"] for bone in RUS_BONES] == [one.bones[bone].grade for bone in RUS_BONES]  # type: ignore[union-attr]
    assert row["rus_chn_total"] == one.standards["rus_chn"].total and row["missing"] == []
    failures = pd.read_parquet(out / "failures.parquet").set_index("id")
    assert set(failures.index) == {"notes", "gone"} and set(failures["reason"]) == {"unreadable"}
    assert failures["sentence"].str.endswith(".").all()
    # Nothing is left to do.
    again = assess_batch(lambda: assessor, films, out, "local", 1)
    assert (again.new, again.films, again.failures) == (0, 1, 2)
    # Failures taken out of the way are tried again.
    (out / "failures.parquet").unlink()
    again = assess_batch(lambda: assessor, films, out, "local", 1)
    assert (again.new, again.films, again.failures) == (2, 1, 2)


def test_of_two_hands_the_one_that_is_asked_for(example: Example, assessor: Assessor, tmp_path: Path) -> None:
    left = np.round(read_radiograph(example.path).pixels * 255).astype(np.uint8)
    path = tmp_path / "both.png"
    cv2.imwrite(str(path), np.hstack([left[:, ::-1], left]))
    hands: tuple[HandSide, ...] = ("left", "right")
    films = [BatchFilm(hand, str(path), example.sex, hand) for hand in hands]
    assess_batch(lambda: assessor, films, tmp_path / "out", "local", 1)
    rows = pd.read_parquet(tmp_path / "out" / "films.parquet").set_index("id")
    found = documents(tmp_path / "out")
    for hand in hands:
        read = assessor.find_hand(read_radiograph(path), wanted=SIDES[hand])
        assert read.localization.mirrored is (hand == "right")
        assert found[hand] == alone(assessor.assess_hand(read, example.sex)) and rows.loc[hand, "hand"] == hand


def test_a_run_that_was_stopped_goes_on(films: list[BatchFilm], assessor: Assessor, tmp_path: Path) -> None:
    out, stopped = tmp_path / "out", Interrupted(assessor)
    others = [film_of(one) for one in shipped_examples()[:2]]
    with pytest.raises(KeyboardInterrupt):
        assess_batch(lambda: stopped, [*others, *films], out, "local", 1)
    parts = list((out / "parts").iterdir())
    assert len(parts) == 1 and not (out / "films.parquet").exists()
    # It might also have been stopped when all was merged and its parts were still there.
    kept = tmp_path / parts[0].name
    shutil.copy(parts[0], kept)
    assert assess_batch(lambda: assessor, others, out, "local", 1).new == 1
    shutil.copy(kept, parts[0])
    counts = assess_batch(lambda: assessor, others, out, "local", 1)
    assert (counts.new, counts.films) == (0, 2)
    assert sorted(pd.read_parquet(out / "films.parquet")["id"]) == sorted(film.id for film in others)
    assert list((out / "parts").iterdir()) == []


def test_results_of_other_weights_and_other_films_are_not_mixed(films: list[BatchFilm], tmp_path: Path) -> None:
    out, model = tmp_path / "out", RefusingAll()
    assert assess_batch(lambda: model, films[:1], out, "local", 1).failures == 1
    other = RefusingAll()
    other.weights = {"grader": "00" * 32}
    with pytest.raises(BoneGradeError, match="results of other weights"):
        assess_batch(lambda: other, films, out, "local", 1)
    moved = BatchFilm(films[0].id, films[1].path, films[0].sex, "left")
    for other_film in (moved, replace(films[0], hand="right")):
        with pytest.raises(BoneGradeError, match="another path, sex or hand"):
            assess_batch(lambda: model, [other_film], out, "local", 1)
    (out / "failures.parquet").write_bytes(b"PAR1")
    with pytest.raises(BoneGradeError, match="cannot be read: remove it"):
        assess_batch(lambda: model, films, out, "local", 1)


def test_a_worker_that_is_killed_costs_no_film(example: Example, tmp_path: Path) -> None:
    films = [BatchFilm(f"film {number}", str(example.path), "F", "left") for number in range(10)]
    rows = list(local(partial(dying_once, RefusingAll, tmp_path / "died"), films, 2))
    assert (tmp_path / "died").exists()
    assert sorted(row["id"] for row in rows) == [film.id for film in films]
    assert {row["reason"] for row in rows} == {"not_a_hand"}


@pytest.mark.skipif(not _HAS_RAY, reason="Ray is not installed: requirements-dev.txt brings it")
def test_ray_gives_the_same_rows_though_a_worker_is_killed(
    films: list[BatchFilm], one_thread: Assess, tmp_path: Path
) -> None:
    examples, out = shipped_examples()[:2], tmp_path / "out"
    load = partial(dying_once, Assessor.from_registry, tmp_path / "died")
    counts = assess_batch(load, [film_of(one) for one in examples] + films[1:], out, "ray", 2)
    assert (tmp_path / "died").exists()
    assert (counts.new, counts.films, counts.failures) == (4, 2, 2)
    assert documents(out) == {one.path.name: alone(one_thread(one)) for one in examples}


def test_without_ray_one_sentence(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    shutil.copy(example.path, tmp_path)
    arguments = ["assess-batch", str(tmp_path), "--out", str(tmp_path / "out"), "--sex", "F", "--engine", "ray"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2 and result.stderr.strip().splitlines()[-1] == NO_RAY


def test_the_command(example: Example, assessed: Assess, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    shutil.copy(example.path, tmp_path / "films")
    arguments = ["assess-batch", str(tmp_path / "films"), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert "has no sex" in CliRunner().invoke(cli, arguments).stderr
    result = CliRunner().invoke(cli, [*arguments, "--sex", example.sex])
    assert result.exit_code == 0, result.output
    assert "1 assessed, 0 failed" in result.stdout
    assert documents(tmp_path / "out") == {example.path.name: alone(assessed(example))}
