"""What a reader should know about a film apart from its grades: sentences, and whether there is anything to worry about."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.assessment.checks.rare_ages import rare_age
from core.assessment.consistency import FAR_APART, inconsistencies
from core.assessment.records import END_OF_SCALE, BoneAge, Check, FilmFacts, SecondOpinion, is_mature
from core.bones import BONE_TITLES, CHILDREN, Sex
from core.hand.crops import CROP_SIDE, side_on_film
from core.hand.localization import Localization
from core.hand.several import offers_another

#: Difference in months between the 13 bones' age and the whole hand's from which a reader is told.
_FAR_OPINIONS = 24.0

#: Above this blur the film is not sharp, and above this blockiness compressed too hard, see core.hand.detail. The most that 228
#: `val` hands and 101 of `train` have is 0.63 and 1.9. On `val`, a blur of 2 pixels (standard deviation, of 960) gives 0.7.
_BLURRED: Final = 0.66
_BLOCKY: Final = 2.0
#: Ratios of a hand's width to its height between which it is not called squeezed: 98 % of `val`. Squeezed to 60 % either way,
#: 99 % of `val` lie outside.
_WIDTHS: Final = (0.77, 1.28)
#: Bones that look or lie unlike others: a mean peak below the first, or a misfit to the mean hand above the second. This is so
#: for 3 % of `val`, and 8 of the 24 adult and injured hands among the even rows of not_for_reading (see
#: core.evaluation.refusals).
_FAINT: Final = 0.54
_ODD: Final = 0.12
#: The film ends too close below the wrist where it shows less of the forearm than this, see core.hand.forearm. Of the `val`
#: hands 1.3 % have 0.30 or less, the others 0.37 or more; cut through the middle of the usual boxes of radius and ulna, 97 % of
#: 72 `val` and `train` hands that keep an age have less, and their ages move by 3.4 months in the median.
_FOREARM: Final = 0.34
#: By fingertip: its two neighbours, and the limits of its distance from the nearer one as a multiple of the distance between
#: the two; 225 of 228 `val` hands keep them. Where the film ends at a tip's growth plate, another part of the finger, or
#: another finger, is taken for it: on 32 of 53 `val` films cut there, and 8 get no age.
_TIPS: Final = {
    "DP1": ("PP1", "MC1", 0.60, 1.06),
    "DP3": ("MP3", "PP3", 0.82, 1.15),
    "DP5": ("MP5", "PP5", 0.83, 1.30),
}
_FINGERS: Final = {"DP1": "thumb", "DP3": "middle finger", "DP5": "little finger"}
_SIDES: Final = {False: "left", True: "right"}

#: The checks of the film, and of what was read from it, that put the age itself in doubt when failed; the others say how the
#: film lies, or why there is no age.
FILM_DOUBTS: Final = ("resolution", "forearm", "fingertips", "squeezed", "hand_shape")
DOUBTS: Final = (*FILM_DOUBTS, "consistent_bones", "two_opinions", "end_of_scale", "rare_age")


def checks_of_film(film: FilmFacts, localization: Localization) -> tuple[Check, ...]:
    """What the film and the hand on it are like, however the bones are graded."""
    found = [r for r in localization.regions if r.status == "found"]
    lost = [f"{BONE_TITLES[r.bone]} ({'outside the film' if r.status == 'outside' else 'not recognised'})"
            for r in localization.regions if r.status != "found"]  # fmt: skip
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
            "A left hand, as the standards require."
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
        _sharp(localization),
        _shows_the_forearm(localization),
        _ends_of_fingers(localization),
        _one_hand(localization),
        _not_squeezed(localization),
        _usual_shape(localization),
    )


def _sharp(localization: Localization) -> Check:
    """Whether the film shows the hand finely enough, by its number of pixels and by the detail in them."""
    found = [region for region in localization.regions if region.status == "found"]
    detail = localization.detail
    if min((side_on_film(region) for region in found), default=0.0) < CROP_SIDE / 3:
        trouble = "The hand is small on this film: its bones have too few pixels to grade finely."
    elif detail is not None and detail.blur > _BLURRED:
        trouble = (
            "The film is not sharp, as if the hand had moved or the film had been enlarged: grades and age may be off by "
            "months. Use the original film, or take it again."
        )
    elif detail is not None and detail.blocks > _BLOCKY:
        trouble = (
            "The film was compressed so hard that its blocks show, and fine lines are lost: use the original file, not one "
            "sent through a messaging app."
        )
    else:
        trouble = ""
    return Check("resolution", not trouble, trouble or "The film is sharp enough to grade.")


def _shows_the_forearm(localization: Localization) -> Check:
    """Whether the film goes on far enough below the wrist, as far as can be seen."""
    shown = localization.forearm
    enough = shown is None or shown >= _FOREARM
    return Check(
        "forearm",
        enough,
        "The film shows enough of the forearm."
        if enough
        else "The film ends close below the wrist and cuts radius and ulna short, which moves grades and age by months: use a "
        "film that shows more of the forearm.",
    )


def _ends_of_fingers(localization: Localization) -> Check:
    """Whether the last bones of the fingers are as far from the others as on other hands."""
    found = {region.bone: np.array(region.centre) for region in localization.regions if region.status == "found"}
    odd = [
        _FINGERS[tip]
        for tip, (next_one, further, least, most) in _TIPS.items()
        if {tip, next_one, further} <= found.keys()
        and not least <= _apart(found[tip], found[next_one]) / _apart(found[next_one], found[further]) <= most
    ]
    return Check(
        "fingertips",
        not odd,
        "The ends of the fingers are where they are on other hands."
        if not odd
        else f"The end of the {' and of the '.join(odd)} was found in an unusual place: is the fingertip on the "
        "film? Look at its box.",
    )


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return max(float(np.linalg.norm(one - other)), 1e-9)


def _one_hand(localization: Localization) -> Check:
    """Whether the film shows a second hand, and which of the two was read."""
    if not localization.other_hands:
        return Check("one_hand", True, "The film shows one hand.")
    other = localization.other_hands[0]
    read, left_out = (_SIDES[mirrored] for mirrored in (localization.mirrored, other.mirrored))
    if not offers_another(localization):
        said = "one of them much larger, as when an adult holds a child's hand. The smaller one was read."
    elif localization.mirrored != other.mirrored:
        said = f"and the {read} one was read; the {left_out} one can be read as well."
    else:
        lies = "left" if localization.all_centres[:, 0].mean() < other.box.centre[0] else "right"
        said = f"and both look like {read} ones. The one further to the {lies} was read; the other can be read as well."
    return Check("one_hand", False, f"The film shows two hands, {said}")


def _not_squeezed(localization: Localization) -> Check:
    """Whether the hand has a hand's width for its height."""
    lowest, highest = _WIDTHS
    width = localization.width_kept
    if lowest <= width <= highest:
        return Check("squeezed", True, "The hand has the usual width for its height.")
    slim = "narrow" if width < lowest else "wide"
    return Check(
        "squeezed",
        False,
        f"The hand looks {slim}, {width:.0%} of the usual width for its height: the film seems to have been squeezed, which "
        "moves the age. Export it with square pixels.",
    )


