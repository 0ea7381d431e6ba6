"""Which model is live after promotions and rollbacks, and after a crash or with a full disk at each of their steps."""

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.assessment import live_model as live_models
from core.assessment.live_model import LIVE, SHIPPED, LiveModel, live_model, read_history
from core.learning.promotion.versions import PromotionRefused, promote, rollback, versions
from core.learning.run.candidate import Candidate, weights_of
from tests.core.learning.made_runs import candidate_of, report_of, write_run, write_weights
from tests.faults import Fault, struck

#: Makes a new run from the live model, and the candidate of it.
MakeCandidate = Callable[[int], Candidate]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where promoted weights are kept, with small weights in the place of those that ship."""
    monkeypatch.setattr(live_models, "WEIGHTS", write_weights(tmp_path / "program"))
    monkeypatch.setenv("BONEGRADE_WEIGHTS", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def make_candidate(kept: Path, tmp_path: Path) -> MakeCandidate:
    def make(seed: int) -> Candidate:
        return candidate_of(write_run(tmp_path / f"run{seed}", live_model().folder, seed), live_model())

    return make


def promoted(kept: Path, candidate: Candidate) -> LiveModel:
    """The live model after the candidate was promoted."""
    promote(kept, candidate, report_of(candidate, live_model()), "ann")
    return live_model()


def test_a_promoted_model_is_live_whole_with_card_and_report(kept: Path, make_candidate: MakeCandidate) -> None:
    candidate = make_candidate(1)
    live = promoted(kept, candidate)
    assert weights_of(live.folder) == candidate.weights and live.version.startswith("0002-")
    card = (live.folder / "grader.md").read_text()
    assert candidate.weights["grader"] in card and "promoted by ann" in card and "revision 7" in card
    assert (live.folder / "localizer.md").read_text() == "# Weights `localizer`\n"
    assert json.loads((live.folder / "gate.json").read_text())["promotes"] is True
    assert (live.folder / "gate.md").read_text().startswith("# The gate: promoted")
    assert sorted(one.name for one in kept.iterdir()) == [LIVE, "lock", "versions"]
    # cards hold names, so nothing of it is for others on the machine
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in (kept, *kept.rglob("*")) if folder.is_dir())


def test_rollback_goes_back_step_by_step_and_says_when_there_is_none(kept: Path, make_candidate: MakeCandidate) -> None:
    shipped = weights_of(live_model().folder)
    with pytest.raises(PromotionRefused, match="no earlier model"):
        rollback(kept, None, "ann")
    first, second = promoted(kept, make_candidate(1)), promoted(kept, make_candidate(2))
    assert rollback(kept, None, "ben").how == "rolled back" and live_model() == first
    assert rollback(kept, None, "ben").version.startswith("0001-")
    assert weights_of(live_model().folder) == shipped
    with pytest.raises(PromotionRefused, match="no earlier model"):
        rollback(kept, None, "ben")
    rollback(kept, second.version, "ben")
    assert live_model() == second and [entry.by for entry in read_history(kept)] == ["ann", "ann", "ben", "ben", "ben"]
    rollback(kept, SHIPPED, "ben")
    assert live_model().folder == live_models.WEIGHTS and len(versions(kept)) == 4
    with pytest.raises(PromotionRefused, match="no version 0009"):
        rollback(kept, "0009", "ben")
    with pytest.raises(PromotionRefused, match="live already"):
        rollback(kept, SHIPPED, "ben")


def test_an_upgrade_of_the_program_leaves_the_promoted_model_and_what_it_came_from(
    kept: Path, make_candidate: MakeCandidate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = weights_of(live_model().folder)
    live = promoted(kept, make_candidate(1))
    monkeypatch.setattr(live_models, "WEIGHTS", write_weights(tmp_path / "new program", seed=9))
    assert live_model() == live
    rollback(kept, None, "ann")
    assert weights_of(live_model().folder) == before


def test_what_the_gate_did_not_let_through_is_not_promoted(kept: Path, make_candidate: MakeCandidate) -> None:
    candidate, other = make_candidate(1), make_candidate(2)
    for verdict in ("worse", "no difference"):
        with pytest.raises(PromotionRefused, match="was not promoted"):
            promote(kept, candidate, report_of(candidate, live_model(), verdict), "ann")
    report = report_of(other, live_model())
    with pytest.raises(PromotionRefused, match="report is of other weights"):
        promote(kept, candidate, report, "ann")
    assert live_model().version == SHIPPED
    promoted(kept, candidate)
    with pytest.raises(PromotionRefused, match="Another model has gone live"):
        promote(kept, other, report, "ann")


def test_a_damaged_version_is_not_brought_back(kept: Path, make_candidate: MakeCandidate) -> None:
    first, second = promoted(kept, make_candidate(1)), promoted(kept, make_candidate(2))
    (first.folder / "grader.safetensors").write_bytes(b"nothing")
    with pytest.raises(PromotionRefused, match=r"cannot be brought back.*grader\.safetensors"):
        rollback(kept, None, "ann")
    assert live_model() == second


def test_a_folder_that_cannot_be_written_leaves_the_live_model(
    kept: Path, make_candidate: MakeCandidate, tmp_path: Path
) -> None:
    candidate = make_candidate(1)
    (tmp_path / "file").write_text("")
    with pytest.raises(PromotionRefused, match="so the live model stays"):
        promote(tmp_path / "file" / "kept", candidate, report_of(candidate, live_model()), "ann")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("fault", ["power cut", "full disk"])
def test_a_fault_at_any_step_leaves_the_old_model_or_the_new_one_whole(
    kept: Path, make_candidate: MakeCandidate, fault: Fault
) -> None:
    promoted(kept, make_candidate(1))
    candidate = make_candidate(2)
    old, report = live_model(), report_of(candidate, live_model())
    at = 0
    while struck(kept, at, fault, lambda: promote(kept, candidate, report, "ann")):
        live = live_model()
        assert weights_of(live.folder) == dict(candidate.weights if live != old else report.sides.live), at
        if live != old:
            rollback(kept, old.version, "ben")
        at += 1
    assert at > 15 and live_model() != old
    promoted(kept, make_candidate(3))
    assert not list((kept / "versions").glob(".new-*")), "what the crashes left is gone"
    assert {folder.name for folder in (kept / "versions").iterdir()} == set(versions(kept)) - {SHIPPED}
    at = 0
    newest = live_model()
    while struck(kept, at, fault, lambda: rollback(kept, None, "ann")):
        assert live_model() == newest or weights_of(live_model().folder) == dict(candidate.weights)
        at += 1
    assert at > 2 and live_model() != newest


def test_whoever_reads_meanwhile_finds_one_whole_model(kept: Path, make_candidate: MakeCandidate) -> None:
    candidates = [make_candidate(seed) for seed in (1,)]
    known = [weights_of(live_model().folder), *(dict(one.weights) for one in candidates)]
    ended, seen = threading.Event(), []

    def read() -> None:
        while not ended.is_set():
            seen.append(weights_of(live_model().folder))

    reader = threading.Thread(target=read)
    reader.start()
    promoted(kept, candidates[0])
    for _ in range(5):
        rollback(kept, None, "ann")
        rollback(kept, next(v for v in versions(kept) if v.startswith("0002")), "ann")
    ended.set()
    reader.join()
    assert seen and all(one in known for one in seen)
    assert (kept / LIVE).is_file()
