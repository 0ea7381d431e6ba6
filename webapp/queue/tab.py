"""The Queue tab: films to read in an order of one's choice, and the way in for many of them at once."""

import atexit
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import gradio as gr

from core.access.roles import Action, Reader
from core.annotation.queue_wish import Wish
from core.annotation.queue_words import QueueWord, say_of_films
from core.intake import Filing
from core.intake.background import BackgroundAssessor
from core.ledger.checks import checked_name
from core.ledger.queue.reading_queue import counts, next_film, queue_rows
from webapp.annotate.parts import asking
from webapp.annotate.tab import AnnotateTab
from webapp.desk import Desk
from webapp.queue.layout import Layout
from webapp.queue.upload import UploadPart
from webapp.queue.view import DEMO, VIEWER, background_panel, count_tiles, film_table, finished, note
from webapp.service import TURNS
from webapp.shared.components import Updates, classes_if, line, styled_html
from webapp.shared.errors import TRY_AGAIN, sentence_of
from webapp.shared.words import counted

_log = logging.getLogger(__name__)


_PAGE: Final = 25

#: Everything that lists films waits in one line, so that what was asked for last is answered last: a list for an earlier
#: choice or for the timer never arrives after the newest. A list takes milliseconds, so one line serves everybody.
_IN_LINE: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "queue"}

#: A row that is redrawn keeps the tick of the one that stood in its place, unless the page is told.
_TICKS: Final = "() => { window.bonegradeQueue.drawTicks(); return []; }"


def build_queue_tab(
    desk: Desk, annotate: AnnotateTab, tabs: gr.Tabs, tab: gr.Tab, names: Callable[[], Sequence[str]] = tuple
) -> BackgroundAssessor | None:
    """Lays out the tab inside the surrounding gr.Blocks, wires it up and starts the assessing in the background, which is
    returned; None in a demo.

    tabs: those to which the tab belongs, one of which has the id "annotate". tab: the tab itself. names: of the known
    readers; where it gives none, films can be assigned to any name.
    """
    if desk.ledger is None:
        styled_html(DEMO)
        return None
    filing = Filing(desk.ledger, desk.load_assessor, TURNS.when_free)
    background = BackgroundAssessor(filing)
    atexit.register(background.stop)
    _Tab(desk, filing, background, annotate, tabs, tab, names)
    background.start()
    return background