def _usual_shape(localization: Localization) -> Check:
    """Whether the bones look and lie like those that were learned from."""
    faint = float(localization.all_confidences.mean()) < _FAINT
    fits = not faint and localization.misfit <= _ODD
    return Check(
        "hand_shape",
        fits,
        "The bones are arranged as in other hands."
        if fits
        else "The bones are "
        + ("recognised less clearly than in" if faint else "placed differently from those in")
        + " other children's hands: injured, in a cast, deformed or an adult's? Look at every crop.",
    )


def checks_of_ages(age: BoneAge | None, second: SecondOpinion | None, sex: Sex) -> tuple[Check, ...]:
    """Whether the age is short of the scale's end, and whether the 13 bones and the whole hand roughly agree; the latter only
    with a second opinion, and nothing without an age."""
    if age is None:
        return ()
    short = not is_mature(age.months, sex)
    end = Check(
        "end_of_scale",
        short,
        "The bones are not yet close to maturity."
        if short
        else f"The bones are mature or nearly so, at the end of the scale: those of a {CHILDREN[sex]} of "
        f"{END_OF_SCALE[sex] / 12:g} years or more, or of an adult. No age is given.",
    )
    rare = _often_seen(age)
    if second is None:
        return end, rare
    bones = second.taken_from(age.months)
    ages = f"{bones / 12:.1f} and {second.months / 12:.1f} years"
    if abs(bones - second.months) > _FAR_OPINIONS:
        said = f"The 13 bones and the whole hand say {ages}: look at the film and at every grade."
        return end, rare, Check("two_opinions", False, said)
    said = f"The 13 bones and the whole hand say about the same age{f' ({ages})' if short else ''}."
    return end, rare, Check("two_opinions", True, said)


def _often_seen(age: BoneAge) -> Check:
    """Whether enough hands of about this age were learned from."""
    rare = rare_age(age.months)
    return Check(
        "rare_age", rare is None, "The model learned from many hands of this age." if rare is None else rare.sentence
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
