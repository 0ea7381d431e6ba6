"""Who looked at what: one file per day in the data folder, to which lines are only ever added, and which is removed when it
is old."""

import errno
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, Self

from core.access.settings import USUAL_DAYS, days_kept
from core.machine import make_folder, user

_log = logging.getLogger(__name__)

#: The environment variable that says for how many days the log is kept.
LOG_DAYS_VARIABLE: Final = "BONEGRADE_LOG_DAYS"
AT_THE_COMMAND_LINE: Final = "at the command line"

#: "refused": a wrong name, password or token. "looked": at a film of the ledger. "admitted", "revoked": a program's
#: token. "exported": films or what was said of them went elsewhere, in a dataset, in a backup or to the hub, or an
#: export for a browser or a program was made, which is "downloaded" when it is fetched. "changed users": who may sign
#: in, with what password and role. "promoted": another model, or an earlier one, was made live.
Deed = Literal[
    "signed in", "refused", "looked", "added", "downloaded", "exported", "erased", "admitted", "revoked", "changed users",
    "promoted",
]  # fmt: skip


@dataclass(frozen=True)
class LogEntry:
    """One thing that somebody did. at: in UTC, ISO 8601. who: as signed in, or as they tried to. address: where the request
    came from. film: its number, None if it is about none. detail: a few words, never about a patient."""

    at: str
    who: str
    deed: Deed
    address: str = ""
    film: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class LogLines:
    """The entries that were asked for. entries: newest first. torn: how many of the lines searched were cut short, by a
    full disk or a stop while writing, and cannot be read."""

    entries: tuple[LogEntry, ...]
    torn: int


class AccessLog:
    """The log of one data folder; threads and processes may share it. What cannot be noted goes to the server's own
    log, and does not stop anybody from reading films."""

    def __init__(self, folder: Path, days: int = USUAL_DAYS):
        """days: how long the log is kept."""
        self._folder = folder / "access"
        self._days = days
        self._swept: date | None = None

    @classmethod
    def from_environment(cls, folder: Path, environment: Mapping[str, str] = os.environ) -> Self:
        """Kept for BONEGRADE_LOG_DAYS, see core.access.settings.days_kept, also for what it raises."""
        return cls(folder, days_kept(LOG_DAYS_VARIABLE, environment))

    def note(self, who: str, deed: Deed, *, address: str = "", film: int | None = None, detail: str = "") -> None:
        """Adds a line; it is on the disk when this returns. Where it cannot be written, the server's log says so, and the
        caller goes on."""
        now = datetime.now(UTC)
        entry = LogEntry(now.isoformat(timespec="seconds"), who[:200], deed, address, film, detail[:500])
        # begins with a line end, so that it is on a line of its own even after one that was cut short
        line = f"\n{json.dumps(asdict(entry))}\n".encode()
        try:
            make_folder(self._folder)
            self._sweep(now.date())
            # one short write at the end of the file, which no other writer can interrupt
            handle = os.open(self._file(now.date()), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if os.write(handle, line) < len(line):
                    raise OSError(errno.ENOSPC, "there was room for a part of the line alone")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            _log.exception("The access log cannot be written to.")

    def note_command(self, deed: Deed, *, detail: str) -> None:
        """Notes what this machine's user did at the command line."""
        self.note(user(), deed, detail=f"{detail}; {AT_THE_COMMAND_LINE}")

    def latest(self, most: int, *, film: int | None = None, who: str = "") -> LogLines:
        """The latest lines, only those of a film or a person if one is given."""
        found: list[LogEntry] = []
        torn = 0
        for one in self._backwards():
            if one is None:
                torn += 1
            elif (film is None or one.film == film) and (not who or one.who == who):
                found.append(one)
                if len(found) == most:
                    break
        return LogLines(tuple(found), torn)

    def _backwards(self) -> Iterator[LogEntry | None]:
        """All entries, the last first; None for a line that cannot be read."""
        for file in sorted(self._folder.glob("*.jsonl"), reverse=True):
            try:
                lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
            except FileNotFoundError:  # it has just become too old
                continue
            for line in filter(str.strip, reversed(lines)):
                try:
                    yield LogEntry(**json.loads(line))
                except (ValueError, TypeError):
                    yield None

    def _sweep(self, today: date) -> None:
        """Removes the files of days that are no longer kept, once a day."""
        if self._swept == today:
            return
        oldest = self._file(today - timedelta(days=self._days)).name
        for file in self._folder.glob("*.jsonl"):
            if file.name < oldest:
                file.unlink(missing_ok=True)
        self._swept = today

    def _file(self, day: date) -> Path:
        return self._folder / f"{day.isoformat()}.jsonl"
