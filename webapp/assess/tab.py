"""The Assess tab: a film in; boxes, graded crops with their maps, scores and the bone age out."""

import functools
import json
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr
from gradio.context import Context

from core.assessment.records import Assessment
from core.bones import Sex
from core.composites.examples import Example
from core.errors import BoneGradeError, FilmRefused
from core.film.stated import Side
from webapp.assess.crop_cards import crop_grid
from webapp.assess.film_view import film_preview
from webapp.assess.in_hand import FilmInHand, forget_in_sessions
from webapp.assess.layout import Layout
from webapp.assess.shown import READ_UNTIL, MapWish, assessed, drawn, emptied
from webapp.assess.summary import (
    sex_message,
)
from webapp.desk import Desk
from webapp.entrance.files.films_passing import FilmErased
from webapp.service import TURNS
from webapp.shared.components import Updates
from webapp.shared.errors import FILM_NOT_READ, sentence_of

_log = logging.getLogger(__name__)

NO_FILM: Final = "There is no film yet: drop a file on the box, or choose an example, and press Assess again."
NO_SEX: Final = "Choose the child's sex, then press Assess again: the score tables differ for girls and boys."
NO_FILM_AND_SEX: Final = (
    "Choose the child's sex and drop a film on the box, then press Assess again; "
    "or choose an example, whose sex is known."
)

#: All work on the processor's cores waits in one line, so that two films do not slow each other down.
_ONE_AT_A_TIME: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "inference"}

_SHOW_OVERLAY: Final = "(overlay, opacity) => { window.bonegrade.showOverlay(overlay, opacity); return []; }"


@dataclass(frozen=True)
class _Answer:
    """What came of assessing a film: what the page is to show, so long as the film and the sex are still those chosen.

    number: the name by which the page asks for the answer. film: the one that it is about; None where none is shown.
    """

    number: str
    path: str | None
    sex: Sex | None
    updates: Updates
    film: FilmInHand | None


@dataclass(frozen=True)
class AssessTab:
    """What the other tabs may build on: the session's film and its assessment, None until there is one.

    correct: the button with which a reader takes the assessed film over to the Annotate tab.
    """

    film: gr.State
    assessment: gr.State
    correct: gr.Button


def build_assess_tab(desk: Desk, examples: Sequence[Example]) -> AssessTab:
    """Lays out the tab inside the surrounding gr.Blocks and wires it up."""
    tab = _Tab(desk, examples)
    app = Context.root_block
    assert app is not None, "the tab stands in a page"
    desk.erasures.tell(functools.partial(forget_in_sessions, app))
    return AssessTab(tab.film_state, tab.assessment_state, tab.correct)


