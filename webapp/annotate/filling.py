"""What the Annotate tab shows of a film: its picture and boxes, the totals, what was said of it."""

from datetime import UTC, datetime
from typing import Any, Final

import gradio as gr

from core.access.roles import Action, Reader
from core.annotation.desk import WITHDRAWN, AnnotateDesk, Opened
from core.annotation.facts import frame_of, opened_facts
from core.annotation.saving import Saving
from core.annotation.sitting import Sitting
from core.annotation.work import Work, current_boxes
from core.film.burned_in_text import find_text
from core.standards.grade_pictures import grade_picture
from webapp.annotate.boxes import editor_boxes, editor_picture, film_cutting
from webapp.annotate.gold import gold_panel
from webapp.annotate.parts import Parts, remark
from webapp.annotate.view import crop_uri, film_title, grade_guide, history_panel, totals, workplace, writing_panel
from webapp.desk import Desk
from webapp.entrance.files.owners import hand_out
from webapp.shared.components import Updates, line
from webapp.shared.pictures import jpeg

NO_PIXELS: Final = (
    "The pixels of this film were not kept, so it cannot be shown and no box moved. Add and assess the same film again to "
    "see it; it will be recognised."
)


class Filling:
    """Updates of `parts`, for a film as it stands."""

    def __init__(self, desk: Desk, parts: Parts, annotate: AnnotateDesk, saving: Saving):
        self._desk = desk
        self._parts = parts
        self._annotate = annotate
        self._saving = saving

    def facts(self, opened: Opened, reader: Reader, sentence: str = "") -> dict[str, Any]:
        """What the script is told about an opened film. sentence: the outcome, else the remark on the film."""
        facts = opened_facts(opened, self._annotate, reader, crop_uri)
        facts["film"]["title"] = film_title(opened.sitting)
        return {**facts, "message": remark(sentence or opened.remark, "good" if sentence else "warning")}

    def all_of(self, opened: Opened, reader: Reader, has_guide: bool) -> Updates:
        """Everything, for a film that was opened. has_guide: whether the pictures of the grades are there already."""
        sitting, work = opened.sitting, opened.work
        film = sitting.film
        guide = (
            {}
            if has_guide
            else {self._parts.workplace: workplace(grade_guide(grade_picture)), self._parts.has_guide: True}
        )
        asks = self._annotate.keeps and reader.may(Action.CORRECT)
        return {
            self._parts.empty: gr.HTML(visible=False),
            self._parts.page: gr.Column(visible=True),
            **self.film_views(sitting, work),
            self._parts.totals: totals(self._annotate.live(work, sitting)),
            self._parts.clash: "",
            **self._parts.asking_consent(asks and (film is None or not film.consent)),
            self._parts.writing: "",
            **self.said(sitting, reader),
            **guide,
        }

    def film_views(self, sitting: Sitting, work: Work) -> Updates:
        """The film with the boxes of the work, or why it cannot be shown."""
        if sitting.radiograph is None:
            return {
                self._parts.editor: gr.update(value=None, visible=False),
                self._parts.no_pixels: line(
                    WITHDRAWN if self._annotate.picture_erased(sitting) else NO_PIXELS, "no-film"
                ),
            }
        return {
            self._parts.editor: gr.update(value=self.editor_value(sitting, work), visible=True),
            self._parts.no_pixels: "",
        }

    def editor_value(self, sitting: Sitting, work: Work) -> dict[str, Any]:
        """The film in the box editor with the boxes of the work; the sitting must have its pixels."""
        assert sitting.radiograph is not None
        frame = frame_of(sitting)
        picture = editor_picture(sitting.radiograph, frame, sitting.assessment.localization.inverted)
        name, cache = picture_name(sitting.sha256), self._parts.editor.GRADIO_CACHE
        path = hand_out(jpeg(picture), name, cache, (sitting.sha256, datetime.now(UTC)))
        return {"image": path, "boxes": editor_boxes(current_boxes(work, sitting.assessment), frame)}

    def said(self, sitting: Sitting, reader: Reader) -> Updates:
        """What was said of the film, as far as the reader may see it."""
        film = sitting.film
        if self._desk.ledger is None or film is None:
            history = line("The ledger has nothing on this film yet.", "blind")
        else:
            history = history_panel(self._saving.history(film.id, reader), reader.may(Action.CORRECT))
        gold = gold_panel(self._desk, None if film is None else film.id, reader)
        return {self._parts.history: history, self._parts.gold: gold}

    def writing(self, sitting: Sitting) -> str:
        """Points out burned-in writing on the film."""
        if sitting.radiograph is None:
            return ""
        film = sitting.radiograph
        places = [film_cutting(film, place.box) for place in find_text(film) if place.kind == "writing"]
        return writing_panel(places) if places else ""


def picture_name(sha256: str) -> str:
    """The file of a film's picture; scripts/annotate_view.js reads the film from it."""
    return f"film_{sha256[:24]}.jpg"
