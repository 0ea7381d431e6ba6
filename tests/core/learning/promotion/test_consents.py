"""Consents that were taken back between an export and the run that learned from it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.access.roles import OPERATOR
from core.keeping.erasing import erase_films
from core.learning.promotion.consents import check_consents
from core.learning.run.candidate import CandidateRefused
from core.learning.run.record import learned_from
from core.ledger import Consent
from tests.core.learning.made_runs import write_run_file, write_weights
from tests.stored_films import Store, hand


def test_a_run_from_films_whose_consent_was_taken_back_before_it_is_refused(store: Store, tmp_path: Path) -> None:
    live, run = write_weights(tmp_path / "live"), tmp_path / "run"
    withdrawn, other, later, stays = (store.film(number) for number in range(4))

    def learns(*films: str, began: datetime) -> Path:
        write_run_file(run, live, learned_films=learned_from(films), began_at=began.isoformat(timespec="seconds"))
        return run

    now = datetime.now(UTC)
    everything = [film.sha256 for film in (withdrawn, other, later, stays)]
    check_consents(learns(*everything, began=now), store.ledger)
    erase_films(store.ledger, [withdrawn.id, later.id], OPERATOR, labels_too=False)
    check_consents(learns(*everything, began=now - timedelta(hours=1)), store.ledger)
    with pytest.raises(CandidateRefused, match="learned from 2 films whose consent was withdrawn after the export"):
        check_consents(learns(*everything, began=now + timedelta(hours=1)), store.ledger)
    store.ledger.add_film(hand(0), "F", reader="anna", source="queue", consent=Consent())  # given again
    with pytest.raises(CandidateRefused, match="learned from 1 film whose"):
        check_consents(learns(*everything, began=now + timedelta(hours=1)), store.ledger)
    erase_films(store.ledger, [other.id], OPERATOR, labels_too=True)
    with pytest.raises(CandidateRefused, match="learned from 1 film whose"):
        check_consents(learns(other.sha256, stays.sha256, began=now - timedelta(hours=1)), store.ledger)
    check_consents(learns("ab" * 32, began=now + timedelta(hours=1)), store.ledger)  # of another ledger


@pytest.mark.parametrize(
    "facts",
    [
        {"learned_films": None}, {"learned_films": "all"}, {"learned_films": [["a"]]}, {"began_at": None},
        {"began_at": "yesterday"}, {"began_at": "2026-05-01T12:00:00"},
    ],
)  # fmt: skip
def test_a_run_that_does_not_say_what_it_learned_from_is_refused(
    facts: dict[str, object], store: Store, tmp_path: Path
) -> None:
    write_run_file(tmp_path / "run", write_weights(tmp_path / "live"), **facts)
    with pytest.raises(CandidateRefused, match="The run run does not say which films it learned from and when"):
        check_consents(tmp_path / "run", store.ledger)
