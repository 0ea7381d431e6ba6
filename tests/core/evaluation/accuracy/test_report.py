"""The tables for people; what the command prints as JSON is tested with the command line."""

from core.evaluation.accuracy.report import EveryNth, Measured, as_text, figures_of
from core.evaluation.figures import plain
from tests.readings import BOX, drawn_boxes, make_reading


def test_text_for_people() -> None:
    readings = [
        make_reading("a", 100, 104, interval=(90, 110)),
        make_reading("b", 40, 30, interval=(10, 35), grades={"Ulna": 0}),
        make_reading("c", 120, 120, interval=(100, 130), sex="F", grades={"Ulna": 3}),
        make_reading("lost", 100, None),
    ]
    boxes = {"a": drawn_boxes(BOX)}
    measured = Measured(None, 4, EveryNth(2))
    figures = figures_of(readings, measured, boxes, lambda assessment, coverage: (0.0, 110.0), {"grader": "f" * 64})
    assert plain(figures)["data"] == {"split": None, "hands": 4, "every": 2}
    assert figures.refusal_reasons == {"lost": "not_a_hand"} and figures.seconds_per_hand == 0.1
    text = as_text(figures)
    assert "4 hands, 1 without an age" in text and "not_a_hand" in text
    assert "8-10" in text and "mean IoU 1.0" in text and "f" * 64 in text
    lines = [line.split() for line in text.splitlines()]
    assert ["8-9", "2", "4.0", "0.5", "2", "4.0", "0.5", "0"] in lines, "a year: n, MAE and within a year, thrice"
    assert "under 4 years: n 1, MAE 10.0, bias -10.0" in text
    # ages 100, 40 and 120 against grades full, 0 and 3: ranks 2, 1, 3 against 3, 1, 2
    assert ["Ulna", "1", "of", "1", "0", "of", "2", "0.5", "none", "none"] in lines, "too few of one sex"
    assert ["90", "%", "all", "3", "2", "0.6667", "0.208", "to", "0.939", "25.0"] in lines
    assert ["50%", "3", "2", "0.6667", "0.208", "to", "0.939", "110.0"] in lines
