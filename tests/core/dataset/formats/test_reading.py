"""Which files of a folder are a format's labels."""

from pathlib import Path

import pytest

from core.dataset.formats.reading import label_source
from core.dataset.labels import BadLabels


def _folder(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_labels_are_known_by_their_files_wherever_they_lie(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "labels.json", "a/1.xml", "b/1.xml", "c/data.yaml", "c/1.txt", "d/labels.CSV")
    found = {kind: label_source(folder, kind) for kind in ("coco", "voc", "yolo", "csv")}
    assert found == {"coco": folder, "voc": folder / "a", "yolo": folder / "c", "csv": folder / "d/labels.CSV"}


def test_no_labels_and_labels_twice_are_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "1.csv", "2.csv")
    with pytest.raises(BadLabels, match=r"no file of this format in it \(\.xml\)"):
        label_source(folder, "voc")
    with pytest.raises(BadLabels, match="several CSV files"):
        label_source(folder, "csv")
