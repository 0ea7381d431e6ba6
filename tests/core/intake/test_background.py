"""The background: all films get their prediction, whatever happens to one, and it continues after a stop."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.assessment.records import Progress as Report
from core.bones import Sex
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.intake.background import BackgroundAssessor
from core.intake.filing import Filing
from core.intake.turns import Turns
from core.ledger import Consent, Ledger, LedgerSettings
from tests.core.intake.waiting import await_waiting
from tests.hands import shipped_examples
from tests.no_hands import noise
from tests.reading_room import all_predictions


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    ledger = Ledger.open(LedgerSettings.from_environment({"BONEGRADE_DATA": str(tmp_path)}))
    yield ledger
    ledger.close()


def example(number: int) -> Radiograph:
    """A shipped example hand."""
    return read_radiograph(shipped_examples()[number].path)


def add(ledger: Ledger, radiograph: Radiograph, consent: bool = True) -> int:
    """Adds a film and returns its id."""
    return ledger.add_film(
        radiograph, "F", reader="ada", source="queue", consent=Consent() if consent else None
    ).film.id


def until(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for something that must happen."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def run() -> Iterator[Callable[..., BackgroundAssessor]]:
    """Starts a background assessor, which ends with the test."""
    started: list[BackgroundAssessor] = []

    def start(ledger: Ledger, load: Callable[[], Assessor], turns: Turns | None = None) -> BackgroundAssessor:
        background = BackgroundAssessor(Filing(ledger, load, (turns or Turns()).when_free))
        started.append(background)
        background.start()
        return background

    yield start
    for background in started:
        background.stop()


Run = Callable[..., BackgroundAssessor]


def idle(background: BackgroundAssessor) -> bool:
    """Whether nothing waits."""
    return not background.progress().at_work


def test_films_that_wait_at_the_start_and_films_that_come_are_assessed(
    ledger: Ledger, assessor: Assessor, run: Run
) -> None:
    first = add(ledger, example(0))
    background = run(ledger, lambda: assessor)
    until(lambda: ledger.prediction(first) is not None)
    second = add(ledger, example(4))
    background.wake()
    until(lambda: ledger.prediction(second) is not None)
    for film_id in (first, second):
        prediction = ledger.prediction(film_id)
        assert prediction is not None and prediction.bone_age_months is not None
        assert prediction.weights == assessor.weights
    until(lambda: idle(background))
    assert background.progress().trouble == "" and background.progress().film_id is None


def test_a_film_that_is_no_hand_is_refused_in_a_sentence(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    pixels = noise()
    film_id = add(ledger, Radiograph(pixels, None, None, film_hash(pixels)))
    run(ledger, lambda: assessor)
    until(lambda: ledger.prediction(film_id) is not None)
    prediction = ledger.prediction(film_id)
    assert prediction is not None and prediction.refusal is not None and prediction.refusal.endswith(".")


class _Failing(Assessor):
    """The shipped pipeline, which fails on one film as it might on a machine that is out of memory."""

    def __init__(self, assessor: Assessor, bad: str):
        super().__init__(assessor.localizer, assessor.grader, assessor.intervals, assessor.weights, assessor.whole_hand)
        self._bad = bad
        self.tries = 0

    def assess(self, radiograph: Radiograph, sex: Sex, progress: Report | None = None) -> Assessment:
        if radiograph.sha256 == self._bad:
            self.tries += 1
            raise MemoryError
        return super().assess(radiograph, sex, progress)


def test_an_unexpected_error_on_one_film_stops_no_other(
    ledger: Ledger, assessor: Assessor, run: Run, tmp_path: Path
) -> None:
    bad = add(ledger, example(0))
    good = add(ledger, example(4))
    lost = add(ledger, example(2))
    for picture in tmp_path.rglob(f"*{ledger.film(lost).picture}*"):
        picture.unlink()
    failing = _Failing(assessor, ledger.film(bad).sha256)
    background = run(ledger, lambda: failing)
    until(lambda: idle(background) and ledger.prediction(good) is not None)
    assert ledger.prediction(bad) is None and ledger.prediction(lost) is None
    another = add(ledger, example(6))
    background.wake()
    until(lambda: ledger.prediction(another) is not None)
    assert failing.tries == 1
    # When the program is restarted, it is tried again.
    background.stop()
    run(ledger, lambda: assessor)
    until(lambda: ledger.prediction(bad) is not None)


def test_after_a_stop_it_goes_on_where_it_was(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    ids = [add(ledger, example(number)) for number in (0, 2, 4)]
    background = run(ledger, lambda: assessor)
    until(lambda: ledger.prediction(ids[0]) is not None)
    background.stop()
    done = {prediction.film_id: prediction.id for prediction in all_predictions(ledger)}
    assert 0 < len(done) < len(ids)
    again = run(ledger, lambda: assessor)
    until(lambda: all(ledger.prediction(film_id) is not None for film_id in ids))
    assert done.items() <= {prediction.film_id: prediction.id for prediction in all_predictions(ledger)}.items()
    until(lambda: idle(again))


def test_progress_counts_and_tells_the_time_left(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    ids = [add(ledger, example(number)) for number in (0, 2, 4)]
    background = run(ledger, lambda: assessor)
    until(lambda: background.progress().done == 1)
    progress = background.progress()
    assert progress.total == 3 and progress.at_work and progress.film_id in ids
    assert progress.seconds_left is not None and 0 < progress.seconds_left < 120


def test_other_weights_look_at_every_film_again(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    film_id = add(ledger, example(0))
    background = run(ledger, lambda: assessor)
    until(lambda: ledger.prediction(film_id) is not None)
    background.stop()
    weights = assessor.weights | {"grader": "0" * 64}
    other = Assessor(assessor.localizer, assessor.grader, assessor.intervals, weights, assessor.whole_hand)
    run(ledger, lambda: other)
    until(lambda: (ledger.prediction(film_id) or pytest.fail()).weights["grader"] == "0" * 64)


def test_films_without_pixels_do_not_wait(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    add(ledger, example(0), consent=False)

    def never() -> Assessor:
        raise AssertionError("no weights are needed")

    background = run(ledger, never)
    until(lambda: idle(background))
    assert background.progress().trouble == ""


def test_missing_weights_are_told_and_films_wait(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    film_id = add(ledger, example(0))
    found: list[Assessor] = []

    def load() -> Assessor:
        if not found:
            raise BoneGradeError("The weight file is missing; fetch the repository again.")
        return found[0]

    background = run(ledger, load)
    until(lambda: "weight file" in background.progress().trouble)
    found.append(assessor)
    background.wake()
    until(lambda: ledger.prediction(film_id) is not None)
    until(lambda: background.progress().trouble == "")


def test_a_person_need_not_wait_for_the_background_to_end(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    turns = Turns()
    ids = [add(ledger, example(number)) for number in (0, 2, 4)]
    with turns.now():
        run(ledger, lambda: assessor, turns)
        await_waiting(turns, 1)
        assert all(ledger.prediction(film_id) is None for film_id in ids)
    until(lambda: ledger.prediction(ids[0]) is not None)
    with turns.now():
        assert ledger.prediction(ids[2]) is None


class _Visited(Assessor):
    """The shipped pipeline. Somebody asks for a turn at a film's second step, which lasts until they have had it."""

    def __init__(self, assessor: Assessor, turns: Turns):
        super().__init__(assessor.localizer, assessor.grader, assessor.intervals, assessor.weights, assessor.whole_hand)
        self._turns = turns
        self._steps = 0

    def assess(self, radiograph: Radiograph, sex: Sex, progress: Report | None = None) -> Assessment:
        def step(share: float, text: str) -> None:
            self._steps += 1
            if self._steps == 2:
                visitor = threading.Thread(target=self._visit)
                visitor.start()
                while visitor.is_alive():
                    assert progress is not None, "the background does not ask to be told between steps"
                    progress(share, text)

        return super().assess(radiograph, sex, step)

    def _visit(self) -> None:
        with self._turns.now():
            pass


def test_a_person_need_not_even_wait_for_the_film_in_hand(ledger: Ledger, assessor: Assessor, run: Run) -> None:
    turns = Turns()
    film_id = add(ledger, example(0))
    visited = _Visited(assessor, turns)
    background = run(ledger, lambda: visited, turns)
    until(lambda: idle(background))
    assert background.progress().failed == 0 and ledger.prediction(film_id) is not None
