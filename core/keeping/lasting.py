"""Says whether what people say here survives a restart: a Hugging Face Space forgets its own disk, and a network mount may
not have it yet."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.ledger import LedgerSettings

#: The environment variable that names the dataset to which a started app pushes.
HUB_DATASET_VARIABLE: Final = "BONEGRADE_HUB_DATASET"
_ROOT: Final = Path("/")
_MOUNTS: Final = Path("/proc/self/mounts")
#: Kinds of network mounts, as the system calls them. Disks in Windows' format and a container's layers may start with
#: "fuse", too, and are excluded.
_NETWORK: Final = re.compile(r"(?!fuseblk|.*overlay)(fuse|nfs|cifs|smb|9p)")


def outlives_restart(environment: Mapping[str, str]) -> bool:
    """False on a Space whose data folder is on its own disk, unless its events are pushed to the hub, or a database is
    named together with the secret of its pseudonyms, without which it cannot be opened again."""
    settings = LedgerSettings.from_environment(environment)
    if not forgets_folder(environment):
        return True
    return bool(environment.get(HUB_DATASET_VARIABLE) if settings.url.startswith("sqlite") else settings.secret)


def forgets_folder(environment: Mapping[str, str]) -> bool:
    """Whether the data folder is on a Space's own disk."""
    folder = LedgerSettings.from_environment(environment).folder
    return bool(environment.get("SPACE_ID")) and nearest(folder).stat().st_dev == _ROOT.stat().st_dev


def is_over_network(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether the folder is on a network mount, as a Space's bucket is. False where the system does not say.

    SQLite keeps its file open, and such a mount may pass on a file only when it is closed.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds = {Path(line.split()[1].replace("\\040", " ")): line.split()[2] for line in lines}
    there = nearest(folder).resolve()
    kind = next((kinds[path] for path in (there, *there.parents) if path in kinds), "")
    return _NETWORK.match(kind) is not None


def nearest(folder: Path) -> Path:
    """The folder itself or, if it does not exist yet, the nearest folder above it that does."""
    return next(path for path in (folder, *folder.parents) if path.exists())
