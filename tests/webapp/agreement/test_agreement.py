"""The Agreement tab's figures, words, tables, and who may see what, over a small real ledger."""

from pathlib import Path

import numpy as np
import pytest

from core.access.roles import Reader, Role
from core.agreement import (
    LEAST_FILMS,
    MODEL,
    AgePairs,
    Kappa,
    ReadingCollector,
    ReadingTable,
    Voice,
    compare,
    gold_scores,
    pooled_kappas,
    reading_times,
)
from core.agreement.choices import choices
from core.agreement.measures import age_differences
from core.bones import BONE_TITLES, RUS_BONES
from core.standards import grade_label
from tests.reading_room import ReadingRoom, hand_at, read_by_two
from webapp.agreement.figures import ages_figure, confusion_figure, kappa_figure, times_figure
from webapp.agreement.tables import (
    ages_table,
    confusion_table,
    gold_table,
    headline_tiles,
    kappa_table,
    times_table,
)
from webapp.agreement.words import (
    ages_sentence,
    choice_title,
    confusion_sentence,
    duration,
    gold_sentence,
    higher_or_lower,
    kappa_sentence,
    kappa_words,
    model_note,
    short_count,
    signed,
    times_sentence,
)
from webapp.shared.bone_style import bone_colour

ANNA, BEN = Voice("reader", "anna"), Voice("reader", "b<en")
NAMES = ("anna", "b<en")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> ReadingTable:
    return ReadingCollector(read_by_two(tmp_path_factory.mktemp("ledger")).ledger).table()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> ReadingTable:
    return ReadingCollector(ReadingRoom(tmp_path_factory.mktemp("empty")).ledger).table()


def test_kappas_stand_in_anatomical_order_with_interval_and_group_colour(table: ReadingTable) -> None:
    found = compare(table, ANNA, BEN, "rus_chn")
    kappas = {bone: one.kappa for bone, one in found.bones.items()}
    figure = kappa_figure(kappas, pooled_kappas(table))
    assert figure is not None
    assert list(figure.layout.yaxis.ticktext) == [BONE_TITLES[bone] for bone in RUS_BONES]
    top, bottom = figure.layout.yaxis.range[::-1]
    assert top < 0 and bottom > 12  # the axis runs downwards, the wrist on top
    points = {trace.name: trace for trace in figure.data if trace.name in BONE_TITLES.values()}
    assert len(points) == 13
    radius, kappa = points["Radius"], kappas["Radius"]
    assert kappa.value is not None and kappa.interval90 is not None
    assert (radius.x[0], radius.marker.color) == (kappa.value, bone_colour("Radius"))
    assert radius.x[0] - radius.error_x.arrayminus[0] == pytest.approx(kappa.interval90[0])
    assert radius.x[0] + radius.error_x.array[0] == pytest.approx(kappa.interval90[1])
    assert figure.layout.xaxis.range[0] < kappa.interval90[0] and figure.layout.xaxis.range[1] > 1
    (reference,) = (trace for trace in figure.data if trace.name == "All readers among themselves")
    assert reference.x[0] == pooled_kappas(table)["Radius"].value


def test_a_bone_with_too_few_films_says_so_in_its_row() -> None:
    some = {bone: Kappa(12, 0.5, (0.3, 0.7), None) for bone in RUS_BONES}
    some["Ulna"] = Kappa(4, None, None, "too_few")
    some["MC1"] = Kappa(12, None, None, "one_grade")
    figure = kappa_figure(some)
    assert figure is not None
    assert [(note.y, note.text) for note in figure.layout.annotations] == [
        (1, "too few films (4)"),
        (2, "one grade only (12 films)"),
    ]
    assert len(figure.data) == 11
    assert kappa_figure(dict.fromkeys(RUS_BONES, some["Ulna"])) is None


