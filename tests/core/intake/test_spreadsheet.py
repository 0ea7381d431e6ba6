"""Tables as spreadsheets of several countries write them: the same rows whatever the dialect."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.dataset.formats import csv_labels
from core.film.box import Box
from core.intake.spreadsheet import NotATable, number, open_sheet
from core.intake.table import read_table

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a table."""

    def written(content: bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content)
        return path

    return written


_DIALECTS = {
    "commas": "file,sex,age_years,patient,bone,grade,xmin,ymin,xmax,ymax\na.png,F,7.5,Müller,Radius,9,10.5,20,60.25,80\n",
    "semicolons": "file;sex;age_years;patient;bone;grade;xmin;ymin;xmax;ymax\n"
    "a.png;F;7,5;Müller;Radius;9,0;10,5;20;60,25;80\n",
    "sep": "sep=;\r\nfile;sex;age_years;patient;bone;grade;xmin;ymin;xmax;ymax\r\n"
    "a.png;F;7,5;Müller;Radius;9;10,500;20;60,25;80\r\n",
    "sep comma": "sep=,\nfile,sex,age_years,patient,bone,grade,xmin,ymin,xmax,ymax\n"
    'a.png,F,"7,5",Müller,Radius,9,10.5,20,60.25,80\n',
    "sep saved again": '"sep=;";;;;\r\nfile;sex;age_years;patient;bone;grade;xmin;ymin;xmax;ymax\r\n'
    "a.png;F;7,5;Müller;Radius;9;10,5;20;60,25;80\r\n",
    "tabs": "file\tsex\tage_years\tpatient\tbone\tgrade\txmin\tymin\txmax\tymax\n"
    "a.png\tF\t7,5\tMüller\tRadius\t9\t10,5\t20\t60,25\t80\n",
    "headers": "\n ;;\n  File Name ; GENDER ;Age (Months);Patient ID; Bone;GRADE ;X Min;Y-Min;x_max;YMAX;;\n"
    " a.png ; Female ;90; Müller ; Radius ;9;10,5;20;60,25;80;;\n;;;;;;;;;;;\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("dialect", list(_DIALECTS))
def test_queue_and_import_read_every_dialect_alike(write: Write, dialect: str, encoding: str) -> None:
    path = write(_DIALECTS[dialect].encode(encoding))
    (row,) = read_table(path)
    assert (row.film, row.sex, row.age_months, row.patient) == ("a.png", "F", 90.0, "Müller")
    (film,) = csv_labels.read(path)
    (said,) = film.labels
    assert (film.file, film.sex, film.age_months, film.patient) == ("a.png", "F", 90.0, "Müller")
    assert (said.bone, said.grade, said.box) == ("Radius", 9, Box(10.5, 20.0, 60.25, 80.0))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7.5", 7.5),
        ("7,5", 7.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1\N{NO-BREAK SPACE}234,5", 1234.5),
        ("-3", -3),
    ],
)
def test_numbers_of_several_countries(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "seven", "nan", "1,2,3", "1,234"])
def test_what_is_no_number_or_could_be_two(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|could be 1\.234 or 1234"):
        number(text)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04 the zip of a workbook", "This is a workbook and not a CSV"),
        (b"\xd0\xcf\x11\xe0 an older one", "This is a workbook and not a CSV"),
        (b"file,sex\n\0\0\0\0\0\0", "cannot be read"),
        (b'file,sex\na,"F\n', "cannot be read"),
        (b"file,File Name\na,b\n", 'two columns for "file"'),
        (b"x" * 201, "bigger than 0 MB"),
    ],
)
def test_what_is_no_table(write: Write, content: bytes, sentence: str) -> None:
    with pytest.raises(NotATable, match=sentence):
        list(open_sheet(write(content), {"file": ("filename",), "sex": ()}, 200).rows)
