"""A hand on a film: found once, made positive and cut once; then graded, explained, regraded and looked at as a whole."""

from dataclasses import dataclass, field

from core.errors import BoxRefused
from core.film.box import Box
from core.film.greys import Grey
from core.film.radiograph import Radiograph
from core.hand.crops import Crop, Window, cut, cut_window
from core.hand.localization import Localization, Region


@dataclass(frozen=True, eq=False)
class Hand:
    """A film and where the hand lies on it.

    `positive`, the crops and the windows are made when first asked for, and kept. Callers share them and must not write to
    them. seconds: how long finding the hand took, 0 where it was known.
    """

    film: Radiograph
    localization: Localization
    seconds: float = 0.0
    _cut: dict[Region, Crop] = field(default_factory=dict, init=False, repr=False)
    _windows: dict[int, Window] = field(default_factory=dict, init=False, repr=False)

    @property
    def positive(self) -> Grey:
        """The film with bone bright: HxW float32 in [0, 1]."""
        return self.film.inverted_pixels if self.localization.inverted else self.film.pixels

    @property
    def crops(self) -> dict[str, Crop]:
        """Crops of the regions that were found, by bone in the localization's order."""
        return {region.bone: self.cut(region) for region in self.localization.regions if region.status == "found"}

    def window(self, side: int) -> Window:
        """The whole hand with a margin, `side` pixels a side."""
        known = self._windows.get(side)
        if known is None:
            known = self._windows[side] = cut_window(self.positive, self.localization, side)
        return known

    def cut(self, region: Region) -> Crop:
        """The crop of a region: one of the localization's, which is cut once, or one that `moved` gave."""
        known = self._cut.get(region)
        if known is None:
            known = cut(self.positive, region, self.localization.mirrored)
            if region in self.localization.regions:
                self._cut[region] = known
        return known

    def moved(self, bone: str, box: Box) -> Region:
        """The region of a bone where a person's box puts it, see Region.moved_to.

        Raises BoxRefused for a box that is not inside the film, ValueError for an unknown bone.
        """
        region = self.localization.region(bone)
        if box.overhang(self.film.width, self.film.height) > 0:
            raise BoxRefused(f"The box of {bone} reaches beyond the film: keep it inside.")
        return region.moved_to(box)
