"""A film that was erased, even by another process, is not shown, saved or downloaded from the memory of whoever had it open."""

from pathlib import Path

import pytest

from core.access.roles import OPERATOR
from core.annotation.desk import AnnotateDesk, Opened
from core.annotation.saving import Saving
from core.annotation.work import BoneWork
from core.assessment.records import Assessment
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph
from core.keeping.erasing import erase_films
from core.ledger import Consent, Ledger, LedgerSettings
from tests.core.annotation.at_a_desk import ANNA
from tests.made_work import grade_said, with_said


@pytest.fixture
def opened(annotate: AnnotateDesk, film: int) -> Opened:
    """The film as anna has it open, with its pixels in the desk's memory."""
    opened = annotate.open_film(film, ANNA)
    assert opened.sitting.radiograph is not None
    return opened


def erase_elsewhere(folder: Path, film: int, *, labels_too: bool) -> None:
    """As the command line does while the app runs."""
    other = Ledger.open(LedgerSettings.in_folder(folder))
    erase_films(other, [film], OPERATOR, labels_too=labels_too)
    other.close()


def remembered(annotate: AnnotateDesk) -> int:
    memory = annotate.memory
    return sum(len(one.items()) for one in (memory.pixels, memory.assessments, memory.of_other_sex, memory.regraded))


def test_nothing_of_a_film_that_was_erased_whole_is_shown_or_saved(
    annotate: AnnotateDesk, opened: Opened, film: int, ledger: Ledger, tmp_path: Path
) -> None:
    work = with_said(opened, {"Radius": grade_said(9), "Ulna": BoneWork(box=(20.0, 20.0, 80.0, 90.0))})
    annotate.model_probabilities(work, opened.sitting)
    assert remembered(annotate) == 3
    erase_elsewhere(tmp_path, film, labels_too=True)
    with pytest.raises(BoneGradeError, match="erased after it was opened here"):
        annotate.sitting(work, None, None)
    assert remembered(annotate) == 0
    with pytest.raises(BoneGradeError, match="no film"):
        annotate.open_film(film, ANNA)
    with pytest.raises(BoneGradeError):  # it was erased between the check and the save
        Saving(annotate).save(work, opened.sitting, ANNA, consent=None)
    assert list(ledger.films()) == []


def test_a_film_whose_picture_was_erased_is_not_shown_and_its_pixels_do_not_come_back(
    annotate: AnnotateDesk, opened: Opened, film: int, ledger: Ledger, tmp_path: Path
) -> None:
    work = with_said(opened, {"Radius": grade_said(9)})
    erase_elsewhere(tmp_path, film, labels_too=False)
    sitting = annotate.sitting(work, None, None)
    assert sitting.radiograph is None
    assert annotate.memory.pixels.items() == []
    for consent in (None, Consent()):
        with pytest.raises(BoneGradeError, match="picture of this film was erased"):
            Saving(annotate).save(work, sitting, ANNA, consent=consent)
    assert not ledger.film(film).consent and ledger.reading(film, "anna") == {}
    assert annotate.open_film(film, ANNA).sitting.radiograph is None


def test_work_on_a_film_that_was_erased_before_it_was_filed_says_so_and_a_film_sent_anew_is_known_again(
    annotate: AnnotateDesk, film: int, radiograph: Radiograph, assessment: Assessment, ledger: Ledger, tmp_path: Path
) -> None:
    work = annotate.open_assessed(radiograph, assessment, ANNA).work
    unknown = work.model_copy(update={"film": None, "prediction": None})
    with pytest.raises(BoneGradeError, match="no longer in the server's memory"):
        annotate.sitting(unknown, None, assessment)
    erase_elsewhere(tmp_path, film, labels_too=True)
    with pytest.raises(BoneGradeError, match="erased after it was opened here"):
        annotate.sitting(unknown, None, assessment)
    again = annotate.open_assessed(radiograph, assessment, ANNA)
    said = with_said(again, {"Radius": grade_said(9)})
    number = Saving(annotate).save(said, again.sitting, ANNA, consent=Consent()).work.film
    assert number is not None and number != film and ledger.film(number).consent, "with a new consent"
