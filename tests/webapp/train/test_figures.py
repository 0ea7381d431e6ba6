"""The Train tab's figures."""

from core.bones import BONE_TITLES, RUS_BONES
from core.learning.lessons.collected import Collected
from core.standards import grade_count
from webapp.train.figures import collected_figure, curve_figure


def test_a_run_s_curve_has_what_was_learned_and_not_how_long_it_took() -> None:
    assert curve_figure([]) is None
    figure = curve_figure(
        [{"lesson": "grader", "step": step, "loss": 1 / (step + 1), "seconds": 3.0} for step in range(3)]
    )
    assert figure is not None and [line.name for line in figure.data] == ["Grader: loss on films that it learns from"]
    assert list(figure.data[0].x) == [0, 1, 2]


def test_grades_are_drawn_bone_by_bone() -> None:
    by_bone = {bone: tuple(7 * (grade == 3) for grade in range(grade_count(bone) + 1)) for bone in RUS_BONES}
    figure = collected_figure(Collected(0, 9, 7, 7, 91, 0, by_bone, ("ann",), 7, 7, {}, (("p", "train"),) * 7))
    assert figure is not None
    (drawn,) = figure.data
    assert drawn.y == tuple(BONE_TITLES[bone] for bone in RUS_BONES) and list(drawn.x) == list(range(15))
    assert all(row[3] == 7 and row[2] == 0 for row in drawn.z)
    ulna = RUS_BONES.index("Ulna")
    assert drawn.z[ulna][grade_count("Ulna")] == 0 and drawn.z[ulna][-1] is None, "the ulna has fewer grades"
