"""Filing: one way to assess, store and cut, whoever asks; in a turn, and never the same film twice."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.assessment.assessor import Assessment, Assessor, Progress
from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.hand.hand import Hand
from core.intake import crop_shelf
from core.intake.crop_shelf import CropShelf
from core.intake.filing import Filing, Refusal
from core.intake.turns import Turns
from core.ledger import Consent, FilmRecord, InvalidFilm, Ledger, PredictionRecord
from tests.hands import Assess, Example
from tests.no_hands import noise
from tests.reading_room import all_predictions
from tests.stored_films import Store, accepted


class Asked(Assessor):
    """The shipped pipeline, which notes, whenever it is asked, whether a turn was being held."""

    def __init__(self, assessor: Assessor):
        super().__init__(assessor.localizer, assessor.grader, assessor.intervals, assessor.weights, assessor.whole_hand)
        self.turn_was_on: list[bool] = []
        self._on = False

    @contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """A turn that gives way to nobody."""
        self._on = True
        yield lambda: None
        self._on = False

    def assess(self, radiograph: Radiograph, sex: Sex, progress: Progress | None = None) -> Assessment:
        self.turn_was_on.append(self._on)
        return super().assess(radiograph, sex, progress)


@pytest.fixture
def asked(assessor: Assessor) -> Asked:
    """The pipeline, not asked yet."""
    return Asked(assessor)


@pytest.fixture
def filing(store: Store, asked: Asked) -> Filing:
    """Files for the store, in the turns of `asked`."""
    return Filing(store.ledger, lambda: asked, asked.turn)


@pytest.fixture
def hand(example: Example) -> Radiograph:
    """A hand that is assessed."""
    return read_radiograph(example.path)


@pytest.fixture
def no_hand() -> Radiograph:
    """A film that is refused."""
    pixels = noise()
    return Radiograph(pixels, None, None, film_hash(pixels))


def _added(ledger: Ledger, radiograph: Radiograph, consent: bool = True) -> FilmRecord:
    return ledger.add_film(radiograph, "F", reader="ada", source="queue", consent=Consent() if consent else None).film


def _kept_crops(store: Store, film: FilmRecord, prediction: PredictionRecord, patch: pytest.MonkeyPatch) -> int:
    """How many crops an export finds on the shelf."""
    with patch.context() as context:
        context.setattr(crop_shelf, "png", lambda *_: pytest.fail("a crop was cut again"))
        reading = {correction.bone: correction for correction in accepted(prediction)}
        return len(CropShelf(store.ledger).crops(film, prediction, reading))


def test_a_hand_is_assessed_in_a_turn_and_filed_with_its_crops(
    store: Store, filing: Filing, asked: Asked, hand: Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = _added(store.ledger, hand)
    prediction = filing.file(film, hand)
    assert prediction.id == store.prediction(film).id and prediction.refusal is None
    assert prediction.bone_age_months is not None and prediction.weights == filing.weights()
    assert asked.turn_was_on == [True]
    assert _kept_crops(store, film, prediction, monkeypatch) == len(RUS_BONES)


def test_a_refused_film_is_filed_as_refused(store: Store, filing: Filing, asked: Asked, no_hand: Radiograph) -> None:
    film = _added(store.ledger, no_hand)
    prediction = filing.file(film, no_hand)
    assert prediction.refusal is not None and prediction.refusal.endswith(".") and prediction.localization is None
    assert prediction == store.prediction(film) and prediction.weights == asked.weights
    assert asked.turn_was_on == [True]


@pytest.mark.parametrize("which", ["hand", "no_hand"])
def test_no_weights_are_asked_twice_of_a_film(
    store: Store, filing: Filing, asked: Asked, which: str, request: pytest.FixtureRequest
) -> None:
    radiograph = request.getfixturevalue(which)
    film = _added(store.ledger, radiograph)
    assert filing.file(film, radiograph).id == filing.file(film, radiograph).id
    assert len(asked.turn_was_on) == 1


def test_a_film_that_was_filed_by_another_meanwhile_is_not_assessed_again(
    store: Store, asked: Asked, hand: Radiograph, example: Example, assessed: Assess
) -> None:
    film = _added(store.ledger, hand)

    @contextmanager
    def late() -> Iterator[Callable[[], None]]:
        store.ledger.add_prediction(
            film.id, asked.for_sex(Hand(hand, assessed(example).localization), assessed(example), film.sex)
        )
        yield lambda: None

    assert Filing(store.ledger, lambda: asked, late).file(film, hand).id == store.prediction(film).id
    assert asked.turn_was_on == []


def test_other_weights_are_asked_anew(store: Store, assessor: Assessor, filing: Filing, no_hand: Radiograph) -> None:
    film = _added(store.ledger, no_hand)
    other = Assessor(
        assessor.localizer, assessor.grader, assessor.intervals, assessor.weights | {"grader": "0" * 64}, None
    )
    first = filing.file(film, no_hand)
    second = Filing(store.ledger, lambda: other, Turns().now).file(film, no_hand)
    assert first.id != second.id and second.weights["grader"] == "0" * 64


def test_a_film_is_judged_before_it_is_in_the_ledger(
    store: Store, filing: Filing, asked: Asked, hand: Radiograph, no_hand: Radiograph
) -> None:
    judgements = [filing.judge(radiograph, "F") for radiograph in (hand, no_hand)]
    assert isinstance(judgements[0], Assessment) and isinstance(judgements[1], Refusal)
    assert asked.turn_was_on == [True, True] and not list(store.ledger.films())
    for radiograph, judgement in zip((hand, no_hand), judgements, strict=True):
        filing.store(_added(store.ledger, radiograph, consent=False), judgement)
    assert [prediction.refusal is None for prediction in all_predictions(store.ledger)] == [True, False]
    assert not (store.ledger.folder / "crops").exists(), "without consent no pixels are kept"


def test_crops_are_cut_once_there_is_consent(
    store: Store, filing: Filing, hand: Radiograph, example: Example, assessed: Assess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assessment = replace(assessed(example), sex="F")
    first = filing.store(_added(store.ledger, hand, consent=False), assessment)
    film = _added(store.ledger, hand)
    assert filing.store(film, assessment).id == first.id
    assert _kept_crops(store, film, first, monkeypatch) == len(RUS_BONES)


def test_crops_that_cannot_be_cut_stop_nobody(
    store: Store, filing: Filing, hand: Radiograph, caplog: pytest.LogCaptureFixture
) -> None:
    (store.ledger.folder / "crops").write_text("no folder")
    film = _added(store.ledger, hand)
    with caplog.at_level(logging.ERROR):
        assert filing.file(film, hand).id == store.prediction(film).id
    assert f"The crops of film {film.id} could not be cut" in caplog.text


def test_a_picture_that_is_lost_stops_nobody(store: Store, filing: Filing, hand: Radiograph, tmp_path: Path) -> None:
    film = _added(store.ledger, hand)
    picture = store.ledger.picture_file(film)
    assert picture is not None
    picture.unlink()
    assert filing.file(film, hand).refusal is None


def test_an_assessment_of_another_film_is_not_filed(
    store: Store, filing: Filing, no_hand: Radiograph, example: Example, assessed: Assess
) -> None:
    film = _added(store.ledger, no_hand)
    with pytest.raises(InvalidFilm):
        filing.store(film, assessed(example))
    assert store.ledger.prediction(film.id) is None


def test_missing_weights_are_told_and_nothing_is_filed(store: Store, hand: Radiograph) -> None:
    def load() -> Assessor:
        raise BoneGradeError("The weight file is missing; fetch the repository again.")

    filing = Filing(store.ledger, load, Turns().when_free)
    film = _added(store.ledger, hand)
    asks: list[Callable[[], object]] = [
        filing.weights, lambda: filing.file(film, hand), lambda: filing.judge(hand, "F"),
    ]  # fmt: skip
    for ask in asks:
        with pytest.raises(BoneGradeError, match="weight file"):
            ask()
    assert store.ledger.prediction(film.id) is None
