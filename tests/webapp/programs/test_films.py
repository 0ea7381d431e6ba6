"""What the endpoints say of a film that is sent along, asked as gradio asks them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest
from gradio.data_classes import FileData

from core.assessment.assessor import Assessor
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph
from core.hand.several import SIDES
from tests.films import RAMP12, dicom_file, dicom_film
from tests.hands import Example, shipped_examples, two_hands_file
from webapp.desk import Desk
from webapp.programs.asked import answered
from webapp.programs.films import FilmEndpoints
from webapp.service import live_assessor
from webapp.shared.errors import TRY_AGAIN
from webapp.shared.pictures import grey8, png

Ask = Callable[..., Any]


def endpoints(load_assessor: Callable[[], Assessor]) -> tuple[Ask, Ask]:
    """/assess and /explain."""
    films = FilmEndpoints(Desk(load_assessor, None, None))  # type: ignore[arg-type]
    return answered(films.assess), answered(films.explain)


@pytest.fixture(scope="module")
def example() -> Example:
    return shipped_examples()[0]


def sent(path: Path) -> FileData:
    return FileData(path=str(path), orig_name=path.name)


def test_of_two_hands_the_one_that_is_asked_for_is_read(example: Example, tmp_path: Path) -> None:
    assess, _ = endpoints(live_assessor)  # type: ignore[arg-type]
    film = sent(two_hands_file(example, tmp_path))
    read = {side: assess(film, example.sex, side, age_months=40) for side in SIDES}
    assert {side: document["film"]["laterality"] for side, document in read.items()} == SIDES
    assert [hand["laterality"] for hand in read["right"]["other_hands"]] == ["L"]
    assert read["left"]["film"]["age_months"] == 40


def test_a_bone_is_explained_by_five_pictures(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    _, explain = endpoints(live_assessor)  # type: ignore[arg-type]
    *pictures, facts = explain(sent(example.path), "MC3", example.sex, stage=2)
    maps = [cv2.imread(picture.path, cv2.IMREAD_UNCHANGED) for picture in pictures]
    assert [Path(picture.path).name for picture in pictures] == [f"MC3_{kind}.png" for kind in facts["maps"]]
    assert len({one.shape for one in maps}) == 1 and maps[0].ndim == 2 and all(np.ptp(one) for one in maps[:2])
    assert (facts["bone"], facts["stage"]) == ("MC3", 2) and facts["weights"] == live_assessor().weights


def test_what_a_film_lacks_gets_a_sentence(tmp_path: Path, radiograph: Radiograph) -> None:
    def unloadable() -> Assessor:
        raise BoneGradeError("The weight file grader.safetensors is missing; fetch the repository again.")

    assess, explain = endpoints(unloadable)
    picture, dicom = tmp_path / "film.png", tmp_path / "film.dcm"
    picture.write_bytes(png(grey8(radiograph.pixels)))
    dicom.write_bytes(dicom_file(dicom_film(RAMP12, PatientSex="F")))
    (tmp_path / "text.png").write_text("not a film")
    for ask, given, sentence in (
        (assess, {"film": sent(tmp_path / "text.png"), "sex": "F"}, "not a PNG, JPEG"),
        (assess, {"film": sent(picture)}, "give sex as M or F"),
        (assess, {"film": sent(dicom)}, r"grader\.safetensors"),
        (assess, {"film": sent(picture), "sex": "X"}, "sex: Input should be 'M' or 'F'"),
        (assess, {"film": sent(picture), "sex": "F", "hand": "both"}, "hand: Input should be 'left' or 'right'"),
        (assess, {"film": sent(picture), "sex": "F", "age_months": -1}, "The age must be from 0 to 1200 months"),
        (assess, {"film": sent(picture), "sex": "F", "age_months": "nan"}, "The age must be from 0 to 1200 months"),
        (explain, {"film": sent(picture), "sex": "F", "bone": "Thumb"}, "bone: Input should be 'Radius'"),
        (
            explain,
            {"film": sent(picture), "sex": "F", "bone": "MC3", "stage": 5},
            "stage: Input should be 1, 2, 3 or 4",
        ),
    ):
        with pytest.raises(gr.Error, match=sentence):
            ask(**given)


def test_what_nobody_foresaw_tells_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fails(film: str) -> str:
        raise RuntimeError(film)

    with pytest.raises(gr.Error) as error:
        answered(fails)("Mueller")
    assert error.value.message == TRY_AGAIN
    assert "/fails failed with RuntimeError" in caplog.text and "Mueller" not in caplog.text
