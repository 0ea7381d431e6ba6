"""The part of the Data tab that takes labels in: first a table of what would come in and what would not, then the
import itself."""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.blocks import Block

from core.access.roles import Action, Reader, enforce
from core.bones import Sex
from core.dataset.formats.reading import Format, label_source
from core.dataset.importing.checking import Checked, ImportOptions, check_labels
from core.dataset.importing.checking_table import rows, summary
from core.dataset.importing.taking_in import take_in_labels
from core.dataset.sent import laid_out
from core.errors import BoneGradeError
from core.intake import Filing, Limits, SentFile
from core.ledger import Consent, Ledger
from webapp.assess.summary import message
from webapp.desk import Desk
from webapp.entrance.files.films_passing import FILMS_PASSING
from webapp.entrance.files.passing import sent_files
from webapp.service import TURNS
from webapp.shared.components import Updates, part_heading, styled_html
from webapp.shared.consent_terms import CONSENT, ConsentTerms
from webapp.shared.errors import LABELS_NOT_READ, sentence_without_names
from webapp.shared.templates import render
from webapp.shared.words import SEX_WORDS

_log = logging.getLogger(__name__)

_FORMATS: Final = [("CSV table", "csv"), ("COCO", "coco"), ("Pascal VOC (zip)", "voc"), ("YOLO (zip)", "yolo")]
_NAMES: Final = "No file's name names a child: keep the names, for the export's column original_name."
_SHOWN_ROWS: Final = 200
_IN_LINE: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "import", "api_visibility": "private"}

#: What stands on the page, by component.
Values = Mapping[Any, Any]


@dataclass(frozen=True)
class _Given:
    """What is to be taken in and how, as it stands on the page; see core.dataset.importing.checking.ImportOptions."""

    kind: Format
    labels: tuple[SentFile, ...]
    pictures: tuple[SentFile, ...]
    sex: Sex | None
    consent: Consent | None
    names: bool


class BringInPart:
    """The components of the part and what they do."""

    def __init__(self, desk: Desk):
        assert desk.ledger is not None
        self._desk = desk
        self._ledger: Ledger = desk.ledger
        part_heading("Existing labels")
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=280):
                self.kind = gr.Radio(_FORMATS, value="csv", label="Format of the labels", elem_id="import-kind")
                self.labels = sent_files(label="The labels: a file, or a zip", height=150, elem_id="import-labels")
                self.pictures = sent_files(
                    label="Their pictures, if not here yet",
                    file_count="multiple",
                    height=150,
                    elem_id="import-pictures",
                )
            with gr.Column(scale=1, min_width=280):
                self.sex = gr.Radio(
                    [("As the labels say", ""), *[(word, sex) for sex, word in SEX_WORDS.items()]],
                    value="",
                    label="Sex, where the labels do not state it",
                    elem_id="import-sex",
                )
                self.consent = gr.Checkbox(False, label=CONSENT, elem_id="import-consent")
                self.terms = ConsentTerms("import")
                self.names = gr.Checkbox(False, label=_NAMES, elem_id="import-names")
                self.check = gr.Button("Check the labels", variant="primary", elem_id="import-check")
        self.message = styled_html(elem_id="import-message", elem_classes="message-slot")
        self.table = styled_html(elem_id="import-table")
        self.take = gr.Button("Import the valid labels", variant="primary", visible=False, elem_id="import-take")
        self.checked = gr.State(None)
        wishes: set[Block] = {
            self.kind, self.labels, self.pictures, self.sex, self.consent, self.names, *self.terms.inputs,
        }  # fmt: skip
        answer = [self.message, self.table, self.take, self.checked]
        self.check.click(self._check, wishes, answer, show_progress_on=self.table, **_IN_LINE)
        self.take.click(self._take, {*wishes, self.checked}, answer, show_progress_on=self.table, **_IN_LINE)

    def _given(self, values: Values) -> _Given:
        return _Given(
            values[self.kind],
            tuple(values[self.labels]),
            tuple(values[self.pictures]),
            values[self.sex] or None,
            self.terms.of(values) if values[self.consent] else None,
            values[self.names],
        )

    def _check(self, values: Values, request: gr.Request) -> Updates:
        """Looks at everything and changes nothing."""
        try:
            given = self._given(values)
            reader = self._reader(request)
            with tempfile.TemporaryDirectory(prefix="bonegrade-import-") as folder:
                checked = self._checked(given, reader, Path(folder))[0]
            return {
                self.message: "",
                self.table: _table(checked),
                self.take: gr.Button(visible=bool(checked.films)),
                self.checked: given,
            }
        except Exception as error:
            return self._failed(error)

    def _take(self, values: Values, request: gr.Request) -> Updates:
        """Takes in what was checked; it is checked once more, as the ledger may have changed meanwhile."""
        try:
            given = self._given(values)
            if given != values[self.checked]:
                raise BoneGradeError("Something has changed since the labels were checked: check them again.")
            reader = self._reader(request)
            filing = Filing(self._ledger, self._desk.load_assessor, TURNS.when_free)
            with tempfile.TemporaryDirectory(prefix="bonegrade-import-") as folder:
                checked, options = self._checked(given, reader, Path(folder))
                done = take_in_labels(self._ledger, checked, options, filing)
            films = [one.film.sha256 for one in checked.films if one.film.sha256 is not None]
            for sent in given.pictures:  # which of them holds which film is not known
                FILMS_PASSING.holds(sent.path, films, FILMS_PASSING.since(sent.path))
            detail = f"{done.new_films} films, {done.labels - done.known_labels} labels"
            self._desk.note(request, reader, "added", detail=detail)
            return {
                self.message: message(done.summary, kind="good", title="Done"),
                self.table: "",
                self.take: gr.Button(visible=False),
                self.checked: None,
            }
        except Exception as error:
            return self._failed(error)

    def _checked(self, given: _Given, reader: Reader, folder: Path) -> tuple[Checked, ImportOptions]:
        if not given.labels:
            raise BoneGradeError("There are no labels yet: drop their file on the box, then check them.")
        FILMS_PASSING.check(given.pictures)
        source = label_source(laid_out(given.labels, folder / "labels", Limits()), given.kind)
        images = laid_out(given.pictures, folder / "pictures", Limits())
        options = ImportOptions(reader.name, images, None, given.sex, given.names, consent=given.consent)
        return check_labels(self._ledger, source, given.kind, options), options

    def _reader(self, request: gr.Request) -> Reader:
        reader = self._desk.reader(request)
        enforce(reader, Action.ADD_FILMS)
        enforce(reader, Action.CORRECT)
        return reader

    def _failed(self, error: Exception) -> Updates:
        text = sentence_without_names(error, LABELS_NOT_READ, _log, "Importing labels failed.")
        return {
            self.message: message(text, title="Not imported"),
            self.table: "",
            self.take: gr.Button(visible=False),
            self.checked: None,
        }


def _table(checked: Checked) -> str:
    shown = rows(checked)
    further = max(len(shown) - _SHOWN_ROWS, 0)
    return render("data/import_table.html", summary=summary(checked), rows=shown[:_SHOWN_ROWS], further=further)
