"""The endpoints over the ledger: a film as its reader may see it, their word on it, the queue, and everything out.

What a program may see and say is decided where the page's is: core.access, core.annotation, core.intake, core.dataset.
"""

import shutil
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final, Literal

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

from core.access.roles import Action, Reader, enforce
from core.annotation.blinding import seen_revision
from core.annotation.desk import AnnotateDesk, Opened
from core.annotation.saving import Saving
from core.annotation.work import BoneWork, Work, says_of
from core.bones import Sex
from core.dataset.exporting.options import USUAL_FORMATS, ExportFormat, ExportOptions
from core.dataset.split import Shares
from core.errors import BoneGradeError
from core.intake import Filing, look_through, open_batch, take_in
from core.intake.background import BackgroundAssessor
from core.ledger import LabelRule, Ledger, Scope, consent_given, verdict_on
from core.ledger.queue.reading_queue import QueueFilter, QueueOrder, QueueState, counts, next_film, queue_rows
from webapp.desk import Desk
from webapp.entrance.files.films_passing import FILMS_PASSING
from webapp.erasures import export_name
from webapp.programs.asked import sent_files
from webapp.programs.forms import event_form, film_form, reading_form, row_form, saved_form
from webapp.service import TURNS

KEPT_NOWHERE: Final = "This is a demo, where nothing is kept: there are no films, and nothing can be saved or exported."
_LEFT_OUT: Final = (
    "Left out, as it has writing on it: look at it, and send it again with writing=keep if that names nobody."
)
_PAGE, _LAST_PAGE = 50, 100_000


