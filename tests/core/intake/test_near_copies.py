"""Near copies in a ledger: found as films come in and among those that are there, and never separated by a split."""

from pathlib import Path

import cv2
import numpy as np

from core.access.roles import OPERATOR
from core.dataset.split import Shares, Split, part_of
from core.film.radiograph import read_radiograph
from core.intake import look_through, open_batch, take_in
from core.intake.filing import Filing
from core.intake.near_copies import NearCopies
from core.intake.turns import Turns
from core.ledger import Consent
from tests.hands import shipped_examples
from tests.stored_films import Store


def _sent(store: Store, *files: Path, consent: bool = True) -> list[tuple[str, str, str]]:
    """What became of films that were sent: name, status and sentence, before and after they were added."""
    filing = Filing(store.ledger, lambda: store.assessor, Turns().now)
    with open_batch(files, sex="F") as batch:
        looked = [(one.name, one.status, one.sentence) for one in look_through(batch, store.ledger, for_writing=False)]
        taken = list(take_in(batch, filing, reader=OPERATOR, consent=Consent() if consent else None))
    assert [(name, sentence) for name, _, sentence in looked] == [(one.name, one.sentence) for one in taken]
    return looked


def test_a_jpeg_and_a_crop_of_a_film_are_pointed_out_and_stay_with_it(store: Store, tmp_path: Path) -> None:
    first, other = (example.path for example in shipped_examples()[:2])
    greys = np.round(read_radiograph(first).pixels * 255).astype(np.uint8)
    height, width = greys.shape
    cv2.imwrite(str(tmp_path / "copy.jpg"), greys, [cv2.IMWRITE_JPEG_QUALITY, 80])
    cv2.imwrite(str(tmp_path / "crop.png"), greys[height // 12 :, : width - width // 12])
    assert [sentence for _, _, sentence in _sent(store, first, other)] == ["", ""]
    number = next(film.id for film in store.ledger.films() if film.sha256 == read_radiograph(first).sha256)
    ((name, status, sentence),) = _sent(store, tmp_path / "copy.jpg")
    assert (name, status) == ("copy.jpg", "new") and f"It looks like film {number}, which is there" in sentence
    ((_, _, sentence),) = _sent(store, tmp_path / "crop.png")
    assert f"It looks like films {number}, 3, which are there" in sentence
    assert store.ledger.near_copies() == [(3, number), (4, number), (4, 3)]
    films = {film.id: film for film in store.ledger.films()}
    pairs = [(films[one], films[another]) for one, another in store.ledger.near_copies()]
    for shares in (Shares(), Shares(34, 33, 33), Shares(0, 50, 50)):
        split = Split.of(shares, [], pairs)
        part = part_of(films[number].sha256, shares)
        assert {split.part(films[copy]) for copy in (number, 3, 4)} == {part}
        gold = Split.of(shares, [films[4]], pairs)
        assert {gold.part(films[copy]) for copy in (number, 3, 4)} == {"test"}


def test_films_that_came_in_before_are_looked_through(store: Store, tmp_path: Path) -> None:
    first, other = (read_radiograph(example.path) for example in shipped_examples()[:2])
    cv2.imwrite(str(tmp_path / "copy.jpg"), np.round(first.pixels * 255).astype(np.uint8))
    for film in (first, other, read_radiograph(tmp_path / "copy.jpg")):
        store.ledger.add_film(film, "F", reader="anna", source="queue", consent=Consent())
    assert store.ledger.near_copies() == []
    assert list(NearCopies(store.ledger).note_all()) == [(3, [1])]
    assert store.ledger.near_copies() == [(3, 1)]
    assert list(NearCopies(store.ledger).note_all()) == []


def test_what_a_film_looks_like_is_not_kept_without_its_pixels(store: Store, tmp_path: Path) -> None:
    first, other = (example.path for example in shipped_examples()[:2])
    cv2.imwrite(str(tmp_path / "copy.jpg"), np.round(read_radiograph(first).pixels * 255).astype(np.uint8))
    _sent(store, first)
    ((_, _, sentence),) = _sent(store, tmp_path / "copy.jpg", consent=False)
    assert "It looks like film 1, which is there" in sentence and store.ledger.near_copies() == [(2, 1)]
    _sent(store, other, consent=False)
    assert [film for film, _ in store.ledger.looks()] == [1]
