"""How a run folder was begun."""

from pathlib import Path

import pytest

from core.cohort.films import DataFolderError
from core.cohort.settings import keep_settings


def test_a_folder_that_was_begun_otherwise(tmp_path: Path) -> None:
    begun = {"epochs": 3, "options": {"groups": (2, 4)}}
    for _ in range(2):
        keep_settings(tmp_path / "run" / "settings.json", begun)
    with pytest.raises(DataFolderError, match=r"run was begun with another epochs \(3, now 5\): .* another run folder"):
        keep_settings(tmp_path / "run" / "settings.json", begun | {"epochs": 5})
    keep_settings(tmp_path / "run" / "settings.json", begun)
    (tmp_path / "run" / "settings.json").write_text("[")
    with pytest.raises(DataFolderError, match=r"settings\.json is damaged"):
        keep_settings(tmp_path / "run" / "settings.json", begun)
