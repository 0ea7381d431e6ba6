"""The Assess tab's handlers, asked as the page asks them."""

from pathlib import Path
from typing import Any

import gradio as gr

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

    first = tab._show(girl, None, None, None, "")
    film = first[tab.film_state]
    assert first[tab.sex] == "F" and "chosen by the film&#39;s file, which says female" in first[tab.message]
    # The page asks again once the sex has changed, and the sentence stays.
    again = tab._show(girl, "F", film, None, "")
    assert tab.sex not in again and "which says female" in again[tab.message]
    changed = tab._show(girl, "M", film, None, "")
    assert tab.sex not in changed and "says female, and male is chosen" in changed[tab.message]
    # What one file chose, the next one chooses anew; what a person chose stays, and is pointed out.
    assert tab._show(boy, "F", film, None, "")[tab.sex] == "M"
    kept = tab._show(boy, "F", None, None, "")
    assert tab.sex not in kept and "says male, and female is chosen" in kept[tab.message]
    quiet = tab._show(nobody, "F", film, None, "")
    assert tab.sex not in quiet and not quiet[tab.message]
