"""The Agreement tab: how far readers agree with each other, with the model and with gold, and how long they take."""

import json
import logging
from typing import Any, Final

import gradio as gr

from core.access.roles import Action, Reader
from core.agreement import (
    LEAST_FILMS,
    MODEL,
    AgeScale,
    Calibration,
    Comparison,
    Kappa,
    ReadingCollector,
    ReadingTable,
    compare,
    gold_scores,
    of_sittings_over,
    pooled_kappas,
    read_counts,
    reading_times,
)
from core.agreement.choices import POOLED, choices, chosen, scores_for, times_for
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from webapp.agreement.figures import ages_figure, confusion_figure, kappa_figure, times_figure
from webapp.agreement.layout import SCALE_NAMES, Layout, heading
from webapp.agreement.look_back import look_back_part
from webapp.agreement.tables import (
    ages_table,
    confusion_table,
    gold_table,
    headline_tiles,
    kappa_table,
    times_table,
)
from webapp.agreement.words import (
    ages_sentence,
    choice_title,
    confusion_sentence,
    gold_sentence,
    kappa_sentence,
    model_note,
    times_sentence,
    voice_name,
)
from webapp.assess.summary import message
from webapp.desk import Desk
from webapp.shared.components import Updates, line
from webapp.shared.errors import NOT_COMPARED, sentence_of
from webapp.shared.words import counted

_log = logging.getLogger(__name__)

DEMO: Final = (
    "This is a demo: nothing that readers say is kept, so there is nothing to compare. Start the app on your own "
    "computer, or with a login, and readings are kept."
)
NOTHING_READ: Final = (
    "Nobody has read a film yet: save a reading on the Annotate tab, then press Refresh. Two readers on the same films "
    "are compared with each other, one reader with the model."
)
NOTHING_TO_SEE: Final = (
    "There is nothing that you may see yet: your own grades beside the model's appear once you have saved a reading, "
    "and how far all readers agree once two of them have read the same films."
)
NOTHING_TO_COMPARE: Final = (
    "Films were read, but none by two readers, and none has a prediction: let a second reader read them, or have them "
    "assessed on the Queue tab, then press Refresh."
)
ONE_READER: Final = (
    "So far no film has been read by two readers: kappa between readers appears when a second one reads the same "
    "films, which a reviewer can assign on the Queue tab."
)
POOLED_NOTE: Final = (
    "For all readers together only kappa is shown, so that no reader's own reading can be worked out from it."
)

#: One at a time over all sessions: the first look at a large ledger takes seconds, and its table then serves everybody.
_IN_LINE: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "agreement"}

#: Where the page left the choice to the server, the choice that was shown is filled in; what a person chose since then stays.
_FILL_IN_JS: Final = """(choice, bone, answer) => {
  const { asked, shown } = JSON.parse(answer);
  return [choice === asked[0] ? shown[0] : choice, bone === asked[1] ? shown[1] : bone];
}"""


def build_agreement_tab(desk: Desk, tab: gr.Tab) -> None:
    """Lays out the tab inside the surrounding gr.Blocks and wires it up. tab: when it is chosen, the newest figures show."""
    _Tab(desk, tab)


