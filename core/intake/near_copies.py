"""Points out films that are already there as another file: as a PNG and a JPEG, cropped, or with another exposure."""

from collections.abc import Callable, Iterator

from core.film.likeness import Look, alike, are_same, look_of, may_be_same
from core.film.radiograph import Radiograph
from core.ledger import DamagedStore, FilmRecord, Ledger, UnknownFilm


class NearCopies:
    """The looks of a ledger's films, read once and kept up to date with what is added here; for one batch."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger
        self._looks = dict(ledger.looks())

    def of(self, radiograph: Radiograph, look: Look | None = None) -> list[int]:
        """Ids of the films that this one is a near copy of, whether it is in the ledger or not, in id order. A crop,
        or another exposure, is found only among films whose pixels are kept."""
        look = look or look_of(radiograph)
        return [
            film_id
            for film_id, other in self._looks.items()
            if may_be_same(look, other) and self._are_same(radiograph, look, film_id, other)
        ]

    def _are_same(self, radiograph: Radiograph, look: Look, film_id: int, other: Look) -> bool:
        try:
            kept = self._ledger.radiograph(self._ledger.film(film_id))
        except UnknownFilm:  # it was erased meanwhile
            return False
        except DamagedStore:  # whoever opens that film is told of it
            kept = None
        return alike(look, other, with_greys=False) if kept is None else are_same(radiograph, kept)

    def note(self, film: FilmRecord, radiograph: Radiograph) -> list[int]:
        """Records what a film of the ledger is a near copy of, and its look, which without its pixels is forgotten with the
        batch. Returns the ids of those films. Nothing is done for a film whose look is known."""
        if film.id in self._looks:
            return []
        look = look_of(radiograph)
        found = self.of(radiograph, look)
        self._ledger.add_look(film.id, look, found)
        self._looks[film.id] = look
        return found

    def note_all(self, progress: Callable[[int], None] = lambda done: None) -> Iterator[tuple[int, list[int]]]:
        """Looks through the films that came in before looks were kept, if their pixels are kept; yields each film that is a
        near copy with those that it is a copy of."""
        for done, film in enumerate(self._ledger.films(), 1):
            if film.consent and film.id not in self._looks:
                try:
                    radiograph = self._ledger.radiograph(film)
                except DamagedStore:
                    continue
                if radiograph is not None and (found := self.note(film, radiograph)):
                    yield film.id, found
            progress(done)


def sentence(film_ids: list[int]) -> str:
    """The sentence about a near copy of these films; "" where there are none."""
    if not film_ids:
        return ""
    named = ", ".join(map(str, film_ids[:3])) + (" and others" if len(film_ids) > 3 else "")
    many = len(film_ids) > 1
    return (
        f"It looks like film{'s' * many} {named}, which {'are' if many else 'is'} there already: most likely the same film in "
        "another file. No split separates them."
    )
