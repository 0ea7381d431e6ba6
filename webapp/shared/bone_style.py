"""One colour for each group of bones, the same on the film, the cards, the plots and the report."""

from collections.abc import Mapping
from typing import Final

#: Bright enough to stand out on a black film and told apart with the common colour-vision defects.
GROUP_COLOURS: Final[Mapping[str, str]] = {
    "radius": "#ffb000",
    "ulna": "#ff7043",
    "metacarpal": "#4fc3f7",
    "proximal": "#69db7c",
    "middle": "#b79cff",
    "distal": "#ff8fc7",
}

_GROUP_OF_PREFIX: Final = {
    "Ra": "radius",
    "Ul": "ulna",
    "MC": "metacarpal",
    "PP": "proximal",
    "MP": "middle",
    "DP": "distal",
}


def bone_group(bone: str) -> str:
    """The group of a RUS bone, a key of GROUP_COLOURS."""
    return _GROUP_OF_PREFIX[bone[:2]]


def bone_colour(bone: str) -> str:
    """The colour of a RUS bone as "#rrggbb"."""
    return GROUP_COLOURS[bone_group(bone)]
