"""Finds another model by its name, and sets what it says of one film beside what the live one says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.assessment.assessor import Assessor
from core.assessment.live_model import live_model, version_folder, weights_folder
from core.assessment.records import FilmAssessor
from core.bones import Sex
from core.errors import BoneGradeError, FilmRefused
from core.film.radiograph import Radiograph
from core.learning.promotion.side_by_side import ModelAnswer, SideBySide
from core.learning.promotion.versions import versions
from core.learning.run.candidate import loaded, read_candidate
from core.learning.run.files import RUN


@contextmanager
def model_named(name: str) -> Iterator[Assessor]:
    """Loads a run's model, by its folder, or a version that was live before.

    Raises BoneGradeError for a name that is neither, models.registry.WeightsError for weights that cannot be used.
    """
    live = live_model()
    if (Path(name) / RUN).exists():
        with loaded(read_candidate(Path(name), live.folder)) as assessor:
            yield assessor
        return
    kept = weights_folder()
    known = versions(kept)
    if name not in known:
        raise BoneGradeError(f"{name!r} is neither a run's folder nor a version; there are: {', '.join(known)}.")
    yield Assessor.from_folder(version_folder(kept, name))


def compare_on_film(radiograph: Radiograph, sex: Sex, live: FilmAssessor, version: str, name: str) -> SideBySide:
    """Returns what both say of a film. version: of the live model. name: see model_named, which also says what it raises."""
    with model_named(name) as other:
        first = _opinion(version, live, radiograph, sex)
        return SideBySide(first, _opinion(Path(name).name, other, radiograph, sex))


def _opinion(name: str, assessor: FilmAssessor, radiograph: Radiograph, sex: Sex) -> ModelAnswer:
    try:
        return ModelAnswer(name, assessor.weights, assessor.assess(radiograph, sex), None)
    except FilmRefused as refusal:
        return ModelAnswer(name, assessor.weights, None, str(refusal))
