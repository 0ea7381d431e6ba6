"""What a reader should know of a film beside its grades: sentences, and whether there is anything to worry about."""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from core.assessment.consistency import FAR_APART, inconsistencies
from core.assessment.records import BoneAge, Check, FilmFacts, SecondOpinion
from core.bones import BONE_TITLES, Sex
from core.hand.crops import CROP_SIDE, crop_affine
from core.hand.localization import Localization

#: Months between the 13 bones' age and the whole hand's from which a reader is told.
_FAR_OPINIONS = 24.0

#: The bone age in months from which on a hand is at the end of the scale: 16 1/2 years for a boy, 15 for a girl. Chosen on
#: the even rows of not_for_reading (see core.evaluation.refusals), with half a year to spare: of the seven adults there
#: whose bones agree with one another, six are given 204 months or more as boys and 187 as girls.
END_OF_SCALE: Final[dict[Sex, float]] = {"M": 198.0, "F": 180.0}

#: The checks that, failed, put the age itself in doubt; the others say how the film lies, or why there is no age.
DOUBTS: Final = ("resolution", "consistent_bones", "two_opinions", "end_of_scale")


def checks_of_film(film: FilmFacts, localization: Localization) -> tuple[Check, ...]:
    """What the film and the hand on it are like, however the bones are graded."""
    found = [r for r in localization.regions if r.status == "found"]
    lost = [f"{BONE_TITLES[r.bone]} ({'outside the film' if r.status == 'outside' else 'not recognised'})"
            for r in localization.regions if r.status != "found"]  # fmt: skip
    pixels_per_crop = [CROP_SIDE / math.sqrt(abs(np.linalg.det(crop_affine(r, False)[:, :2]))) for r in found]
    sharp = min(pixels_per_crop, default=0.0) >= CROP_SIDE / 3
    said = film.laterality
    shown = "R" if localization.mirrored else "L"
    turned = abs(localization.rotation_degrees) > 45
    return (
        Check(
            "all_bones",
            not lost,
            "All 13 bones were found."
            if not lost
            else f"{len(found)} of 13 bones were found, so no total is given. Missing: {', '.join(lost)}.",
        ),
        Check(
            "left_hand",
            shown == "L",
            "A left hand, as the standards ask."
            if shown == "L"
            else "The film shows a right hand or a mirrored left one; it was read as its mirror image.",
        ),
        Check(
            "laterality",
            said is None or said == shown,
            "The film's side marker in the file agrees with the picture, or there is none."
            if said is None or said == shown
            else f"The file says {said}, the picture looks like {shown}: check that the film is not mirrored.",
        ),
        Check(
            "upright",
            True,
            f"The hand is turned by {localization.rotation_degrees:.0f} degrees; it was read upright."
            if turned
            else "The hand is upright.",
        ),
        Check(
            "greys",
            True,
            "The film's greys are inverted; it was read with bone bright."
            if localization.inverted
            else "Bone is bright, as it should be.",
        ),
        Check(
            "resolution",
            sharp,
            "The film is sharp enough to grade."
            if sharp
            else "The hand is small on this film: its bones have too few pixels to grade finely.",
        ),
    )


def checks_of_ages(age: BoneAge | None, second: SecondOpinion | None, sex: Sex) -> tuple[Check, ...]:
    """Whether the age is short of the scale's end, and whether the 13 bones and the whole hand say about the same; the
    latter not without a second opinion, and nothing without an age."""
    if age is None:
        return ()
    short = age.months < END_OF_SCALE[sex]
    end = Check(
        "end_of_scale",
        short,
        "The bones have some way to go until they are mature."
        if short
        else f"The bones are mature or nearly so: {age.months / 12:.1f} years is to be read as that age or more, for the "
        "hand of an adult looks like this too.",
    )
    if second is None:
        return (end,)
    bones = second.taken_from(age.months)
    apart = abs(bones - second.months)
    return (
        end,
        Check(
            "two_opinions",
            apart <= _FAR_OPINIONS,
            f"The 13 bones and the whole hand say about the same age ({bones / 12:.1f} and {second.months / 12:.1f} years)."
            if apart <= _FAR_OPINIONS
            else f"The 13 bones say {bones / 12:.1f} years, the whole hand {second.months / 12:.1f}: look at the film and "
            "at every grade.",
        ),
    )


def check_of_grades(grades: Mapping[str, int]) -> Check:
    """Whether a bone is out of line with its neighbours. grades: RUS-CHN ordinals 0..n by bone."""
    found = inconsistencies(grades)
    return Check(
        "consistent_bones",
        not found,
        f"No bone is {FAR_APART} grades or more from its neighbours."
        if not found
        else f"{' '.join(one.sentence for one in found)} Look at {'its crop' if len(found) == 1 else 'their crops'}, "
        "and correct in the Annotate tab what is wrong.",
    )
