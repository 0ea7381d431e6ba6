"""A run's curves in trackio, where it is installed: kept inside the run folder, and never sent anywhere."""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from shlex import quote
from typing import Any, Final, Self

_PROJECT: Final = "fine-tuning"
#: Environment variables that would send the curves to a hub or a server.
_ELSEWHERE: Final = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_BUCKET_ID", "TRACKIO_DATASET_ID")


def show_command(folder: Path) -> str:
    """Returns what to type to see a run's curves; "" where it has none."""
    return (
        f"TRACKIO_DIR={quote(str(_place(folder)))} trackio show --project {_PROJECT}" if _place(folder).is_dir() else ""
    )


def _place(folder: Path) -> Path:
    return (folder / "trackio").resolve()


class Curves:
    """The numbers of a run's log as trackio's curves; see them with `show_command`."""

    def __init__(self, run: Any, finish: Callable[[], None]):
        self._run, self._finish = run, finish

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Opens the curves in `folder`/trackio; None where trackio is not installed, or keeps another run's in this process."""
        place = str(_place(folder))
        if "trackio" in sys.modules and os.environ.get("TRACKIO_DIR") != place:
            return None
        os.environ["TRACKIO_DIR"] = place
        for name in _ELSEWHERE:
            os.environ.pop(name, None)
        try:
            import trackio  # after it is told where to write, and only if it is installed
        except ImportError:
            return None
        with redirect_stdout(sys.stderr):
            run = trackio.init(
                _PROJECT,
                name=folder.resolve().name,
                resume="allow",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
        return cls(run, trackio.finish)

    def add(self, values: Mapping[str, Any]) -> None:
        """Adds one line of the log."""
        numbers = {name: value for name, value in values.items() if isinstance(value, int | float) and name != "step"}
        lesson = values.get("lesson", "run")
        self._run.log({f"{lesson}/{name}": value for name, value in numbers.items()}, step=values.get("step"))

    def close(self) -> None:
        """Waits until everything is written."""
        with redirect_stdout(sys.stderr):
            self._finish()
