"""The endpoints that look at a film which is sent along: what it is assessed as, and why."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

from core.assessment.grading.map_guide import guide_for
from core.assessment.records import GATE_MAPS, Assessment, FilmAssessor
from core.bones import BONE_TITLES, Sex
from core.errors import BoneGradeError
from core.film.radiograph import read_radiograph
from core.hand.hand import Hand
from core.hand.several import SIDES, HandSide
from webapp.desk import Desk
from webapp.entrance.files.films_passing import FILMS_PASSING
from webapp.entrance.files.owners import hand_out
from webapp.programs.asked import sent_file
from webapp.service import TURNS
from webapp.shared.pictures import grey8, png

BoneName = Literal["Radius", "Ulna", "MC1", "MC3", "MC5", "PP1", "PP3", "PP5", "MP3", "MP5", "DP1", "DP3", "DP5"]

NO_SEX: Final = "The film's file does not say the child's sex: give sex as M or F; the score tables differ."


class FilmEndpoints:
    """Nothing that is sent to these is kept."""

    def __init__(self, desk: Desk):
        self._load_assessor = desk.load_assessor
        self._erasures = desk.erasures

    def assess(
        self, film: FileData, sex: Sex | None = None, hand: HandSide = "left", age_months: float | None = None
    ) -> dict[str, Any]:
        """Assesses a hand radiograph: finds 13 bones, grades each, and gives the bone age with its 90 % interval, in months.
        Research use only.

        Parameters:
            film: The radiograph, a DICOM file or a picture (PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, HEIC, AVIF).
            sex: M or F; null for what the file states.
            hand: Which hand to read where the film shows two: left or right.
            age_months: The child's age when the film was taken; null for what the file states.
        Returns:
            The assessment: bone_age_months, interval90_months, bones, standards, checks to heed, and the weights' hashes.
        """
        since = FILMS_PASSING.since(film.path)
        with TURNS.now():
            _, _, assessment = self._assessed(film, since, sex, hand, age_months)
        self._erasures.check(assessment.film_sha256, since)
        return assessment.to_dict()

    def explain(
        self,
        film: FileData,
        bone: BoneName,
        sex: Sex | None = None,
        hand: HandSide = "left",
        stage: Literal[1, 2, 3, 4] | None = None,
    ) -> tuple[FileData, FileData, FileData, FileData, FileData, dict[str, Any]]:
        """Shows why one bone of a hand radiograph was graded as it was: its crop and four maps of the grading network.

        Parameters:
            film: The radiograph, a DICOM file or a picture.
            bone: Radius, Ulna, MC1, MC3, MC5, PP1, PP3, PP5, MP3, MP5, DP1, DP3 or DP5.
            sex: M or F; null for what the file states.
            hand: Which hand to read where the film shows two: left or right.
            stage: Of which of the network's stages, 1 to 4; null for the one whose gates spread widest.
        Returns:
            PNG files: crop, Grad-CAM, spatial gates, channel gates, gates of the attention residual (255 is 1.0 on each scale).
            What they are of: bone, grade, stage, and the weights' hashes.
        """
        since = FILMS_PASSING.since(film.path)
        with TURNS.now():
            assessor, found, assessment = self._assessed(film, since, sex, hand, None)
            graded = assessment.bones[bone]
            if graded is None:
                raise BoneGradeError(f"{BONE_TITLES[bone]} was not found on this film, so there is nothing to explain.")
            stage = stage or guide_for(assessor.weights["grader"]).first_stage  # type: ignore[assignment]
            assert stage is not None
            explanation = assessor.explain(found, assessment, stage)
        maps, of_film = explanation.maps[bone], (assessment.film_sha256, since)
        kinds = ("crop", "grad_cam", *GATE_MAPS)
        crop, grad_cam, spatial, channel, residual = (
            _picture(png(grey8(getattr(maps, kind))), f"{bone}_{kind}.png", of_film) for kind in kinds
        )
        self._erasures.check(*of_film)
        facts = {
            "bone": bone,
            "grade": graded.grade,
            "label": graded.label,
            "film_sha256": assessment.film_sha256,
            "maps": list(kinds),
            "stage": explanation.stage,
            "cam_stage": explanation.cam_stage,
            "weights": assessment.weights,
            "notice": assessment.to_dict()["notice"],
        }
        return crop, grad_cam, spatial, channel, residual, facts

    def _assessed(
        self, film: FileData, since: datetime, sex: Sex | None, hand: HandSide, age_months: float | None
    ) -> tuple[FilmAssessor, Hand, Assessment]:
        """since: when the film came; an erasure of it counts from then on."""
        path = sent_file(film).path
        radiograph = read_radiograph(path)
        FILMS_PASSING.holds(path, [radiograph.sha256], since)
        self._erasures.check(radiograph.sha256, since)
        sex = sex or radiograph.stated_sex
        if sex is None:
            raise BoneGradeError(NO_SEX)
        if age_months is not None:
            radiograph = replace(radiograph, age_months=age_months)
        assessor = self._load_assessor()
        found = assessor.find_hand(radiograph, wanted=SIDES[hand])
        return assessor, found, assessor.assess_hand(found, sex)


def _picture(content: bytes, name: str, film: tuple[str, datetime]) -> FileData:
    """A picture for the program that asked for it, and for no other. film: see hand_out."""
    return FileData(path=hand_out(content, name, get_upload_folder(), film), orig_name=name, mime_type="image/png")
