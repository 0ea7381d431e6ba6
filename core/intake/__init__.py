"""Turns what people send in into checked films: single files, folders and zips, with a CSV of sexes, ages and patients."""

from core.intake.archive import Limits
from core.intake.batch import Batch, FilmFile, SentFile, open_batch
from core.intake.errors import BatchRefused
from core.intake.filing import Filing
from core.intake.table import read_table
from core.intake.take_in import Looked, TakenIn, look_through, take_in

__all__ = [
    "Batch",
    "BatchRefused",
    "Filing",
    "FilmFile",
    "Limits",
    "Looked",
    "SentFile",
    "TakenIn",
    "look_through",
    "open_batch",
    "read_table",
    "take_in",
]
