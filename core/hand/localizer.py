"""Finds the 13 RUS regions of a hand film: any rotation, either hand, any exposure; refuses what is not a hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from core.errors import FilmRefused
from core.film.radiograph import Radiograph
from core.film.stated import Side
from core.hand.detail import detail_of
from core.hand.forearm import forearm_shown
from core.hand.geometry import Affine, Points, SimilarityFit, compose, fit_similarity, inverse, mean_hand, similarity
from core.hand.localization import Localization
from core.hand.looks import (
    HAND_SIDE,
    Eyes,
    Look,
    film_window,
    look_any_way,
    look_as_it_lies,
    look_at_hand,
    whole_film_window,
)
from core.hand.regions import FOUND, localization_of
from core.hand.search import likely_squares
from core.hand.several import chosen, has_room_for_another, outline
from models.hand_localizer import HandLocalizer

#: The upright hand's root mean square radius as a share of HAND_SIDE: its 21 regions span about three quarters.
_HAND_RADIUS: Final = 0.22
#: A hand has at least this many of the 21 regions, and a misfit to the mean hand of at most this (in units of its radius).
_MINIMUM_REGIONS: Final = 12
_LARGEST_MISFIT: Final = 0.30
#: Something that is not a hand but whose regions happen to be in place shows low peaks that fit badly at the close look; the
#: dimmest of real hands fit well. Refused where the mean peak is below the first and the misfit above the second. Chosen on
#: `train` hands (mean peak 0.50 or more) and on the even rows of not_for_reading (see core.evaluation.refusals), whose most
#: hand-like radiograph of another part, a foot, has 0.35 and 0.108.
_DIM, _LOOSE = 0.40, 0.10
#: A hand that had to be searched for, or is taken for a second one, must have a mean peak of at least this.
_SURE: Final = 0.45


class Localizer:
    """The localiser's network in use. Holds no film: `locate` may be called from several threads."""

    def __init__(self, network: HandLocalizer):
        self.eyes = Eyes(network)

    def locate(
        self, radiograph: Radiograph, between_looks: Callable[[], None] = lambda: None, wanted: Side = "L"
    ) -> Localization:
        """Finds the 13 regions. between_looks: called before each look at the film but the first.

        wanted: the hand that is read where the film shows two, see core.hand.several.chosen. A film on which no hand is seen
        is searched for a small one. Raises FilmRefused with reason "not_a_hand" where the film shows no hand or none that
        can be told apart.
        """
        try:
            found = [self._hand(radiograph, whole_film_window(radiograph.pixels), between_looks)]
        except FilmRefused:
            found = self._searched(radiograph, between_looks)
            if not found:
                raise
        else:
            found += self._beside(radiograph, found[0], between_looks)
        one = found[0]
        if len(found) > 1:
            one, other = chosen(found, wanted)
            if one.mirrored == other.mirrored:  # each of its bones may have been taken for the other hand's
                one = self._alone(radiograph, one, other, between_looks)
            one = replace(one, other_hands=(other.as_other_hand(),))
        positive = radiograph.inverted_pixels if one.inverted else radiograph.pixels
        return replace(one, detail=detail_of(positive, one), forearm=forearm_shown(positive, one))

    def glance(self, radiograph: Radiograph) -> Localization | None:
        """One look at a film as it is, a quarter of the work of `locate`: for many films that most likely are upright.

        None where the network does not see an upright left hand, bone bright, that fits: `locate` must then decide.
        """
        to_window = whole_film_window(radiograph.pixels)
        look = look_as_it_lies(self.eyes, radiograph.pixels, to_window)
        if look.upright < 0 or look.inverted > 0.5:
            return None
        try:
            fit = _fit_hand(look)
        except FilmRefused:
            return None
        if fit.mirror or look.confidence.mean() < _DIM or fit.residual > _LOOSE:
            return None
        return localization_of(radiograph, look, fit, to_window, False, look.hand)

    def _hand(
        self,
        radiograph: Radiograph,
        to_window: Affine,
        between_looks: Callable[[], None],
        hidden: Sequence[Points] = (),
    ) -> Localization:
        """The hand in a window of the film, to which `to_window` maps; see core.hand.looks for `hidden`.

        Raises FilmRefused.
        """
        pixels = radiograph.pixels
        look, to_film = look_any_way(self.eyes, pixels, to_window, hidden)
        inverted = look.inverted > 0.5
        if inverted:
            between_looks()
            pixels = radiograph.inverted_pixels  # exactly what a positive film would be, so the same answer
            look, to_film = look_any_way(self.eyes, pixels, to_window, hidden)
        upright = _upright_window(compose(_fit_hand(look).affine, inverse(to_film)))
        between_looks()
        return self._close(radiograph, upright, inverted, look.hand, hidden)

    def _close(
        self, radiograph: Radiograph, upright: Affine, inverted: bool, hand: float, hidden: Sequence[Points]
    ) -> Localization:
        """The result of the close look at an upright hand. hand: how likely it is one. Raises FilmRefused."""
        pixels = radiograph.inverted_pixels if inverted else radiograph.pixels
        close = replace(look_at_hand(self.eyes, pixels, upright, hidden), hand=hand)
        fit = _fit_hand(close)
        if close.confidence.mean() < _DIM and fit.residual > _LOOSE:
            raise _not_a_hand()
        return localization_of(radiograph, close, fit, upright, inverted, hand)

    def _searched(self, radiograph: Radiograph, between_looks: Callable[[], None]) -> list[Localization]:
        """Up to two hands on a film that was refused as a whole: small ones, or two in each other's way. The film is turned by
        a quarter and searched again until one is found."""
        found: list[Localization] = []
        for quarters in range(4):
            between_looks()
            found = self._searched_turned(radiograph, quarters, between_looks)
            if found:
                break
        return found

    def _searched_turned(
        self, radiograph: Radiograph, quarters: int, between_looks: Callable[[], None]
    ) -> list[Localization]:
        found: list[Localization] = []
        for square in likely_squares(self.eyes, radiograph.pixels, quarters):
            between_looks()
            try:
                hand = self._hand(
                    radiograph, film_window(square.centre, square.side), between_looks, [outline(one) for one in found]
                )
            except FilmRefused:
                continue
            if _is_sure(hand):
                found.append(hand)
            if len(found) == 2:
                break
        return found

    def _beside(
        self, radiograph: Radiograph, first: Localization, between_looks: Callable[[], None]
    ) -> list[Localization]:
        """A second hand, if the film has room for one beside the first, and shows it."""
        if not has_room_for_another(radiograph, first):
            return []
        between_looks()
        try:
            second = self._hand(radiograph, whole_film_window(radiograph.pixels), between_looks, [outline(first)])
        except FilmRefused:
            return []
        return [second] if _is_sure(second) else []

    def _alone(
        self, radiograph: Radiograph, one: Localization, other: Localization, between_looks: Callable[[], None]
    ) -> Localization:
        """Locates one of two hands again with the other hidden; returns it unchanged where it is then not found."""
        between_looks()
        to_hand = fit_similarity(one.all_centres, mean_hand().centres, one.all_confidences**2 + 1e-9).affine
        try:
            return self._close(radiograph, _upright_window(to_hand), one.inverted, one.hand, [outline(other)])
        except FilmRefused:
            return one


