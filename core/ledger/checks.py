"""Checks what is said of a film before anything is written."""

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from core.bones import BONE_TITLES, RUS_BONES
from core.film.box import Box
from core.ledger.errors import InvalidCorrection, InvalidFilm
from core.ledger.records import Consent, Correction, FilmRecord, Scope

#: The longest note, in characters; the page lets nobody type more.
LONGEST_NOTE: Final = 2000
_LONGEST_REFERENCE: Final = 200


def consent_given(scope: Scope, reference: str, ends: datetime | None) -> Consent:
    """The consent as it will be recorded. ends: taken as UTC if it has no time zone. Raises InvalidFilm where it has
    already ended, and InvalidCorrection where the reference cannot be stored."""
    if ends is not None and ends.tzinfo is None:
        ends = ends.replace(tzinfo=UTC)
    if ends is not None and ends <= datetime.now(UTC):
        raise InvalidFilm(
            f"This consent ended on {ends:%Y-%m-%d}, so no picture may be kept under it: give a later end, or leave it out."
        )
    return Consent(scope, _checked_text(reference.strip(), "reference", _LONGEST_REFERENCE), ends)


def checked_corrections(film: FilmRecord, corrections: Iterable[Correction]) -> tuple[Correction, ...]:
    """The corrections in RUS_BONES order, with plain numbers. Raises InvalidCorrection with what is wrong."""
    by_bone: dict[str, Correction] = {}
    for correction in corrections:
        if correction.bone in by_bone:
            raise InvalidCorrection(f"{BONE_TITLES[correction.bone]} is judged twice in one save: give one verdict.")
        by_bone[correction.bone] = replace(
            correction,
            box=_checked_box(film, correction),
            accepted=bool(correction.accepted),
            note=checked_note(correction.note),
            seconds=checked_seconds(correction.seconds),
        )
    return tuple(by_bone[bone] for bone in RUS_BONES if bone in by_bone)


def checked_note(note: str) -> str:
    """The note as it will be stored."""
    return _checked_text(note, "note", LONGEST_NOTE)


def checked_name(reader: str) -> str:
    """A reader's name as it will be stored."""
    if not reader.strip():
        raise InvalidCorrection("Nobody is named as the reader: sign in again.")
    return _checked_text(reader, "name", 200)


def checked_seconds(seconds: float) -> float:
    """The seconds as a plain number."""
    if not (math.isfinite(seconds) and seconds >= 0):
        raise InvalidCorrection("The reading time must be a number of seconds from 0 up.")
    return float(seconds)


def _checked_text(text: str, what: str, longest: int) -> str:
    if len(text) > longest:
        raise InvalidCorrection(f"The {what} is longer than {longest:,} characters: shorten it.")
    # PostgreSQL cannot store NUL, and no database half a surrogate pair, which a browser leaves where it cuts text
    # short.
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidCorrection(f"The {what} holds a character that cannot be stored: type it again.")
    return text


def _checked_box(film: FilmRecord, correction: Correction) -> Box | None:
    if correction.box is not None and correction.box.overhang(film.width, film.height) > 0:
        raise InvalidCorrection(
            f"The box of {BONE_TITLES[correction.bone]} lies outside the film, which has {film.width} x {film.height} pixels: "
            "draw it inside."
        )
    return correction.box
