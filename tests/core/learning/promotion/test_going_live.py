"""No way to the live model leads past the consents: not the page's, not the command's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.access.roles import OPERATOR
from core.assessment import live_model as live_models
from core.assessment.live_model import live_model
from core.keeping.erasing import erase_films
from core.learning.gate.passing import GateSettings
from core.learning.promotion.going_live import admit, compare, compared
from core.learning.run.candidate import CandidateRefused
from core.learning.run.record import learned_from
from core.ledger import Ledger
from tests.core.learning.made_runs import write_run, write_weights
from tests.stored_films import Store

_SETTINGS = GateSettings(least_gold=1, stress_films=0, pictures_a_kind=0)
_WAYS: dict[str, Callable[[Path, Ledger], object]] = {
    "admit": lambda run, ledger: admit(run, live_model(), ledger),
    "compare": lambda run, ledger: compare(run, ledger, lambda: pytest.fail("read before the consents"), _SETTINGS),
    "compared": lambda run, ledger: compared(run, ledger, _SETTINGS),
}


@pytest.mark.parametrize("way", _WAYS)
def test_a_run_that_learned_from_a_withdrawn_film_is_not_let_in(
    way: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_models, "WEIGHTS", write_weights(tmp_path / "program"))
    monkeypatch.setenv("BONEGRADE_WEIGHTS", str(tmp_path / "kept"))
    film = store.film(0)
    began = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    learned = learned_from([film.sha256])
    run = write_run(tmp_path / "run", live_model().folder, learned_films=learned, began_at=began)
    assert admit(run, live_model(), store.ledger).name == "run", "while the consent stands"
    erase_films(store.ledger, [film.id], OPERATOR, labels_too=False)
    with pytest.raises(CandidateRefused, match="learned from 1 film whose consent was withdrawn"):
        _WAYS[way](run, store.ledger)
    assert live_model().version == "shipped" and not (run / "gate.json").exists()
