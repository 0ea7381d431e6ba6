"""Reads the films of a batch one by one, and adds them to the ledger; what is wrong with one never stops the others."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self

from core.access.roles import Action, Reader, enforce
from core.errors import BoneGradeError
from core.film.burned_in_text import TextPlace, find_text
from core.film.radiograph import Radiograph, read_radiograph
from core.intake.batch import Batch, FilmFile
from core.intake.filing import Filing
from core.intake.near_copies import NearCopies, sentence
from core.ledger import Consent, FilmRecord, Ledger

_log = logging.getLogger(__name__)

_TWICE: Final = "The same film is in this batch twice; it is added once."
_UNEXPECTED: Final = "Something went wrong in the program with this film; the server's log says what."


@dataclass(frozen=True)
class Looked:
    """One film that was looked at. status: new, and `sentence` says so if it looks like a film that is there, or its file
    states another sex; known (already in the ledger); twice (in this batch); refused, and `sentence` says why. places: that
    look like writing or a marker. name: only for whoever sent it."""

    name: str = field(repr=False)
    status: Literal["new", "known", "twice", "refused"]
    sentence: str
    radiograph: Radiograph | None
    places: tuple[TextPlace, ...] = ()

    @property
    def has_writing(self) -> bool:
        """Whether a person should look at it before its pixels are kept: writing could name a child, a marker could not."""
        return any(place.kind == "writing" for place in self.places)

    def without_pixels(self) -> Self:
        """The same, fit to be kept for the whole batch."""
        return replace(self, radiograph=None)


@dataclass(frozen=True)
class TakenIn:
    """What became of one film. status: added, and `sentence` says so if it looks like another one, or its file states another
    sex; known (it was there before); twice; left_out; refused. name: only for whoever sent it."""

    name: str = field(repr=False)
    status: Literal["added", "known", "twice", "left_out", "refused"]
    sentence: str
    film: FilmRecord | None = None


def look_through(batch: Batch, ledger: Ledger, *, for_writing: bool) -> Iterator[Looked]:
    """Looks at each film without changing anything. for_writing: whether to look for burned-in writing too, which a person
    should see before pixels are kept. Films are yielded one by one, so that only one need be in memory."""
    seen: set[str] = set()
    copies = NearCopies(ledger)
    for file in batch.films:
        try:
            radiograph = read_radiograph(file.path)
            if radiograph.sha256 in seen:
                yield Looked(file.name, "twice", _TWICE, None)
                continue
            seen.add(radiograph.sha256)
            known = ledger.film_by_hash(radiograph.sha256)
            if known is not None and (known.consent or not for_writing):
                yield Looked(file.name, "known", _known(known, file), radiograph)
                continue
            places = tuple(find_text(radiograph)) if for_writing else ()
            yield Looked(file.name, "new", _to_look_at(radiograph, file, copies.of(radiograph)), radiograph, places)
        except Exception as error:
            yield Looked(file.name, "refused", _sentence(error), None)


def take_in(
    batch: Batch,
    filing: Filing,
    *,
    reader: Reader,
    consent: Consent | None,
    left_out: Collection[str] = (),
) -> Iterator[TakenIn]:
    """Adds the films to the ledger of `filing`, one by one as the result is asked for.

    With consent their pictures are kept and the model may be asked later. Without, pixels are not kept: the model is asked
    first, and only then is the film added, with what was said of it, since it can't be asked again. left_out: SHA-256 of
    films not to take in, for example because a person saw writing on them. reader: who adds them; raises NotAllowed, before
    anything is added, for a reader who may not.
    """
    enforce(reader, Action.ADD_FILMS)
    seen: set[str] = set()
    copies = NearCopies(filing.ledger)
    for file in batch.films:
        try:
            radiograph = read_radiograph(file.path)
            if radiograph.sha256 in left_out:
                yield TakenIn(file.name, "left_out", "Left out, as you chose.")
            elif radiograph.sha256 in seen:
                yield TakenIn(file.name, "twice", _TWICE)
            else:
                seen.add(radiograph.sha256)
                yield _add(file, radiograph, filing, copies, reader.name, consent)
        except Exception as error:
            yield TakenIn(file.name, "refused", _sentence(error))


def _add(
    file: FilmFile,
    radiograph: Radiograph,
    filing: Filing,
    copies: NearCopies,
    reader: str,
    consent: Consent | None,
) -> TakenIn:
    ledger = filing.ledger
    known = ledger.film_by_hash(radiograph.sha256)
    unseen = known is None or (known.picture is None and ledger.prediction(known.id) is None)
    sex = file.sex if known is None else known.sex
    judgement = filing.judge(radiograph, sex) if unseen and consent is None else None
    added = ledger.add_film(
        radiograph,
        file.sex,
        reader=reader,
        source="queue",
        consent=consent,
        patient=file.patient,
        age_months=file.age_months,
    )
    if judgement is not None:
        filing.store(added.film, judgement)
    near = copies.note(added.film, radiograph)
    if added.known:
        is_kept_now = consent is not None and known is not None and not known.consent
        now_kept = " Its picture is kept from now on." if is_kept_now else ""
        return TakenIn(file.name, "known", _known(added.film, file) + now_kept, added.film)
    return TakenIn(file.name, "added", _to_look_at(radiograph, file, near), added.film)


def _to_look_at(radiograph: Radiograph, file: FilmFile, near: list[int]) -> str:
    """What a person should look at before the film is relied on; empty where there is nothing."""
    return " ".join(filter(None, (_about_sex(radiograph, file), sentence(near))))


def _about_sex(radiograph: Radiograph, file: FilmFile) -> str:
    """What to look at where the film's file states another sex than was given; empty where it does not."""
    if radiograph.stated_sex in (None, file.sex):
        return ""
    return (
        f"The file says {radiograph.stated_sex}, and the sex was given as {file.sex}: check which child's film it is."
    )


def _known(film: FilmRecord, file: FilmFile) -> str:
    if film.sex != file.sex:
        return f"Already in the queue, with the sex {film.sex} and not {file.sex}; nothing was changed."
    return "Already in the queue."


def _sentence(error: Exception) -> str:
    if isinstance(error, BoneGradeError):
        return str(error)
    # Neither the name nor the message goes to the log: either may name the patient.
    _log.error("Adding a film failed with %s.", type(error).__name__)
    return _UNEXPECTED
