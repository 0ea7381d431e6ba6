"""The Annotate tab: correct any box or grade of a film, by mouse or by keyboard alone, and lose nothing."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache
from gradio_image_annotation import image_annotator

from core.bones import BONE_TITLES, RUS_BONES
from core.errors import BoneGradeError, BoxRefused
from core.readers import Action, Reader
from webapp.annotate_boxes import changed_boxes, editor_boxes, editor_picture, film_cutting
from webapp.annotate_desk import AnnotateDesk, Opened, Sitting
from webapp.annotate_model import Kind, frame_of, graded_box, kept_message, opened_facts, remark, saved_facts, told
from webapp.annotate_saving import NOTHING_NEW, NOTHING_TO_UNDO, UNSAVED_FIRST, Saved, Saving, corrections_file
from webapp.annotate_state import Work, current_boxes, read_work
from webapp.annotate_view import (
    NOTHING_OPEN,
    GradePicture,
    clash_panel,
    grade_guide,
    history_panel,
    key_strip,
    toolbar,
    totals,
    workplace,
    writing_panel,
)
from webapp.bone_style import bone_colour
from webapp.pictures import jpeg
from webapp.words import short_hash

if TYPE_CHECKING:
    from core.assessment import Assessment
    from webapp.assess_tab import AssessTab, FilmInHand
    from webapp.desk import Desk

_log = logging.getLogger(__name__)

UNEXPECTED: Final = (
    "Something went wrong in the program; your work is kept, and the server's log says what happened. Try once more."
)
NOT_ASSESSED: Final = "There is no assessed film yet: assess one on the Assess tab, or open one from the Queue."
FINISHED: Final = "The queue is finished: no film is left for you to read."

#: Boxes are regraded one at a time, apart from the assessing of whole films, so that a moved box never waits for a queue.
_REGRADING: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "regrade"}
_QUIETLY: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}

#: What goes to the server with an event is the work as the browser has it at that moment; states stay on the server.
_WORK_JS: Final = "() => [window.bonegradeWork.message(), null, null]"
_FIRST_AND_WORK_JS: Final = "(first) => [first, window.bonegradeWork.message(), null, null]"
_COMMAND_JS: Final = (
    "(command, work, film, assessment, consent) => [...window.bonegradeWork.command(), null, null, consent]"
)

Updates = dict[Any, Any]


@dataclass(frozen=True)
class AnnotateTab:
    """What other tabs may build on.

    film_to_open: setting it to a film's number opens that film. select: to be called when the tab is chosen; wire it as
    the tab's select event with `wire_select`.
    """

    film_to_open: gr.Textbox
    wire_select: Callable[[gr.Tab], None]


def build_annotate_tab(desk: "Desk", assess: "AssessTab") -> AnnotateTab:
    """Lays out the tab inside the surrounding gr.Blocks and wires it up."""
    tab = _Tab(desk, assess)
    return AnnotateTab(tab.film_to_open, tab.wire_select)


class _Tab:
    """The components of the tab and what they do. The browser holds the work: see scripts/annotate.js."""

    def __init__(self, desk: "Desk", assess: "AssessTab"):
        self._desk = desk
        self._annotate = AnnotateDesk(desk)
        self._saving = Saving(self._annotate)
        self._assess = assess
        self._build()
        self._wire()

    def _build(self) -> None:
        self.empty = _html(NOTHING_OPEN, elem_id="annotate-empty")
        with gr.Column(visible=False, elem_id="annotate") as self.page:
            _html(toolbar(), elem_id="annotate-bar")
            self.clash = _html(elem_id="annotate-clash")
            with gr.Row(equal_height=False, elem_classes="annotate-row"):
                with gr.Column(scale=5, min_width=320, elem_classes="annotate-film-side"):
                    self.editor = image_annotator(
                        label_list=list(RUS_BONES),
                        label_colors=[bone_colour(bone) for bone in RUS_BONES],
                        boxes_alpha=0.06,
                        box_thickness=2,
                        box_selected_thickness=3,
                        image_type="filepath",
                        sources=[],
                        show_label=False,
                        show_download_button=False,
                        show_share_button=False,
                        show_clear_button=False,
                        show_remove_button=True,
                        container=False,
                        elem_id="box-editor",
                    )
                    self.no_pixels = _html(elem_id="no-pixels")
                with gr.Column(scale=7, min_width=320, elem_classes="annotate-reading-side"):
                    self.totals = _html(elem_id="annotate-totals")
                    self.workplace = _html(elem_id="annotate-work")
            _html(key_strip(), elem_id="annotate-keys")
            with gr.Row(equal_height=False, elem_classes="annotate-foot"):
                with gr.Column(scale=5, min_width=320):
                    self.consent = gr.Checkbox(
                        False,
                        label="Keep this film's pixels with my corrections",
                        info="Without the tick only its labels are kept; with it, its picture is stored on the server, so "
                        "that it can be read again and used for training. Names in the file are never stored.",
                        elem_id="consent",
                    )
                    self.writing = _html(elem_id="annotate-writing")
                    gr.Textbox(label="Note on the film", lines=1, max_lines=4, max_length=2000, elem_id="film-note")
                with gr.Column(scale=7, min_width=320):
                    _html('<h3 class="part">History of this film</h3>')
                    self.history = _html(elem_id="annotate-history")
        self.has_guide = gr.State(False)
        self.film_to_open = gr.Textbox(visible="hidden", elem_id="film-to-open", label="Film to open")
        self.opened = gr.Textbox(visible="hidden", elem_id="annotate-opened")
        self.kept = gr.Textbox(visible="hidden")
        self.boxes = gr.Textbox(visible="hidden")
        self.acted = gr.Textbox(visible="hidden")
        self.command = gr.Textbox(visible="hidden")
        self.work = gr.Textbox(visible="hidden")
        self.keep_button = gr.Button(visible="hidden", elem_id="annotate-keep")
        self.act_button = gr.Button(visible="hidden", elem_id="annotate-act")
        self.redraw_button = gr.Button(visible="hidden", elem_id="annotate-redraw")

    def _wire(self) -> None:
        held = [self._assess.film, self._assess.assessment]
        opening = [*held, self.has_guide]
        hear_opened = {"fn": None, "inputs": [self.opened], "js": _heard("opened"), **_QUIETLY}
        self._page_of_film = [
            self.empty, self.page, self.editor, self.no_pixels, self.totals, self.workplace, self.clash, self.consent,
            self.writing, self.history, self.opened, self.film_to_open, self.has_guide,
        ]  # fmt: skip
        by_number = self.film_to_open.change(
            self._open_film, [self.film_to_open, *opening], self._page_of_film, concurrency_limit=2, **_QUIETLY
        )
        by_number.then(**hear_opened).then(
            self._look_for_writing, [self.consent, self.work, *held], [self.writing], js=_FIRST_AND_WORK_JS, **_QUIETLY
        )
        self._assess.correct.click(self._open_assessed, opening, self._page_of_film, **_QUIETLY).then(**hear_opened)
        self.keep_button.click(
            self._keep,
            [self.work, *held],
            [self.kept, self.totals],
            js=_WORK_JS,
            trigger_mode="multiple",
            queue=False,
            **_QUIETLY,
        ).then(None, [self.kept], None, js=_heard("kept"), **_QUIETLY)
        self.editor.change(
            self._boxes_changed,
            [self.editor, self.work, *held],
            [self.boxes, self.editor],
            js=_FIRST_AND_WORK_JS,
            preprocess=False,
            **_REGRADING,
            **_QUIETLY,
        ).then(None, [self.boxes], None, js=_heard("boxesChanged"), **_QUIETLY)
        self.redraw_button.click(
            self._redraw,
            [self.work, *held],
            [self.editor],
            js=_WORK_JS,
            trigger_mode="always_last",
            **_QUIETLY,
        )
        self.act_button.click(
            self._act,
            [self.command, self.work, *held, self.consent],
            [
                self.acted,
                self.clash,
                self.history,
                self.consent,
                self.film_to_open,
                self.editor,
                self.no_pixels,
                self.totals,
            ],
            js=_COMMAND_JS,
            **_QUIETLY,
        ).then(None, [self.acted], None, js=_heard("acted"), **_QUIETLY)
        self.consent.input(
            self._look_for_writing,
            [self.consent, self.work, *held],
            [self.writing],
            js=_FIRST_AND_WORK_JS,
            **_QUIETLY,
        )

    def wire_select(self, tab: gr.Tab) -> None:
        """Opens the assessed film when the tab is chosen and nothing is open yet; never over the film at work."""
        held = [self._assess.film, self._assess.assessment]
        tab.select(
            self._selected,
            [self.opened, self.film_to_open, *held, self.has_guide],
            self._page_of_film,
            **_QUIETLY,
        ).then(None, [self.opened], None, js=_heard("opened"), **_QUIETLY)

    # --- Opening ----------------------------------------------------------------------------------------------------

    def _selected(
        self,
        opened: str,
        to_open: str,
        held: "FilmInHand | None",
        assessment: "Assessment | None",
        has_guide: bool,
        request: gr.Request,
    ) -> Updates:
        if opened or to_open or held is None or assessment is None:
            return {self.has_guide: has_guide}
        return self._open_assessed(held, assessment, has_guide, request)

    def _open_assessed(
        self, held: "FilmInHand | None", assessment: "Assessment | None", has_guide: bool, request: gr.Request
    ) -> Updates:
        def opened(reader: Reader) -> Opened:
            if held is None or assessment is None:
                raise BoneGradeError(NOT_ASSESSED)
            return self._annotate.open_assessed(held, assessment, reader)

        return self._opening(opened, has_guide, request)

    def _open_film(
        self,
        number: str,
        held: "FilmInHand | None",
        assessment: "Assessment | None",
        has_guide: bool,
        request: gr.Request,
    ) -> Updates:
        if not number.strip():
            return {self.has_guide: has_guide}

        def opened(reader: Reader) -> Opened:
            if not number.strip().isdecimal():
                raise BoneGradeError(f"{number.strip()!r} is no film's number: open a film from the Queue.")
            return self._annotate.open_film(int(number), reader, held)

        return self._opening(opened, has_guide, request)

    def _opening(self, open_film: Callable[[Reader], Opened], has_guide: bool, request: gr.Request) -> Updates:
        """Fills the page with a film, or says why not; a film that is at work stays as it is."""
        try:
            reader = self._desk.reader(request)
            opened = open_film(reader)
            facts = opened_facts(opened, self._annotate, reader)
            filled = self._filled(opened, reader)
        except Exception as error:
            return {self.opened: told(message=remark(_warned(error), "error")), self.film_to_open: ""}
        guide = {} if has_guide else {self.workplace: workplace(grade_guide(_grade_pictures())), self.has_guide: True}
        return {**filled, **guide, self.opened: told(**facts), self.film_to_open: ""}

    def _filled(self, opened: Opened, reader: Reader) -> Updates:
        sitting, work = opened.sitting, opened.work
        film = sitting.film
        asks = self._desk.access.keeps and self._desk.ledger is not None and reader.may(Action.CORRECT)
        return {
            self.empty: gr.HTML(visible=False),
            self.page: gr.Column(visible=True),
            **self._film_views(sitting, work),
            self.totals: totals(self._annotate.live(work, sitting)),
            self.clash: "",
            self.consent: gr.Checkbox(value=False, visible=asks and (film is None or not film.consent)),
            self.writing: "",
            self.history: self._history(sitting, reader),
        }

    def _film_views(self, sitting: Sitting, work: Work) -> Updates:
        if sitting.radiograph is None:
            return {
                self.editor: gr.update(value=None, visible=False),
                self.no_pixels: '<p class="no-film">The pixels of this film were not kept, so it cannot be shown and no box '
                "moved. Add and assess the same film again to see it; it will be recognised.</p>",
            }
        return {self.editor: gr.update(value=self._editor_value(sitting, work), visible=True), self.no_pixels: ""}

    def _editor_value(self, sitting: Sitting, work: Work) -> dict[str, Any]:
        assert sitting.radiograph is not None
        frame = frame_of(sitting)
        picture = editor_picture(sitting.radiograph, frame, sitting.assessment.localization.inverted)
        path = save_bytes_to_cache(jpeg(picture), _picture_name(sitting.sha256), self.editor.GRADIO_CACHE)
        return {"image": str(path), "boxes": editor_boxes(current_boxes(work, sitting.assessment), frame)}

    def _history(self, sitting: Sitting, reader: Reader) -> str:
        if self._desk.ledger is None or sitting.film is None:
            return '<p class="blind">Nothing of this film is in the ledger yet.</p>'
        return history_panel(self._saving.history(sitting.film.id, reader), reader.may(Action.CORRECT))

    # --- While reading ----------------------------------------------------------------------------------------------

    def _keep(
        self, text: str, held: "FilmInHand | None", assessment: "Assessment | None", request: gr.Request
    ) -> tuple[Any, Any]:
        """Keeps the work as a draft and answers with what it comes to."""
        try:
            work = read_work(text)
            reader = self._desk.reader(request)
            sitting = self._annotate.sitting(work, held, assessment)
            work, was_kept = self._annotate.keep(work, sitting, reader)
            return kept_message(work, was_kept), totals(self._annotate.live(work, sitting))
        except Exception as error:
            sentence = _warned(error)
            document = json.loads(text or "{}")
            return told(sha256=document.get("sha256"), seq=document.get("seq"), error=sentence), gr.skip()

    def _boxes_changed(
        self, value: Any, text: str, held: "FilmInHand | None", assessment: "Assessment | None"
    ) -> tuple[Any, Any]:
        """Regrades the boxes that were changed; puts them back where they cannot be used."""
        payload = value if isinstance(value, dict) else getattr(value, "model_dump", dict)()
        if not payload or not text or text == "null":
            return gr.skip(), gr.skip()
        try:
            work = read_work(text)
            if not _shows(payload, work.sha256):
                return gr.skip(), gr.skip()
            sitting = self._annotate.sitting(work, held, assessment)
            changes: dict[str, Any] = {}
            try:
                before = current_boxes(work, sitting.assessment)
                for bone, box in changed_boxes(payload.get("boxes") or [], before, frame_of(sitting)).items():
                    graded = None if box is None else graded_box(sitting, self._annotate, bone, box)
                    changes[bone] = {"box": [] if box is None else list(box), "graded": graded}
            except BoxRefused as refusal:
                back = self._editor_value(sitting, work)
                return told(sha256=work.sha256, refused=f"{refusal} The box is back where it was."), back
            return (told(sha256=work.sha256, changes=changes) if changes else gr.skip()), gr.skip()
        except Exception as error:
            return told(message=remark(_warned(error), "error")), gr.skip()

    def _redraw(self, text: str, held: "FilmInHand | None", assessment: "Assessment | None") -> Any:
        """Puts the boxes of the work onto the film, after an undo or where a draft came back."""
        try:
            work = read_work(text)
            sitting = self._annotate.sitting(work, held, assessment)
            return gr.skip() if sitting.radiograph is None else self._editor_value(sitting, work)
        except Exception as error:
            _warned(error)
            return gr.skip()

    def _look_for_writing(
        self, ticked: bool, text: str, held: "FilmInHand | None", assessment: "Assessment | None"
    ) -> str:
        """Points out burned-in writing where the film's pixels are kept, or are to be."""
        if not text or text == "null":
            return ""
        try:
            sitting = self._annotate.sitting(read_work(text), held, assessment)
            kept = sitting.film is not None and sitting.film.consent
            return self._writing(sitting) if ticked or kept else ""
        except Exception as error:
            _warned(error)
            return ""

    def _writing(self, sitting: Sitting) -> str:
        if sitting.radiograph is None:
            return ""
        from core.burned_in_text import find_text

        film = sitting.radiograph
        places = [film_cutting(film, place.box) for place in find_text(film) if place.kind == "writing"]
        return writing_panel(places) if places else ""

    # --- Saving -----------------------------------------------------------------------------------------------------

    def _act(
        self,
        command_text: str,
        text: str,
        held: "FilmInHand | None",
        assessment: "Assessment | None",
        consent: bool,
        request: gr.Request,
    ) -> Updates:
        """Does what the reader asked for: save, save and next, settle a conflict, undo or redo a save, restore, download."""
        try:
            command, work = json.loads(command_text), read_work(text)
            reader = self._desk.reader(request)
            sitting = self._annotate.sitting(work, held, assessment)
            match command.get("do"):
                case "save" | "next":
                    saved = self._saving.save(work, sitting, reader, consent=consent)
                    return self._answered(saved, sitting, reader, goes_on=command["do"] == "next")
                case "settle":
                    saved = self._saving.settle(
                        work,
                        sitting,
                        reader,
                        int(command["revision"]),
                        frozenset(str(bone) for bone in command["theirs"]),
                        consent=consent,
                    )
                    return self._answered(saved, sitting, reader, goes_on=False)
                case "undo" | "redo" | "restore":
                    return self._went_back(command, work, held, reader)
                case "download":
                    file = {
                        "name": f"bonegrade_corrections_{short_hash(work.sha256)}.json",
                        "text": corrections_file(work, sitting, reader.name),
                    }
                    return {self.acted: told(download=file)}
            raise BoneGradeError("The page asked for what cannot be done; reload it.")
        except Exception as error:
            return {self.acted: told(message=remark(_warned(error), "error"))}

    def _answered(self, saved: Saved, sitting: Sitting, reader: Reader, *, goes_on: bool) -> Updates:
        """What the page shows after a save."""
        if saved.clash is not None:
            sentence = f"Not saved yet: {saved.clash.who} read this film meanwhile. Choose below; your work is kept."
            return {self.acted: told(message=remark(sentence, "warning")), self.clash: clash_panel(saved.clash)}
        assert saved.work.film is not None and self._desk.ledger is not None
        film = self._desk.ledger.film(saved.work.film)
        now = Sitting(film, sitting.assessment, sitting.radiograph, saved.work.prediction)
        sentence, kind = _outcome(saved)
        updates: Updates = {
            self.clash: "",
            self.history: self._history(now, reader),
            self.consent: gr.Checkbox(value=False, visible=not film.consent),
        }
        if goes_on and not saved.waiting:
            from core.reading_queue import Order, next_film

            following = next_film(self._desk.ledger, reader.name, Order.EXPECTED_GAIN, after=film.id)
            if following is None:
                sentence, kind = f"{sentence} {FINISHED}", "good"
            else:
                updates[self.film_to_open] = str(following)
        facts = saved_facts(saved, saved.reading, now)
        return {**updates, self.acted: told(saved=facts, message=remark(sentence, kind))}

    def _went_back(self, command: dict[str, Any], work: Work, held: "FilmInHand | None", reader: Reader) -> Updates:
        """Undo and redo of a save, and restoring: new events in the ledger, after which the film is shown as it stands."""
        if work.is_touched:
            raise BoneGradeError(UNSAVED_FIRST)
        if work.film is None or self._desk.ledger is None:
            raise BoneGradeError(NOTHING_TO_UNDO)
        match command["do"]:
            case "undo":
                event = self._saving.undo(work.film, reader, work.token)
                sentence = (
                    f"Your save no. {event.target} no longer counts; it stays in the history, and R brings it back."
                )
            case "redo":
                event = self._saving.redo(work.film, reader, work.token)
                sentence = "Your save counts again."
            case _:
                event = self._saving.restore(work.film, int(command["event"]), reader, work.token)
                sentence = f"The reading after no. {event.target} is your reading again, as no. {event.id}."
        opened = self._annotate.open_film(work.film, reader, held)
        return {
            self.acted: told(opened=opened_facts(opened, self._annotate, reader, sentence)),
            self.history: self._history(opened.sitting, reader),
            self.clash: "",
            self.totals: totals(self._annotate.live(opened.work, opened.sitting)),
            **self._film_views(opened.sitting, opened.work),
        }


