"""The Data tab: the ledger exported as a dataset, for those who may; labels brought in; and films that look the same."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast, get_args

import gradio as gr

from core.access.roles import Action, enforce
from core.dataset.exporting.options import ExportFormat, ExportOptions
from core.dataset.manifest import Manifest
from core.dataset.split import Shares
from core.errors import BoneGradeError
from core.intake.near_copies import NearCopies
from core.ledger import LabelRule
from webapp.assess.summary import message
from webapp.data.bring_in import BringInPart
from webapp.data.erase_part import ErasePart
from webapp.desk import Desk
from webapp.erasures import export_name
from webapp.programs.part import ProgramsPart
from webapp.shared.components import Updates, explained, part_heading, styled_html
from webapp.shared.errors import NOTHING_CHANGED, sentence_of
from webapp.shared.templates import render
from webapp.shared.words import counted, file_size

_log = logging.getLogger(__name__)

DEMO: Final = render("data/demo.html")
GONE: Final = (
    "This export is no longer here: exports are removed when a film is erased, or after an hour. Make it again, "
    "without what was erased."
)
_INTRODUCTION: Final = render("data/introduction.html")
_RULES: Final = {
    "latest": "The latest word on each bone",
    "majority": "The majority of the readers",
    "reviewer_first": "Gold, else the reviewer, else the latest",
}
_FORMATS: Final = {
    "labels": "Labels (Parquet)",
    "crops": "Crops (Parquet with pictures)",
    "csv": "Labels (CSV)",
    "coco": "Boxes (COCO)",
    "voc": "Boxes (Pascal VOC)",
    "yolo": "Boxes (YOLO)",
    "films": "Films whose pixels were kept (PNG)",
}
#: An export made in another way leaves the page.
_START_OVER_JS: Final = """() => ["", "", {"__type__": "update", "visible": false}]"""
_SHOWN_ACCESSES: Final = 200
_IN_LINE: Final[dict[str, Any]] = {"concurrency_limit": 1, "concurrency_id": "export"}
_SHOWN_PAIRS: Final = 200
_USUAL: Final = ["labels", "crops", "csv", "coco"]


def build_data_tab(desk: Desk) -> None:
    """Lays out the tab inside the surrounding gr.Blocks and wires it up."""
    if desk.ledger is None:
        styled_html(DEMO)
        return
    _Tab(desk)


class _Tab:
    """The components of the tab and what they do."""

    def __init__(self, desk: Desk):
        self._desk = desk
        with gr.Column(elem_id="data"):
            styled_html(_INTRODUCTION)
            explained("revision", "split", "gold", "consent")
            assert set(_RULES) == set(get_args(LabelRule))
            self.rule = gr.Radio(
                [(words, rule) for rule, words in _RULES.items()],
                value="latest",
                label="Whose reading counts where several people read a film",
                elem_id="export-rule",
            )
            self.formats = gr.CheckboxGroup(
                [(words, key) for key, words in _FORMATS.items()],
                value=_USUAL,
                label="What to include",
                elem_id="export-formats",
            )
            self.split = gr.Textbox(
                "80/10/10", label="Percentages of patients in train/val/test", elem_id="export-split", max_lines=1
            )
            self.make = gr.Button("Make the export", variant="primary", elem_id="export-make", scale=0, min_width=220)
            self.message = styled_html(elem_id="export-message", elem_classes="message-slot")
            self.done = styled_html(elem_id="export-done")
            self.download = gr.DownloadButton("Download the dataset (zip)", visible=False, elem_id="export-download")
            BringInPart(desk)
            part_heading("Films that look the same")
            self.look = gr.Button("Look for copies", elem_id="copies-look", scale=0, min_width=220)
            self.copies = styled_html(elem_id="copies")
            ErasePart(desk)
            self._build_access_log()
            ProgramsPart(desk)
        wishes, answer = [self.rule, self.formats, self.split], [self.message, self.done, self.download]
        self.look.click(self._look_for_copies, None, [self.copies], api_visibility="private", **_IN_LINE)
        self.exported, self.handed = gr.State(None), gr.State(None)
        self.make.click(
            self._export,
            wishes,
            [*answer, self.exported, self.handed],
            trigger_mode="always_last",
            show_progress_on=self.done,
            api_visibility="private",
            **_IN_LINE,
        ).then(
            self._changed_meanwhile,
            [*wishes, self.exported],
            answer,
            show_progress="hidden",
            api_visibility="private",
            **_IN_LINE,
        )
        self.download.click(self._downloaded, [self.handed], answer, show_progress="hidden", api_visibility="private")
        changes = [wish.input for wish in wishes]  # type: ignore[attr-defined]
        gr.on(changes, None, None, answer, js=_START_OVER_JS, api_visibility="private")

    def _build_access_log(self) -> None:
        """Who looked at what, for those who answer for it."""
        with gr.Accordion("Who looked at what", open=False, elem_id="access-log"):
            with gr.Row(equal_height=True):
                wanted = gr.Textbox(label="A film's number or a person's name; empty for all", max_lines=1, scale=3)
                button = gr.Button("Show the latest", elem_id="access-show", scale=0, min_width=180)
            shown = styled_html(elem_id="access-shown")
        button.click(self._show_access, wanted, shown, api_visibility="private")

    def _show_access(self, wanted: str, request: gr.Request) -> str:
        try:
            reader = self._desk.reader(request)
            enforce(reader, Action.SEE_ACCESS)
            if self._desk.log is None:
                return message("No access log is kept here.", "warning")
            name = wanted.strip()
            film = int(name) if name.isdecimal() else None
            found = self._desk.log.latest(_SHOWN_ACCESSES, film=film, who="" if film is not None else name)
            return render("data/access.html", found=found)
        except Exception as error:
            return message(sentence_of(error, NOTHING_CHANGED, _log, "The access log failed."), title="Not shown")

    def _export(
        self,
        rule: str,
        formats: list[str],
        split: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[Updates]:
        # loads pyarrow (30 MiB), which the page needs for this alone
        from core.dataset.exporting.export import export_zip

        ledger, wishes = self._desk.ledger, (rule, formats, split)
        assert ledger is not None
        folder = Path(tempfile.mkdtemp(prefix="bonegrade-export-"))
        try:
            reader = self._desk.reader(request)
            enforce(reader, Action.EXPORT)
            if not formats:
                raise BoneGradeError("There is nothing to export: tick at least one thing to put in.")
            options = ExportOptions(
                rule=cast(LabelRule, rule),
                reviewers=frozenset(self._desk.those_who_may(Action.SET_GOLD)),
                formats=cast(tuple[ExportFormat, ...], tuple(key for key in _FORMATS if key in formats)),
                shares=Shares.of_text(split),
            )
            progress(0.0, desc="Reading the ledger")
            begun = self._desk.erasures.count()
            target = folder / export_name(ledger.ledger_revision())
            manifest = export_zip(
                ledger, reader, target, options, lambda films: progress((films, None), desc="Writing", unit="films")
            )
            self._desk.note(request, reader, "exported", detail=f"revision {manifest.revision}, {', '.join(formats)}")
            done = _summary(manifest, target.stat().st_size)
            fetched = self._desk.noting_download(request, reader, f"revision {manifest.revision}")
            handed = self._desk.erasures.hand_out_export(target, self.download.GRADIO_CACHE, begun, fetched)
            yield {
                self.message: "",
                self.done: done,
                self.download: gr.DownloadButton(value=handed, visible=True),
                self.exported: wishes,
                self.handed: handed,
            }
        except Exception as error:
            text = sentence_of(error, NOTHING_CHANGED, _log, "An export failed.")
            yield {**self._failed(text), self.exported: wishes}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _downloaded(self, handed: str | None) -> Updates:
        """Says why there is nothing to download, where that is so; gradio serves the file by itself."""
        self._desk.erasures.look()
        if handed is None or Path(handed).is_file():
            return {self.message: gr.skip()}
        return {**self._failed(GONE), self.message: message(GONE, title="Not downloaded")}

    def _changed_meanwhile(self, rule: str, formats: list[str], split: str, exported: Any) -> Updates:
        """Withdraws an export that was made in another way than is chosen by now."""
        if exported == (rule, formats, split):
            return {self.message: gr.skip()}
        return {self.message: "", self.done: "", self.download: gr.DownloadButton(visible=False)}

    def _look_for_copies(
        self,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> str:
        """A table of films that look the same; first notes the look of those that came in before looks were kept."""
        try:
            enforce(self._desk.reader(request), Action.ADD_FILMS)
            ledger = self._desk.ledger
            assert ledger is not None
            for _ in NearCopies(ledger).note_all(lambda films: progress((films, None), desc="Looking", unit="films")):
                pass
            pairs = ledger.near_copies()
            further = max(len(pairs) - _SHOWN_PAIRS, 0)
            return render("data/near_copies.html", pairs=pairs[:_SHOWN_PAIRS], further=further)
        except BoneGradeError as error:
            return message(str(error), title="Not looked for")

    def _failed(self, text: str) -> Updates:
        return {
            self.message: message(text, title="Not exported"),
            self.done: "",
            self.download: gr.DownloadButton(value=None, visible=False),
        }


def _summary(manifest: Manifest, size: int) -> str:
    """What the file holds, in one paragraph."""
    split = manifest.split
    parts = ", ".join(f"{count:,} {part}" for part, count in split.films.items())
    text = (
        f"Revision {manifest.revision}: {counted(sum(split.films.values()), 'film')} ({parts}) and "
        f"{counted(sum(split.crops.values()), 'crop')}, {file_size(size)}."
    )
    return render("data/summary.html", text=text)
