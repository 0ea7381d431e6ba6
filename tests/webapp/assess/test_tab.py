"""The Assess tab's handlers, asked as the page asks them."""

from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np

from core.bones import Sex
from core.film.enhance import enhance
from tests.calls import calls_of
from tests.films import RAMP12, dicom_file, dicom_film
from tests.hands import shipped_examples
from webapp.assess.tab import _Tab
from webapp.desk import Desk
from webapp.service import live_assessor

DEMO = Desk(live_assessor, None, None)  # type: ignore[arg-type]


def test_a_film_is_cut_once_however_often_it_is_explained() -> None:
    example = shipped_examples()[0]
    with gr.Blocks():
        tab = _Tab(DEMO, ())
    answered = tab._assess(str(example.path), example.sex, None, "L", "grad_cam", 0.4, 3)[tab.answer].updates
    film, assessment = answered[tab.film_state], answered[tab.assessment_state]
    told = []
    again = calls_of(enhance, lambda: told.append(tab._stage_changed(film, assessment, "grad_cam", 0.4, 2)))
    assert again == 0
    assert told[0][tab.crops] and told[0][tab.crops] != answered[tab.crops], "maps of another stage"


def test_the_other_sex_is_assessed_on_the_hand_that_was_found() -> None:
    example = shipped_examples()[0]
    path, wish = str(example.path), ("grad_cam", 0.4, 3)
    other: Sex = "M" if example.sex == "F" else "F"
    with gr.Blocks():
        tab = _Tab(DEMO, ())
    first = tab._assess(path, example.sex, None, "L", *wish)[tab.answer]
    film, assessment = first.updates[tab.film_state], first.updates[tab.assessment_state]
    kept = tab._show(path, other, film, assessment, None, "")
    assert tab.headline not in kept and tab.assessment_state not in kept, "it stays until the other has come"
    answer = tab._assess_for_sex(path, other, film, assessment, *wish)[tab.answer]
    shown = tab._show(path, other, film, assessment, answer, answer.number)
    assert shown[tab.film_state].hand is film.hand
    again = shown[tab.assessment_state]
    assert again.sex == other and again.probabilities.keys() == assessment.probabilities.keys()
    assert again.bone_age_months != assessment.bone_age_months and shown[tab.headline] != first.updates[tab.headline]
    # chosen back meanwhile: what is on the page is of that sex
    late = tab._show(path, example.sex, film, assessment, answer, answer.number)
    assert tab.headline not in late and late[tab.answer] is None
    assert tab.answer not in tab._assess_for_sex(path, example.sex, film, assessment, *wish)
    assert tab.answer not in tab._assess_for_sex(path, other, film, None, *wish), "it was not assessed"


def test_what_is_missing_is_asked_for_at_once() -> None:
    with gr.Blocks():
        tab = _Tab(DEMO, ())
    path = str(shipped_examples()[0].path)
    asked = {
        (film, sex): tab._assess(film, sex, None, "L", "grad_cam", 0.4, 3)[tab.answer].updates[tab.message]
        for film, sex in ((None, None), (None, "F"), (path, None))
    }
    film, sex = "drop a f", "Choose the child&#39;s sex"
    assert film in asked[None, None] and sex in asked[None, None]
    assert film in asked[None, "F"] and sex not in asked[None, "F"]
    assert film not in asked[path, None] and sex in asked[path, None]


def test_a_film_that_is_no_hand_is_captioned_so(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (640, 480), np.uint8))
    with gr.Blocks():
        tab = _Tab(DEMO, ())
    assert "Read, not assessed yet." in tab._show(str(path), "F", None, None, None, "")[tab.film_view]
    refused = tab._assess(str(path), "F", None, "L", "grad_cam", 0.4, 3)[tab.answer].updates
    assert "Not read as a hand." in refused[tab.film_view] and "not assessed yet" not in refused[tab.film_view]
    assert "Not assessed" in refused[tab.message]


def dicom(folder: Path, name: str, **tags: Any) -> str:
    """A small DICOM film on the disk."""
    path = folder / name
    path.write_bytes(dicom_file(dicom_film(RAMP12, **tags)))
    return str(path)


def test_the_file_chooses_the_sex_beforehand_and_a_choice_that_differs_is_pointed_out(tmp_path: Path) -> None:
    with gr.Blocks():
        tab = _Tab(DEMO, ())
    girl, boy = dicom(tmp_path, "g.dcm", PatientSex="F"), dicom(tmp_path, "b.dcm", PatientSex="M", Laterality="L")
    nobody = dicom(tmp_path, "n.dcm")

    first = tab._show(girl, None, None, None, None, "")
    film = first[tab.film_state]
    assert first[tab.sex] == "F" and "chosen by the film&#39;s file, which says female" in first[tab.message]
    # The page asks again once the sex has changed, and the sentence stays.
    again = tab._show(girl, "F", film, None, None, "")
    assert tab.sex not in again and "which says female" in again[tab.message]
    changed = tab._show(girl, "M", film, None, None, "")
    assert tab.sex not in changed and "says female, and male is chosen" in changed[tab.message]
    # What one file chose, the next one chooses anew; what a person chose stays, and is pointed out.
    assert tab._show(boy, "F", film, None, None, "")[tab.sex] == "M"
    kept = tab._show(boy, "F", None, None, None, "")
    assert tab.sex not in kept and "says male, and female is chosen" in kept[tab.message]
    quiet = tab._show(nobody, "F", film, None, None, "")
    assert tab.sex not in quiet and not quiet[tab.message]
