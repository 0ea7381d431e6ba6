"""python -m core export | import | copies: labels out of the ledger and into it, and films that look the same."""

import sys
import tempfile
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from core.access.log import AccessLog
from core.access.roles import OPERATOR
from core.assessment.assessor import Assessor
from core.bones import Sex
from core.commands.running import stop_over_file
from core.commands.stopping import stop
from core.dataset.exporting.export import export
from core.dataset.exporting.options import USUAL_FORMATS, ExportFormat, ExportOptions
from core.dataset.formats.reading import Format
from core.dataset.hub import private as the_hub
from core.dataset.importing.checking import ImportOptions, check_labels
from core.dataset.importing.checking_table import as_text
from core.dataset.importing.taking_in import take_in_labels
from core.dataset.manifest import Manifest
from core.dataset.split import Shares
from core.errors import BoneGradeError
from core.intake.filing import Filing
from core.intake.near_copies import NearCopies
from core.intake.turns import Turns
from core.ledger import LabelRule, Ledger, LedgerSettings, Scope, consent_given
from models.registry import WeightsError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Datasets out of the ledger, and into it.")


class Formats(StrEnum):
    """The values of core.dataset.exporting.options.FORMATS, since typer takes no list of a Literal."""

    LABELS = "labels"
    CSV = "csv"
    COCO = "coco"
    CROPS = "crops"
    VOC = "voc"
    YOLO = "yolo"
    FILMS = "films"


