"""The grader's training material in memory: 13 crops per hand with its age, and single crops with a grade."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.bones import RUS_BONES, Sex
from core.cohort.films import DataFolderError, Film
from core.cohort.workers import in_order
from core.errors import FilmRefused
from core.film.radiograph import read_radiograph
from core.hand.crops import CONTEXT_SIDE
from core.hand.hand import Hand
from core.hand.localizer import Localizer

#: The bones that an exemplar of a bone group stands for.
GROUP_BONES = {
    "Radius": ("Radius",), "Ulna": ("Ulna",), "MC1": ("MC1",), "MC": ("MC3", "MC5"), "PP1": ("PP1",),
    "PP": ("PP3", "PP5"), "MP": ("MP3", "MP5"), "DP1": ("DP1",), "DP": ("DP3", "DP5"),
}  # fmt: skip


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays as an .npz; if the process is killed, the file is either whole or not there."""
    temporary = path.with_name(f"{path.name}.part.npz")
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    temporary.replace(path)


class _Stored:
    """Arrays that are kept together in one .npz."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def save(self, path: Path) -> None:
        """Writes an .npz; if the process is killed, the file is either whole or not there."""
        save_arrays(path, {name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote."""
        with np.load(path) as file:
            return cls(**{name: file[name] for name in cls.__dataclass_fields__})

    @classmethod
    def kept(cls, path: Path, make: Callable[[], Self]) -> Self:
        """Loads what was saved before, or else makes it with `make` and saves it."""
        if not path.is_file():
            make().save(path)
        return cls.load(path)

    def rows(self, chosen: NDArray[Any]) -> Self:
        """Returns only these rows. chosen: indices, or a truth value for each row."""
        return type(self)(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Returns the rows of all parts, one after another; needs at least one part."""
        names = cls.__dataclass_fields__
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class LabelledHands(_Stored):
    """N hands with an age. months N, female N (1 for girls), ids N; a subclass adds their pictures."""

    months: NDArray[np.float32]
    female: NDArray[np.int64]
    ids: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.ids)

    def without(self, ids: Container[str]) -> Self:
        """Returns the hands whose ids are not among these."""
        return self.rows(np.array([film_id not in ids for film_id in self.ids.tolist()], bool))


@dataclass(frozen=True)
class HandCrops(LabelledHands):
    """crops Nx13xSxS uint8 (S = CONTEXT_SIDE), found Nx13."""

    crops: NDArray[np.uint8]
    found: NDArray[np.bool_]


def complete_hands(hands: HandCrops) -> HandCrops:
    """Returns the hands with all 13 bones found: a hand's total needs them all."""
    return hands.rows(np.asarray(hands.found.all(axis=1)))


def drawing_weights(hands: LabelledHands, evening: float) -> NDArray[np.float64]:
    """Sampling probabilities that even out the groups of sex and two years of age: proportional to
    (1 / size of the group) ** evening."""
    groups = hands.months.astype(int) // 24 * 2 + hands.female
    sizes = np.bincount(groups)[groups]
    weights = sizes.astype(float) ** -evening
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class GradedCrops(_Stored):
    """M crops with a person's grade. crops MxSxS uint8, bones M (index into RUS_BONES), grades M (RUS-CHN, 1..n)."""

    crops: NDArray[np.uint8]
    bones: NDArray[np.int64]
    grades: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bones)


def no_graded_crops() -> GradedCrops:
    """Returns an empty set, for use without a folder of exemplars."""
    none = np.zeros(0, np.int64)
    return GradedCrops(np.zeros((0, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8), none, none)


def to_levels(crop: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Converts [0, 1] to 0..255."""
    return np.round(crop * 255).astype(np.uint8)


class Labelled(Protocol):
    """A film with its label, from which a hand is cut. bone_age_months: the radiologists' Greulich-Pyle reading."""

    @property
    def id(self) -> str: ...

    @property
    def sex(self) -> Sex: ...

    @property
    def bone_age_months(self) -> float: ...


_CutFilm = tuple[NDArray[np.uint8], NDArray[np.bool_]]
_Cut = TypeVar("_Cut")
_Film = TypeVar("_Film", bound=Labelled)


def _cut_film(localizer: Localizer, film: Film) -> _CutFilm | None:
    """Crops 13xSxS uint8 and found 13; None where the film cannot be read or the localiser refuses it."""
    try:
        radiograph = read_radiograph(film.path)
        hand = Hand(radiograph, localizer.locate(radiograph))
    except FilmRefused:
        return None
    crops = np.zeros((len(RUS_BONES), CONTEXT_SIDE, CONTEXT_SIDE), np.uint8)
    found = np.zeros(len(RUS_BONES), bool)
    for bone, crop in hand.crops.items():
        crops[RUS_BONES.index(bone)] = to_levels(crop)
        found[RUS_BONES.index(bone)] = True
    return crops, found


def cut_films(films: Iterable[Film], localizer: Localizer, workers: int = 1) -> HandCrops:
    """Localises and cuts films; a film that cannot be read or is refused is left out (training only, evaluation counts it).

    workers: processes of one thread each; with 1, this process itself. Order and crops do not depend on it.
    Raises DataFolderError where no film is left.
    """
    cut, labels = cut_labelled(_cut_film, list(films), localizer, workers, "cutting crops")
    return HandCrops(crops=np.stack([crops for crops, _ in cut]), found=np.stack([found for _, found in cut]), **labels)


def cut_labelled(
    cut: Callable[[Localizer, _Film], _Cut | None],
    films: Sequence[_Film],
    localizer: Localizer,
    workers: int,
    what: str,
) -> tuple[list[_Cut], dict[str, Any]]:
    """Cuts every film; returns what `cut` gave where that is not None, and these films' labels as LabelledHands takes them.

    workers: processes of one thread each; with 1, this process itself. what: names the progress bar. Raises
    DataFolderError where `cut` gave None for all.
    """
    done = tqdm(in_order(cut, localizer, films, workers), desc=what, total=len(films), mininterval=10)
    rows = [(made, film) for made, film in zip(done, films, strict=True) if made is not None]
    if not rows:
        raise DataFolderError(
            f"No hand was recognised on any of the {len(films)} films to be cut: check the labels and their pictures."
        )
    return [made for made, _ in rows], {
        "months": np.array([film.bone_age_months for _, film in rows], np.float32),
        "female": np.array([film.sex == "F" for _, film in rows], np.int64),
        "ids": np.array([film.id for _, film in rows], np.str_),
    }
