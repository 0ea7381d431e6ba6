"""What a session has in memory of a film goes when the film is erased, by another process too, and every answer says so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from gradio.state_holder import StateHolder

from core.access.roles import OPERATOR
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.film.radiograph import Radiograph, read_radiograph
from core.keeping.erasing import erase_films
from core.learning.run.runs import Runs
from core.ledger import Consent, Ledger, LedgerSettings
from tests.hands import shipped_examples
from webapp.assess.film_view import NO_FILM_YET
from webapp.assess.in_hand import FilmInHand
from webapp.assess.tab import AssessTab, _Tab, build_assess_tab
from webapp.desk import Desk
from webapp.entrance.files.films_passing import ERASED, FilmErased
from webapp.service import live_assessor
from webapp.train.side_by_side import SideBySidePart


@pytest.fixture
def film_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hand as a visitor sent it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "passing"))
    path = tmp_path / "passing" / "a1" / "upload"
    path.parent.mkdir(parents=True)
    path.write_bytes(shipped_examples()[0].path.read_bytes())
    return path


@pytest.fixture
def erase(ledger: Ledger, tmp_path: Path, film_file: Path) -> Callable[[], None]:
    """Erases the film as the command line does, though nobody of the ledger's readers has seen it on this page."""
    number = ledger.add_film(read_radiograph(film_file), "F", reader="ben", source="queue", consent=Consent()).film.id

    def elsewhere() -> None:
        other = Ledger.open(LedgerSettings.in_folder(tmp_path / "data"))
        erase_films(other, [number], OPERATOR, labels_too=True)
        other.close()

    return elsewhere


@pytest.fixture
def desk(ledger: Ledger, assessor: Assessor) -> Desk:
    return Desk(lambda: assessor, ledger, None)  # type: ignore[arg-type]


def test_sessions_forget_the_film_that_was_erased_and_keep_the_others(
    desk: Desk, film_file: Path, erase: Callable[[], None], assessment: Assessment, radiograph: Radiograph
) -> None:
    with gr.Blocks() as app:
        tab = build_assess_tab(desk, ())
    states = StateHolder()  # type: ignore[no-untyped-call]
    states.set_blocks(app)
    held = FilmInHand.of_file(str(film_file))
    assert held.read is not None and held.read.sha256 != radiograph.sha256
    found = {"erased": held, "other": FilmInHand("other", radiograph)}
    for name, film in found.items():
        states[name][tab.film._id] = film
        states[name][tab.assessment._id] = assessment_of(assessment, film.radiograph)
        states[name]._update_value_in_config(tab.correct._id, "a picture")
    desk.erasures.look()
    assert states["erased"][tab.film._id] is held, "nothing was erased yet"
    erase()
    desk.erasures.look()
    left = states["erased"][tab.film._id]
    assert left.read is None and left.hand is None and left.nbytes == 0
    assert states["erased"][tab.assessment._id] is None
    assert not states["erased"].config_values and not film_file.exists()
    assert states["other"][tab.film._id] is found["other"] and states["other"][tab.assessment._id] is not None
    with pytest.raises(FilmErased):
        _ = left.radiograph


def assessment_of(assessment: Assessment, film: Radiograph) -> Assessment:
    """As if it were of this film."""
    return replace(assessment, film_sha256=film.sha256)


@pytest.mark.parametrize("looked", [False, True])
def test_every_way_to_the_film_says_that_it_was_erased_until_it_is_sent_anew(
    ledger: Ledger, film_file: Path, erase: Callable[[], None], looked: bool, assessment: Assessment
) -> None:
    desk = Desk(live_assessor, ledger, None)  # type: ignore[arg-type]
    with gr.Blocks():
        tab = _Tab(desk, ())
    path, content = str(film_file), film_file.read_bytes()
    film = tab._show(path, "F", None, None, None, "")[tab.film_state]
    erase()
    if looked:
        desk.erasures.look()
        film = film.erased()
    for held in (film, None):
        shown = tab._show(path, "F", held, None, None, "")
        assert ERASED in shown[tab.message] and shown[tab.film_view] == NO_FILM_YET and shown[tab.film_state] is None
        answer = tab._assess(path, "F", held, "L", "grad_cam", 0.4, 3)[tab.answer]
        shown = tab._show(path, "F", held, None, answer, answer.number)
        assert ERASED in shown[tab.message] and shown[tab.film_view] == NO_FILM_YET
    shown = tab._stage_changed(film, assessment, "grad_cam", 0.4, 2)
    assert ERASED in shown[tab.message] and shown[tab.crops] == "" and shown[tab.film_state] is None
    assert not film_file.exists()
    film_file.parent.mkdir()
    film_file.write_bytes(content)
    again = tab._show(path, "F", film, None, None, "")
    assert again[tab.film_state].read is not None and not again[tab.message], "an erasure is not a ban"


def test_an_answer_that_was_on_its_way_is_not_shown(
    ledger: Ledger, film_file: Path, erase: Callable[[], None], tmp_path: Path
) -> None:
    def erased_meanwhile() -> Assessor:
        erase()
        return live_assessor()  # type: ignore[return-value]

    with gr.Blocks():
        tab = _Tab(Desk(erased_meanwhile, ledger, None), ())  # type: ignore[arg-type]
    answer = tab._assess(str(film_file), "F", None, "L", "grad_cam", 0.4, 3)[tab.answer]
    assert ERASED in answer.updates[tab.message] and answer.updates[tab.film_state] is None
    assert [path for path in (tmp_path / "passing").rglob("*.pdf")] == []


def test_two_models_are_not_shown_beside_each_other_on_it(
    desk: Desk, tmp_path: Path, film_file: Path, erase: Callable[[], None], assessment: Assessment
) -> None:
    with gr.Blocks():
        tab = AssessTab(gr.State(), gr.State(), gr.Button())
        part = SideBySidePart(desk, Runs(tmp_path / "runs"), tab, ())
    held = FilmInHand.of_file(str(film_file))
    erase()
    for film, said in ((held, assessment), (held.erased(), None)):
        with pytest.raises(FilmErased, match="erased after it was sent here"):
            part.read(-1, "first", film, said)
