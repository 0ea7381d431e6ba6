"""Which weights are live: those that were promoted on this machine, or those that ship with the program.

Promoted weights are kept outside the program, so that an upgrade does not remove them: BONEGRADE_WEIGHTS names their folder,
`weights` in the data folder if it is not set. One file there, LIVE, says which version answers; it is replaced as a whole, so
that at every moment one complete model is live. core.learning.promotion.versions writes it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from core.errors import BoneGradeError
from core.machine import data_folder
from models import WEIGHTS

#: The file of what was live when, the last entry being the present one; missing where nothing was promoted yet.
LIVE: Final = "live.json"
#: A folder for each version, as models.registry writes it.
VERSIONS: Final = "versions"
#: The version that comes with the program.
SHIPPED: Final = "shipped"


@dataclass(frozen=True)
class LiveEntry:
    """One change of the live model. version: the name of its folder, or SHIPPED. how: why it was changed. at: ISO 8601, UTC.
    by: whoever did it. before: the version that `rollback` brings back; None where there is none."""

    version: str
    how: Literal["shipped", "promoted", "rolled back"]
    at: str
    by: str
    before: str | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """Reads what was written as JSON."""
        return cls(entry["version"], entry["how"], entry["at"], entry["by"], entry["before"])


@dataclass(frozen=True)
class LiveModel:
    """The version that answers, and the folder of its weights."""

    version: str
    folder: Path


def weights_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where promoted weights are kept on this machine; it need not exist."""
    named = environment.get("BONEGRADE_WEIGHTS")
    return Path(named).expanduser().absolute() if named else data_folder(environment) / "weights"


def read_history(kept: Path) -> tuple[LiveEntry, ...]:
    """What was live when, the oldest first; empty where nothing was promoted yet. kept: see weights_folder.

    Raises BoneGradeError where the record is damaged.
    """
    try:
        return tuple(LiveEntry.of(entry) for entry in json.loads((kept / LIVE).read_text(encoding="utf-8"))["history"])
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BoneGradeError(
            f"The record of the live model, {LIVE}, cannot be read: restore the folder of the promoted weights from its "
            f"backup, or take {LIVE} out of it to use the weights that ship with the program."
        ) from error


def version_folder(kept: Path, version: str) -> Path:
    """The folder with the weights of a version."""
    return WEIGHTS if version == SHIPPED else kept / VERSIONS / version


def live_model(environment: Mapping[str, str] = os.environ) -> LiveModel:
    """The model that answers now: one small file is read. Raises BoneGradeError where the record of it is damaged, or its
    weights are gone."""
    kept = weights_folder(environment)
    history = read_history(kept)
    version = history[-1].version if history else SHIPPED
    folder = version_folder(kept, version)
    if not folder.is_dir():
        raise BoneGradeError(
            f"The weights of the live model, version {version}, are gone: restore the folder of the promoted weights from "
            "its backup, or run `python -m core rollback`."
        )
    return LiveModel(version, folder)
