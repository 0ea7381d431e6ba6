"""Two models on one film: the live one and another, bone by bone, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from core.assessment.live_model import live_model, weights_folder
from core.assessment.records import Assessment
from core.bones import RUS_BONES, Sex
from core.composites.examples import Example
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph, read_radiograph
from core.learning.promotion.side_by_side import ModelAnswer, SideBySide
from core.learning.run.runs import Runs
from webapp.assess.in_hand import FilmInHand
from webapp.assess.tab import AssessTab
from webapp.desk import Desk
from webapp.service import TURNS
from webapp.shared.components import line, part_heading, styled_html
from webapp.shared.templates import render
from webapp.shared.words import NO_VALUE, probability, weights_line, year_range, years

ASSESSED: Final = "The film on the Assess tab"
NOT_ASSESSED: Final = "No film has been assessed on the Assess tab: assess one there, or choose an example here."
NO_MODEL: Final = (
    "There is no other model to choose: let a run end, or promote one, and the models before it are in the list."
)


class SideBySidePart:
    """The components of the part, and what its button shows."""

    def __init__(self, desk: Desk, runs: Runs, assess: AssessTab, examples: Sequence[Example]):
        self._desk, self._runs, self._examples = desk, runs, examples
        self._film_state, self._assessment_state = assess.film, assess.assessment
        part_heading("Two models on one film")
        with gr.Row(equal_height=False):
            films = [(ASSESSED, -1), *((one.caption, place) for place, one in enumerate(examples))]
            self.film = gr.Dropdown(films, value=-1, label="Film", elem_id="train-side-film", interactive=True)
            self.model = gr.Dropdown([], label="Beside the live model", elem_id="train-side-model", interactive=True)
        self.note = styled_html(line(NO_MODEL, "table-note"), elem_id="train-side-note")
        self.show = gr.Button("Read it with both", elem_id="train-side-show", interactive=False)
        self.message = styled_html(elem_id="train-side-message", elem_classes="message-slot")
        self.table = styled_html(elem_id="train-side")

    def inputs(self) -> list[gr.components.Component]:
        """What `read` is given."""
        return [self.film, self.model, self._film_state, self._assessment_state]

    def models(self, chosen: str | None) -> dict[Any, Any]:
        """The runs that have ended, and the versions that can be brought back; where there are none, the sentence that says so.
        chosen: stays chosen, if it is one of them."""
        # Imported here because it loads torch, and the page need not wait for that.
        from core.learning.promotion.versions import versions

        live = live_model().version
        ended = [name for name in self._runs.names() if self._runs.view(name).state == "done"]
        names = [*ended, *(name for name in reversed(versions(weights_folder())) if name != live)]
        kept: dict[str, Any] = {} if chosen in names else {"value": next(iter(names), None)}
        return {
            self.model: gr.Dropdown(choices=names, **kept),
            self.note: "" if names else line(NO_MODEL, "table-note"),
            self.show: gr.Button(interactive=bool(names)),
        }

    def read(self, film: int, model: str | None, in_hand: FilmInHand | None, assessment: Assessment | None) -> str:
        """What both models say, as HTML. film: the place of an example, or -1 for the film on the Assess tab.
        Raises BoneGradeError without a model or a film, and where one of the two is no longer there."""
        # Imported here, as above.
        from core.learning.promotion.models_at_hand import compare_on_film

        if model is None:
            raise BoneGradeError(NO_MODEL)
        read, sex = self._chosen(film, in_hand, assessment)
        place = str(self._runs.path(model)) if model in self._runs.names() else model
        with TURNS.now():
            found = compare_on_film(read, sex, self._desk.load_assessor(), live_model().version, place)
        self._check(film, in_hand)
        return as_html(found)

    def _chosen(self, film: int, in_hand: FilmInHand | None, assessment: Assessment | None) -> tuple[Radiograph, Sex]:
        if film >= 0:
            example = self._examples[film]
            return read_radiograph(example.path), example.sex
        self._check(film, in_hand)
        if in_hand is None or assessment is None:
            raise BoneGradeError(NOT_ASSESSED)
        return in_hand.radiograph, assessment.sex

    def _check(self, film: int, in_hand: FilmInHand | None) -> None:
        """Raises FilmErased where the film on the Assess tab is the one to be read, and was erased."""
        if film < 0 and in_hand is not None:
            in_hand.check(self._desk.erasures)


@dataclass(frozen=True)
class _Row:
    """title: a bone, or a figure of the whole hand. values: the live model's and the other's. apart: they differ.
    difference: the other's less the live model's, empty where there is none."""

    title: str
    values: tuple[str, ...]
    apart: bool
    difference: str


def as_html(found: SideBySide) -> str:
    """The table of both, with the weights that made each."""
    sides = (found.live, found.other)
    return render(
        "train/side_by_side.html",
        sides=[
            {"title": title, "name": one.name, "weights": weights_line(one.weights), "refusal": one.refusal}
            for title, one in zip(("Live model", "Other model"), sides, strict=True)
        ],
        bones=[_of_bone(sides, bone) for bone in RUS_BONES],
        whole=_of_hand(sides),
    )


def _of_bone(sides: Sequence[ModelAnswer], bone: str) -> _Row:
    given = [None if one.assessment is None else one.assessment.bones[bone] for one in sides]
    said = tuple(NO_VALUE if one is None else f"{one.label} ({probability(max(one.probabilities))})" for one in given)
    grades = [None if one is None else one.grade for one in given]
    return _Row(bone, said, grades[0] != grades[1], _less(grades, "{:+.0f}"))


def _of_hand(sides: Sequence[ModelAnswer]) -> list[_Row]:
    """The totals and ages."""
    cards = [None if one.assessment is None else one.assessment.standards["rus_chn"] for one in sides]
    months = [None if one.assessment is None else one.assessment.bone_age_months for one in sides]
    ends = [None if one.assessment is None else one.assessment.interval90_months for one in sides]
    return [
        _numbers("RUS-CHN score", [None if card is None else card.total for card in cards], "{:.0f}", "{:+.0f}"),
        _numbers("Bone age, months", months, "{:.1f}", "{:+.1f}"),
        _numbers("Bone age, years", [one and years(one) for one in months], "{:.1f}", "{:+.1f}"),
        _words("90 % interval, years", [None if one is None else year_range(*map(years, one)) for one in ends]),
    ]


def _numbers(title: str, values: Sequence[float | None], form: str, signed: str) -> _Row:
    said = [None if one is None else form.format(one) for one in values]
    row = _words(title, said)
    return replace(row, difference=_less(values, signed) if row.apart else "")


def _words(title: str, values: Sequence[str | None]) -> _Row:
    return _Row(title, tuple(one or NO_VALUE for one in values), values[0] != values[1], "")


def _less(values: Sequence[float | None], form: str) -> str:
    live, other = values
    return "" if live is None or other is None or live == other else form.format(other - live)
