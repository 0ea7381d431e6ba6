"""What may be said of a consent."""

from datetime import UTC, datetime, timedelta

import pytest

from core.ledger import Consent, InvalidCorrection, InvalidFilm, consent_given


def test_a_consent_that_has_ended_keeps_no_picture() -> None:
    now = datetime.now(UTC)
    for over in (now, now - timedelta(days=9000), datetime(2001, 1, 1)):
        with pytest.raises(InvalidFilm, match="ended on"):
            consent_given("train", "", over)
    tomorrow = now + timedelta(days=1)
    given = consent_given("read", " form 7 ", tomorrow.replace(tzinfo=None))
    assert given == Consent("read", "form 7", tomorrow), "a day without a zone is one in UTC"
    assert consent_given("share", "", None) == Consent("share")


@pytest.mark.parametrize("reference", ["y" * 100_000, "form\0 7", "form \ud800"])
def test_a_reference_can_be_stored_by_every_database(reference: str) -> None:
    with pytest.raises(InvalidCorrection, match="The reference"):
        consent_given("train", reference, None)