class LedgerEndpoints:
    """What programs may ask of the ledger. Every one of them is asked by somebody, whose role decides."""

    def __init__(self, desk: Desk, background: BackgroundAssessor | None):
        """background: to be woken when films come in; None in a demo."""
        self._desk = desk
        self._background = background
        self._annotate = AnnotateDesk(desk.ledger, desk.load_assessor, TURNS.now, keeps=desk.access.keeps)
        desk.erasures.tell(lambda erased: self._annotate.memory.forget_erased())
        self._saving = Saving(self._annotate)

    def film(self, film: int, request: gr.Request) -> dict[str, Any]:
        """One film of the ledger as you may see it: what the model says of it, your own reading, and its history. What others
        said is held back until you have judged all 13 bones.

        Parameters:
            film: The film's number, as /queue and /queue_add give it.
        Returns:
            film, assessment, reading (your saved word by bone), history, blind, and revision, which /correct asks for.
        """
        ledger, reader = self._asked(request, Action.LOOK)
        opened = self._opened(film, reader, request)
        seen = self._saving.history(film, reader)
        assert opened.sitting.film is not None
        return {
            "film": film_form(opened.sitting.film),
            "assessment": opened.sitting.assessment.to_dict(),
            "reading": reading_form(opened.saved),
            "history": [event_form(event) for event in seen.events],
            "blind": seen.blind,
            "revision": seen_revision(ledger.history(film)),
        }

    def correct(
        self,
        film: int,
        revision: int,
        request: gr.Request,
        grades: dict[str, int] | None = None,
        unreadable: list[str] | None = None,
        boxes: dict[str, tuple[float, float, float, float]] | None = None,
        note: str = "",
        seconds: float = 0.0,
        token: str | None = None,
    ) -> dict[str, Any]:
        """Saves your word on bones of a film of the ledger; bones that you do not name stay as you said before. Nothing that
        anybody said is overwritten: each save is an entry of the film's history.

        Parameters:
            film: The film's number.
            revision: As /film gave it: the state that your word answers.
            grades: RUS-CHN grades by bone, such as {"Radius": 9, "Ulna": 0}; 0 is "not visible yet".
            unreadable: Names of bones that cannot be read on this film.
            boxes: By bone, xmin, ymin, xmax, ymax in pixels of the film, where the model's box is wrong.
            note: On the film; no names.
            seconds: That reading the film took.
            token: 32 hexadecimal digits, new for each save: the same save sent again under it is stored once.
        Returns:
            saved (number of bones), event, revision, waiting (bones with a box and no grade), reading, conflict.
            Where conflict is not null, another spoke meanwhile and nothing was saved: look, and save with its revision.
        """
        _, reader = self._asked(request, Action.CORRECT)
        opened = self._opened(film, reader, request)
        sitting = opened.sitting
        said = _said(grades or {}, unreadable or [], boxes or {})
        work = Work(
            film=film,
            sha256=sitting.sha256,
            prediction=sitting.prediction,
            base_revision=revision,
            says={**says_of(opened.saved, sitting.assessment), **said},
            film_seconds=seconds,
            note=note,
            token=token or uuid.uuid4().hex,
        )
        saved = self._saving.save(work, sitting, reader, consent=None)
        return saved_form(saved)

    def queue(
        self,
        request: gr.Request,
        order: QueueOrder = QueueOrder.EXPECTED_GAIN,
        state: QueueState = "to_read",
        sex: Sex | None = None,
        page: int = 0,
    ) -> dict[str, Any]:
        """The reading queue as you see it: which film to read next, and the list of films with the reasons for their places.

        Parameters:
            order: expected_gain (what teaches most first), random or oldest.
            state: Which films are listed: to_read, read_by_me, read, skipped, flagged, refused or all.
            sex: M or F alone; null for both.
            page: Of the list, from 0; a page has 50 films.
        Returns:
            next (a film's number, or null), counts, and films, each with reasons in words.
        """
        ledger, reader = self._asked(request, Action.LOOK)
        if not 0 <= page <= _LAST_PAGE:
            raise BoneGradeError(f"Pages of the list are counted from 0 to {_LAST_PAGE}, so there is no page {page}.")
        wish = QueueFilter(sex, None, state)
        rows = queue_rows(ledger, reader.name, order, wish, limit=_PAGE, offset=page * _PAGE)
        numbers = counts(ledger, reader.name)
        return {
            "next": next_film(ledger, reader.name, order, QueueFilter(sex)),
            "counts": {name: getattr(numbers, name) for name in numbers.__dataclass_fields__},
            "films": [row_form(row, reader) for row in rows],
        }

    def queue_add(
        self,
        films: list[FileData],
        request: gr.Request,
        sex: Sex | None = None,
        consent: bool = False,
        writing: Literal["leave_out", "keep"] = "leave_out",
        scope: Scope = "train",
        reference: str = "",
        ends: str | None = None,
    ) -> dict[str, Any]:
        """Adds films to the reading queue. Without consent their pixels are forgotten, and only what the model says is kept.

        Parameters:
            films: Films, zips of films, and at most one CSV with columns id, sex, age_years.
            sex: M or F of all films that no CSV names; null for what each file states.
            consent: Whether you may keep the pictures, to be read and to train the model.
            writing: What becomes of pictures with burned-in writing, which could name a child: leave_out or keep.
            scope: What the consent allows: read, train or share.
            reference: Where the consent is filed, such as a form's number; no names.
            ends: The day on which the consent ends, such as 2030-12-31; null if it does not.
        Returns:
            added (how many), films (what became of each), and passed_over (files that are not films).
        """
        ledger, reader = self._asked(request, Action.ADD_FILMS)
        day = None if ends is None else _day(ends)
        terms = consent_given(scope, reference, day) if consent else None
        filing = Filing(ledger, self._desk.load_assessor, TURNS.when_free)
        sent = sent_files(films)
        with open_batch(sent, None, sex) as batch:
            left_out = set()
            if consent and writing == "leave_out":
                for looked in look_through(batch, ledger, for_writing=True):
                    if looked.radiograph is not None and looked.has_writing:
                        left_out.add(looked.radiograph.sha256)
            became = []
            taken_in = take_in(batch, filing, reader=reader, consent=terms, left_out=left_out)
            for file, one in zip(batch.films, taken_in, strict=True):
                if one.film is not None:
                    FILMS_PASSING.batch_holds(sent, file, one.film.sha256)
                status, sentence = one.status, one.sentence
                if status == "left_out":
                    sentence = _LEFT_OUT
                film = None if one.film is None else one.film.id
                became.append({"name": one.name, "status": status, "sentence": sentence, "film": film})
                if self._background is not None:
                    self._background.wake()
            added = sum(one["status"] == "added" for one in became)
            self._desk.note(request, reader, "added", detail=f"{added} films")
            return {"added": added, "films": became, "passed_over": list(batch.passed_over)}

    def export(
        self,
        request: gr.Request,
        rule: LabelRule = "latest",
        formats: list[ExportFormat] | None = None,
        split: str = "80/10/10",
    ) -> tuple[FileData, dict[str, Any]]:
        """The whole ledger as a dataset, split by patient; the same revision always gives the same bytes.

        Parameters:
            rule: Whose reading counts: latest, majority or reviewer_first.
            formats: Of labels, crops, csv, coco, voc, yolo and films; null for the first four.
            split: Percentages of patients in train/val/test.
        Returns:
            The zip file, and its manifest.
        """
        # loads pyarrow (30 MiB), which the page needs for this alone
        from core.dataset.exporting.export import export_zip

        ledger, reader = self._asked(request, Action.EXPORT)
        formats = list(USUAL_FORMATS) if formats is None else formats
        if not formats:
            raise BoneGradeError("There is nothing to export: name at least one format.")
        options = ExportOptions(
            rule=rule,
            reviewers=frozenset(self._desk.those_who_may(Action.SET_GOLD)),
            formats=tuple(dict.fromkeys(formats)),
            shares=Shares.of_text(split),
        )
        folder = Path(tempfile.mkdtemp(prefix="bonegrade-export-"))
        try:
            begun = self._desk.erasures.count()
            target = folder / export_name(ledger.ledger_revision())
            manifest = export_zip(ledger, reader, target, options)
            self._desk.note(
                request, reader, "exported", detail=f"revision {manifest.revision}, {', '.join(options.formats)}"
            )
            fetched = self._desk.noting_download(request, reader, f"revision {manifest.revision}")
            handed = self._desk.erasures.hand_out_export(target, get_upload_folder(), begun, fetched)
            file = FileData(path=handed, orig_name=target.name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return file, manifest.to_json()

    def _asked(self, request: gr.Request, action: Action) -> tuple[Ledger, Reader]:
        """The ledger, and who asks. Raises BoneGradeError where nothing is kept, and for a program that may not."""
        reader = self._desk.reader(request)
        ledger = self._desk.ledger
        if ledger is None:
            raise BoneGradeError(KEPT_NOWHERE)
        enforce(reader, action)
        return ledger, reader

    def _opened(self, film: int, reader: Reader, request: gr.Request) -> Opened:
        opened = self._annotate.open_film(film, reader)
        self._desk.note(request, reader, "looked", film)
        return opened


def _day(text: str) -> datetime:
    """The beginning of a day. Raises BoneGradeError."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise BoneGradeError(f"{text!r} is not a date: write it as 2030-12-31.") from None


def _said(
    grades: Mapping[str, int], unreadable: Sequence[str], boxes: Mapping[str, tuple[float, float, float, float]]
) -> dict[str, BoneWork]:
    """A program's word by bone. Raises BoneGradeError where it says two things of one bone."""
    said: dict[str, BoneWork] = {}
    for bone, grade in grades.items():
        said[bone] = BoneWork(verdict=verdict_on(grade), grade=grade, box=boxes.get(bone))
    for bone in unreadable:
        if bone in said:
            raise BoneGradeError(f"{bone} has a grade and is called unreadable: say one of the two.")
        said[bone] = BoneWork(verdict="unreadable", box=boxes.get(bone))
    return said | {bone: BoneWork(box=box) for bone, box in boxes.items() if bone not in said}
