"""Names of the hand's bones: the 13 that a RUS reader grades, and the 21 that the localiser knows."""

from typing import Final, Literal

Sex = Literal["M", "F"]
#: What a child of that sex is called.
CHILDREN: Final[dict[Sex, str]] = {"M": "boy", "F": "girl"}

#: The 13 RUS regions in the anatomical order of the score tables (wrist to finger tips, thumb to little finger).
RUS_BONES: Final = (
    "Radius", "Ulna", "MC1", "MC3", "MC5", "PP1", "PP3", "PP5", "MP3", "MP5", "DP1", "DP3", "DP5",
)  # fmt: skip

#: All regions that the localiser finds: the RUS bones and, for the shape of the whole hand, fingers 2 and 4.
ALL_BONES: Final = (*RUS_BONES, "MC2", "MC4", "PP2", "PP4", "MP2", "MP4", "DP2", "DP4")

BONE_TITLES: Final = {
    "Radius": "Radius",
    "Ulna": "Ulna",
    "MC1": "Metacarpal I",
    "MC3": "Metacarpal III",
    "MC5": "Metacarpal V",
    "PP1": "Proximal phalanx I",
    "PP3": "Proximal phalanx III",
    "PP5": "Proximal phalanx V",
    "MP3": "Middle phalanx III",
    "MP5": "Middle phalanx V",
    "DP1": "Distal phalanx I",
    "DP3": "Distal phalanx III",
    "DP5": "Distal phalanx V",
}
