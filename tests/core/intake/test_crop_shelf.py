"""Crops of an export: those of core.hand.hand, cut where the reader put the box, kept, and cut again when anything changes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.dataset.snapshot import FilmSnapshot, Snapshot
from core.film.box import Box
from core.hand.crops import CONTEXT_SIDE, CUT_VERSION
from core.hand.hand import Hand
from core.hand.localization import Region
from core.intake import crop_shelf
from core.intake.crop_shelf import CropShelf, KeptCrop
from core.ledger import Correction, DamagedStore
from tests.stored_films import Store, graded, hand, localization


def _one(store: Store) -> FilmSnapshot:
    (found,) = Snapshot.of(store.ledger).films()
    return found


def _crops(store: Store, found: FilmSnapshot) -> dict[str, KeptCrop]:
    return CropShelf(store.ledger).crops(found.film, found.prediction, found.reading)


def _decoded(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def _levels(crop: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(crop * 255).astype(np.uint8)


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bones that were cut, in the order in which they were."""
    done: list[str] = []
    png = crop_shelf.png

    def counted(of: Hand, region: Region) -> bytes:
        done.append(region.bone)
        return png(of, region)

    monkeypatch.setattr(crop_shelf, "png", counted)
    return done


@pytest.mark.parametrize("inverted", [False, True])
def test_accepted_boxes_are_cut_as_the_model_saw_them(store: Store, inverted: bool) -> None:
    store.accept(store.film(1))
    found = _one(store)
    assert found.prediction is not None and found.prediction.localization is not None
    lying = replace(found.prediction.localization, inverted=inverted)
    found = replace(found, prediction=replace(found.prediction, localization=lying))
    crops = _crops(store, found)
    assert tuple(crops) == RUS_BONES
    for region in lying.regions:
        crop = _decoded(crops[region.bone].png)
        assert crop.shape == (CONTEXT_SIDE, CONTEXT_SIDE)
        np.testing.assert_array_equal(crop, _levels(Hand(hand(1), lying).cut(region)))
        assert not crops[region.bone].moved


def test_a_moved_box_is_cut_where_it_was_put(store: Store) -> None:
    film = store.film(1)
    box = Box(20.0, 30.0, 80.0, 110.0)
    store.save(film, [graded("MC3", 5, box), graded("PP1", 3), Correction("Ulna", "unreadable", None, box)])
    crops = _crops(store, _one(store))
    assert {bone: crop.moved for bone, crop in crops.items()} == {"MC3": True, "PP1": False}
    lying = localization(1)
    whole = Hand(hand(1), lying)
    moved = whole.cut(whole.moved("MC3", box))
    np.testing.assert_array_equal(_decoded(crops["MC3"].png), _levels(moved))
    np.testing.assert_array_equal(_decoded(crops["PP1"].png), _levels(whole.crops["PP1"]))


def test_a_box_that_was_only_rounded_was_not_moved(store: Store) -> None:
    film = store.film(1)
    predicted = localization(1).region("MC3").box
    rounded = Box(*(round(edge) for edge in predicted))
    pushed = replace(rounded, xmin=rounded.xmin + 2)
    assert rounded != predicted
    for box, moved in ((rounded, False), (pushed, True)):
        store.save(film, [graded("MC3", 5, box)])
        assert _crops(store, _one(store))["MC3"].moved is moved


def test_a_bone_that_was_not_found_has_a_crop_once_it_is_boxed(store: Store) -> None:
    film = store.film(1)
    store.save(film, [graded("MC3", 0), graded("PP1", 3, Box(20.0, 30.0, 80.0, 110.0))])
    found = _one(store)
    assert found.prediction is not None and found.prediction.localization is not None
    lost = tuple(replace(region, status="missing") for region in found.prediction.localization.regions)
    lying = replace(found.prediction.localization, regions=lost)
    crops = _crops(store, replace(found, prediction=replace(found.prediction, localization=lying)))
    assert list(crops) == ["PP1"]


def test_crops_are_kept_and_only_changed_ones_cut_again(store: Store, cuts: list[str]) -> None:
    film = store.film(1)
    store.accept(film)
    first = _crops(store, _one(store))
    assert sorted(cuts) == sorted(RUS_BONES)
    assert _crops(store, _one(store)) == first
    assert len(cuts) == 13
    store.save(film, [graded("MC3", 5, Box(20.0, 30.0, 80.0, 110.0))], "ben")
    second = _crops(store, _one(store))
    assert cuts[13:] == ["MC3"]
    assert {bone for bone in RUS_BONES if first[bone] != second[bone]} == {"MC3"}


def test_a_shelf_that_was_filled_needs_no_cutting(store: Store, cuts: list[str]) -> None:
    film = store.film(1)
    CropShelf(store.ledger).fill(film, store.prediction(film))
    assert sorted(cuts) == sorted(RUS_BONES)
    store.accept(film)
    assert len(_crops(store, _one(store))) == 13
    CropShelf(store.ledger).fill(film, store.prediction(film))
    assert len(cuts) == 13


def test_nothing_is_kept_without_consent(store: Store, tmp_path: Path, cuts: list[str]) -> None:
    film = store.film(1, consent=False)
    CropShelf(store.ledger).fill(film, store.prediction(film))
    assert cuts == [] and not (tmp_path / "store" / "crops").exists()


def test_a_new_way_of_cutting_cuts_all_again(store: Store, cuts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    store.accept(store.film(1))
    _crops(store, _one(store))
    monkeypatch.setattr(crop_shelf, "_CUT_WITH", (CUT_VERSION + 1, cv2.__version__, np.__version__))
    _crops(store, _one(store))
    assert len(cuts) == 26


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:50], lambda b: b"", lambda b: b[:-5] + b"xxxxx"])
def test_damaged_crops_are_cut_again(
    store: Store, tmp_path: Path, cuts: list[str], damage: Callable[[bytes], bytes]
) -> None:
    store.accept(store.film(1))
    first = _crops(store, _one(store))
    (file,) = (path for path in (tmp_path / "store" / "crops").rglob("*") if path.is_file())
    file.write_bytes(damage(file.read_bytes()))
    assert _crops(store, _one(store)) == first
    assert len(cuts) == 26


def test_no_crops_without_consent_or_prediction(store: Store, tmp_path: Path) -> None:
    store.accept(store.film(1, consent=False))
    assert _crops(store, _one(store)) == {}
    store.save(store.film(2, assessed=False), [graded("MC3", 5)])
    *_, unassessed = Snapshot.of(store.ledger).films()
    assert unassessed.film.consent
    assert _crops(store, unassessed) == {}
    assert not (tmp_path / "store" / "crops").exists()


def test_a_picture_that_was_taken_away_gives_no_crops(store: Store) -> None:
    """Even if crops were kept: whoever removes a picture means it."""
    store.accept(store.film(1))
    found = _one(store)
    _crops(store, found)
    picture = store.ledger.picture_file(found.film)
    assert picture is not None
    picture.unlink()
    with pytest.raises(DamagedStore, match="missing"):
        _crops(store, found)
