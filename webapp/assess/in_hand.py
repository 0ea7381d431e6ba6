"""The film that a session is working on, until it is erased: then nothing of it stays in memory, whoever erased it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import gradio as gr

from core.film.radiograph import Radiograph, read_radiograph
from core.hand.hand import Hand
from core.keeping.lately_erased import Erased
from webapp.entrance.files.films_passing import FILMS_PASSING, FilmErased
from webapp.erasures import Erasures


@dataclass(frozen=True)
class FilmInHand:
    """The film of a session, read once: where it was uploaded to, its pixels and, once it was assessed, the hand on it.

    read: None once the film was erased. sex_by_file: the sex that is chosen comes from the film's file, not from a
    person. since: when it was sent.
    """

    path: str
    read: Radiograph | None
    hand: Hand | None = None
    sex_by_file: bool = False
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of_file(cls, path: str) -> Self:
        """Reads a film that was sent. Raises BoneGradeError."""
        if FILMS_PASSING.was_erased(path):
            raise FilmErased
        since = FILMS_PASSING.since(path)
        radiograph = read_radiograph(Path(path))
        FILMS_PASSING.holds(path, [radiograph.sha256], since)
        return cls(path, radiograph, since=since)

    @property
    def radiograph(self) -> Radiograph:
        """The film. Raises FilmErased where it was erased."""
        if self.read is None:
            raise FilmErased
        return self.read

    @property
    def found_hand(self) -> Hand:
        """The hand on it, once it was assessed. Raises FilmErased where it was erased."""
        if self.hand is None:
            raise FilmErased
        return self.hand

    def was_erased(self, erasures: Erasures) -> bool:
        """Whether it was erased after it was sent."""
        return self.read is None or erasures.was_erased(self.read.sha256, self.since)

    def check(self, erasures: Erasures) -> None:
        """Raises FilmErased where it was erased after it was sent."""
        if self.was_erased(erasures):
            raise FilmErased

    def erased(self) -> Self:
        """What remains of it: that there was one."""
        return replace(self, read=None, hand=None)

    @property
    def nbytes(self) -> int:
        """The memory that it takes, in bytes, with the crops of the hand."""
        return 0 if self.read is None else self.read.pixels.nbytes * (1 if self.hand is None else 2)


def forget_in_sessions(app: gr.Blocks, erased: Erased) -> None:
    """Takes films that were erased after they came, and what was made of them, out of the memory of all open pages.

    Answers that are on their way are checked when they are shown.
    """
    for session in list(app.state_holder.session_data.values()) if hasattr(app, "state_holder") else []:
        # what the page was last sent, pictures included: gradio keeps it for links that share a session, which are closed here
        session.config_values.clear()
        values: dict[int, Any] = session.state_data
        films = {key: film for key, value in list(values.items()) if (film := _film_of(value)) is not None}
        gone = {
            key for key, film in films.items() if film.read is not None and erased.since(film.read.sha256, film.since)
        }
        hashes = {films[key].radiograph.sha256 for key in gone}
        for key, value in list(values.items()):
            if key in gone and _film_of(value) is films[key]:  # no other has just been chosen
                values[key] = films[key].erased() if isinstance(value, FilmInHand) else None
            elif getattr(value, "film_sha256", None) in hashes:
                values[key] = None


def _film_of(value: Any) -> FilmInHand | None:
    """The film of a session's value that is a film or, as an answer, has one; None for any other value."""
    film = value if isinstance(value, FilmInHand) else getattr(value, "film", None)
    return film if isinstance(film, FilmInHand) else None
