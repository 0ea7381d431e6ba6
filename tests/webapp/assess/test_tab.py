"""The Assess tab's handlers, asked as the page asks them."""

import gradio as gr

from core.film.enhance import enhance
from tests.calls import calls_of
from tests.hands import shipped_examples
from webapp.assess.tab import _Tab
from webapp.service import live_assessor


def test_a_film_is_cut_once_however_often_it_is_explained() -> None:
    example = shipped_examples()[0]
    with gr.Blocks():
        tab = _Tab(live_assessor, ())
    answered = tab._assess(str(example.path), example.sex, None, "grad_cam", 0.4, 3)[tab.answer].updates
    film, assessment = answered[tab.film_state], answered[tab.assessment_state]
    told = []
    again = calls_of(enhance, lambda: told.append(tab._stage_changed(film, assessment, "grad_cam", 0.4, 2)))
    assert again == 0
    assert told[0][tab.crops] and told[0][tab.crops] != answered[tab.crops], "maps of another stage"
