"""python -m core export | import: labels out of the ledger as a dataset, and labels that exist already into it."""

import sys
import tempfile
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from core.access.roles import OPERATOR
from core.assessment.assessor import Assessor
from core.bones import Sex
from core.commands.stopping import stop
from core.dataset import hub as the_hub
from core.dataset.export import USUAL_FORMATS, ExportFormat, ExportOptions, export
from core.dataset.importing import Format, ImportOptions, import_labels
from core.dataset.split import Shares
from core.errors import BoneGradeError
from core.intake.filing import Filing
from core.intake.turns import Turns
from core.ledger import Consent, LabelRule, Ledger, LedgerSettings, Scope
from models.registry import WeightsError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Datasets out of the ledger, and into it.")


class Formats(StrEnum):
    """core.dataset.export.FORMATS: typer takes no list of a Literal."""

    LABELS = "labels"
    CSV = "csv"
    COCO = "coco"
    CROPS = "crops"
    VOC = "voc"
    FILMS = "films"


@app.command("export")
def export_command(
    folder: Annotated[Path | None, typer.Argument(help="A new folder; may be left out with --hub.")] = None,
    rule: Annotated[LabelRule, typer.Option(help="Whose word counts.")] = "latest",
    reviewer: Annotated[
        list[str] | None, typer.Option(help="A reader whose word goes first under reviewer_first; give it for each.")
    ] = None,
    revision: Annotated[int | None, typer.Option(help="The ledger's revision; the present one if not given.")] = None,
    formats: Annotated[
        list[Formats] | None,
        typer.Option(
            "--format",
            help="labels (Parquet), csv, coco, crops, voc or films (the kept pictures); give it for each. "
            "If not given: the first four.",
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Percentages of patients in train/val/test.")] = "80/10/10",
    reader_names: Annotated[
        bool, typer.Option("--reader-names", help="Login names of readers, which are personal data, not pseudonyms.")
    ] = False,
    licence: Annotated[str, typer.Option(help="The dataset's licence, as the hub names it.")] = "other",
    hub: Annotated[
        str | None, typer.Option(help="Also put it on the Hugging Face Hub, into this private dataset.")
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
        )
        with tempfile.TemporaryDirectory() as temporary:
            target = folder or Path(temporary) / "dataset"
            manifest = export(ledger, OPERATOR, target, options, _Progress("films"))
            if hub is not None:
                the_hub.push_dataset(target, hub)
    except BoneGradeError as error:
        stop(str(error))
    finally:
        ledger.close()
    films = manifest["split"]["films"]
    where = " and ".join(str(place) for place in (folder, hub) if place is not None)
    typer.echo(
        f"Revision {manifest['revision']} is in {where}: {sum(films.values()):,} films "
        f"({', '.join(f'{count:,} {part}' for part, count in films.items())}), "
        f"{sum(manifest['split']['crops'].values()):,} crops."
    )


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A COCO or CSV file, or the folder of Pascal VOC files.")],
    kind: Annotated[Format, typer.Option("--format", help="What the labels are written in.")],
    images: Annotated[Path, typer.Option(help="The folder of the pictures that the labels name.")],
    reader: Annotated[str, typer.Option(help="Who answers for the labels.")],
    films: Annotated[
        Path | None, typer.Option(help="A CSV table of the films: file, sex and, if known, patient and age_months.")
    ] = None,
    sex: Annotated[Sex | None, typer.Option(help="Where neither file says it.")] = None,
    consent: Annotated[bool, typer.Option("--consent", help="There is consent to keeping the pixels.")] = False,
    scope: Annotated[Scope, typer.Option(help="What the consent allows; each includes those before it.")] = "train",
    reference: Annotated[str, typer.Option(help="Where the consent is filed, such as a form's number; no names.")] = "",
    consent_ends: Annotated[datetime | None, typer.Option(help="When it ends (UTC); pictures go then.")] = None,
    assess: Annotated[bool, typer.Option(help="Assess new films, so that their crops can be cut.")] = True,
) -> None:
    """Takes in labels that exist already: all of them or, where one is wrong, none."""
    ledger = _open()
    try:
        assessor = Assessor.from_registry() if assess else None
        filing = None if assessor is None else Filing(ledger, lambda: assessor, Turns().when_free)
        terms = Consent(scope, reference, None if consent_ends is None else consent_ends.replace(tzinfo=UTC))
        options = ImportOptions(reader, images, films, sex, consent, terms)
        done = import_labels(ledger, file, kind, options, filing, _Progress("films"))
    except (BoneGradeError, WeightsError) as error:
        stop(str(error))
    finally:
        ledger.close()
    typer.echo(
        f"{done.films:,} films, {done.new_films:,} of them new; {done.labels - done.known_labels:,} labels taken in, "
        f"{done.known_labels:,} known already."
    )
    if done.refused:
        typer.echo(f"The model refused {done.refused:,} films: they have labels, but crops cannot be cut from them.")


class _Progress:
    """Counts on the error stream, where a person sees it, one line that renews itself."""

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
