"""Whether what people say here is still there after a restart: a Hugging Face Space forgets its own disk."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.dataset import hub
from core.ledger import LedgerSettings

_ROOT: Final = Path("/")


def outlives_restart(environment: Mapping[str, str]) -> bool:
    """False on a Space whose data folder lies on its own disk, where nothing is pushed to the hub and no database is named."""
    settings = LedgerSettings.from_environment(environment)
    return (
        not environment.get("SPACE_ID")
        or bool(environment.get(hub.VARIABLE))
        or not settings.url.startswith("sqlite")
        or nearest(settings.folder).stat().st_dev != _ROOT.stat().st_dev
    )


def nearest(folder: Path) -> Path:
    """The folder itself or, if it is not there yet, the nearest one above it that is."""
    return next(path for path in (folder, *folder.parents) if path.exists())
