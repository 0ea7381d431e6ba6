"""The Annotate tab's HTML."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from markupsafe import Markup

from core.access.roles import Reader, Role
from core.annotation.desk import AnnotateDesk
from core.annotation.saving import Saving
from core.annotation.work import BoneWork
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.film.box import Box
from core.film.radiograph import Radiograph
from core.hand.localization import OtherHand
from core.intake.turns import Turns
from core.ledger import Consent, Ledger, LedgerSettings
from core.standards import STANDARDS, grade_count
from tests.made_work import grade_said, with_said
from webapp.annotate.view import (
    KEYS,
    clash_panel,
    grade_guide,
    history_panel,
    key_strip,
    toolbar,
    totals,
    workplace,
    writing_panel,
)

ANNA, OTTO, RITA = Reader("anna", Role.READER), Reader("otto", Role.READER), Reader("rita", Role.REVIEWER)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path))
    yield ledger
    ledger.close()


@pytest.fixture
def annotate(ledger: Ledger, assessor: Assessor) -> AnnotateDesk:
    return AnnotateDesk(ledger, lambda: assessor, Turns().now, keeps=True)


def test_totals_say_how_many_boxes_are_the_readers_and_which_grade_is_out_of_line(
    annotate: AnnotateDesk, film: int, assessment: Assessment
) -> None:
    opened = annotate.open_film(film, ANNA)
    moved = annotate.live(with_said(opened, {"DP3": BoneWork(box=(20.0, 20.0, 80.0, 90.0))}), opened.sitting)
    assert "with 1 of your boxes" in totals(moved)
    whole = {bone: grade_said(found.grade) for bone, found in assessment.bones.items() if found is not None}
    assert "out-of-line" not in totals(annotate.live(with_said(opened, whole), opened.sitting))
    live = annotate.live(with_said(opened, {**whole, "Ulna": BoneWork(verdict="absent", grade=0)}), opened.sitting)
    (found,) = live.out_of_line
    assert found.sentence in totals(live)


def test_a_mature_hand_has_no_number_that_looks_like_a_childs_age(annotate: AnnotateDesk, film: int) -> None:
    opened = annotate.open_film(film, ANNA)
    last = {bone: grade_said(grade_count(bone) - (bone == "Ulna")) for bone in RUS_BONES}
    shown = totals(annotate.live(with_said(opened, last), opened.sitting))
    (mine,) = re.findall(r'<tr class="row-you".*?</tr>', shown, re.DOTALL)
    assert "<b>mature</b>" in mine and "15 years or more" in mine and "mature or nearly so" in mine
    assert mine.count("mature") == 1 + len(STANDARDS)
    assert not re.search(r"\d\.\d", re.sub(r'data-months="[^"]*"', "", mine))


def test_which_of_two_hands_was_read_is_said_above_the_totals(
    annotate: AnnotateDesk, ledger: Ledger, radiograph: Radiograph, assessment: Assessment
) -> None:
    found = assessment.localization
    two = replace(found, other_hands=(OtherHand(Box(0.0, 0.0, 90.0, 90.0), mirrored=True, size=found.size),))
    number = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=Consent()).film.id
    ledger.add_prediction(number, replace(assessment, localization=two))
    opened = annotate.open_film(number, ANNA)
    shown = totals(annotate.live(opened.work, opened.sitting))
    assert "The film shows two hands, and the left one was read" in shown


def test_a_conflict_names_the_other_reader_and_what_can_be_done(annotate: AnnotateDesk, film: int) -> None:
    saving = Saving(annotate)
    chief = Reader("otto", Role.REVIEWER)
    anna, otto = annotate.open_film(film, ANNA), annotate.open_film(film, chief)
    saving.save(with_said(anna, {"Radius": grade_said(9)}), anna.sitting, ANNA, consent=None)
    stale = saving.save(with_said(otto, {"Radius": grade_said(7)}), otto.sitting, chief, consent=None)
    assert stale.clash is not None
    panel = clash_panel(stale.clash)
    assert 'data-do="settle-mine"' in panel and "read by anna" in panel


def test_the_history_escapes_notes_and_is_blind_until_one_has_read(annotate: AnnotateDesk, film: int) -> None:
    saving, anna = Saving(annotate), annotate.open_film(film, ANNA)
    saving.save(
        with_said(anna, {"Radius": BoneWork(verdict="graded", grade=9, note="<b>")}), anna.sitting, ANNA, consent=None
    )
    assert "once you have saved" in history_panel(saving.history(film, OTTO), True)
    seen = saving.history(film, RITA)
    text = history_panel(seen, can_restore=True)
    assert "anna" in text and "12 s" in text and "cdcdcdcd" in text and "&lt;b&gt;" in text and "<b>)" not in text
    assert "data-do=" not in history_panel(seen, can_restore=False)


def test_every_grade_of_every_bone_is_a_radio_button_with_its_words() -> None:
    guide = grade_guide(lambda bone, grade: None)
    for bone in RUS_BONES:
        assert guide.count(f'name="grade-{bone}"') == grade_count(bone) + 2, "0..n and unreadable"
        assert f'data-guide="{bone}" hidden' in guide
    assert guide.count("<fieldset") == guide.count("<legend>") == len(RUS_BONES)
    assert "Not visible yet" in guide and "Can't be read" in unescape(guide)
    assert "<img" not in guide


def test_composite_pictures_are_shown_where_there_are_any() -> None:
    guide = grade_guide(lambda bone, grade: b"\x89PNG..." if (bone, grade) == ("Radius", 3) else None)
    assert guide.count("<img") == 1 and "data:image/png" in guide
    assert "Radius at grade 3: average of several children" in guide
    assert guide.count("no picture") == grade_count("Radius") - 1
    assert "data:image/webp" in grade_guide(lambda bone, grade: b"RIFF....WEBP")


def test_the_page_shows_its_keys_and_names_its_parts() -> None:
    strip = key_strip()
    for key, words, always in KEYS:
        assert f"<kbd>{key}</kbd>" in strip.split('id="key-help"')[0 if always else 1]
        assert words in unescape(strip)
    page = toolbar() + workplace(Markup(""))
    assert page.count("data-bone=") == len(RUS_BONES)
    assert 'role="toolbar"' in page and 'aria-live="polite"' in page and 'role="alert"' in page


def test_writing_is_shown_place_by_place() -> None:
    panel = writing_panel([b"one", b"two"])
    assert "2 places" in panel and panel.count("<img") == 2 and 'alt="Writing on the film, place 2"' in panel
