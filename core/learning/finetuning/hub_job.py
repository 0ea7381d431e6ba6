"""A fine-tuning as a Hugging Face Job: lessons, program and start weights go to a private dataset, and the run comes back.

What is sent lies in a folder of its own in the dataset, which is removed when the job has ended. Before each push the hub is
asked whether the dataset is private. On this machine the run's folder is like that of any run: its log grows as the job's does,
and a file named `cancel` in it ends the job.
"""

import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from huggingface_hub import HfApi, get_token, snapshot_download

import core
from core.access.log import AccessLog
from core.access.roles import OPERATOR
from core.dataset.exporting.export import export
from core.dataset.exporting.options import ExportOptions
from core.dataset.exporting.zip_file import zipped
from core.dataset.hub.private import NO_TOKEN, HubRefused, a_dataset, hub_errors, push_folder, remove_folders
from core.errors import BoneGradeError
from core.learning.errors import LessonsRefused, RunRefused
from core.learning.finetuning.start import Start
from core.learning.run import facts
from core.learning.run.candidate import LEARNED_FROM, weights_of
from core.learning.run.files import LOG, RUN, WEIGHTS
from core.learning.run.folder import RunFolder
from core.learning.run.record import Job, RunRecord, record_of
from core.ledger import Ledger
from core.machine import now_in_utc, user
from models.registry import WeightsError

_PROGRAM: Final = Path(core.__file__).parents[1]
#: Has the Python for which the program's packages are locked.
_IMAGE: Final = "python:3.11"
#: Where a run lies in the dataset until it is fetched, and which of its files are put there.
_RUNS: Final = "runs"
_OF_A_RUN: Final = (RUN, LOG)
#: Files in a folder of weights that nobody learns from: cards, reports and lists of patients.
_NOT_SENT: Final = shutil.ignore_patterns("*.md", "gate.*", LEARNED_FROM)
_ENDED: Final = ("COMPLETED", "CANCELED", "ERROR", "DELETED")
#: The hub may be out of reach for this many looks at the job in a row.
_PATIENCE: Final = 120
_LOOK_EVERY: Final = 5.0

#: $1: the dataset; $2: its revision; $3: the folder there that was sent; the rest: settings of `finetune`.
_SCRIPT: Final = """set -eu
repo=$1 revision=$2 place=$3
shift 3
pip install --quiet huggingface_hub
hf download "$repo" "jobs/$place/sent.zip" --repo-type dataset --revision "$revision" --local-dir . --quiet
python -m zipfile -e "jobs/$place/sent.zip" sent
cd sent/program
pip install --quiet --require-hashes -r requirements.lock
python -m core finetune --dataset ../dataset --from ../start --out "../$place" --hub "$repo" "$@"
"""


class HubJobRefused(BoneGradeError):
    """The job was not started, or ended without a candidate; the message says why."""


@dataclass(frozen=True)
class JobOrder:
    """A request for one job. dataset: OWNER/NAME of a private dataset, which is created if there is none; the owner pays for
    the job. start: folder of the weights to start from. hardware: a machine by the hub's name. hours: the time after which the
    hub ends it. settings: of `python -m core finetune`, as its command line has them."""

    dataset: str
    start: Path
    run: Path
    hardware: str
    hours: float
    settings: tuple[str, ...] = ()


def finetune_on_hub(
    order: JobOrder, ledger: Ledger, api: HfApi | None = None, look_every: float = _LOOK_EVERY
) -> RunRecord:
    """Starts the job, or resumes following the one in this run's folder, until it ends, and fetches the candidate.

    Returns the run's record, whose `state` is "done" or "cancelled". Raises HubJobRefused, LessonsRefused, RunRefused,
    core.dataset.hub.private.HubRefused and, for the ledger, what core.dataset.exporting.export.export and
    AccessLog.from_environment raise.
    """
    return _HubJob(order, api or HfApi(), look_every).follow(ledger)