class _Tab(Layout):
    """What the tab does."""

    def __init__(
        self,
        desk: Desk,
        filing: Filing,
        background: BackgroundAssessor,
        annotate: AnnotateTab,
        tabs: gr.Tabs,
        tab: gr.Tab,
        names: Callable[[], Sequence[str]],
    ):
        self._desk = desk
        self._ledger = filing.ledger
        self._background = background
        self._names = names
        super().__init__(lambda: UploadPart(desk, filing, background))
        self._film_to_open = annotate.film_to_open
        self._tabs = tabs
        self._wire(tab)

    def _wire(self, tab: gr.Tab) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        filters = [self.order, self.state, self.sex, self.youngest, self.oldest, self.mine]
        listed = [
            self.counts, self.progress, self.timer, self.table, self.place, self.previous, self.next, self.page,
            self.chosen, self.starting, self.filtering,
        ]  # fmt: skip
        shown = [*listed, self.message]
        everything = [*shown, self.viewer, self.uploading, self.acts, self.assigning, self.assignee]
        news = [self.upload.done, self.upload.taken]
        listing: dict[str, Any] = {**quiet, **_IN_LINE}
        listings = [
            gr.on(None, self._opened_page, None, everything, **listing),  # when the page is loaded
            tab.select(self._selected, [*filters, self.page], everything, trigger_mode="always_last", **listing),
            gr.on(
                [part.change for part in filters],  # type: ignore[attr-defined]
                self._first_page,
                filters,
                shown,
                trigger_mode="always_last",
                **listing,
            ),
            self.upload.added.then(self._added, [*filters, self.upload.taken], [*shown, *news], **listing),
            *(
                button.click(self._turned(step), [*filters, self.page], shown, **listing)
                for button, step in ((self.previous, -1), (self.next, 1))
            ),
        ]
        ticking = [*filters, self.page, self.chosen, self.upload.taken]
        self.timer.tick(self._tick, ticking, [*listed, *news], **listing)
        opening = [self._film_to_open, self._tabs, *shown]
        self.opened.change(self._open, [self.opened], opening, **quiet)
        self.start.click(self._start, filters, opening, **listing)
        told = [*filters, self.page, self.chosen]
        said = [*shown, self.reason]
        listings += [
            self.skip.click(self._skip, told, said, **listing),
            self.flag.click(self._flag, [*told, self.reason], said, **listing),
            self.unflag.click(self._unflag, [*told, self.reason], said, **listing),
            self.assign.click(self._assign, [*told, self.assignee], said, **listing),
        ]
        for event in listings:
            event.then(None, js=_TICKS, **quiet)

    # What the page shows

    def _opened_page(self, request: gr.Request) -> Updates:
        """A page that was just loaded, with the filters as they are laid out."""
        return self._whole_page(request, Wish(), 0)

    def _selected(self, request: gr.Request, *values: Any) -> Updates:
        """The tab was chosen: what changed meanwhile is shown."""
        *wish, page = values
        return self._whole_page(request, Wish(*wish), page)

    def _whole_page(self, request: gr.Request, wish: Wish, page: int) -> Updates:
        def found(reader: Reader) -> Updates:
            may_add = reader.may(Action.ADD_FILMS)
            listed = self._listed(reader, wish, page)
            # loading a page also chooses its tab, and what is ticked after the first answer must outlive the second
            del listed[self.chosen]
            return {
                **listed,
                self.viewer: "" if may_add else note(VIEWER, "warning", "View only"),
                self.uploading: gr.Column(visible=may_add),
                self.acts: gr.Row(visible=reader.may(Action.CORRECT)),
                self.assigning: gr.Row(elem_classes=classes_if(reader.may(Action.ASSIGN))),
                self.assignee: gr.Dropdown(choices=[("nobody", ""), *((name, name) for name in self._names())]),
            }

        return self._answered(request, found)

    def _first_page(self, request: gr.Request, *wish: Any) -> Updates:
        return self._answered(request, lambda reader: self._listed(reader, Wish(*wish), 0))

    def _added(self, request: gr.Request, *values: Any) -> Updates:
        """Films were added; the model may have seen all of them by now."""
        *wish, taken = values
        return self._answered(request, lambda reader: self._with_news(self._listed(reader, Wish(*wish), 0), taken))

    def _with_news(self, listed: Updates, taken: Any) -> Updates:
        """The list, and what has become of the films that were added last, at that moment or later."""
        waits = self._background.progress().at_work  # asked first: what has ended by then is in the ledger
        return {**listed, **self.upload.news(taken, waits=waits)}

    def _turned(self, step: int) -> Callable[..., Updates]:
        """Moves the list by this number of pages."""

        def turn(request: gr.Request, *values: Any) -> Updates:
            *wish, page = values
            return self._answered(request, lambda reader: self._listed(reader, Wish(*wish), max(0, page + step)))

        return turn

    def _tick(self, request: gr.Request, *values: Any) -> Updates:
        """While films are assessed: the numbers move; the list grows, unless someone is choosing from it."""
        *wish, page, chosen, taken = values

        def found(reader: Reader) -> Updates:
            listed = self._numbers(reader) if chosen else self._listed(reader, Wish(*wish), page)
            return self._with_news(listed, taken)

        updates = self._answered(request, found)
        updates.pop(self.message)
        return updates

    def _listed(self, reader: Reader, wish: Wish, page: int) -> Updates:
        """One page of the list of films, and all numbers. Raises BoneGradeError."""
        rows = queue_rows(
            self._ledger, reader.name, wish.in_order, wish.filter(reader), limit=_PAGE + 1, offset=page * _PAGE
        )
        here = rows[:_PAGE]
        first = page * _PAGE
        place = f"Films {first + 1:,} to {first + len(here):,}" if here else ""
        numbers = counts(self._ledger, reader.name)
        done = wish.state == "to_read" and not here and page == 0
        return {
            **self._numbers(reader),
            self.table: finished(numbers, wish.narrows, reader.may(Action.ADD_FILMS))
            if done
            else film_table(here, reader.may(Action.CORRECT)),
            self.place: line(place, role="status"),
            self.previous: gr.Button(interactive=page > 0),
            self.next: gr.Button(interactive=len(rows) > _PAGE),
            self.page: page,
            self.chosen: "",
            self.starting: gr.Row(visible=numbers.films > 0),
            self.filtering: gr.Row(visible=numbers.films > 0),
        }

    def _numbers(self, reader: Reader) -> Updates:
        progress = self._background.progress()
        return {
            self.counts: count_tiles(counts(self._ledger, reader.name)),
            self.progress: background_panel(progress),
            self.timer: gr.Timer(active=progress.at_work),
        }

    # What a person asks for

    def _open(self, opened: str, request: gr.Request) -> Updates:
        """A film of the list, in the Annotate tab."""
        film_id = opened.partition(":")[0]
        return self._answered(request, lambda reader: self._annotate(int(film_id)))

    def _start(self, request: gr.Request, *wish: Any) -> Updates:
        """The next film to read, in the Annotate tab."""

        def found(reader: Reader) -> Updates:
            wanted = Wish(*wish)
            wanted = replace(wanted, state="to_read")
            film_id = next_film(self._ledger, reader.name, wanted.in_order, wanted.filter(reader))
            if film_id is not None:
                return self._annotate(film_id)
            numbers = counts(self._ledger, reader.name)
            return {
                **self._listed(reader, Wish(*wish), 0),
                self.table: finished(numbers, wanted.narrows, reader.may(Action.ADD_FILMS)),
            }

        return self._answered(request, found)

    def _annotate(self, film_id: int) -> Updates:
        self._ledger.film(film_id)
        return {self._film_to_open: asking(film_id), self._tabs: gr.Tabs(selected="annotate")}

    def _skip(self, request: gr.Request, *values: Any) -> Updates:
        *told, chosen = values
        return self._said(request, told, chosen, "skip", "skipped")

    def _flag(self, request: gr.Request, *values: Any) -> Updates:
        *told, chosen, reason = values
        if not reason.strip():
            return {self.message: note("Say in a few words why you flag it, so that others can settle it.")}
        return self._said(request, told, chosen, "flag", "flagged", reason.strip())

    def _unflag(self, request: gr.Request, *values: Any) -> Updates:
        *told, chosen, reason = values
        return self._said(request, told, chosen, "unflag", "without a flag", reason.strip())

    def _assign(self, request: gr.Request, *values: Any) -> Updates:
        *told, chosen, name = values
        name = (name or "").strip()
        names = self._names()
        if name and names and name not in names:
            return {self.message: note("There is no reader of this name: choose one from the list.")}
        done = f"assigned to {name}" if name else "assigned to nobody"
        return self._said(request, told, chosen, "assign", done, checked_name(name) if name else "")

    def _said(
        self,
        request: gr.Request,
        told: Sequence[Any],
        chosen: str,
        word: QueueWord,
        done: str,
        text: str = "",
    ) -> Updates:
        """Says something about each chosen film."""

        def found(reader: Reader) -> Updates:
            film_ids = [int(film_id) for film_id in chosen.split(",") if film_id]
            say_of_films(self._ledger, film_ids, word, reader, text)
            *wish, page = told
            return {
                **self._listed(reader, Wish(*wish), page),
                self.message: note(f"{counted(len(film_ids), 'film')} {done}.", "good", "Done"),
                self.reason: "",
            }

        return self._answered(request, found)

    def _answered(self, request: gr.Request, found: Callable[[Reader], Updates]) -> Updates:
        """What was asked for, or the sentence that says why not."""
        try:
            return {self.message: "", **found(self._desk.reader(request))}
        except Exception as error:
            return {self.message: note(sentence_of(error, TRY_AGAIN, _log, "The queue could not do what was asked."))}
