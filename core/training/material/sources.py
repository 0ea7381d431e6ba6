"""The training material: folders of films and exemplars, and the crops and windows that are cut from them once for each run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from core.cohort.crop_store import GradedCrops, HandCrops, cut_films, no_graded_crops
from core.cohort.exemplar_frame import mean_crops, read_graded
from core.cohort.films import DataFolderError, film_height, training_films
from core.cohort.hand_windows import HandWindows, kept_windows
from core.cohort.opinions import Opinions, settle_opinions
from core.cohort.settings import keep_settings
from core.cohort.small_hands import SmallFilm, kept_small_windows, read_small_films
from core.hand.localizer import Localizer
from models.registry import load_localizer

#: The least height of films whose crops the grader learns from, in pixels.
_LEAST_HEIGHT: Final = 500


def localizer_for(films: Path, run: Path) -> Localizer:
    """The registered localiser. Raises DataFolderError where the run folder holds crops of other films or another localiser."""
    network, sha256 = load_localizer()
    keep_settings(run / "material.json", {"folder of films": str(films.resolve()), "localiser": sha256})
    return Localizer(network)


def crops_of(films: Path, split: str, run: Path, localizer: Localizer, workers: int) -> HandCrops:
    """The crops of a split of labelled films, cut on the first call and kept in `run`. workers: processes that cut."""
    return HandCrops.kept(
        run / f"crops_{split}.npz", lambda: cut_films(training_films(films, split), localizer, workers)
    )


@dataclass(frozen=True)
class GradingMaterial:
    """What graders are trained on (`train`, `exemplars`) and measured on (`val`)."""

    train: HandCrops
    val: HandCrops
    exemplars: GradedCrops


@dataclass(frozen=True)
class GraderSources:
    """What a grader is trained from.

    films: folder of labelled films with `train` and `val`. graded: folder of graded exemplars, half of which are left out, see
    core.cohort.exemplar_frame.left_out; None for none at all. more: a folder with more of `train`, of which films lower than
    500 pixels, too coarse for crops, are left out. opinions: with which the labels of `train` are averaged.
    """

    films: Path
    graded: Path | None
    more: Path | None = None
    opinions: Opinions | None = None

    @classmethod
    def in_folder(cls, data: Path, more: Path | None = None, opinions: Opinions | None = None) -> Self:
        """The films in hands/ and the exemplars in graded_rois/ of one folder."""
        return cls(data / "hands", data / "graded_rois", more, opinions)

    def material(self, run: Path, workers: int = 1) -> GradingMaterial:
        """Cuts crops of `train` and `val` and frames the exemplars that are trained on, or reads those that `run` has.

        workers: processes that cut. Raises DataFolderError where the run was begun with other material.
        """
        localizer = localizer_for(self.films, run)
        settle_opinions(run, self.opinions)
        train, val = (crops_of(self.films, split, run, localizer, workers) for split in ("train", "val"))
        if self.more is not None:
            keep_settings(run / "more.json", {"folder of more films": str(self.more.resolve())})
            fine = [film for film in training_films(self.more, "train") if film_height(film) >= _LEAST_HEIGHT]
            if not fine:
                raise DataFolderError(f"No film of {self.more} is {_LEAST_HEIGHT} pixels high or more: omit --more.")
            added = HandCrops.kept(run / "crops_more_train.npz", lambda: cut_films(fine, localizer, workers))
            train = HandCrops.joined([train, added.without(set(train.ids.tolist()))])
        if self.opinions is not None:
            (train,) = self.opinions.averaged(train)
        if self.graded is None:
            return GradingMaterial(train, val, no_graded_crops())
        graded = self.graded
        keep_settings(run / "exemplars.json", {"folder of exemplars": str(graded.resolve())})
        exemplars = GradedCrops.kept(
            run / "exemplars.npz", lambda: read_graded(graded, "exemplar", "trained", mean_crops(train))
        )
        return GradingMaterial(train, val, exemplars)


@dataclass(frozen=True)
class HandSources:
    """Where whole hands come from: a folder of labelled films with `train` and `val`, one with more of `train`, if any, and
    an .npz of small hands, if any (core.cohort.small_hands.read_small_films)."""

    films: Path
    more: Path | None = None
    small: Path | None = None

    def large(self, run: Path, localizer: Localizer, side: int, workers: int) -> HandWindows:
        """The larger `train` hands of both folders as windows of this side, cut on the first call and kept in `run`."""
        first = kept_windows(self.films, "train", run, localizer, side, workers)
        if self.more is None:
            return first
        keep_settings(run / "more.json", {"folder of more films": str(self.more.resolve())})
        more = kept_windows(self.more, "train", run, localizer, side, workers, "more_")
        return HandWindows.joined([first, more.without(set(first.ids.tolist()))])

    def small_films(self, run: Path) -> list[SmallFilm]:
        """The small hands' films, none if there are none. Raises DataFolderError as core.cohort.small_hands.read_small_films
        does, and where the run was begun with others."""
        if self.small is None:
            return []
        small = read_small_films(self.small)
        keep_settings(run / "small.json", {"file of small hands": str(self.small.resolve()), "small hands": len(small)})
        return small

    def small_and_val(self, run: Path, side: int, workers: int) -> tuple[HandWindows, HandWindows]:
        """Small hands, and larger ones of `val`, none of which is among them, as windows of this side; kept in `run`."""
        small, localizer = self.small_films(run), localizer_for(self.films, run)
        val = kept_windows(self.films, "val", run, localizer, side, workers)
        found = kept_small_windows(small, run, localizer, workers, lambda: None)
        return found.without(set(val.ids.tolist())), val
