"""Labels averaged with the opinions of networks that never saw the hand."""

from pathlib import Path

import numpy as np
import pytest

from core.cohort.films import DataFolderError
from core.cohort.opinions import Opinion, Opinions, read_opinions, settle_opinions, write_opinions
from tests.windows import windows_of_hands

ONE, OTHER = "a" * 64, "0b" * 32


def _table(folder: Path, *opinions: Opinion) -> Path:
    write_opinions(folder / "opinions.csv", opinions)
    return folder / "opinions.csv"


def test_a_table_is_written_and_read(tmp_path: Path) -> None:
    opinions = [Opinion("007", 100.25, (ONE,)), Opinion("1377", 60.0, (ONE, OTHER))]
    path = _table(tmp_path, *opinions)
    assert path.read_text().splitlines()[0] == "id,months,unseen_by"
    assert read_opinions(path) == opinions


def test_labels_are_averaged_where_there_is_an_opinion(tmp_path: Path) -> None:
    hands, others = windows_of_hands(3, 0), windows_of_hands(2, 1, first_id=1)
    opinions = Opinions(_table(tmp_path, Opinion("1", 100.0, (ONE,)), Opinion("77", 5.0, (ONE,))), 0.25)
    averaged, other = opinions.averaged(hands, others)
    expected = [hands.months[0], 0.75 * hands.months[1] + 25, hands.months[2]]
    np.testing.assert_allclose(averaged.months, expected, rtol=1e-6)
    np.testing.assert_allclose(other.months, [0.75 * others.months[0] + 25, others.months[1]], rtol=1e-6)
    assert averaged.months.dtype == np.float32 and averaged.windows is hands.windows
    with pytest.raises(DataFolderError, match="has no opinion on any hand that is trained on"):
        opinions.averaged(windows_of_hands(2, 0, first_id=50))


@pytest.mark.parametrize("row", ["1,100,", "1,100,yes", f"1,,{ONE}", f"1,-3,{ONE}", f"1,old,{ONE}", f"1,100,{ONE}+x"])
def test_an_opinion_that_does_not_say_who_never_saw_the_hand_is_refused(row: str, tmp_path: Path) -> None:
    path = tmp_path / "opinions.csv"
    path.write_text(f"id,months,unseen_by\n2,50,{ONE}\n{row}\n")
    with pytest.raises(DataFolderError, match=r"cannot be used: .* its row of hand 1 .* train opinions` wrote\.$"):
        read_opinions(path)


def test_tables_that_are_none_and_weights_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"none\.csv is missing\. Name the table"):
        read_opinions(tmp_path / "none.csv")
    (tmp_path / "labels.csv").write_text("id,months\n1,50\n")
    with pytest.raises(DataFolderError, match="has no column unseen_by"):
        read_opinions(tmp_path / "labels.csv")
    for weight in (0.0, 1.2, float("nan")):
        with pytest.raises(DataFolderError, match="weight above 0 and up to 1"):
            Opinions(tmp_path / "opinions.csv", weight)


def test_a_run_goes_on_with_the_opinions_that_it_was_begun_with(tmp_path: Path) -> None:
    opinions = Opinions(_table(tmp_path, Opinion("1", 100.0, (ONE,))), 0.5)
    settle_opinions(tmp_path / "with", opinions)
    settle_opinions(tmp_path / "with", opinions)
    settle_opinions(tmp_path / "without", None)
    for run, now in (("with", None), ("with", Opinions(opinions.table, 0.4)), ("without", opinions)):
        with pytest.raises(DataFolderError, match="was begun with another"):
            settle_opinions(tmp_path / run, now)
    _table(tmp_path, Opinion("1", 101.0, (ONE,)))
    with pytest.raises(DataFolderError, match="was begun with another table of opinions"):
        settle_opinions(tmp_path / "with", opinions)
