"""The CSV that comes with films: its dialects, and every fault that it can have."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.intake.table import read_table
from core.ledger import Ledger
from tests.core.intake.sent import refused, send


@pytest.mark.parametrize(
    "text",
    [
        "id,sex\na,M\nb,F\n",
        "\ufeffID;Sex\r\nA;male\r\nB;Female\r\n",
        "Image ID\tgender\na\tM\n\nb\tf\n",
        "sex,file\nm,A.PNG\nF,b\n",
        "id,boneage,male\na,94,TRUE\nb,20,false\n",
    ],
)
def test_a_csv_may_come_in_many_dialects(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path], text: str
) -> None:
    send(ledger, films, csv(text))
    assert [film.sex for film in ledger.films()] == ["M", "F"]


def test_ages_in_years_with_a_decimal_comma(csv: Callable[[str], Path]) -> None:
    (row,) = read_table(csv("id;sex;Age (years)\na;F;7,5\n"))
    assert row.age_months == 90.0


def test_a_csv_of_a_spreadsheet_without_utf_8(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("id;sex;patient\na;F;Müller\n".encode("cp1252"))
    assert read_table(tmp_path / "t.csv")[0].patient == "Müller"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,sex\na,M\nb,F\nc,F\n", "Line 4 of the CSV names a film that was not sent"),
        ("id,sex\na,M\nb,F\nA.png,M\n", "Lines 2 and 4 of the CSV name the same film"),
        ("id,sex\na,M\nb,\n", "Line 3 of the CSV has no sex"),
        ("id,sex\na,M\nb\n", "Line 3 of the CSV has no sex"),
        ("id,sex\na,1\nb,0\n", "Line 2 of the CSV has a sex that could mean either"),
        ("id,male\na,1\nb,0\n", "takes true or false"),
        ("id,sex\na,M\n", "One film has no sex"),
        ("id,age_months\na,12\nb,13\n", 'no column "sex"'),
        ("name,sex\na,M\n", "names no films"),
        ("id,sex,age\na,M,7\nb,F,8\n", "could be years or months"),
        ("id,sex,age_years,age months\na,M,7,84\nb,F,8,96\n", "the age twice"),
        ("id,sex,age_years\na,M,96\nb,F,8\n", "Line 2 of the CSV has an age that no child has"),
        ("id,sex,age_years\na,M,seven\nb,F,8\n", "Line 2 of the CSV has an age"),
        ("id,sex,age_years\na,M,nan\nb,F,8\n", "Line 2 of the CSV has an age"),
        ("id,sex,Sex\na,M,M\nb,F,F\n", 'two columns for "sex"'),
        ("id,sex\n,M\nb,F\n", "Line 2 of the CSV names no film"),
        ("id,sex\n", "no rows"),
        ("", "names no films"),
        ("id,sex\na,\0\n", "cannot be read"),
    ],
)
def test_a_csv_with_a_fault_is_refused_with_its_line(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path], text: str, sentence: str
) -> None:
    assert sentence in refused(ledger, films, csv(text))
