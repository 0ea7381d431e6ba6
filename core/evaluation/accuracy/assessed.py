"""Labelled films and what the pipeline says of each, from which every figure of the accuracy is worked out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tqdm import tqdm

from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.cohort.films import Film
from core.errors import FilmRefused
from core.evaluation.figures import BySex
from core.film.radiograph import read_radiograph
from core.standards import age_of_total

Found = TypeVar("Found")


@dataclass(frozen=True)
class AssessedFilm:
    """One film's outcome: the assessment, or why there is none."""

    film: Film
    assessment: Assessment | None
    refusal: str | None
    seconds: float

    @property
    def months(self) -> float | None:
        """The calibrated bone age, None where none was given."""
        return None if self.assessment is None else self.assessment.bone_age_months

    @property
    def raw_months(self) -> float | None:
        """The RUS-CHN age of the expected total, before calibration."""
        if self.assessment is None or self.assessment.standards["rus_chn"].expected_total is None:
            return None
        return 12 * age_of_total("rus_chn", self.film.sex, self.assessment.standards["rus_chn"].expected_total)


def by_sex(films: Sequence[AssessedFilm], figures: Callable[[Sequence[AssessedFilm]], Found]) -> BySex[Found]:
    """Works out the figures of all films, and of each sex."""
    boys, girls = ([one for one in films if one.film.sex == sex] for sex in ("M", "F"))
    return BySex(figures(films), figures(boys), figures(girls))


def assess_all(films: Sequence[Film], assessor: Assessor) -> list[AssessedFilm]:
    """Assesses every film, refusals included. `seconds` is the time from pixels to assessment."""
    outcomes = []
    for film in tqdm(films, desc="assessing", mininterval=10):
        started = time.perf_counter()
        try:
            radiograph = read_radiograph(film.path)
            started = time.perf_counter()
            assessment = assessor.assess(radiograph, film.sex)
        except FilmRefused as refused:
            outcomes.append(AssessedFilm(film, None, refused.reason, time.perf_counter() - started))
        else:
            refusal = None if not assessment.missing else "missing:" + ",".join(assessment.missing)
            outcomes.append(AssessedFilm(film, assessment, refusal, time.perf_counter() - started))
    return outcomes
