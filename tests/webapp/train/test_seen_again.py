"""What the Train tab says of the folder that a run sees again."""

from pathlib import Path

import pytest

from core.learning.lessons.training_data import TRAINING_DATA_VARIABLE
from tests.core.learning.lessons.test_training_data import write_folder
from webapp.languages.catalogue import catalogue
from webapp.train.seen_again import seen_again


def _said(sentences: tuple[str, ...]) -> tuple[str, str]:
    """In English and in Chinese."""
    return " ".join(sentences), "".join(catalogue("zh").translate(one) for one in sentences)


def test_a_folder_is_named_with_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRAINING_DATA_VARIABLE, str(write_folder(tmp_path / "data")))
    folder, sentences = seen_again(sends=True)
    english, chinese = _said(sentences)
    assert folder == tmp_path / "data" and "sees again 8 hands and 2 graded crops that" in english
    assert "It is measured on 1 more hand" in english and "A Hugging Face Job learns from the ledger alone" in english
    assert "8 只手和2 张已分级的裁剪图" in chinese and str(folder) in chinese and "again" not in chinese
    assert len(seen_again(sends=False)[1]) == len(sentences) - 1


def test_without_one_it_is_said_how_to_change_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRAINING_DATA_VARIABLE, raising=False)
    folder, sentences = seen_again(sends=True)
    english, chinese = _said(sentences)
    assert folder is None and "learns from the ledger alone, so it may forget some" in english
    assert f"set {TRAINING_DATA_VARIABLE} to its folder" in english and f"请用 {TRAINING_DATA_VARIABLE} 指定" in chinese


def test_one_that_cannot_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRAINING_DATA_VARIABLE, str(tmp_path / "nowhere"))
    folder, sentences = seen_again(sends=True)
    english, chinese = _said(sentences)
    assert folder is None and english.startswith("No run can start on this machine until this is put right")
    assert "labels.csv is missing" in english
    assert (
        f"{TRAINING_DATA_VARIABLE} 指定的文件夹无法用于训练" in chinese
        and "缺少" in chinese
        and "missing" not in chinese
    )