class _Tab(Layout):
    """What the tab does."""

    def __init__(self, desk: Desk, tab: gr.Tab):
        self._desk = desk
        self._collector = None if desk.ledger is None else ReadingCollector(desk.ledger)
        super().__init__(desk.ledger)
        self._wire(tab)

    def _wire(self, tab: gr.Tab) -> None:
        parts = (self.kappa, self.confusion, self.ages, self.times)
        # One event for everything that changes what is shown, so that two answers are never on their way at once: a choice
        # made while the last one is being answered waits for that answer, and is then sent with all that is chosen by then.
        shown = gr.on(
            [tab.select, self.refresh.click, self.choice.change, self.scale.change, self.bone.change],
            self._show,
            [self.choice, self.scale, self.bone],
            [
                self.message, self.status, self.body, self.choice, self.scale, self.bone, self.tiles,
                self.confusion_column, self.ages_column, self.times_column, self.gold, self.gold_said, self.gold_films.part,
                self.look_back, self.answer,
                *(output for part in parts for output in part.outputs),
            ],
            trigger_mode="always_last",
            show_progress_on=self.status,
            api_visibility="private",
            **_IN_LINE,
        )  # fmt: skip
        choosers: list[Any] = [self.choice, self.bone]
        shown.then(None, [*choosers, self.answer], choosers, js=_FILL_IN_JS, api_visibility="private")
        self.gold_films.wire(
            self._change_gold,
            [self.scale],
            [self.gold_said, self.gold, self.gold_films.part],
            show_progress="hidden",
            api_visibility="private",
            **_IN_LINE,
        )

    def _show(
        self,
        key: str | None,
        scale: AgeScale,
        bone: str | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        try:
            if self._collector is None:
                return self._nothing(DEMO)
            reader = self._desk.reader(request)
            table = self._collector.table(lambda share: progress(share, desc="Reading the ledger"))
            own = {self.look_back: look_back_part(self._desk.ledger, table, reader)}
            entries = choices(table, reader)
            choice = chosen(entries, key)
            readers, films = read_counts(table)
            if choice is None:
                all_seen = reader.may(Action.SEE_ALL_READINGS)
                missing = NOTHING_READ if not films else NOTHING_TO_COMPARE if all_seen else NOTHING_TO_SEE
                return {**self._nothing(missing), **own}
            missing = "" if any(entry.key == POOLED for entry in entries) else ONE_READER
            pair = choice.pair
            found = None if pair is None else compare(table, pair.first, pair.second, scale, self._calibration(scale))
            shown_bone = bone if found is None else bone or _least_agreed(found)
            read = f"{counted(films, 'film')} read by {counted(readers, 'reader')}. {missing}"
            return {
                self.message: "",
                self.status: line(read, "agreement-status"),
                self.body: gr.Column(visible=True),
                self.choice: gr.Dropdown([(choice_title(entry, reader), entry.key) for entry in entries], visible=True),
                self.scale: gr.Dropdown(visible=True),
                self.answer: _answer([key, bone], [choice.key, shown_bone]),
                **self._compared(pooled_kappas(table), found, scale, shown_bone),
                **self._everybody(table, reader, scale),
                **own,
            }
        except Exception as error:
            return self._nothing(_sentence(error))

    def _nothing(self, text: str) -> Updates:
        """Takes the figures off the page and says why."""
        return {
            self.message: message(text, "warning"),
            self.status: "",
            self.body: gr.Column(visible=False),
            self.choice: gr.Dropdown(visible=False),
            self.scale: gr.Dropdown(visible=False),
            self.look_back: "",
            self.answer: _answer([None, None], [None, None]),
        }

    def _compared(
        self, pooled: dict[str, Kappa], found: Comparison | None, scale: AgeScale, bone: str | None
    ) -> Updates:
        """The parts that depend on who is compared. found: None for all readers together."""
        if found is None or bone is None:
            hidden = {column: gr.Column(visible=False) for column in (self.confusion_column, self.ages_column)}
            return {**hidden, self.tiles: "", **self._kappas(pooled, None)}
        names, scale_name = _names(found), SCALE_NAMES[scale]
        return {
            self.tiles: headline_tiles(found, scale_name),
            self.confusion_column: gr.Column(visible=True),
            self.ages_column: gr.Column(visible=True),
            **self._kappas(pooled, found),
            **self._on_bone(found, bone),
            **self.ages.shows(
                "Differences in age",
                ages_sentence(found.ages, *names, scale_name),
                ages_figure(found.ages, *names),
                ages_table(found.ages.differences),
            ),
        }

    def _kappas(self, pooled: dict[str, Kappa], found: Comparison | None) -> Updates:
        if found is None:
            kappas, names, note = pooled, ("", ""), POOLED_NOTE
        else:
            kappas = {bone: one.kappa for bone, one in found.bones.items()}
            names, note = _names(found), model_note(found) if found.pair.second == MODEL else ""
        return self.kappa.shows(
            "Weighted kappa by bone",
            kappa_sentence(kappas, *names),
            kappa_figure(kappas, None if found is None else pooled),
            kappa_table(kappas, None if found is None else found.bones),
            note,
        )

    def _on_bone(self, found: Comparison, bone: str) -> Updates:
        one, names = found.bones[bone], _names(found)
        enough = any(other.kappa.films >= LEAST_FILMS for other in found.bones.values())
        return {
            self.bone: gr.Dropdown(visible=enough),
            **self.confusion.shows(
                "Grade by grade",
                confusion_sentence(one, *names),
                confusion_figure(one, *names),
                confusion_table(one, *names),
            ),
        }

    def _everybody(self, table: ReadingTable, reader: Reader, scale: AgeScale) -> Updates:
        """The parts on every reader, or on this one alone for a reader who may not see the others."""
        times = times_for(reader, reading_times(table))
        return {
            self.times_column: gr.Column(visible=bool(times)),
            **self.times.shows("Time per film", times_sentence(times), times_figure(times), times_table(times)),
            self.gold: self._scores(table, reader, scale),
            self.gold_said: "",
            self.gold_films.part: self.gold_films.shown(table, reader),
        }

    def _scores(self, table: ReadingTable, reader: Reader, scale: AgeScale) -> str:
        """How everybody, or this reader alone, stands against the gold readings."""
        all_names = reader.may(Action.SEE_ALL_READINGS)
        if not all_names and self._desk.ledger is not None:
            table = of_sittings_over(table, self._desk.ledger, reader)
        scores = scores_for(reader, gold_scores(table, scale, self._calibration(scale)))
        return heading("Gold films", gold_sentence(scores, all_names)) + gold_table(scores, SCALE_NAMES[scale])

    def _change_gold(self, scale: AgeScale, asked: gr.EventData, request: gr.Request) -> Updates:
        """Makes a film gold, or takes its gold reading back, and shows what stands then."""
        try:
            reader = self._desk.reader(request)
            said = self.gold_films.change(asked._data, reader)
            if self._collector is None:
                raise BoneGradeError(DEMO)
            table = self._collector.table()
            return {
                self.gold_said: "",
                self.gold: self._scores(table, reader, scale),
                self.gold_films.part: self.gold_films.shown(table, reader, said),
            }
        except Exception as error:
            return {self.gold_said: message(_sentence(error), "warning")}

    def _calibration(self, scale: AgeScale) -> Calibration | None:
        """The shipped calibration, for which the networks must be loaded; only for the scale that needs it."""
        return self._desk.load_assessor().grader.radiologists_age if scale == "calibrated" else None


def _answer(asked: list[str | None], shown: list[str | None]) -> str:
    """What _FILL_IN_JS hears: comparison and bone as the page asked for them, and as they are shown."""
    return json.dumps({"asked": asked, "shown": shown})


def _names(found: Comparison) -> tuple[str, str]:
    return voice_name(found.pair.first), voice_name(found.pair.second)


def _least_agreed(found: Comparison) -> str:
    """The bone to look at first."""
    values = {bone: one.kappa.value for bone, one in found.bones.items() if one.kappa.value is not None}
    return min(values, key=lambda bone: values[bone], default=RUS_BONES[0])


def _sentence(error: Exception) -> str:
    return sentence_of(error, NOT_COMPARED, _log, "Comparing readings failed.")