def _outcome(saved: Saved) -> tuple[str, Kind]:
    """What came of a save, as a sentence."""
    if saved.event is None:
        sentence = NOTHING_NEW
    else:
        count = len(saved.event.corrections)
        sentence = f"Saved {count} bone{'s' if count != 1 else ''} as no. {saved.event.id}."
    if not saved.waiting:
        return sentence, "good" if saved.event is not None else "warning"
    names = " and ".join(BONE_TITLES[bone] for bone in saved.waiting)
    return (
        f"{sentence} {names}: touched but not judged, so kept as a draft; choose a grade, then save again.",
        "warning",
    )


def _shows(payload: dict[str, Any], sha256: str) -> bool:
    """Whether the editor shows the film with these pixels; its change event also tells of a film that is being opened."""
    image = payload.get("image") or {}
    names = (str(image.get("orig_name") or ""), str(image.get("path") or ""))
    return any(_picture_name(sha256) in name for name in names)


def _picture_name(sha256: str) -> str:
    return f"film_{sha256[:24]}.jpg"


def _heard(message: str) -> str:
    """Hands a message of the server to the script."""
    return f"(text) => {{ window.bonegradeWork.{message}(text); return []; }}"


def _html(value: str = "", **settings: Any) -> gr.HTML:
    """A piece of the page that the app's own style sheet dresses."""
    return gr.HTML(value, apply_default_css=False, **settings)


def _warned(error: Exception) -> str:
    """The sentence for an error; what nobody foresaw goes to the log."""
    if isinstance(error, BoneGradeError):
        return str(error)
    _log.error("The Annotate tab failed.", exc_info=error)
    return UNEXPECTED


def _grade_pictures() -> GradePicture:
    """The composite picture of a bone at a grade."""
    try:
        from core.grade_pictures import grade_picture
    except ImportError:
        return lambda bone, grade: None
    return grade_picture
