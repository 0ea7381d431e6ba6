"""Where the growth plate lies in a crop, and the epiphysis-metaphysis band around it."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.hand.crops import CROP_SIDE, side_on_film
from core.hand.localization import Region
from core.standards.tables import checked_bone

#: Height of the growth plate in the network's upright crop, 0 = top (distal) .. 1 = bottom, read off the averaged crops
#: of 64 `train` hands of 5 to 13.5 years. The box's middle would not do: it lies on the shaft of most phalanges.
_LEVEL: Final = {
    "Radius": 0.35, "Ulna": 0.33, "MC1": 0.62, "MC3": 0.39, "MC5": 0.37, "PP1": 0.62, "PP3": 0.70, "PP5": 0.69,
    "MP3": 0.49, "MP5": 0.47, "DP1": 0.68, "DP3": 0.70, "DP5": 0.69,
}  # fmt: skip

#: Half the band along and across the bone, in crop sides: along, up to the epiphysis's joint surface and as far into the
#: metaphysis; across, the widest bone end with room for a crop that is a few degrees aslant.
_HALF_ALONG: Final = 0.2
_HALF_ACROSS: Final = 0.3


def growth_plate(region: Region) -> tuple[float, float]:
    """x, y on the film of the middle of a region's growth plate, where crops usually have it."""
    up = (0.5 - _LEVEL[region.bone]) * side_on_film(region)
    radians = math.radians(region.axis_degrees)
    return region.centre[0] + up * math.sin(radians), region.centre[1] - up * math.cos(radians)


def growth_plate_band(bone: str) -> NDArray[np.bool_]:
    """The pixels of a bone's CROP_SIDE x CROP_SIDE crop that lie in its epiphysis-metaphysis band.

    A rectangle, 0.4 crop sides along the bone around the growth plate and 0.6 across it, of 24 % of the crop. The same
    for every hand, as crops are upright along the bone and scaled by the hand. Raises ValueError for an unknown bone.
    """
    middle = (np.arange(CROP_SIDE) + 0.5) / CROP_SIDE
    along = np.abs(middle - _LEVEL[checked_bone(bone)]) <= _HALF_ALONG
    across = np.abs(middle - 0.5) <= _HALF_ACROSS
    return np.asarray(along[:, None] & across[None, :])
