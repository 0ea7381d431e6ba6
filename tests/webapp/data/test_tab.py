"""The access log as an administrator sees it on the Data tab."""

from core.access.log import LogEntry, LogLines
from webapp.shared.templates import render


def test_lines_that_cannot_be_read_are_counted_beneath_those_that_can() -> None:
    entry = LogEntry("2026-11-27T10:00:00+00:00", "<anna>", "looked", film=7)
    whole = render("data/access.html", found=LogLines((entry,), 0))
    assert "2026-11-27 10:00:00" in whole and "&lt;anna&gt;" in whole and "cannot be read" not in whole
    assert "1 line of the log cannot be read" in render("data/access.html", found=LogLines((entry,), 1))
    torn = render("data/access.html", found=LogLines((), 2))
    assert "Nothing in the log matches that" in torn and "2 lines of the log cannot be read" in torn
