"""The Train tab's figures."""

from webapp.train.figures import curve_figure


def test_a_run_s_curve_has_what_was_learned_and_not_how_long_it_took() -> None:
    assert curve_figure([]) is None
    figure = curve_figure(
        [{"lesson": "grader", "step": step, "loss": 1 / (step + 1), "seconds": 3.0} for step in range(3)]
    )
    assert figure is not None and [line.name for line in figure.data] == ["grader: loss"]
    assert list(figure.data[0].x) == [0, 1, 2]
