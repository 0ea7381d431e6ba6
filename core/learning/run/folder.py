"""A fine-tuning's folder: what it was made of (`run.json`), its measurements (`log.jsonl`) and its checkpoint."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from core.learning.errors import RunRefused
from core.learning.run.curves import Curves
from core.learning.run.files import CANCEL, CHECKPOINT, LOCK, LOG, MATERIAL, OUTPUT, RUN, UNPACKED
from core.learning.run.record import RunRecord, RunState, record_of
from core.machine import now_in_utc, take_lock


class RunFolder:
    """One run's folder. state: of its checkpoint, empty before there is one. record: what run.json says, once it has been read
    or written."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.state: dict[str, Any] = {}
        self.record: RunRecord | None = None
        self._lines = 0
        self._curves: Curves | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other runs out of the folder. Raises RunRefused where one is in it."""
        if (
            self.folder.exists()
            and not (self.folder / RUN).exists()
            and any(self.folder.iterdir())
            and not self._empty()
        ):
            raise RunRefused(f"{self.folder} holds other files and is not a fine-tuning's folder: name a new folder.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("ab") as file:
            if not take_lock(file):
                raise RunRefused(
                    f"Another run is at work in {self.folder}: wait for it, end it with a file named {CANCEL} in there, or "
                    "name another folder."
                )
            try:
                yield
            finally:
                if self._curves is not None:
                    self._curves.close()

    def _empty(self) -> bool:
        """Returns whether the folder has only what is there before a run begins, or is left by one that was broken off by
        then."""
        return {path.name for path in self.folder.iterdir()} <= {LOCK, CANCEL, MATERIAL, OUTPUT, UNPACKED}

    def read(self) -> RunRecord | None:
        """Returns what run.json says; None for a new folder. Raises RunRefused where it is damaged."""
        path = self.folder / RUN
        if not path.is_file():
            return None
        self.record = record_of(self.folder)
        if self.record is None:
            raise RunRefused(f"{path} is damaged: name another folder for the run.")
        return self.record

    def write(self, record: RunRecord) -> None:
        """Puts a record into run.json, so that a kill leaves either the old one or the new one."""
        self.record = record
        self._whole(RUN, (json.dumps(record.to_json(), indent=1, sort_keys=True) + "\n").encode())

    def ended(self, state: RunState, **more: Any) -> RunRecord:
        """Writes that the run has ended in this state, now, and returns the record. more: further fields of the record."""
        assert self.record is not None
        self.write(replace(self.record, state=state, ended_at=now_in_utc(), **more))
        return self.record

    def resume(self, tidy: bool) -> None:
        """Reads the checkpoint, if there is one. tidy: removes from the log what was measured after the checkpoint; one process
        does. Raises RunRefused where it is damaged."""
        path = self.folder / CHECKPOINT
        if path.is_file():
            try:
                saved = torch.load(path, map_location="cpu", weights_only=True)
                self.state, self._lines = saved["state"], saved["lines"]
            except Exception as error:  # torch may raise anything over a damaged file
                raise RunRefused(
                    f"{path} is damaged: delete it, and the same command begins the run again, or name another folder."
                ) from error
        log = self.folder / LOG
        if tidy and log.is_file():
            lines = log.read_bytes().splitlines(keepends=True)
            self._whole(LOG, b"".join(lines[: self._lines]))

    def show_curves(self) -> None:
        """From now on also draws what is logged, if trackio is installed."""
        self._curves = Curves.open(self.folder)

    def log(self, **values: Any) -> None:
        """Appends one measurement to the log and prints it."""
        line = json.dumps(values)
        print(line, flush=True)
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._lines += 1
        if self._curves is not None:
            self._curves.add(values)

    @property
    def lines(self) -> int:
        """The number of measurements in the log."""
        return self._lines

    def save(self, checkpoint: bytes) -> None:
        """Replaces the checkpoint, so that a kill or a full disk leaves either the old one or the new one."""
        self._whole(CHECKPOINT, checkpoint)

    def cancelled(self) -> bool:
        """Returns whether somebody asked the run to end."""
        return (self.folder / CANCEL).exists()

    def obey(self) -> None:
        """Removes the request to end, once it has been followed."""
        (self.folder / CANCEL).unlink(missing_ok=True)

    def _whole(self, name: str, content: bytes) -> None:
        temporary = self.folder / f".{name}.new"
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
