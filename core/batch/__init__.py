"""Many films at once, on one machine or on many: one row per film, resumable, with the same numbers as one by one."""

from core.batch.batch import Counts, assess_batch
from core.batch.films import BatchFilm, films_in

__all__ = ["BatchFilm", "Counts", "assess_batch", "films_in"]