class _Tab(Layout):
    """What the tab does."""

    def __init__(self, desk: Desk, examples: Sequence[Example]):
        self._load_assessor = desk.load_assessor
        self._erasures = desk.erasures
        super().__init__(examples)
        self._waits: dict[str, Any] = {
            "show_progress": "full", "show_progress_on": self.headline, "api_visibility": "private", **_ONE_AT_A_TIME,
        }  # fmt: skip
        self._wire(examples)

    def _wire(self, examples: Sequence[Example]) -> None:
        emptied = [
            self.message, self.read_other, self.film_state, self.assessment_state, self.film_view, self.headline,
            self.comes_about, self.verdict, self.details,
        ]  # fmt: skip
        answered = [
            *emptied, self.how, self.age_plot, self.crops, self.table, self.influence, self.influence_plot,
            self.download_report, self.download_json, self.provenance, self.assess, self.other_side,
        ]  # fmt: skip
        quietly: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

        # Quiet events are shown on the message; the headline would lose how far an answer is, and its place in the line.
        aside: dict[str, Any] = {**quietly, "show_progress_on": self.message}

        # One event for all that changes what is shown, with what is chosen by then: assessments come through it too, so that
        # an answer whose film or sex was changed meanwhile is not shown.
        shown = gr.on(
            [self.film.change, self.sex.change, self.answer_number.change],
            self._show,
            [self.film, self.sex, self.film_state, self.assessment_state, self.answer, self.answer_number],
            [*answered, self.answer, self.sex],
            trigger_mode="always_last",
            **aside,
        )

        for button, example in zip(self.example_buttons, examples, strict=True):
            # The sex at once, in the browser, so that it can't come after one chosen later; the films in one line.
            button.click(None, None, [self.sex], js=f"() => {json.dumps(example.sex)}", **quietly)
            chosen = button.click(
                _film_of(example),
                None,
                [self.film],
                trigger_mode="multiple",
                concurrency_limit=1,
                concurrency_id="example",
                **quietly,
            )
            self._assess_after(chosen.then, self.first_side, emptied, aside)
        for button, side in ((self.assess, self.first_side), (self.read_other, self.other_side)):
            self._assess_after(button.click, side, emptied, aside)
        self.sex.input(
            self._assess_for_sex,
            [self.film, self.sex, self.film_state, self.assessment_state, self.overlay, self.opacity, self.stage],
            [self.answer, self.answer_number],
            trigger_mode="multiple",
            **self._waits,
        )
        # The overlay may have been switched while the film was being assessed.
        switch: dict[str, Any] = {"fn": None, "inputs": [self.overlay, self.opacity], "js": _SHOW_OVERLAY}
        shown.then(**switch, **quietly)
        gr.on([self.overlay.change, self.opacity.change], **switch, **quietly)
        self.stage.change(
            self._stage_changed,
            [self.film_state, self.assessment_state, self.overlay, self.opacity, self.stage],
            [*emptied, self.crops],
            trigger_mode="always_last",
            show_progress_on=self.crops,
            api_visibility="private",
            **_ONE_AT_A_TIME,
        ).then(**switch, **quietly)

    def _assess_after(
        self, event: Callable[..., Any], side: gr.State, emptied: Sequence[Any], quietly: dict[str, Any]
    ) -> None:
        """Has the event followed by assessing what is chosen by then."""
        started = event(
            self._started,
            [self.film, self.film_state],
            [*emptied, self.assess],
            js="(film, held) => { window.bonegrade.showAnswer(); return [film, held]; }",
            queue=False,
            **quietly,
        )
        started.then(
            self._assess,
            [self.film, self.sex, self.film_state, side, self.overlay, self.opacity, self.stage],
            [self.answer, self.answer_number],
            **self._waits,
        )

    def _show(
        self,
        path: str | None,
        sex: Sex | None,
        film: FilmInHand | None,
        assessment: Assessment | None,
        answer: _Answer | None,
        number: str,
    ) -> Updates:
        """The answer that has come, if it is of the film and the sex that are chosen; else the film, not assessed, unless an
        assessment of it is on the page, which stays until that for the other sex has come."""
        if answer is None or answer.number != number:  # none, or the page has not heard of it yet and will ask again
            kept = self._is_of(film, path, assessment)
            return {self.message: gr.skip()} if kept else self._chosen(path, sex, film)
        once: Updates = {self.answer: None, self.assess: gr.Button(interactive=True)}
        if (answer.path, answer.sex) == (path, sex):
            if answer.film is not None and answer.film.was_erased(self._erasures):
                return {**emptied(self, None, _sentence(FilmErased())), **once}
            return {**answer.updates, **once}
        return once if self._is_of(film, path, assessment) else {**self._chosen(path, sex, film), **once}

    def _is_of(self, film: FilmInHand | None, path: str | None, assessment: Assessment | None) -> bool:
        """Whether the film in hand is the one that is chosen, and was assessed."""
        if film is None or film.path != path or film.hand is None or assessment is None:
            return False
        return not film.was_erased(self._erasures)

    def _chosen(self, path: str | None, sex: Sex | None, film: FilmInHand | None) -> Updates:
        """A film that was chosen and not assessed yet, with the sex that its file states. film: the one that was read last."""
        if path is None:
            return emptied(self, None)
        try:
            read = self._read(path, film)
        except Exception as error:
            return emptied(self, None, _sentence(error))
        said = read.radiograph.stated_sex
        by_file_so_far = film is not None and film.sex_by_file and sex == film.radiograph.stated_sex
        chosen: Updates = {}
        if said is not None and read is not film and (sex is None or by_file_so_far):
            sex, read = said, replace(read, sex_by_file=True)
            chosen = {self.sex: sex}
        # Left alone otherwise: the answer must not take back what a person has chosen meanwhile.
        return {
            **emptied(self, read),
            self.message: sex_message(read.radiograph.stated_sex, sex, read.sex_by_file),
            **chosen,
        }

    def _read(self, path: str, film: FilmInHand | None) -> FilmInHand:
        """The film, read if it is not the one in hand. Raises BoneGradeError."""
        if film is not None and film.path == path and not film.was_erased(self._erasures):
            return film
        read = FilmInHand.of_file(path)  # sent anew, where the one in hand was erased
        read.check(self._erasures)
        return read

    def _started(self, path: str | None, film: FilmInHand | None) -> Updates:
        updates = {**emptied(self, film), self.headline: "", self.assess: gr.Button(interactive=False)}
        if film is None or film.path != path:  # another film is being read, and is shown when that is done
            del updates[self.film_view]
        del updates[self.film_state]
        return updates

    def _assess(
        self,
        path: str | None,
        sex: Sex | None,
        film: FilmInHand | None,
        side: Side,
        overlay: str,
        opacity: float,
        stage: int,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        """Assesses the film. side: which hand is read where it shows two."""
        try:
            progress(0.0, desc="Reading the film")
            if path is None:
                raise BoneGradeError(NO_FILM_AND_SEX if sex is None else NO_FILM)
            if sex is None:
                raise BoneGradeError(NO_SEX)
            film = self._read(path, film)
            with TURNS.now():
                wish = MapWish(overlay, opacity, stage)
                updates = assessed(self, self._load_assessor, film, sex, side, wish, progress)
            film.check(self._erasures)
        except Exception as error:
            return self._failed(path, sex, film, error)
        return self._sent(path, sex, updates, film)

    def _assess_for_sex(
        self,
        path: str | None,
        sex: Sex,
        film: FilmInHand | None,
        assessment: Assessment | None,
        overlay: str,
        opacity: float,
        stage: int,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        """Assesses the film anew where it was assessed for the other sex."""
        if not self._is_of(film, path, assessment) or film is None or assessment is None or assessment.sex == sex:
            return {self.answer_number: gr.skip()}
        try:
            progress(READ_UNTIL, desc="Assessing for the other sex")
            with TURNS.now():
                assessor = self._load_assessor().by(assessment.weights)
                other = assessor.for_sex(film.found_hand, assessment, sex)
                updates = drawn(self, assessor, film, other, MapWish(overlay, opacity, stage), progress)
            film.check(self._erasures)
        except Exception as error:
            return self._failed(path, sex, film, error)
        return self._sent(path, sex, updates, film)

    def _failed(self, path: str | None, sex: Sex | None, film: FilmInHand | None, error: Exception) -> Updates:
        """What is sent instead of an answer."""
        shown = film if film is not None and film.path == path and not isinstance(error, FilmErased) else None
        updates = emptied(self, shown, _sentence(error))
        if shown is not None and isinstance(error, FilmRefused):
            updates[self.film_view] = film_preview(shown.radiograph, refused=True)
        return self._sent(path, sex, updates, shown)

    def _sent(self, path: str | None, sex: Sex | None, updates: Updates, film: FilmInHand | None) -> Updates:
        answer = _Answer(uuid.uuid4().hex, path, sex, updates, film)
        return {self.answer: answer, self.answer_number: answer.number}

    def _stage_changed(
        self,
        film: FilmInHand | None,
        assessment: Assessment | None,
        overlay: str,
        opacity: float,
        stage: int,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        if film is None:
            return {self.message: gr.skip()}
        try:
            film.check(self._erasures)
            if film.hand is None or assessment is None:
                return {self.message: gr.skip()}
            progress(0.1, desc=f"Explaining with stage {stage}")
            with TURNS.now():
                explanation = self._load_assessor().by(assessment.weights).explain(film.hand, assessment, stage)
            film.check(self._erasures)
            return {self.crops: crop_grid(assessment, explanation, overlay, opacity)}
        except FilmErased as error:
            return {**emptied(self, None, _sentence(error)), self.crops: ""}
        except Exception as error:
            gr.Warning(_sentence(error), title="The maps were not changed")  # the panel is far above them
            return {self.message: gr.skip()}


def _film_of(example: Example) -> Callable[[], str]:
    """What a click on an example's button fills in."""
    return lambda: str(example.path)


def _sentence(error: Exception) -> str:
    """The sentence for an error; what nobody foresaw goes to the log."""
    return sentence_of(error, FILM_NOT_READ, _log, "Assessing a film failed.")
