"""Adding films to the queue: first everything is looked at and shown, then a person decides, then films are added."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.blocks import Block

from core.access.roles import Action, Reader, enforce
from core.bones import Sex
from core.film.burned_in_text import TextPlace
from core.film.radiograph import Radiograph
from core.intake import Batch, Filing, Looked, SentFile, TakenIn, look_through, open_batch, take_in
from core.intake.background import BackgroundAssessor
from webapp.desk import Desk
from webapp.entrance.files.films_passing import FILMS_PASSING
from webapp.entrance.files.passing import sent_files
from webapp.queue.view import Writing, about_films, bar, looked_through, note, taken_in
from webapp.shared.components import NOT_NOW, Updates, classes_if, styled_html
from webapp.shared.consent_terms import CONSENT, ConsentTerms
from webapp.shared.errors import NOTHING_MORE_ADDED, sentence_without_names
from webapp.shared.pictures import data_uri, film_picture, jpeg
from webapp.shared.words import SEX_WORDS

_log = logging.getLogger(__name__)

NO_CONSENT: Final = (
    "Leave it unticked, and no pixels are kept: the films are assessed now, while you wait, and only what the model "
    "says is kept. They cannot be shown again, nor assessed by a later model."
)
_SEX_INFO: Final = (
    "For films not named in a CSV. A CSV has a row for each film, with columns id (or file), sex, age_years."
)

#: Reading and unpacking is work for one core, so batches wait for each other.
_ONE_BATCH: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "intake"}

#: What was found in other films leaves the page; `_add` notices by itself that it is about other films.
_START_OVER_JS: Final = f"""() => ["", "", "", {{"__type__": "update", "elem_classes": ["{NOT_NOW}"]}}]"""

#: How many films with writing are shown, how many places of each, and the height of their pictures in pixels.
_SHOWN_FILMS, _SHOWN_PLACES, _PLACE_HEIGHT = 24, 3, 64

#: What stands on the page, by component.
Values = Mapping[Any, Any]


@dataclass(frozen=True)
class _Given:
    """What is to be looked at, as it stands on the page. sex: of films that the table does not name, if known."""

    files: tuple[SentFile, ...]
    table: Path | None
    sex: Sex | None
    consent: bool

    def batch(self) -> AbstractContextManager[Batch]:
        """The films. Raises BatchRefused, and FilmErased where one was erased after it was sent."""
        FILMS_PASSING.check(self.files)
        return open_batch(self.files, self.table, self.sex)


@dataclass(frozen=True)
class _Seen:
    """What a person has before them when they decide. given: what was looked at. new: films that can be added. with_writing:
    their SHA-256."""

    given: _Given
    new: int
    with_writing: frozenset[str]


class UploadPart:
    """The part of the page that adds films. added: the event after which other parts look again."""

    def __init__(self, desk: Desk, filing: Filing, background: BackgroundAssessor):
        self._desk = desk
        self._filing = filing
        self._background = background
        self._build()
        self._wire()

    def _build(self) -> None:
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=280):
                self.files = sent_files(
                    label="Films, or a zip of films", file_count="multiple", height=150, elem_id="queue-files"
                )
                self.folder = sent_files(
                    label="Or a folder", file_count="directory", height=150, elem_id="queue-folder"
                )
            with gr.Column(scale=1, min_width=280):
                self.table = gr.File(label="CSV, if you have one", file_types=[".csv"], height=150, elem_id="queue-csv")
                self.sex = gr.Radio(
                    [("By the CSV alone", ""), *[(word, sex) for sex, word in SEX_WORDS.items()]],
                    value="",
                    label="Sex",
                    info=_SEX_INFO,
                    elem_id="queue-sex",
                )
                self.consent = gr.Checkbox(False, label=CONSENT, info=NO_CONSENT, elem_id="queue-consent")
                self.terms = ConsentTerms("queue")
                self.look = gr.Button("Check the films", variant="primary", elem_id="queue-look")
        self.message = styled_html(elem_id="queue-upload-message")
        self.done = styled_html(elem_id="queue-done", elem_classes="message-slot")
        self.result = styled_html(elem_id="queue-result")
        with gr.Row(elem_classes=classes_if(False), elem_id="queue-decide", equal_height=True) as self.decide:
            self.writing = gr.Radio(
                [("Leave these films out", "out"), ("Keep them: no writing names a child", "keep")],
                value=None,
                label="Films with writing",
                elem_classes=classes_if(False),
                elem_id="queue-writing",
            )
            self.add = gr.Button("Add to the queue", variant="primary", elem_id="queue-add")
        self.seen = gr.State(None)
        #: The batch that was added last, until the model has looked at its films.
        self.taken = gr.State(None)

    def _wire(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        sent: set[Block] = {self.files, self.folder, self.table, self.sex, self.consent}
        cleared = [self.message, self.done, self.result, self.decide, self.seen, self.taken]
        changes = [self.sex.input, self.consent.input]
        changes += [event for file in (self.files, self.folder, self.table) for event in (file.upload, file.clear)]
        changes += [file.delete for file in (self.files, self.folder)]
        # In the browser alone: an answer from the server might arrive after the changed films were looked at, and undo that.
        gr.on(changes, None, None, [self.message, self.done, self.result, self.decide], js=_START_OVER_JS, **private)
        self.look.click(
            self._look,
            sent,
            [*cleared, self.writing, self.add, self.look],
            **private,
            **_ONE_BATCH,
        ).then(
            self._changed_meanwhile,
            {*sent, self.seen},
            cleared,
            **private,
            **_ONE_BATCH,
        )
        #: Ends when everything has been added; other parts of the page may chain on to it.
        self.added = self.add.click(
            self._add,
            {*sent, self.writing, self.seen, *self.terms.inputs},
            [*cleared, self.add, self.files, self.folder, self.table],
            **private,
            **_ONE_BATCH,
        )

    def _start_over(self) -> Updates:
        return {
            self.message: "", self.done: "", self.result: "", self.decide: gr.Row(elem_classes=classes_if(False)),
            self.seen: None, self.taken: None,
        }  # fmt: skip

    def _given(self, values: Values) -> _Given:
        table = values[self.table]
        return _Given(
            (*values[self.files], *values[self.folder]),
            None if table is None else Path(table),
            values[self.sex] or None,
            values[self.consent],
        )

    def _look(self, values: Values, request: gr.Request) -> Iterator[Updates]:
        """Looks at every film and changes nothing."""
        yield {**self._start_over(), self.message: bar(0, 1, "Unpacking and checking"), self.look: _off()}
        given = self._given(values)
        try:
            self._check_role(request)
            with given.batch() as batch:
                looked: list[Looked] = []
                shown: list[Writing] = []
                with_writing: set[str] = set()
                total = len(batch.films)
                looks = look_through(batch, self._filing.ledger, for_writing=given.consent)
                for file, one in zip(batch.films, looks, strict=True):
                    if one.radiograph is not None:
                        FILMS_PASSING.batch_holds(given.files, file, one.radiograph.sha256)
                    if one.radiograph is not None and one.has_writing:
                        with_writing.add(one.radiograph.sha256)
                        if len(shown) < _SHOWN_FILMS:
                            shown.append(Writing(one.name, _pictures(one.radiograph, one.places)))
                    looked.append(one.without_pixels())
                    text = f"Looking at film {len(looked):,} of {total:,}."
                    yield {self.message: bar(len(looked), total, text)}
                yield self._looked(given, batch, looked, shown, with_writing)
        except Exception as error:
            seen = _Seen(given, 0, frozenset())
            yield {**self._start_over(), self.message: note(_sentence(error)), self.seen: seen}
        yield {self.look: gr.Button(interactive=True)}

    def _looked(
        self,
        given: _Given,
        batch: Batch,
        looked: Sequence[Looked],
        shown: Sequence[Writing],
        with_writing: set[str],
    ) -> Updates:
        new = sum(one.status == "new" for one in looked)
        return {
            self.message: "",
            self.result: looked_through(looked, batch.passed_over, shown, len(with_writing) - len(shown)),
            self.decide: gr.Row(elem_classes=classes_if(new > 0)),
            self.writing: gr.Radio(value=None, elem_classes=classes_if(bool(with_writing))),
            self.add: gr.Button(interactive=True),
            self.seen: _Seen(given, new, frozenset(with_writing)),
        }

    def _changed_meanwhile(self, values: Values) -> Updates:
        """Takes back what was found in films that are no longer those chosen."""
        seen: _Seen | None = values[self.seen]
        if seen is None or seen.given == self._given(values):
            return {self.message: gr.skip()}
        return self._start_over()

    def _add(self, values: Values, request: gr.Request) -> Iterator[Updates]:
        """Adds the films that were looked at."""
        given, seen, writing = self._given(values), values[self.seen], values[self.writing]
        if seen is None or seen.given != given:
            yield {**self._start_over(), self.message: note("The films have changed: check them again.")}
            return
        if seen.with_writing and writing is None:
            yield {
                self.message: note("Choose what happens to the films with writing, then press Add to the queue again.")
            }
            return
        yield {self.message: bar(0, 1, "Unpacking and checking"), self.add: _off()}
        left_out = seen.with_writing if writing == "out" else frozenset[str]()
        try:
            reader = self._check_role(request)
            with given.batch() as batch:
                taken = []
                consent = self.terms.of(values) if given.consent else None
                for one in take_in(batch, self._filing, reader=reader, consent=consent, left_out=left_out):
                    taken.append(one)
                    self._background.wake()
                    text = f"Adding film {len(taken):,} of {len(batch.films):,}."
                    yield {self.message: bar(len(taken), len(batch.films), text)}
                added = sum(one.status == "added" for one in taken)
                self._desk.note(request, reader, "added", detail=f"{added} films")
                yield {
                    **self._start_over(),
                    self.result: about_films(taken, batch.passed_over),
                    **self.news(taken, waits=True),
                    self.files: None,
                    self.folder: None,
                    self.table: None,
                }
        except Exception as error:
            yield {self.message: note(_sentence(error)), self.add: gr.Button(interactive=True)}

    def news(self, taken: Sequence[TakenIn] | None, *, waits: bool) -> Updates:
        """What became of the batch that was added last, by now. waits: the model may not have looked at all of its films."""
        if taken is None:
            return {self.done: gr.skip()}
        said = ((one.film.id, self._filing.ledger.prediction(one.film.id)) for one in taken if one.film is not None)
        refusals = {film: one.refusal for film, one in said if one is not None and one.refusal is not None}
        return {self.done: taken_in(taken, refusals), self.taken: taken if waits else None}

    def _check_role(self, request: gr.Request) -> Reader:
        """The reader, who may add films. Raises BoneGradeError."""
        reader = self._desk.reader(request)
        enforce(reader, Action.ADD_FILMS)
        return reader


def _off() -> gr.Button:
    return gr.Button(interactive=False)


def _pictures(radiograph: Radiograph, places: Sequence[TextPlace]) -> tuple[str, ...]:
    """Small pictures of the places, as they are on the film."""
    return tuple(
        data_uri(jpeg(film_picture(radiograph.pixels[rows, columns], 3 * _PLACE_HEIGHT)), "jpeg")
        for rows, columns in (_slices(place) for place in places[:_SHOWN_PLACES])
    )


def _slices(place: TextPlace) -> tuple[slice, slice]:
    left, top, right, bottom = place.box
    return slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)


def _sentence(error: Exception) -> str:
    return sentence_without_names(error, NOTHING_MORE_ADDED, _log, "Adding films failed.")
