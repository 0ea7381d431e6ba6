"""How much may be sent: what is counted, for whom there is room left, and when it comes back."""

import pytest

from webapp.entrance.files.quota import Quota, Room, Upload, UploadLimits, UploadRefused

_FILE = 4096
LIMITS = UploadLimits(
    seconds=60,
    address=Room(5, 10 * _FILE),
    person=Room(30, 100 * _FILE),
    addresses=20 * _FILE,
    all=40 * _FILE,
    free=1000,
)


class Made:
    """A quota whose time and disk a test moves on."""

    def __init__(self) -> None:
        self.now, self.free = 1000.0, 1 << 40
        self.quota = Quota(LIMITS, lambda: self.now, lambda: self.free)

    def sent(self, client: str, size: int, *, known: bool = False, files: int = 1, kept: bool = True) -> Upload:
        """One request from its beginning to its end."""
        upload = self.quota.begin(client, known=known, announced=0)
        try:
            self.quota.add(upload, files=files, size=size)
        except UploadRefused:
            self.quota.end(upload, kept=False)
            raise
        self.quota.end(upload, kept=kept)
        return upload


def refused(made: Made, client: str, size: int, *, known: bool = False, files: int = 1) -> tuple[int, str]:
    """Status and sentence."""
    with pytest.raises(UploadRefused) as refusal:
        made.sent(client, size, known=known, files=files)
    return refusal.value.status, str(refusal.value)


def test_a_client_has_as_much_room_as_any_other_until_what_they_sent_is_gone() -> None:
    made = Made()
    for _ in range(3):
        made.sent("one", 2 * _FILE)
        made.now += 10
    status, sentence = refused(made, "one", 2 * _FILE)
    assert status == 429 and "from your address" in sentence
    made.sent("two", 2 * _FILE)
    made.now += 29
    assert refused(made, "one", 2 * _FILE)[0] == 429, "an hour has not passed"
    made.now += 1
    made.sent("one", 2 * _FILE)


def test_a_person_who_sends_more_files_than_there_is_room_for_is_told_how_many_that_is() -> None:
    made = Made()
    made.sent("anna", 0, known=True, files=30)
    status, sentence = refused(made, "anna", 0, known=True)
    assert status == 429 and "as much as one person may within an hour (30 files" in sentence


def test_many_empty_files_are_counted_too() -> None:
    made = Made()
    made.sent("one", 0, files=5)
    assert refused(made, "one", 0)[0] == 429
    assert refused(made, "two", 0, files=6) == (
        413,
        "These are more files than may be sent from one place within an hour (5): send fewer, or a zip of them.",
    )


def test_what_is_too_much_by_itself_is_refused_before_it_is_read() -> None:
    made = Made()
    with pytest.raises(UploadRefused, match="send fewer or smaller files") as refusal:
        made.quota.begin("one", known=False, announced=10 * _FILE + 1)
    assert refusal.value.status == 413
    made.quota.begin("one", known=True, announced=10 * _FILE + 1)


def test_what_was_broken_off_takes_no_room() -> None:
    made = Made()
    for _ in range(9):
        made.sent("one", 9 * _FILE, kept=False)
    made.sent("one", 9 * _FILE)


def test_what_is_on_its_way_is_counted() -> None:
    made = Made()
    going = made.quota.begin("one", known=False, announced=0)
    made.quota.add(going, size=8 * _FILE)
    assert refused(made, "one", 2 * _FILE)[0] == 429
    made.quota.end(going, kept=False)
    made.sent("one", 2 * _FILE)


def test_many_addresses_together_leave_room_for_those_who_are_signed_in_and_these_have_an_end_too() -> None:
    made = Made()
    made.sent("one", 9 * _FILE)
    made.sent("two", 9 * _FILE)
    status, sentence = refused(made, "three", 0)
    assert status == 429 and "signed in go first" in sentence
    made.sent("anna", 18 * _FILE, known=True)
    assert refused(made, "anna", _FILE, known=True)[0] == 429, "the folder has a ceiling"


def test_the_disk_is_never_filled() -> None:
    made = Made()
    made.free = 2 * _FILE + 1500
    status, sentence = refused(made, "one", _FILE)
    assert status == 507 and "disk is nearly full" in sentence
    made.sent("anna", _FILE, known=True)
    made.free = 2 * _FILE + 999
    assert refused(made, "anna", _FILE, known=True)[0] == 507
