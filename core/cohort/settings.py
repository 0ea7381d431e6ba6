"""The settings that a folder was begun with: what is in it is valid for those settings alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.cohort.films import DataFolderError


def begun_otherwise(path: Path, settings: Mapping[str, Any], instead: str) -> dict[str, tuple[Any, Any]]:
    """Saves the settings as JSON in `path` where there are none yet; otherwise returns, by name, the kept and the new value
    of those that differ.

    instead: what a caller is told to choose where the file is damaged, which raises DataFolderError.
    """
    asked = json.loads(json.dumps(settings))
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asked) + "\n", encoding="utf-8")
        return {}
    try:
        begun = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataFolderError(f"{path} is damaged: choose {instead}.") from error
    names = sorted(asked.keys() | begun.keys())
    return {name: (begun.get(name), asked.get(name)) for name in names if begun.get(name) != asked.get(name)}


def keep_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Records the settings that a run folder was begun with. Raises DataFolderError where they were others."""
    for name, (then, now) in begun_otherwise(path, settings, "another run folder").items():
        raise DataFolderError(
            f"{path.parent} was begun with another {name} ({then}, now {now}): "
            "set it as before, or choose another run folder."
        )
