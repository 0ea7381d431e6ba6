"""README.md and docs/ are wrapped, so that a change of a sentence shows as one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

#: The widest line of prose, in columns.
WIDEST = 120


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines that a writer can wrap, with their numbers from 1: no table, no code, no header of a Space."""
    lines = text.splitlines()
    header = lines.index("---", 1) if lines[0] == "---" else -1
    code = False
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        if line.startswith("```"):
            code = not code
        elif not code and not line.startswith(("|", "    ", "![")):
            yield number, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_prose_keeps_within_the_columns(document: Path) -> None:
    wide = [number for number, line in prose(document.read_text(encoding="utf-8")) if len(line) > WIDEST]
    assert not wide, f"wrap these lines of {document.relative_to(ROOT)} at {WIDEST} columns: {wide}"


def test_prose_is_told_from_tables_and_code() -> None:
    text = (
        "---\ntitle: x\n---\nprose\n| a | table |\n```sh\ncode\n```\n    code\n- an item\n![a picture](of.webp)\nmore"
    )
    assert list(prose(text)) == [(4, "prose"), (10, "- an item"), (12, "more")]