def _fit_hand(look: Look) -> SimilarityFit:
    """The similarity from a window to the mean hand. Raises FilmRefused where too little of a hand is there to fit."""
    fit = fit_similarity(look.centres, mean_hand().centres, look.confidence**2 + 1e-9)
    found = int((look.confidence >= FOUND).sum())
    if found < _MINIMUM_REGIONS or fit.residual > _LARGEST_MISFIT or look.hand < 0.5:
        raise _not_a_hand()
    return fit


def _is_sure(hand: Localization) -> bool:
    return float(hand.all_confidences.mean()) >= _SURE and hand.misfit <= _LOOSE


def _not_a_hand() -> FilmRefused:
    return FilmRefused(
        "not_a_hand",
        "No hand could be recognised on this picture: upload a radiograph of one hand, seen from the back or the palm, with "
        "the wrist and all fingers on it.",
    )


def _upright_window(to_hand: Affine) -> Affine:
    """From the film, which `to_hand` maps to the mean hand, to a window in which the hand is a left hand, upright and of
    standard size."""
    radius = _HAND_RADIUS * HAND_SIDE
    mean = mean_hand().centres
    middle = (mean.min(0) + mean.max(0)) / 2
    to_window = similarity(radius, 0.0, False, middle, np.full(2, HAND_SIDE / 2))
    return compose(to_window, to_hand)