@app.command("export")
def export_command(
    folder: Annotated[Path | None, typer.Argument(help="A new folder; may be left out with --hub.")] = None,
    rule: Annotated[LabelRule, typer.Option(help="Whose reading counts.")] = "latest",
    reviewer: Annotated[
        list[str] | None, typer.Option(help="A reader whose word goes first under reviewer_first; give it for each.")
    ] = None,
    revision: Annotated[int | None, typer.Option(help="The ledger's revision; the present one if not given.")] = None,
    formats: Annotated[
        list[Formats] | None,
        typer.Option(
            "--format",
            help="labels (Parquet), csv, coco, crops, voc, yolo or films (the kept pictures); give it for each. "
            "If not given: the first four.",
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Percentages of patients in train/val/test.")] = "80/10/10",
    reader_names: Annotated[
        bool, typer.Option("--reader-names", help="Login names of readers, which are personal data, not pseudonyms.")
    ] = False,
    licence: Annotated[str, typer.Option(help="The dataset's licence, as the hub names it.")] = "other",
    hub: Annotated[
        str | None,
        typer.Option(
            help="Also put it into this private dataset on the Hugging Face Hub, with pictures that may be shared."
        ),
    ] = None,
) -> None:
    """Writes the ledger as a dataset: the same revision and options always make the same bytes."""
    if folder is None and hub is None:
        raise typer.BadParameter("name a folder to export to, or a dataset with --hub.")
    if hub is not None and reader_names:
        raise typer.BadParameter("only pseudonyms go to the hub: leave out --reader-names or --hub.")
    ledger = _open()
    try:
        options = ExportOptions(
            rule,
            frozenset(reviewer or ()),
            revision,
            cast(tuple[ExportFormat, ...], tuple(map(str, formats))) if formats else USUAL_FORMATS,
            Shares.of_text(split),
            reader_names,
            licence,
            "train" if hub is None else "share",
        )
        manifest = _exported(ledger, options, folder, hub)
    except BoneGradeError as error:
        stop(str(error))
    except OSError as error:
        stop_over_file(error)
    finally:
        ledger.close()
    films = manifest.split.films
    where = " and ".join(str(place) for place in (folder, hub) if place is not None)
    typer.echo(
        f"Revision {manifest.revision} is in {where}: {sum(films.values()):,} films "
        f"({', '.join(f'{count:,} {part}' for part, count in films.items())}), "
        f"{sum(manifest.split.crops.values()):,} crops."
    )


def _exported(ledger: Ledger, options: ExportOptions, folder: Path | None, hub: str | None) -> Manifest:
    """Writes the dataset to the folder, and into the hub's dataset, where they are named; returns its manifest."""
    log = AccessLog.from_environment(ledger.folder)
    with tempfile.TemporaryDirectory() as temporary:
        target = folder or Path(temporary) / "dataset"
        manifest = export(ledger, OPERATOR, target, options, _Progress("films"))
        what = f"revision {manifest.revision}, {', '.join(options.formats)}"
        if folder is not None:
            log.note_command("exported", detail=what)
        if hub is not None:
            # before the first byte is sent: a push that is broken off may already have sent most of it
            log.note_command("exported", detail=f"{what}; to the hub: {hub}")
            the_hub.push_dataset(target, hub)
    return manifest


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A COCO or CSV file, or the folder of Pascal VOC or YOLO files.")],
    kind: Annotated[Format, typer.Option("--format", help="Format of the labels.")],
    reader: Annotated[str, typer.Option(help="Who answers for the labels.")],
    images: Annotated[
        Path | None,
        typer.Option(help="The folder of the pictures that the labels name; not needed for films that the ledger has."),
    ] = None,
    films: Annotated[
        Path | None, typer.Option(help="A CSV table of the films: file, sex and, if known, patient and age_months.")
    ] = None,
    sex: Annotated[Sex | None, typer.Option(help="Where neither file says it.")] = None,
    consent: Annotated[bool, typer.Option("--consent", help="There is consent to keeping the pixels.")] = False,
    names: Annotated[
        bool, typer.Option("--keep-names", help="The names of the pictures name no patient and may be kept.")
    ] = False,
    scope: Annotated[Scope, typer.Option(help="What the consent allows; each includes those before it.")] = "train",
    reference: Annotated[str, typer.Option(help="Where the consent is filed, such as a form's number; no names.")] = "",
    consent_ends: Annotated[datetime | None, typer.Option(help="When it ends (UTC); pictures go then.")] = None,
    assess: Annotated[bool, typer.Option(help="Assess new films, so that their crops can be cut.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come in and what not, and why; change nothing.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the valid labels and leave out the rest.")
    ] = False,
) -> None:
    """Imports labels that exist already: all of them or, where one is wrong, none."""
    ledger = _open()
    try:
        log = AccessLog.from_environment(ledger.folder)
        terms = consent_given(scope, reference, consent_ends) if consent else None
        options = ImportOptions(reader, images, films, sex, names, consent=terms)
        checked = check_labels(ledger, file, kind, options, _Progress("films looked at"))
        if dry_run or skip_bad:
            typer.echo(as_text(checked))
        if dry_run:
            return
        if checked.faults and not skip_bad:
            more = len(checked.faults) - 1
            stop(str(checked.faults[0]) + (f" And {more:,} more: --dry-run shows them all." if more else ""))
        assessor = Assessor.from_registry() if assess else None
        filing = None if assessor is None else Filing(ledger, lambda: assessor, Turns().when_free)
        done = take_in_labels(ledger, checked, options, filing, _Progress("films"))
        log.note_command("added", detail=f"{done.new_films} films, {done.labels - done.known_labels} labels")
    except (BoneGradeError, WeightsError) as error:
        stop(str(error))
    finally:
        ledger.close()
    typer.echo(done.summary)
    if done.near_copies:
        typer.echo(
            f"New pairs of films that look the same: {done.near_copies:,}. python -m core copies lists them; "
            "no split separates them."
        )


@app.command("copies")
def copies_command() -> None:
    """Lists films that look the same, in another file or cropped; first compares films not yet compared."""
    ledger = _open()
    try:
        for _ in NearCopies(ledger).note_all(_Progress("films")):
            pass
        pairs = ledger.near_copies()
        typer.echo("film\tlooks like" if pairs else "No two films look the same.")
        for film, other in pairs:
            typer.echo(f"{film}\t{other}")
    except BoneGradeError as error:
        stop(str(error))
    finally:
        ledger.close()


class _Progress:
    """Counts on the error stream, if a person sees it, in one line that is overwritten."""

    def __init__(self, what: str):
        self._what = what

    def __call__(self, done: int, of: int | None = None) -> None:
        if sys.stderr.isatty() and (done % 100 == 0 or done == of):
            print(f"\r{done:,}{'' if of is None else f' of {of:,}'} {self._what}", end="", file=sys.stderr, flush=True)


def _open() -> Ledger:
    try:
        return Ledger.open(LedgerSettings.from_environment())
    except BoneGradeError as error:
        stop(str(error))