def test_confusion_shows_every_film_once_and_outlines_the_diagonal(table: ReadingTable) -> None:
    one = compare(table, ANNA, BEN, "rus_chn").bones["Radius"]
    figure = confusion_figure(one, *NAMES)
    assert figure is not None
    cells, letters = figure.data
    assert int(np.sum(cells.z)) == 12
    assert sum(map(int, letters.text)) == 12
    labels = list(figure.layout.yaxis.ticktext)
    assert labels == list(figure.layout.xaxis.ticktext)
    for x, y, text in zip(letters.x, letters.y, letters.text, strict=True):
        row, column = (next(g for g in range(15) if grade_label("Radius", g) == labels[p]) for p in (y, x))
        assert one.confusion[row, column] == int(text)
    assert [(s.x0, s.y0) for s in figure.layout.shapes] == [(p - 0.5, p - 0.5) for p in range(len(labels))]
    assert figure.layout.yaxis.title.text == "Grade by anna"
    # A name is never taken for markup.
    assert figure.layout.xaxis.title.text == "Grade by b&lt;en"


def test_age_differences_are_drawn_with_mean_and_limits(table: ReadingTable) -> None:
    ages = compare(table, ANNA, BEN, "rus_chn").ages
    figure = ages_figure(ages, *NAMES)
    assert figure is not None and ages.differences.limits is not None
    (points,) = figure.data
    assert sorted(points.y) == pytest.approx(sorted(ages.first - ages.second))
    assert all(text.startswith("Film ") for text in points.text)
    levels = [shape.y0 for shape in figure.layout.shapes if shape.type == "line"]
    assert levels == pytest.approx([ages.differences.mean, *ages.differences.limits])
    low, high = figure.layout.yaxis.range
    assert low < min(levels) and high > max(levels) and low == -high


def test_a_hundred_thousand_ages_are_drawn_as_a_sample() -> None:
    first = np.random.default_rng(0).uniform(60, 180, 100_000)
    second = first + 1
    figure = ages_figure(AgePairs(np.arange(100_000), first, second, age_differences(first, second), 0, 0, 0), *NAMES)
    assert figure is not None and len(figure.data[0].x) == 2000


def test_times_have_a_box_a_reader_of_the_quartiles_alone(table: ReadingTable) -> None:
    figure = times_figure(reading_times(table))
    assert figure is not None
    boxes = {trace.y[0]: trace for trace in figure.data if trace.type == "box"}
    assert set(boxes) == {"anna", "b&lt;en"}
    assert (boxes["anna"].q1[0], boxes["anna"].median[0], boxes["anna"].q3[0]) == (62.75, 65.5, 68.25)
    (said,) = (trace.hovertemplate for trace in figure.data if trace.type == "scatter" and trace.y[0] == "anna")
    assert said.startswith("anna: median 66 s per film, half of the films 63 s to 68 s (12 films)")


def test_nothing_read_draws_nothing_and_says_what_is_missing(empty: ReadingTable) -> None:
    found = compare(empty, ANNA, BEN, "rus_chn")
    assert ages_figure(found.ages, *NAMES) is None and times_figure([]) is None
    assert confusion_figure(found.bones["Radius"], *NAMES) is None
    kappas = pooled_kappas(empty)
    assert kappa_figure(kappas) is None
    assert f"takes {LEAST_FILMS} films" in kappa_sentence(kappas, "", "")
    assert "13 bones" in ages_sentence(found.ages, *NAMES, "RUS-CHN")
    assert "Choose another bone" in confusion_sentence(found.bones["Radius"], *NAMES)
    assert "Annotate tab" in times_sentence([]) and "reviewer sets" in gold_sentence([], True)
    assert gold_table([], "RUS-CHN") == ""


def test_with_fewer_than_ten_films_there_are_dashes_and_sentences_in_place_of_figures(tmp_path: Path) -> None:
    room = ReadingRoom(tmp_path)
    for _ in range(LEAST_FILMS - 1):
        film = room.film()
        for reader in ("anna", "b<en"):
            room.read(film, reader, hand_at(0.5), 60.0)
    collector = ReadingCollector(room.ledger)
    few, found = collector.table(), compare(collector.table(), ANNA, BEN, "rus_chn")
    radius = found.bones["Radius"]
    assert confusion_figure(radius, *NAMES) is None and ages_figure(found.ages, *NAMES) is None
    assert times_figure(reading_times(few)) is None
    assert confusion_sentence(radius, *NAMES) == "Radius: too few films graded by both (9 of 10)."
    assert times_sentence(reading_times(few)).startswith("Too few films (9 of 10): the time per film needs 10 films")
    assert "%" not in headline_tiles(found, "RUS-CHN")
    film = room.film()
    for reader in ("anna", "b<en"):
        room.read(film, reader, hand_at(0.5), 60.0)
    enough = collector.table()
    found = compare(enough, ANNA, BEN, "rus_chn")
    assert "100 %" in headline_tiles(found, "RUS-CHN") and confusion_figure(found.bones["Radius"], *NAMES) is not None
    assert ages_figure(found.ages, *NAMES) is not None and times_figure(reading_times(enough)) is not None


