"""The checks of the maps as a whole, on the example hands."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from core.assessment.assessor import Assessor
from core.assessment.grading.grader import Grader
from core.assessment.records import IntervalSetting
from core.bones import RUS_BONES
from core.cohort.films import Film
from core.errors import BoneGradeError
from core.evaluation.figures import as_json, plain
from core.evaluation.maps.checked import CheckedMaps, read_checks
from core.evaluation.maps.checks import check, evenly, over_hands
from core.evaluation.maps.figures import KINDS, as_text
from core.evaluation.maps.measures import CASCADE, DELETED
from tests.hands import shipped_examples
from tests.no_hands import noise


def films(count: int) -> list[Film]:
    """The first examples, as rows of a table."""
    return [Film(e.path.stem, e.path, e.sex, 12 * e.age_years, "val") for e in shipped_examples()[:count]]


def test_films_are_spread_evenly() -> None:
    many = [Film(str(i), Path(), "M", 0.0, "") for i in range(228)]
    chosen = [int(film.id) for film in evenly(many, 100)]
    assert len(set(chosen)) == 100 and chosen[0] == 0 and chosen[-1] == 227
    assert set(np.diff(chosen)) == {2, 3}
    assert evenly(many, 500) == many and evenly(many, 1) == many[:1] and evenly([], 5) == []


def test_hands_count_alike_however_many_bones_they_have() -> None:
    rows = pd.DataFrame({"hand": [0, 0, 0, 1, 2], "x": [1.0, 2.0, 3.0, 6.0, np.nan]})
    found = over_hands(rows, "x")
    assert found is not None and (found.mean, found.low, found.high) == (4.0, 2.0, 6.0)
    assert over_hands(rows[rows["hand"] == 2], "x") is None


def test_the_examples(assessor: Assessor) -> None:
    measured = check(films(2), assessor, None)
    figures = plain(measured)
    assert figures["hands"] == 2 and figures["crops"] == 26 and figures["refused"] == 0
    for kind in KINDS:
        one = figures["maps"][kind]
        assert -1 <= one["randomised"]["rank_correlation"]["mean"] < 0.5
        assert list(one["randomised"]["cascade"]) == list(CASCADE)
        assert one["band"]["area"] == pytest.approx(0.24, abs=0.01)
        assert one["band"]["ratio"]["mean"] == pytest.approx(
            one["band"]["share"]["mean"] / one["band"]["area"], rel=0.05
        )
        assert list(one["band"]["ratio_by_bone"]) == list(RUS_BONES)
        assert list(one["by_stage"]) == ["1", "2", "3", "4"]
        assert one["by_stage"][str(measured.stage)]["band_ratio"] == one["band"]["ratio"]["mean"]
        for curve in one["deletion"]["years"].values():
            assert len(curve) == len(DELETED) and min(curve) > 0 and curve[-1] > curve[0]
    gates = figures["maps"]["sa_spatial"]["randomised"]["cascade"]
    own = CASCADE.index(f"stage {measured.stage}")
    assert {gates[part] for part in CASCADE[:own]} == {1.0}, "gates do not know what comes after them"
    assert gates[CASCADE[own]] < 0.9
    checks = CheckedMaps.from_json(json.loads(as_json(measured)))
    assert checks.grader_sha256 == assessor.weights["grader"] and checks.hands == 2
    assert (checks.stage, checks.cam_stage) == (measured.stage, min(measured.stage, 2))
    text = as_text(measured)
    assert "2 hands, 26 crops" in text and all(title in text for title in KINDS.values())
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) > 30 and all(line.endswith("|") for line in tables)


def test_gates_of_an_untrained_network_are_even_and_mark_nothing(assessor: Assessor, small_grader: Grader) -> None:
    untrained = Assessor(assessor.localizer, small_grader, IntervalSetting(9.0), {"grader": "00" * 32}, None)
    measured = check(films(1), untrained, None)
    figures = plain(measured)
    gates = figures["maps"]["sa_spatial"]
    assert gates["even_maps"] == 1.0 and gates["randomised"]["rank_correlation"] is None
    assert gates["band"]["ratio"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    moved = gates["deletion"]["years"]
    assert np.mean(moved["map"]) == pytest.approx(np.mean(moved["random"]), rel=0.4), "an even map deletes at random"
    checks = CheckedMaps.from_json(figures).sa_spatial
    assert not checks.changes_with_weights and checks.band_ratio.against(1.0) == "not measurably more"
    assert "| - |" in as_text(measured)


def test_films_without_a_hand_are_refused(assessor: Assessor, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "noise.png"), np.round(noise() * 255).astype(np.uint8))
    (tmp_path / "torn.png").write_bytes((tmp_path / "noise.png").read_bytes()[:100])
    given = [Film(name, tmp_path / f"{name}.png", "M", 60.0, "val") for name in ("noise", "torn", "missing")]
    with pytest.raises(BoneGradeError, match=r"^No film of 3 could be graded"):
        check(given, assessor, "val")


def test_the_command_keeps_what_the_page_reads(assessor: Assessor, tmp_path: Path) -> None:
    (film,) = films(1)
    shutil.copy(film.path, tmp_path)
    row = {"id": film.id, "file": film.path.name, "sex": film.sex, "bone_age_months": 60, "split": "val"}
    pd.DataFrame([row, row | {"split": "train"}]).to_csv(tmp_path / "labels.csv", index=False)
    kept = tmp_path / "kept.json"
    arguments = ["explanation-checks", "--data", str(tmp_path), "--split", "val", "--json", "--keep"]
    result = CliRunner().invoke(cli, [*arguments, str(kept)])
    assert result.exit_code == 0, result.output
    assert json.loads(kept.read_text()) == json.loads(result.stdout)
    again = json.loads(as_json(check([film], assessor, "val")))
    assert json.loads(kept.read_text()) == again, "chance is the same in every run"
    checks = read_checks(kept)
    assert checks is not None and checks.hands == 1
    assert film.id not in kept.read_text(), "figures alone are kept"


def test_what_the_command_cannot_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["explanation-checks", "--data", str(tmp_path)])
    assert result.exit_code == 2 and "labels.csv is missing" in result.stderr
