"""The Train tab, for those who may train: collect, start, watch, cancel, compare, promote, roll back."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import gradio as gr

from core.access.roles import Action, enforce
from core.assessment.live_model import SHIPPED, live_model, read_history, weights_folder
from core.assessment.records import Assessment
from core.composites.examples import Example
from core.dataset.hub.private import NO_TOKEN, a_dataset, may_send
from core.errors import BoneGradeError
from core.learning.run.runs import ComparisonState, Runs, RunView
from webapp.assess.in_hand import FilmInHand
from webapp.assess.summary import message
from webapp.assess.tab import AssessTab
from webapp.desk import Desk
from webapp.shared.components import Updates, styled_html
from webapp.shared.errors import NOTHING_CHANGED, sentence_of
from webapp.shared.templates import render
from webapp.shared.words import counted
from webapp.train.layout import NOT_HERE, Layout
from webapp.train.side_by_side import SideBySidePart

_log = logging.getLogger(__name__)

DEMO: Final = "This is a demo: nothing that readers say is kept, so there is nothing to learn from."
_STATES: Final = {
    "starting": "it is starting.",
    "running": "it is learning.",
    "done": "it has ended: compare it with the live model.",
    "cancelled": "it was cancelled.",
    "failed": "its process ended before it was done; the log says why.",
}
#: How a job on the hub is doing, by the hub's own word for it.
_STAGES: Final = {
    "SCHEDULING": "it waits for a machine",
    "RUNNING": "it is running",
    "COMPLETED": "it has ended",
    "CANCELED": "it was cancelled",
    "ERROR": "it failed",
}
_QUIETLY: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
_IN_LINE: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "train"}


def build_train_tab(desk: Desk, tab: gr.Tab, assess: AssessTab, examples: Sequence[Example]) -> None:
    """Lays out the tab inside the surrounding gr.Blocks and wires it up. tab: it is filled when this is chosen. assess,
    examples: where the films come from about which two models may be asked."""
    if desk.ledger is None:
        styled_html(render("shared/line.html", text=DEMO, kind="", role=None))
        return
    _Tab(desk, tab, assess, examples)


class _Tab(Layout):
    """What the tab does."""

    def __init__(self, desk: Desk, tab: gr.Tab, assess: AssessTab, examples: Sequence[Example]):
        assert desk.ledger is not None
        self._desk, self._ledger = desk, desk.ledger
        self._runs = Runs(self._ledger.folder)
        self._trains_here = desk.access.mode != "space"
        self._sends = may_send()
        super().__init__(
            lambda: SideBySidePart(desk, self._runs, assess, examples), trains_here=self._trains_here, sends=self._sends
        )
        self._wire(tab)

    def _wire(self, tab: gr.Tab) -> None:
        watched = [
            self.progress, self.curve, self.gate, *self.gate_plots.values(), self.timer, self.cancel, self.compare,
            self.promote,
        ]  # fmt: skip
        everything = [
            *self.messages(), self.collected, self.collected_plot, self.command, self.command_note, self.run,
            self.rollback, self.beside.model, self.beside.show, self.beside.note, *watched,
        ]  # fmt: skip
        tab.select(self._selected, [self.run, self.beside.model], everything, **_QUIETLY)
        self.run.input(self._chosen, self.run, [self.message, *watched], **_QUIETLY)
        self.timer.tick(self._chosen, self.run, [self.message, *watched], **_QUIETLY)
        for button, act in (
            (self.start, self._start), (self.cancel, self._cancel), (self.compare, self._compare),
            (self.promote, self._promote), (self.rollback, self._rollback),
        ):  # fmt: skip
            button.click(act, self.run, everything, api_visibility="private", **_IN_LINE)
        self.start_job.click(
            self._start_job, [self.dataset, self.hardware], everything, api_visibility="private", **_IN_LINE
        )
        self.beside.show.click(
            self._read_by_both,
            self.beside.inputs(),
            [*self.messages(), self.beside.table],
            api_visibility="private",
            **_IN_LINE,
        )

    # --- What is shown ----------------------------------------------------------------------------------------------

    def _selected(self, name: str | None, beside: str | None, request: gr.Request) -> Updates:
        return self._shown(request, lambda: self._all(name, beside))

    def _chosen(self, name: str | None, request: gr.Request) -> Updates:
        return self._shown(request, lambda: self._watched(name))

    def _shown(self, request: gr.Request, show: Callable[[], Updates], where: gr.HTML | None = None) -> Updates:
        """What there is to see, for whoever may see it. If something was done meanwhile, its message stays. where: the
        message that says why not, the tab's own if not given."""
        try:
            enforce(self._desk.reader(request), Action.TRAIN)
            return show()
        except Exception as error:
            text = sentence_of(error, NOTHING_CHANGED, _log, "Something on the Train tab failed.")
            return {where or self.message: message(text, title="Not done")}

    def _all(self, name: str | None, beside: str | None = None) -> Updates:
        """beside: the model chosen to be set beside the live one, which stays chosen."""
        # Imported here because these load torch and pyarrow, and the page need not wait for them.
        from core.learning.gate.passing import kept_report
        from core.learning.lessons.collected import collected
        from webapp.train.figures import collected_figure
        from webapp.train.seen_again import seen_again

        live = live_model()
        data, again = seen_again(self._sends)
        report = kept_report(live.folder)
        since = 0 if report is None or report.sides.revision is None else report.sides.revision
        found = collected(self._ledger, since)
        figure = collected_figure(found)
        history = read_history(weights_folder())
        when = f", {history[-1].how} by {history[-1].by} on {history[-1].at[:10]}" if history else ""
        tiles = [
            {"name": "Films", "value": f"{found.films:,}", "below": [f"{found.taken:,} to learn from"]},
            {"name": "Grades", "value": f"{found.grades:,}", "below": ["of the films to learn from"]},
            {"name": "Boxes", "value": f"{found.boxes:,}", "below": ["moved or drawn by readers"]},
            {"name": "Readers", "value": f"{len(found.readers):,}", "below": [", ".join(found.readers)]},
            {"name": "Consent", "value": f"{found.consent:,}", "below": ["read films whose pixels are kept"]},
        ]
        words = (
            f"Live model: version {live.version}{when}. Revision {found.revision:,} of the ledger; what was said after "
            f"revision {since:,} is counted."
        )
        uses = (
            f"A run learns from everything that readers have said so far: from {counted(found.taken_in_all, 'film')}."
        )
        names = self._runs.names()
        shown = name if name in names else names[0] if names else None
        return {
            self.collected: render(
                "train/collected.html", tiles=tiles, model=words, uses=uses, left_out=found.left_out, again=again
            ),
            self.collected_plot: gr.Plot(value=figure, visible=figure is not None),
            self.command: self._runs.command(live, data),
            self.command_note: render(
                "train/command.html",
                weights=None if live.version == SHIPPED else live.folder,
                data=data,
                runs=self._runs.folder,
            ),
            self.run: gr.Dropdown(choices=names, value=shown),
            self.rollback: gr.Button(interactive=bool(history) and history[-1].before is not None),
            **self.beside.models(beside),
            **self._watched(shown),
        }

    def _watched(self, name: str | None) -> Updates:
        # Imported here, as above.
        from core.learning.gate.passing import kept_report
        from webapp.train.figures import curve_figure, difference_figures

        if name is None:
            return {
                self.progress: "", self.curve: gr.Plot(visible=False), self.gate: "", self.timer: gr.Timer(active=False),
                **{plot: gr.Plot(visible=False) for plot in self.gate_plots.values()},
                **{button: gr.Button(interactive=False) for button in (self.cancel, self.compare, self.promote)},
            }  # fmt: skip
        view, comparison = self._runs.view(name), self._runs.comparison(name)
        curve, report = curve_figure(view.measurements), kept_report(self._runs.path(name))
        promoted = kept_report(live_model().folder)
        is_live = promoted is not None and promoted.sides.run == name
        drawn = {} if report is None else difference_figures(report)
        at_rest = view.state == "done" and comparison != "running" and not is_live
        return {
            self.progress: _of_run(view, comparison, is_live),
            self.curve: gr.Plot(value=curve, visible=curve is not None),
            self.gate: "" if report is None else render("train/gate.html", report=report),
            self.timer: gr.Timer(active=view.at_work or comparison == "running"),
            self.cancel: gr.Button(interactive=view.at_work and not view.cancelling),
            self.compare: gr.Button(interactive=at_rest),
            self.promote: gr.Button(interactive=at_rest and report is not None and report.promotes),
            **{plot: gr.Plot(value=drawn.get(unit), visible=unit in drawn) for unit, plot in self.gate_plots.items()},
        }

    # --- What is done -----------------------------------------------------------------------------------------------

    def _done(
        self,
        request: gr.Request,
        act: Callable[[], str | None],
        show: Callable[[str | None], Updates],
        where: gr.HTML,
    ) -> Updates:
        """Does something for whoever may, and shows what came of it. where: the message beside the button."""
        said: Updates = dict.fromkeys(self.messages(), "")
        return {**said, **self._shown(request, lambda: show(act()), where)}

    def _start(self, name: str | None, request: gr.Request) -> Updates:
        def act() -> str:
            if not self._trains_here:
                raise BoneGradeError(NOT_HERE)
            # Imported here because torch takes seconds to import, and the page need not wait for it.
            from core.learning.lessons.collected import collected
            from core.learning.lessons.training_data import training_data

            data = training_data()
            collected(self._ledger, 0).check_enough()
            return self._runs.start(live_model().folder, None if data is None else data.folder)

        return self._done(request, act, self._all, self.run_message)

    def _start_job(self, dataset: str, hardware: str, request: gr.Request) -> Updates:
        def act() -> str:
            if not self._sends:
                raise BoneGradeError(NO_TOKEN)
            # Imported here, as above.
            from core.learning.lessons.collected import collected

            target = a_dataset(dataset.strip())
            collected(self._ledger, 0).check_enough()
            return self._runs.start_job(live_model().folder, target, hardware)

        return self._done(request, act, self._all, self.job_message)

    def _cancel(self, name: str | None, request: gr.Request) -> Updates:
        return self._done(request, lambda: self._runs.cancel(name or ""), lambda _: self._all(name), self.run_message)

    def _compare(self, name: str | None, request: gr.Request) -> Updates:
        def act() -> None:
            # Imported here because torch takes seconds to import, and the page need not wait for it.
            from core.learning.promotion.going_live import admit

            admit(self._runs.path(name), live_model(), self._ledger)  # so that anything wrong with it is said at once
            self._runs.compare(name or "")

        return self._done(request, act, lambda _: self._all(name), self.gate_message)

    def _promote(self, name: str | None, request: gr.Request) -> Updates:
        def act() -> None:
            # Imported here because torch takes seconds to import, and the page need not wait for it.
            from core.learning.gate.passing import GateSettings
            from core.learning.promotion.going_live import compared

            reader = self._desk.reader(request)
            entry = compared(self._runs.path(name), self._ledger, GateSettings()).go_live(reader.name)
            self._desk.note(request, reader, "promoted", detail=f"version {entry.version}")

        return self._done(request, act, lambda _: self._all(name), self.gate_message)

    def _rollback(self, name: str | None, request: gr.Request) -> Updates:
        def act() -> None:
            # Imported here because torch takes seconds to import, and the page need not wait for it.
            from core.learning.promotion.versions import rollback

            reader = self._desk.reader(request)
            entry = rollback(weights_folder(), None, reader.name)
            self._desk.note(request, reader, "promoted", detail=f"back to version {entry.version}")

        return self._done(request, act, lambda _: self._all(name), self.gate_message)

    def _read_by_both(
        self,
        film: int,
        model: str | None,
        in_hand: FilmInHand | None,
        assessment: Assessment | None,
        request: gr.Request,
    ) -> Updates:
        shown: list[str] = []
        updates = self._done(
            request,
            lambda: shown.append(self.beside.read(film, model, in_hand, assessment)),
            lambda _: {self.beside.table: shown[0]},
            self.beside.message,
        )
        return {self.beside.table: "", **updates}


def _of_run(view: RunView, comparison: ComparisonState, is_live: bool) -> str:
    job = view.job and replace(view.job, stage=_STAGES.get(view.job.stage, view.job.stage))
    return render(
        "train/run.html",
        name=view.name,
        words=_words(view, comparison, is_live),
        output=view.output,
        job=job,
        curves=view.curves,
    )


def _words(view: RunView, comparison: ComparisonState, is_live: bool) -> str:
    if comparison == "running":
        return "it is being compared with the live model, film by film."
    if comparison == "failed":
        return "its comparison with the live model failed; the log says why."
    if is_live:
        return "it has ended, and is the live model."
    if view.at_work and view.cancelling:
        return "it ends with its next step."
    measured = f" {counted(len(view.measurements), 'measurement')} so far." if view.measurements else ""
    return _STATES.get(view.state, view.state) + measured
