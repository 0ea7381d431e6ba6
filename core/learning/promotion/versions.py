"""Makes a run's model the live one, and brings an earlier one back: whole versions, switched by replacing one small file.

Every version is a folder of its own that nobody writes to once it has its name, so whoever is reading weights at that moment
finishes with those that they began with. A crash leaves the former model live, or the new one, and unnamed files that the next
promotion removes. Nothing in the ledger is touched: what readers said, and what each model said of a film under its own hashes,
stays as it is.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from core.assessment.live_model import LIVE, SHIPPED, VERSIONS, LiveEntry, read_history, version_folder
from core.errors import BoneGradeError
from core.learning.gate.report import GateReport, write_report
from core.learning.run.candidate import Candidate, weights_of, write_model
from core.ledger.rows.predictions import weights_key
from core.machine import WriterLock, make_folder, now_in_utc, sync_folder, write_whole
from models.registry import INDEX, INTERVALS, WeightsError

_NEW: Final = ".new-"
_LOCK: Final = "lock"


class PromotionRefused(BoneGradeError):
    """The live model was not changed; the message says why."""


def promote(kept: Path, candidate: Candidate, report: GateReport, by: str) -> LiveEntry:
    """Makes the candidate the live model, and keeps the former one, the shipped one included, beside it.

    kept: see core.assessment.live_model.weights_folder. report: the gate's, of this candidate against the model that is live.
    Raises PromotionRefused where the report does not promote or is about other weights, another model has gone live since, or
    the folder cannot be written.
    """
    if not report.promotes:
        raise PromotionRefused(f"The run {candidate.name} was not promoted. {' '.join(report.reasons)}")
    if dict(report.sides.candidate) != dict(candidate.weights):
        raise PromotionRefused("The gate's report is of other weights: compare the run again.")
    with _writing(kept):
        history = read_history(kept)
        live = _live_version(history)
        if live != report.sides.live_version or weights_of(version_folder(kept, live)) != dict(report.sides.live):
            raise PromotionRefused("Another model has gone live since the run was compared: compare it again.")
        _tidy(kept, history)
        before = _keep_shipped(kept) if live == SHIPPED else live
        with _new_version(kept, dict(candidate.weights)) as (folder, version):
            write_model(candidate, folder)
            for name in candidate.own:
                (folder / f"{name}.md").write_text(_card(name, candidate, report, by), encoding="utf-8")
            write_report(report, folder)
        entry = LiveEntry(version, "promoted", now_in_utc(), by, before)
        _record(kept, (*history, entry))
    return entry


def rollback(kept: Path, to: str | None, by: str) -> LiveEntry:
    """Makes an earlier model live again. to: a version or SHIPPED; None: the one that was live before the present one was.

    Raises PromotionRefused where there is no such version, it is incomplete, or the folder cannot be written.
    """
    with _writing(kept):
        history = read_history(kept)
        live = _live_version(history)
        target = to if to is not None else history[-1].before if history else None
        if target is None:
            raise PromotionRefused("There is no earlier model to go back to: the live one is the first.")
        if target == live:
            raise PromotionRefused(f"Version {target} is live already.")
        if target != SHIPPED and target not in _named(history):
            known = ", ".join(sorted({*_named(history), SHIPPED}))
            raise PromotionRefused(f"There is no version {target} to go back to; there are: {known}.")
        try:
            weights_of(version_folder(kept, target))
        except WeightsError as error:
            raise PromotionRefused(f"Version {target} cannot be brought back: {error}") from error
        before = next((entry.before for entry in reversed(history) if entry.version == target), None)
        entry = LiveEntry(target, "rolled back", now_in_utc(), by, before)
        _record(kept, (*history, entry))
    return entry


def versions(kept: Path) -> list[str]:
    """Returns the versions that can be brought back, the oldest first, and SHIPPED."""
    return [*sorted(_named(read_history(kept)) - {SHIPPED}), SHIPPED]


@contextmanager
def _writing(kept: Path) -> Iterator[None]:
    """Allows one promotion at a time, and turns errors of the disk into a sentence."""
    try:
        make_folder(kept / VERSIONS)
        with WriterLock(kept / _LOCK).held():
            yield
    except OSError as error:
        raise PromotionRefused(
            f"The weights cannot be kept in {kept} ({error.strerror}), so the live model stays: see that the disk has room "
            "and the folder is yours, or name another one in BONEGRADE_WEIGHTS."
        ) from error


def _live_version(history: tuple[LiveEntry, ...]) -> str:
    return history[-1].version if history else SHIPPED


def _named(history: tuple[LiveEntry, ...]) -> set[str]:
    return {version for entry in history for version in (entry.version, entry.before) if version is not None}


def _tidy(kept: Path, history: tuple[LiveEntry, ...]) -> None:
    """Removes what was left by a promotion that ended before its version went live."""
    for left in (kept / VERSIONS).iterdir():
        if left.is_file():
            left.unlink()
        elif left.name not in _named(history):
            shutil.rmtree(left, ignore_errors=True)


def _keep_shipped(kept: Path) -> str:
    """Keeps a copy of the shipped weights, so that a rollback brings back exactly these even after an upgrade; returns its
    version."""
    shipped = version_folder(kept, SHIPPED)
    weights = weights_of(shipped)
    known = [folder.name for folder in (kept / VERSIONS).iterdir() if folder.name.endswith(_short(weights))]
    if known:
        return known[0]
    with _new_version(kept, weights) as (folder, version):
        for name in weights:
            for file in (f"{name}.safetensors", f"{name}.md"):
                shutil.copyfile(shipped / file, folder / file)
        for file in (INDEX, INTERVALS):
            shutil.copyfile(shipped / file, folder / file)
    return version


@contextmanager
def _new_version(kept: Path, weights: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Gives a folder to write a version into, and the name that it gets once all of it is on the disk."""
    folder = Path(tempfile.mkdtemp(dir=kept / VERSIONS, prefix=_NEW))
    numbers = [int(found[0]) for one in (kept / VERSIONS).iterdir() if (found := re.match(r"\d+", one.name))]
    version = f"{max(numbers, default=0) + 1:04}-{_short(weights)}"
    try:
        yield folder, version
        for file in folder.iterdir():
            _sync(file)
        sync_folder(folder)
        folder.rename(kept / VERSIONS / version)
        sync_folder(kept / VERSIONS)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _record(kept: Path, history: tuple[LiveEntry, ...]) -> None:
    document = {"history": [asdict(entry) for entry in history]}
    write_whole(kept / LIVE, (json.dumps(document, indent=1) + "\n").encode(), by_way_of=kept / VERSIONS)


def _sync(file: Path) -> None:
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _short(weights: dict[str, str]) -> str:
    return weights_key(weights)[:8]


def _card(name: str, candidate: Candidate, report: GateReport, by: str) -> str:
    """Returns the card of a promoted network."""
    manifest = f"the data of manifest {candidate.manifest[:12]}" if candidate.manifest else "the readings of a ledger"
    revision = "" if candidate.revision is None else f", up to revision {candidate.revision}"
    start = report.sides.live[name][:12] if name in report.sides.live else "nothing"
    lines = [
        f"# Weights `{name}`: promoted",
        "",
        f"- **SHA-256**: {candidate.weights[name]}",
        f"- **Start**: the live weights {start}, version {report.sides.live_version}.",
        f"- **Data**: {manifest}{revision}. No film of a patient with a gold reading was trained on.",
        f"- **Run**: {candidate.name}; promoted by {by}.",
        f"- **Figures**: against the former model, film by film: see `gate.md`, on {report.films.gold} gold films.",
        "- **Use**: research only. Not a medical device.",
    ]
    own = candidate.cards.get(name)
    return "\n".join([*lines, *(["", own.read_text(encoding="utf-8")] if own is not None else [])]) + "\n"
