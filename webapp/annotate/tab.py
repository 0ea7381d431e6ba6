"""The Annotate tab: correct any box or grade of a film, by mouse or by keyboard alone, and lose nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from webapp.annotate.handlers import Handlers
from webapp.annotate.parts import Parts
from webapp.assess.tab import AssessTab
from webapp.desk import Desk

#: Boxes are regraded one at a time, each in its turn among whole films, so that a moved box never waits for their queue.
_REGRADING: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "regrade"}
_QUIETLY: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
#: Events that fill the page with a film wait in one line, so that the film that was asked for last is the one that stays.
_OPENING: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "opening", **_QUIETLY}
#: So does the look for writing, which may be asked for again before it has been answered, for another film or tick.
_LOOKING: Final[dict[str, Any]] = {
    "concurrency_limit": 1,
    "concurrency_id": "writing",
    "trigger_mode": "always_last",
    **_QUIETLY,
}

#: An event sends the server the work as the browser has it at that moment; states stay on the server.
_WORK_JS: Final = "() => [window.bonegradeWork.message(), null, null]"
_FIRST_AND_WORK_JS: Final = "(first) => [first, window.bonegradeWork.message(), null, null]"
#: See scripts/annotate_opening.js for how a film is asked for.
_ASKED_JS: Final = "async (asked) => [await window.bonegradeOpening.asked(asked), null, null, null]"
_PENDING_JS: Final = "(asked) => [window.bonegradeOpening.pending(asked), null, null, null]"
_CORRECT_JS: Final = """async (asked) => {
  const pending = window.bonegradeOpening.pending(asked);
  await window.bonegradeOpening.asked("assessed");
  return [pending, null, null, null];
}"""
_COMMAND_JS: Final = (
    "(command, work, film, assessment, ...consent) => [...window.bonegradeWork.command(), null, null, ...consent]"
)


@dataclass(frozen=True)
class AnnotateTab:
    """What other tabs may build on.

    film_to_open: setting it to webapp.annotate.parts.asking(number) opens that film. wire_select, wire_correct: to be
    called with the tab, and with the tabs to which it belongs, among which its id is "annotate".
    """

    film_to_open: gr.Textbox
    wire_select: Callable[[gr.Tab], None]
    wire_correct: Callable[[gr.Tabs], None]


def build_annotate_tab(desk: Desk, assess: AssessTab) -> AnnotateTab:
    """Lays out the tab inside the surrounding gr.Blocks and wires it up."""
    tab = _Tab(desk, assess)
    return AnnotateTab(tab.parts.film_to_open, tab.wire_select, tab.wire_correct)


class _Tab:
    """Which event calls which handler. The browser holds the work: see scripts/annotate.js."""

    def __init__(self, desk: Desk, assess: AssessTab):
        self._assess = assess
        self.parts = Parts()
        self._do = Handlers(desk, self.parts)
        self._wire()

    def _wire(self) -> None:
        parts = self.parts
        held = [self._assess.film, self._assess.assessment]
        opening = [*held, parts.has_guide]
        asked = [parts.consent_part, parts.consent, *parts.terms.inputs]
        self._page_of_film = [
            parts.empty, parts.page, parts.editor, parts.no_pixels, parts.totals, parts.workplace, parts.clash, parts.writing,
            *asked, parts.gold, parts.history, parts.opened, parts.has_guide,
        ]  # fmt: skip
        by_number = parts.film_to_open.change(
            self._do.open_film, [parts.film_to_open, *opening], self._page_of_film, js=_ASKED_JS, **_OPENING
        )
        self._hear_opened(by_number)
        parts.keep_button.click(
            self._do.keep,
            [parts.work, *held],
            [parts.kept],
            js=_WORK_JS,
            trigger_mode="multiple",
            queue=False,
            **_QUIETLY,
        ).then(None, [parts.kept], [parts.totals], js="(text) => window.bonegradeWork.kept(text)", **_QUIETLY)
        parts.editor.change(
            self._do.boxes_changed,
            [parts.editor, parts.work, *held],
            [parts.boxes, parts.editor],
            js=_FIRST_AND_WORK_JS,
            preprocess=False,
            **_REGRADING,
            **_QUIETLY,
        ).then(None, [parts.boxes], None, js=_heard("boxesChanged"), **_QUIETLY)
        parts.redraw_button.click(
            self._do.redraw,
            [parts.work, *held],
            [parts.editor],
            js=_WORK_JS,
            trigger_mode="always_last",
            **_QUIETLY,
        )
        parts.act_button.click(
            self._do.act,
            [parts.command, parts.work, *held, parts.consent, *parts.terms.inputs],
            [
                parts.acted,
                parts.clash,
                parts.gold,
                parts.history,
                *asked,
                parts.film_to_open,
                parts.editor,
                parts.no_pixels,
                parts.totals,
            ],
            js=_COMMAND_JS,
            **_QUIETLY,
        ).then(None, [parts.acted], None, js=_heard("acted"), **_QUIETLY)
        parts.nudge_button.click(lambda: None, trigger_mode="multiple", **_QUIETLY)
        self._look_for_writing(parts.consent.input)

    def _look_for_writing(self, event: Callable[..., Any]) -> None:
        """Has the event followed by a look at the film for burned-in writing."""
        inputs = [self.parts.consent, self.parts.work, self._assess.film, self._assess.assessment]
        event(self._do.look_for_writing, inputs, [self.parts.writing], js=_FIRST_AND_WORK_JS, **_LOOKING)

    def _hear_opened(self, opening: Any) -> Any:
        """Has the script told of the film that the event opened, or that it opened none."""
        opening.failure(None, js="() => { window.bonegradeOpening.failed(); return []; }", **_QUIETLY)
        heard = opening.then(None, [self.parts.opened], None, js=_heard("opened"), **_QUIETLY)
        self._look_for_writing(heard.then)
        return heard

    def wire_correct(self, tabs: gr.Tabs) -> None:
        """Takes the assessed film over when a reader asks to correct it, whatever film is open, and shows the tab.

        Where no film is open yet, choosing the tab opens it: its parts are not on the page until then.
        """
        parts = self.parts
        held = [self._assess.film, self._assess.assessment]
        opening = self._assess.correct.click(
            self._do.correct_assessed,
            [parts.film_to_open, *held, parts.has_guide],
            self._page_of_film,
            trigger_mode="always_last",
            js=_CORRECT_JS,
            **_OPENING,
        )
        self._hear_opened(opening).then(lambda: gr.Tabs(selected="annotate"), None, tabs, queue=False, **_QUIETLY)

    def wire_select(self, tab: gr.Tab) -> None:
        """Opens the assessed film when the tab is chosen and nothing is open yet; never over the film at work."""
        parts = self.parts
        held = [self._assess.film, self._assess.assessment]
        opening = tab.select(
            self._do.selected,
            [parts.film_to_open, *held, parts.has_guide],
            self._page_of_film,
            trigger_mode="always_last",
            js=_PENDING_JS,
            **_OPENING,
        )
        self._hear_opened(opening)


def _heard(message: str) -> str:
    """Hands a message of the server to the script."""
    return f"async (text) => {{ await window.bonegradeWork.{message}(text); return []; }}"
