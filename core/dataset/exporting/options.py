"""The options of an export; in a file of its own, so that a page can offer them without loading what writes Parquet."""

from dataclasses import dataclass, field
from typing import Final, Literal

from core.dataset.split import Shares
from core.ledger import LabelRule, Scope

#: labels: Parquet, one row per film and bone. crops: Parquet with PNG pictures. csv, coco, voc, yolo: what other programs read.
#: films: the kept pictures, to which the files of these four refer.
ExportFormat = Literal["labels", "csv", "coco", "crops", "voc", "yolo", "films"]
FORMATS: Final[tuple[ExportFormat, ...]] = ("labels", "csv", "coco", "crops", "voc", "yolo", "films")
USUAL_FORMATS: Final[tuple[ExportFormat, ...]] = ("labels", "csv", "coco", "crops")


@dataclass(frozen=True)
class ExportOptions:
    """What to export.

    rule: whose word counts; reviewers: those whose word goes first under "reviewer_first". revision: None for the present one.
    reader_names: readers under their login names, which are personal data, not under pseudonyms. licence: as the hub names it.
    use: what consents must allow; "share" for what leaves this server.
    """

    rule: LabelRule = "latest"
    reviewers: frozenset[str] = frozenset()
    revision: int | None = None
    formats: tuple[ExportFormat, ...] = USUAL_FORMATS
    shares: Shares = field(default_factory=Shares)
    reader_names: bool = False
    licence: str = "other"
    use: Scope = "train"
