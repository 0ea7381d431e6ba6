"""What the browser asks for, read from its JSON."""

import pytest

from core.errors import BoneGradeError
from webapp.annotate.command import ChangeGold, Command, Plain, Restore, Settle, read_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"do": "save"}', Plain(do="save")),
        ('{"do": "settle", "revision": 4, "theirs": ["Ulna"]}', Settle(do="settle", revision=4, theirs={"Ulna"})),
        ('{"do": "restore", "event": 7}', Restore(do="restore", event=7)),
        ('{"do": "gold", "what": "own", "revision": 2}', ChangeGold(do="gold", what="own", revision=2)),
    ],
)
def test_commands_are_read(text: str, command: Command) -> None:
    assert read_command(text) == command


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"do": "erase"}', '{"do": "settle", "theirs": []}', '{"do": "gold", "what": "all", "revision": 1}'],
)
def test_what_the_page_cannot_ask_for_is_refused(text: str) -> None:
    with pytest.raises(BoneGradeError, match="cannot be done; reload it"):
        read_command(text)
