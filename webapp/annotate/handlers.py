"""What the Annotate tab does when it is asked: open a film, keep a draft, regrade a box, save, settle, go back."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import gradio as gr

from core.access.roles import Reader
from core.annotation.desk import AnnotateDesk, Opened
from core.annotation.facts import frame_of, graded_box, kept_facts, saved_facts
from core.annotation.frame import changed_boxes
from core.annotation.saving import NOTHING_NEW, NOTHING_TO_UNDO, UNSAVED_FIRST, Saved, Saving, corrections_file
from core.annotation.sitting import Sitting
from core.annotation.work import Work, current_boxes, read_work
from core.assessment.records import Assessment
from core.bones import BONE_TITLES
from core.errors import BoneGradeError, BoxRefused
from core.film.radiograph import Radiograph
from core.ledger import Scope
from core.ledger.queue.reading_queue import QueueOrder, has_read_gold, next_film
from webapp.annotate.command import ChangeGold, Plain, Restore, Settle, read_command
from webapp.annotate.filling import Filling, picture_name
from webapp.annotate.gold import change_gold
from webapp.annotate.parts import Kind, Parts, asking, remark, told
from webapp.annotate.view import clash_panel, crop_uri, nothing_open, totals
from webapp.assess.in_hand import FilmInHand
from webapp.desk import Desk
from webapp.service import TURNS
from webapp.shared.components import Updates
from webapp.shared.consent_terms import consent_of
from webapp.shared.errors import WORK_KEPT, sentence_of
from webapp.shared.words import short_hash

_log = logging.getLogger(__name__)

NOT_ASSESSED: Final = "There is no assessed film yet: assess one on the Assess tab, or open one from the Queue."
FINISHED: Final = "The queue is finished: no film is left for you to read."
GOLD_AMONG_THEM: Final = "The Agreement tab says how you did on its gold films."


class Handlers:
    """The handlers of the tab's events. They answer with updates of `parts`; the browser holds the reader's work."""

    def __init__(self, desk: Desk, parts: Parts):
        self.desk = desk
        self.parts = parts
        self._annotate = AnnotateDesk(desk.ledger, desk.load_assessor, TURNS.now, keeps=desk.access.keeps)
        desk.erasures.tell(lambda erased: self._annotate.memory.forget_erased())
        self._saving = Saving(self._annotate)
        self._filling = Filling(desk, parts, self._annotate, self._saving)

    # --- Opening ----------------------------------------------------------------------------------------------------

    def selected(
        self,
        to_open: str,
        held: FilmInHand | None,
        assessment: Assessment | None,
        has_guide: bool,
        request: gr.Request,
    ) -> Updates:
        """The tab was chosen: the assessed film is opened where no film is open and none is being asked for."""
        if has_guide or to_open or held is None or assessment is None:
            return {self.parts.has_guide: has_guide}
        return self.open_assessed(held, assessment, has_guide, request)

    def correct_assessed(
        self,
        to_open: str,
        held: FilmInHand | None,
        assessment: Assessment | None,
        has_guide: bool,
        request: gr.Request,
    ) -> Updates:
        """Opens the assessed film in place of the one that is open; where none is open, `selected` opens it."""
        if has_guide or to_open:
            return self.open_assessed(held, assessment, has_guide, request)
        return {self.parts.has_guide: has_guide}

    def open_assessed(
        self, held: FilmInHand | None, assessment: Assessment | None, has_guide: bool, request: gr.Request
    ) -> Updates:
        """Opens the film on the Assess tab."""

        def opened(reader: Reader) -> Opened:
            if held is not None:
                held.check(self.desk.erasures)
            if held is None or assessment is None:
                raise BoneGradeError(NOT_ASSESSED)
            return self._annotate.open_assessed(held.radiograph, assessment, reader)

        return self._opening(opened, has_guide, request, "assessed")

    def open_film(
        self,
        asked: str,
        held: FilmInHand | None,
        assessment: Assessment | None,
        has_guide: bool,
        request: gr.Request,
    ) -> Updates:
        """Opens a film of the ledger. asked: see webapp.annotate.parts.asking; empty where the page has changed its mind."""
        if not asked:
            return {self.parts.has_guide: has_guide}

        def opened(reader: Reader) -> Opened:
            number, _, _ = asked.partition(":")
            if not number.isdecimal():
                raise BoneGradeError(f"{number!r} is not a film's number: open a film from the Queue.")
            return self._annotate.open_film(int(number), reader, self._pixels(held))

        return self._opening(opened, has_guide, request, asked)

    def _opening(
        self, open_film: Callable[[Reader], Opened], has_guide: bool, request: gr.Request, asked: str
    ) -> Updates:
        """Fills the page with a film, or says why not; a film that is at work stays as it is. asked: the name of
        the request; see scripts/annotate_opening.js."""
        try:
            reader = self.desk.reader(request)
            opened = open_film(reader)
            facts = self._filling.facts(opened, reader)
            filled = self._filling.all_of(opened, reader, has_guide)
            if opened.sitting.film is not None:
                self.desk.note(request, reader, "looked", opened.sitting.film.id)
        except Exception as error:
            sentence = _warned(error)
            return {
                self.parts.empty: nothing_open(sentence),
                self.parts.opened: told(asked=asked, message=remark(sentence, "error")),
            }
        return {**filled, self.parts.opened: told(asked=asked, **facts)}

    def _pixels(self, held: FilmInHand | None) -> Radiograph | None:
        """The session's film, unless it has been erased; whatever else was erased is forgotten too."""
        self.desk.erasures.look()
        return None if held is None or held.was_erased(self.desk.erasures) else held.read

    def _at_work(self, text: str, held: FilmInHand | None, assessment: Assessment | None) -> tuple[Work, Sitting]:
        """The page's work, and the film that it is on. Raises BoneGradeError where that is no longer available."""
        work = read_work(text)
        return work, self._annotate.sitting(work, self._pixels(held), assessment)

    # --- While reading ----------------------------------------------------------------------------------------------

    def keep(self, text: str, held: FilmInHand | None, assessment: Assessment | None, request: gr.Request) -> str:
        """Keeps the work as a draft and answers with the scores it adds up to."""
        try:
            work = read_work(text)
            reader = self.desk.reader(request)
            sitting = self._annotate.sitting(work, self._pixels(held), assessment)
            work, was_kept = self._annotate.keep(work, sitting, reader)
            # The film may have been filed meanwhile, and under the other sex.
            sitting = self._annotate.sitting(work, self._pixels(held), assessment)
            return told(**kept_facts(work, was_kept), totals=totals(self._annotate.live(work, sitting)))
        except Exception as error:
            sentence = _warned(error)
            document = json.loads(text or "{}")
            return told(sha256=document.get("sha256"), seq=document.get("seq"), error=sentence)

    def boxes_changed(
        self,
        value: Any,
        text: str,
        held: FilmInHand | None,
        assessment: Assessment | None,
        request: gr.Request,
    ) -> tuple[Any, Any]:
        """Regrades the boxes that were changed; puts them back where they cannot be used."""
        payload = value if isinstance(value, dict) else getattr(value, "model_dump", dict)()
        if not payload or not text or text == "null":
            return gr.skip(), gr.skip()
        try:
            self.desk.reader(request)
            work = read_work(text)
            if not _shows(payload, work.sha256):
                return gr.skip(), gr.skip()
            sitting = self._annotate.sitting(work, self._pixels(held), assessment)
            changes: dict[str, Any] = {}
            try:
                before = current_boxes(work, sitting.assessment)
                for bone, box in changed_boxes(payload.get("boxes") or [], before, frame_of(sitting)).items():
                    graded = None if box is None else graded_box(sitting, self._annotate, bone, box, crop_uri)
                    changes[bone] = {"box": [] if box is None else list(box), "graded": graded}
            except BoxRefused as refusal:
                back = self._filling.editor_value(sitting, work)
                return told(sha256=work.sha256, refused=f"{refusal} The box is back where it was."), back
            return (told(sha256=work.sha256, changes=changes) if changes else gr.skip()), gr.skip()
        except Exception as error:
            return told(message=remark(_warned(error), "error")), gr.skip()

    def redraw(self, text: str, held: FilmInHand | None, assessment: Assessment | None, request: gr.Request) -> Any:
        """Puts the boxes of the work onto the film, after an undo or where a draft came back."""
        try:
            self.desk.reader(request)
            work, sitting = self._at_work(text, held, assessment)
            return gr.skip() if sitting.radiograph is None else self._filling.editor_value(sitting, work)
        except Exception as error:
            _warned(error)
            return gr.skip()

    def look_for_writing(
        self,
        ticked: bool,
        text: str,
        held: FilmInHand | None,
        assessment: Assessment | None,
        request: gr.Request,
    ) -> str:
        """Points out burned-in writing where the film's pixels are kept, or are to be."""
        if not text or text == "null":
            return ""
        try:
            self.desk.reader(request)
            _, sitting = self._at_work(text, held, assessment)
            kept = sitting.film is not None and sitting.film.consent
            return self._filling.writing(sitting) if ticked or kept else ""
        except Exception as error:
            _warned(error)
            return ""

    # --- Saving -----------------------------------------------------------------------------------------------------

    def act(
        self,
        command_text: str,
        text: str,
        held: FilmInHand | None,
        assessment: Assessment | None,
        consent: bool,
        scope: Scope,
        reference: str,
        ends: datetime | None,
        request: gr.Request,
    ) -> Updates:
        """Does what the reader asked for: save, settle a conflict, undo or redo a save, restore, set gold, download."""
        try:
            command = read_command(command_text)
            reader = self.desk.reader(request)
            work, sitting = self._at_work(text, held, assessment)
            terms = consent_of(scope, reference, ends) if consent else None
            match command:
                case Settle(revision=revision, theirs=theirs):
                    saved = self._saving.settle(work, sitting, reader, revision, theirs, consent=terms)
                    return self._answered(saved, sitting, reader, goes_on=False)
                case ChangeGold():
                    sentence = change_gold(self.desk, command, work, reader)
                    assert work.film is not None
                    return self._anew(work.film, held, reader, sentence)
                case Restore() | Plain(do="undo" | "redo"):
                    return self._went_back(command, work, held, reader)
                case Plain(do="download"):
                    file = {
                        "name": f"bonegrade_corrections_{short_hash(work.sha256)}.json",
                        "text": corrections_file(work, sitting, reader.name),
                    }
                    self.desk.note(request, reader, "downloaded", work.film, "corrections")
                    return {self.parts.acted: told(download=file)}
                case Plain(do=do):
                    saved = self._saving.save(work, sitting, reader, consent=terms)
                    return self._answered(saved, sitting, reader, goes_on=do == "next")
        except Exception as error:
            return {self.parts.acted: told(message=remark(_warned(error), "error"))}

    def _answered(self, saved: Saved, sitting: Sitting, reader: Reader, *, goes_on: bool) -> Updates:
        """What the page shows after a save."""
        if saved.clash is not None:
            sentence = f"Not saved yet: {saved.clash.who} read this film meanwhile. Choose below; your work is kept."
            return {
                self.parts.acted: told(message=remark(sentence, "warning")),
                self.parts.clash: clash_panel(saved.clash),
            }
        assert saved.work.film is not None and self.desk.ledger is not None
        film = self.desk.ledger.film(saved.work.film)
        now = Sitting(film, sitting.assessment, sitting.radiograph, saved.work.prediction)
        sentence, kind = _outcome(saved)
        updates: Updates = {
            self.parts.clash: "",
            **self._filling.said(now, reader),
            **self.parts.asking_consent(not film.consent),
        }
        following = ""
        if goes_on and not saved.waiting:
            more, following = self._following(film.id, reader)
            sentence = f"{sentence} {more}".strip()
        if following:
            updates[self.parts.film_to_open] = following
        facts = saved_facts(saved, now)
        return {**updates, self.parts.acted: told(saved=facts, next=following, message=remark(sentence, kind))}

    def _following(self, film_id: int, reader: Reader) -> tuple[str, str]:
        """What to say and what to ask for next; a queue that fails must not hide that the save did not."""
        assert self.desk.ledger is not None
        try:
            following = next_film(self.desk.ledger, reader.name, QueueOrder.EXPECTED_GAIN, after=film_id)
            among = following is None and has_read_gold(self.desk.ledger, reader.name)
        except Exception as error:
            return f"The next film could not be opened: {_warned(error)}", ""
        if following is not None:
            return "", asking(following)
        return (f"{FINISHED} {GOLD_AMONG_THEM}" if among else FINISHED), ""

    def _went_back(self, command: Plain | Restore, work: Work, held: FilmInHand | None, reader: Reader) -> Updates:
        """Undo and redo of a save, and restoring: new events in the ledger."""
        if work.is_touched:
            raise BoneGradeError(UNSAVED_FIRST)
        if work.film is None or self.desk.ledger is None:
            raise BoneGradeError(NOTHING_TO_UNDO)
        match command:
            case Restore(event=number):
                event = self._saving.restore(work.film, number, reader, work.token)
                sentence = f"The reading after no. {event.target} is your reading again, as no. {event.id}."
            case Plain(do="undo"):
                event = self._saving.undo(work.film, reader, work.token)
                sentence = (
                    f"Your save no. {event.target} no longer counts; it stays in the history, and R brings it back."
                )
            case _:
                event = self._saving.redo(work.film, reader, work.token)
                sentence = "Your save counts again."
        return self._anew(work.film, held, reader, sentence)

    def _anew(self, film_id: int, held: FilmInHand | None, reader: Reader, sentence: str) -> Updates:
        """The film as it stands after an event other than a save. sentence: what happened."""
        opened = self._annotate.open_film(film_id, reader, self._pixels(held))
        return {
            self.parts.acted: told(opened=self._filling.facts(opened, reader, sentence)),
            **self._filling.said(opened.sitting, reader),
            self.parts.clash: "",
            self.parts.totals: totals(self._annotate.live(opened.work, opened.sitting)),
            **self._filling.film_views(opened.sitting, opened.work),
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
    return any(picture_name(sha256) in name for name in names)


def _warned(error: Exception) -> str:
    return sentence_of(error, WORK_KEPT, _log, "The Annotate tab failed.")