def test_the_sentences_say_what_the_figures_show(table: ReadingTable) -> None:
    found = compare(table, ANNA, BEN, "rus_chn")
    kappas = {bone: one.kappa for bone, one in found.bones.items()}
    text = kappa_sentence(kappas, *NAMES)
    assert text.startswith(
        f"anna and b<en agree least on Radius ({kappas['Radius'].value:.2f}) and best on Ulna (1.00)"
    )
    assert "on 67 % of 12 films" in confusion_sentence(found.bones["Radius"], *NAMES)
    assert found.ages.differences.mean is not None and found.ages.differences.mean < 0
    text = ages_sentence(found.ages, *NAMES, "RUS-CHN")
    assert f"{-found.ages.differences.mean:.1f} months lower than b<en" in text and "(12 films)" in text
    assert times_sentence(reading_times(table)).startswith(
        "anna takes 66 s per film (median), the slowest, b<en, 3 min 20 s."
    )
    assert "100 % of the grades were accepted unchanged" in model_note(compare(table, ANNA, MODEL, "rus_chn"))
    scores = gold_scores(table, "rus_chn")
    assert gold_sentence(scores, True).startswith("Each reader's") and gold_sentence(scores, False).startswith("Your")


def test_tables_hold_the_numbers_and_escape_names(table: ReadingTable) -> None:
    found = compare(table, ANNA, BEN, "rus_chn")
    kappas = {bone: one.kappa for bone, one in found.bones.items()}
    html = kappa_table(kappas, found.bones)
    assert html.count("<tr") == 14 and f"<td>{kappas['Radius'].value:.2f}</td>" in html
    assert "always the same" not in html and "<td>1.00</td>" in html
    assert kappa_table(kappas, None).count('<th scope="col">') == 4
    assert confusion_table(found.bones["Radius"], *NAMES).count("<td>") == 15 * 15
    assert "Upper 95 % limit" in ages_table(found.ages.differences)
    times = times_table(reading_times(table))
    assert "b&lt;en" in times and "b<en" not in times and "3 min 20 s" in times
    gold = gold_table(gold_scores(table, "rus_chn"), "RUS-CHN")
    assert gold.count("<tr") == 4 and ">The model<" in gold and "too few films" in gold
    assert "professor" not in gold
    assert ">12<" in headline_tiles(found, "RUS-CHN")


def test_the_list_names_the_voices_as_the_reader_may_see_them(table: ReadingTable) -> None:
    reviewer, reader = Reader("anna", Role.REVIEWER), Reader("anna", Role.READER)
    assert choice_title(choices(table, reviewer)[0], reviewer) == "anna (you) and b<en · 12 films"
    assert not any("b<en" in choice_title(entry, reader) for entry in choices(table, reader))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (short_count(999), "999"),
        (short_count(5_240), "5.2k"),
        (short_count(13_400), "13k"),
        (duration(9.46), "9.5 s"),
        (duration(75.4), "75 s"),
        (duration(320), "5 min 20 s"),
        (duration(1800), "30 min"),
        (signed(1.24), "+1.2"),
        (signed(-0.31), "\N{MINUS SIGN}0.3"),
        (signed(-0.01), "0.0"),
        (higher_or_lower(-2.5, "ben"), "2.5 months lower than ben"),
        (higher_or_lower(0.01, "ben"), "the same as ben"),
        (kappa_words(Kappa(20, 0.912, (0.8, 0.95), None)), "0.91, 90 % interval 0.80 to 0.95 (20 films)"),
        (kappa_words(Kappa(20, 1.0, None, None)), "1.00, always the same grade (20 films)"),
    ],
)
def test_how_numbers_are_put(said: str, expected: str) -> None:
    assert said == expected
