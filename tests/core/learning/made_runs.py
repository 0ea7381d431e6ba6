"""Folders of weights and of runs as fine-tuning writes them; the networks are small, for files are what matters."""

import json
from pathlib import Path

import torch
from torch import nn

from core.assessment.live_model import LiveModel
from core.learning.gate.report import Difference, Films, GateReport, Sides, judged
from core.learning.run.candidate import Candidate, read_candidate, weights_of
from models.registry import register, register_intervals


def write_weights(folder: Path, seed: int = 0, names: tuple[str, ...] = ("localizer", "grader", "whole_hand")) -> Path:
    """Weights that are no network's, with intervals and cards."""
    torch.manual_seed(seed)
    hashes = {name: register(name, nn.Linear(3, 3), {"weight": "0.4"}, folder) for name in names}
    register_intervals(9.2, {name: hashes[name] for name in ("grader", "whole_hand") if name in hashes}, folder)
    for name in names:
        (folder / f"{name}.md").write_text(f"# Weights `{name}`\n")
    return folder


def write_run_file(run: Path, live: Path, **facts: object) -> None:
    """What a run that started from the live weights says."""
    run.mkdir(parents=True, exist_ok=True)
    said = {
        "state": "done",
        "from": weights_of(live),
        "manifest_sha256": "ab" * 32,
        "ledger_revision": 7,
        "learned_from": [],
        "learned_films": [],
        "began_at": "2026-05-01T12:00:00+00:00",
        **facts,
    }
    (run / "run.json").write_text(json.dumps(said))


def write_run(run: Path, live: Path, seed: int = 1, **facts: object) -> Path:
    """A run that brings another grader."""
    write_run_file(run, live, **facts)
    torch.manual_seed(seed)
    register("grader", nn.Linear(3, 3), {}, run / "weights")
    return run


def report_of(candidate: Candidate, live: LiveModel, verdict: str = "better") -> GateReport:
    """A report in which the mean error came out so."""
    found = Difference(
        "gold_age", "gold", "Bone age, mean error on gold films", "months", False, 40, 8.0, 7.0, -1.0, (-1.5, -0.5), 0.95,
        verdict,  # type: ignore[arg-type]
    )  # fmt: skip
    sides = Sides(
        candidate.name, candidate.weights, candidate.own, weights_of(live.folder), live.version, False, "ab" * 32, 7
    )
    return judged("question", sides, Films(40, 30, 0, 0, 9, 0), (found,))


def candidate_of(run: Path, live: LiveModel) -> Candidate:
    """The run's model."""
    return read_candidate(run, live.folder)
