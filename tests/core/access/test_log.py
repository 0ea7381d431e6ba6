"""The access log: what is noted stays as it was for as long as it is kept, and is then removed."""

import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.access.log import AccessLog, LogLines
from core.errors import BoneGradeError


def test_what_was_done_is_found_by_film_and_by_person_newest_first(tmp_path: Path) -> None:
    log = AccessLog(tmp_path)
    log.note("anna", "signed in", address="10.0.0.7")
    log.note("anna", "looked", film=3)
    log.note("ben\n{", "looked", film=3, detail="x" * 1000)
    assert [(one.who, one.deed) for one in log.latest(2).entries] == [("ben\n{", "looked"), ("anna", "looked")]
    assert [one.who for one in log.latest(9, film=3).entries] == ["ben\n{", "anna"]
    assert [one.address for one in log.latest(9, who="anna").entries] == ["", "10.0.0.7"]
    (file,) = (tmp_path / "access").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_many_writers_lose_no_line_and_a_torn_one_hides_no_other(tmp_path: Path) -> None:
    def write(name: str) -> None:
        log = AccessLog(tmp_path)
        for number in range(20):
            log.note(name, "looked", film=number)

    writers = [threading.Thread(target=write, args=(f"reader {number}",)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    (file,) = (tmp_path / "access").iterdir()
    with file.open("ab") as torn:
        torn.write(b'{"at": "2026')
    AccessLog(tmp_path).note("zoe", "looked", film=7)
    with file.open("ab") as torn:
        torn.write(b'\n[3]\n\xff\xfe{"at"')
    found = AccessLog(tmp_path).latest(1000)
    assert len(found.entries) == 161 and found.entries[0].who == "zoe", "the line after a torn one stands on its own"
    assert found.torn == 3
    assert AccessLog(tmp_path).latest(9, who="zoe") == LogLines(found.entries[:1], 3)


def test_old_days_go(tmp_path: Path) -> None:
    (tmp_path / "access").mkdir()
    today = datetime.now(UTC).date()
    for days in (0, 29, 30, 31, 400):
        (tmp_path / "access" / f"{today - timedelta(days=days)}.jsonl").write_text("")
    AccessLog(tmp_path, days=30).note("anna", "looked")
    assert len(list((tmp_path / "access").iterdir())) == 3
    assert AccessLog.from_environment(tmp_path, {})
    for wrong in ("0", "-1", "a year"):
        with pytest.raises(BoneGradeError, match="BONEGRADE_LOG_DAYS"):
            AccessLog.from_environment(tmp_path, {"BONEGRADE_LOG_DAYS": wrong})


@pytest.mark.skipif(os.getuid() == 0 and not Path("/dev/full").exists(), reason="nothing refuses root a write")
def test_a_full_disk_keeps_nobody_from_reading(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / f"{datetime.now(UTC).date()}.jsonl").symlink_to("/dev/full")
    AccessLog(tmp_path).note("anna", "looked")
    assert "cannot be written" in caplog.text
