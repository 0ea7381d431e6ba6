"""A run's weights as a whole model, and what is refused."""

from pathlib import Path

import pytest

from core.learning.run.candidate import (
    LEARNED_FROM,
    CandidateRefused,
    known_patients,
    loaded,
    read_candidate,
    weights_of,
    write_model,
)
from models.registry import load_intervals, read_weights, register_intervals
from tests.core.learning.made_runs import write_run, write_run_file, write_weights


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """The live weights."""
    return write_weights(tmp_path / "live")


@pytest.fixture
def run(tmp_path: Path, live: Path) -> Path:
    """A run that started from them."""
    return write_run(tmp_path / "run", live)


def test_what_the_run_does_not_bring_is_the_live_model_s(run: Path, live: Path, tmp_path: Path) -> None:
    candidate = read_candidate(run, live)
    assert candidate.own == ("grader",) and (candidate.manifest, candidate.revision) == ("ab" * 32, 7)
    (tmp_path / "whole").mkdir()
    write_model(candidate, tmp_path / "whole")
    assert weights_of(tmp_path / "whole") == candidate.weights
    old, new = weights_of(live), candidate.weights
    assert new["localizer"] == old["localizer"] and new["whole_hand"] == old["whole_hand"]
    assert new["grader"] == read_weights("grader", run / "weights").sha256 != old["grader"]
    assert load_intervals(candidate.of_intervals, tmp_path / "whole") == 9.2, "the live model's, kept for it"
    assert not candidate.own_intervals


def test_a_version_knows_its_patients_and_those_of_the_versions_before(run: Path, live: Path, tmp_path: Path) -> None:
    (live / LEARNED_FROM).write_text('["aa", "bb"]')
    write_run_file(run, live, learned_from=["bb", "cc"])
    (tmp_path / "whole").mkdir()
    write_model(read_candidate(run, live), tmp_path / "whole")
    assert known_patients(tmp_path / "whole") == {"aa", "bb", "cc"}
    (live / LEARNED_FROM).write_text("no list")
    with pytest.raises(CandidateRefused, match="the live model learned from, is damaged"):
        read_candidate(run, live)


def test_the_run_s_own_intervals_count(run: Path, live: Path) -> None:
    register_intervals(7.5, read_candidate(run, live).of_intervals, run / "weights")
    candidate = read_candidate(run, live)
    assert candidate.own_intervals and candidate.intervals.scatter_months == 7.5


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"state": "running"}, "has not ended"),
        ({"state": "cancelled"}, "did not end well"),
        ({"from": None}, "does not say which weights it started from"),
        ({"from": {"localizer": "aa"}}, "does not say which weights it started from"),
        ({"learned_from": None}, "does not say which patients it learned from"),
        ({"learned_from": [["a"]]}, "does not say which patients it learned from"),
        ({"from": {"grader": "cd" * 32}}, "started from another model than the live one .*cdcdcdcdcdcd"),
    ],
)
def test_a_run_that_did_not_end_or_is_another_model_s_is_refused(
    run: Path, live: Path, facts: dict[str, object], sentence: str
) -> None:
    write_run_file(run, live, **facts)
    with pytest.raises(CandidateRefused, match=sentence):
        read_candidate(run, live)


def test_a_file_whose_hash_is_not_the_index_s_is_refused(run: Path, live: Path, tmp_path: Path) -> None:
    candidate, file = read_candidate(run, live), run / "weights" / "grader.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(CandidateRefused, match=r"grader\.safetensors is not the one that was released"):
        read_candidate(run, live)
    (tmp_path / "whole").mkdir()
    with pytest.raises(CandidateRefused, match="was changed meanwhile"):
        write_model(candidate, tmp_path / "whole")


def test_what_is_no_run_brings_nothing_or_changes_nothing_is_refused(run: Path, live: Path, tmp_path: Path) -> None:
    with pytest.raises(CandidateRefused, match=r"not a run's folder"):
        read_candidate(tmp_path / "none", live)
    write_weights(run / "weights", seed=0)
    with pytest.raises(CandidateRefused, match="nothing to compare"):
        read_candidate(run, live)
    (run / "weights" / "registry.json").unlink()
    with pytest.raises(CandidateRefused, match="has no weights"):
        read_candidate(run, live)


def test_weights_of_another_network_are_refused(run: Path, live: Path) -> None:
    with pytest.raises(CandidateRefused, match="belongs to another network"), loaded(read_candidate(run, live)):
        pass