def push_run(run: Path, dataset: str, api: HfApi | None = None) -> None:
    """Puts what a finished run leaves into a private dataset. Raises core.dataset.hub.private.HubRefused."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in _OF_A_RUN:
            shutil.copyfile(run / name, folder / name)
        shutil.copytree(run / WEIGHTS, folder / WEIGHTS)
        push_folder(folder, dataset, f"{_RUNS}/{run.resolve().name}", ["*"], "A run", api)


class _HubJob:
    """One run's job."""

    def __init__(self, order: JobOrder, api: HfApi, look_every: float):
        self._order, self._api, self._look_every = order, api, look_every
        self._owner = a_dataset(order.dataset).partition("/")[0]
        self._run = RunFolder(order.run)

    @property
    def _record(self) -> RunRecord:
        assert self._run.record is not None  # the job was sent
        return self._run.record

    @property
    def _job(self) -> Job:
        assert self._record.job is not None
        return self._record.job

    def follow(self, ledger: Ledger) -> RunRecord:
        """See finetune_on_hub."""
        with self._run.held():
            known = self._run.read()
            if known is not None and known.job is None:
                raise RunRefused(
                    f"{self._order.run} belongs to a run on this machine: name another folder for the job."
                )
            if known is not None and known.state == "done":
                return known
            if known is None or known.state != "running":
                self._send(ledger)
            print(f"The job: {self._job.url}", flush=True)
            stage = self._watch()
            lacking = self._fetch() if stage == "COMPLETED" else f"The job ended as {stage}, without a candidate"
            self._clean_up()
            if stage == "CANCELED":
                self._run.ended("cancelled")
            elif lacking:
                self._run.ended("failed")
                raise HubJobRefused(f"{lacking}: its log is at {self._job.url}. The same command starts another one.")
        return self._record

    def _send(self, ledger: Ledger) -> None:
        """Pushes all that the job needs, and starts it."""
        place = f"{self._order.run.resolve().name}-{uuid.uuid4().hex[:8]}"
        token = self._api.token or get_token()
        if token is None:
            raise HubJobRefused(NO_TOKEN)
        start = Start(self._order.start)
        log = AccessLog.from_environment(ledger.folder)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            manifest = export(
                ledger, OPERATOR, folder / "parts" / "dataset", ExportOptions(formats=("labels", "crops"), use="share")
            )
            crops = manifest.split.crops
            if not crops["train"] + crops["val"]:
                raise LessonsRefused(
                    "No film that could be learned from may be sent: only films go to the hub whose consent allows sharing."
                )
            shutil.copytree(self._order.start, folder / "parts" / "start", ignore=_NOT_SENT)
            _copy_program(folder / "parts" / "program", weights_of(self._order.start))
            print(f"Sending revision {manifest.revision} of the ledger to {self._order.dataset}.", flush=True)
            (folder / "sent").mkdir()
            # as one file, since the program has hundreds
            zipped(folder / "parts", folder / "sent" / "sent.zip")
            what = f"revision {manifest.revision}, to learn from; to the hub: {self._order.dataset}"
            log.note(user(), "exported", detail=what)
            message = f"Ledger revision {manifest.revision}"
            revision = push_folder(folder / "sent", self._order.dataset, f"jobs/{place}", ["*"], message, self._api)
        elsewhere = os.environ.get("HF_ENDPOINT")
        with _told(self._order):
            job = self._api.run_job(
                image=_IMAGE,
                command=["bash", "-c", _SCRIPT, "job", self._order.dataset, revision, place, *self._order.settings],
                env={} if elsewhere is None else {"HF_ENDPOINT": elsewhere},
                secrets={"HF_TOKEN": token},
                flavor=self._order.hardware,
                timeout=f"{self._order.hours}h",
                namespace=self._owner,
            )
        sent = Job(job.id, job.url, self._order.hardware, "SCHEDULING", place)
        before = self._run.record or RunRecord("running")
        self._run.write(replace(before, state="running", start=start.hashes, began_at=now_in_utc(), job=sent))

    def _watch(self) -> str:
        """Follows the job to its end, and returns the stage that it ended with; writes its log as it grows."""
        (self._order.run / LOG).unlink(missing_ok=True)
        self._run.show_curves()
        lines = 0
        while True:
            stage = self._look()
            lines += self._log(lines)
            if stage != self._job.stage:
                self._run.write(replace(self._record, job=replace(self._job, stage=stage)))
            if stage in _ENDED:
                return stage
            if self._run.cancelled():
                with _told(self._order):
                    self._api.cancel_job(job_id=self._job.id, namespace=self._owner)
                self._run.obey()
                return "CANCELED"
            time.sleep(self._look_every)

    def _look(self) -> str:
        """Returns the job's stage. Raises HubJobRefused where the hub does not answer for a long time."""
        for tried in range(_PATIENCE):
            try:
                return str(self._api.inspect_job(job_id=self._job.id, namespace=self._owner).status.stage)
            except Exception:
                if tried == _PATIENCE - 1 or self._run.cancelled():
                    with _told(self._order):
                        raise
                time.sleep(self._look_every)
        raise AssertionError("the last look returns or raises")

    def _log(self, known: int) -> int:
        """Copies what is new in the job's log; returns the number of new lines."""
        new = []
        with suppress(Exception):  # the next look gets them too
            new = [str(line) for line in self._api.fetch_job_logs(job_id=self._job.id, namespace=self._owner)][known:]
        for line in new:
            measurement = _measurement(line)
            if measurement is None:
                print(line, flush=True)
            else:
                self._run.log(**measurement)
        return len(new)

    def _fetch(self) -> str:
        """Takes the candidate and what the run says of itself, all of it or nothing; run.json comes last, so that nothing
        incomplete is taken as done. Returns what is wrong with it, "" where it was taken."""
        place = f"{_RUNS}/{self._job.place}"
        with tempfile.TemporaryDirectory(dir=self._order.run) as temporary:
            with _told(self._order):
                snapshot_download(
                    self._order.dataset, repo_type="dataset", allow_patterns=f"{place}/*", local_dir=temporary,
                    endpoint=self._api.endpoint, token=self._api.token,
                )  # fmt: skip
            came = Path(temporary) / place
            if not all((came / name).exists() for name in (RUN, LOG, WEIGHTS)):
                return "The job ended as COMPLETED, without a candidate"
            said = record_of(came)
            if said is None or said.state != "done" or said.start != self._record.start:
                return f"The {RUN} that the job left is damaged or another run's, so that nothing of it was taken"
            try:
                weights_of(came / WEIGHTS)
            except WeightsError as error:
                return f"The weights that the job left are damaged, so that nothing of it was taken ({error})"
            shutil.rmtree(self._order.run / WEIGHTS, ignore_errors=True)  # left by a follower that was killed here
            (came / WEIGHTS).rename(self._order.run / WEIGHTS)
            (came / LOG).replace(self._order.run / LOG)
        self._run.write(replace(said, job=self._job, git_revision=facts.git_revision()))
        return ""

    def _clean_up(self) -> None:
        """Removes what was sent, and the run, from the dataset."""
        place, dataset = self._job.place, self._order.dataset
        try:
            remove_folders(dataset, [f"jobs/{place}", f"{_RUNS}/{place}"], "The job has ended", self._api)
        except (HubRefused, OSError) as refusal:  # the run has ended all the same
            print(f"jobs/{place} is still in {dataset}: delete it there. {refusal}", flush=True)


def _copy_program(folder: Path, sent: Iterable[str]) -> None:
    """Copies the parts of the program that `finetune` needs. sent: networks whose weights go with the start."""
    without = shutil.ignore_patterns("__pycache__", *(f"{name}.safetensors" for name in sent))
    for part in ("core", "models"):
        shutil.copytree(_PROGRAM / part, folder / part, ignore=without)
    shutil.copyfile(_PROGRAM / "requirements.lock", folder / "requirements.lock")


def _measurement(line: str) -> Mapping[str, Any] | None:
    """Returns the measurement in a line of a run's output, None if it has none."""
    with suppress(ValueError):
        said = json.loads(line)
        return said if isinstance(said, dict) and "lesson" in said else None
    return None


def _told(order: JobOrder) -> AbstractContextManager[None]:
    """Turns the hub's errors about the job into HubJobRefused."""
    return hub_errors(
        lambda error: HubJobRefused(
            f"The hub does not answer for the job of {order.run.name} ({error}): check the network, that HF_TOKEN may write "
            f"to {order.dataset} and start jobs there, and that its owner has credit. The same command continues it."
        )
    )
