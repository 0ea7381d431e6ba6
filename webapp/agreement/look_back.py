"""How the reader at the screen did on the gold films that were hidden among theirs, with the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.access.roles import Action, Reader
from core.agreement import FilmBeside, ReadingTable, look_back, pictures
from core.agreement.table import UNJUDGED, UNREADABLE
from core.bones import BONE_TITLES
from core.errors import BoneGradeError
from core.ledger import Ledger
from core.standards import grade_label
from webapp.agreement.tables import look_back_table
from webapp.agreement.words import difference_words, look_back_sentence
from webapp.shared.pictures import data_uri
from webapp.shared.templates import render
from webapp.shared.words import SEX_WORDS, counted, short_hash

#: How many films, the last ones, are shown bone by bone: each brings 13 pictures.
_SHOWN: Final = 5


@dataclass(frozen=True)
class _Bone:
    """picture: "" where there is none."""

    title: str
    own: str
    gold: str
    difference: str
    differs: bool
    picture: str


@dataclass(frozen=True)
class _Film:
    title: str
    result: str
    remark: str
    bones: tuple[_Bone, ...]


def look_back_part(ledger: Ledger | None, table: ReadingTable, reader: Reader) -> str:
    """The reader's own results; nothing for whoever does not read films."""
    if ledger is None or not reader.may(Action.CORRECT):
        return ""
    seen = look_back(table, ledger, reader)
    if not seen.whole:
        return ""
    films = [_film(ledger, film) for film in seen.films[:_SHOWN]]
    return render(
        "agreement/look_back.html",
        sentence=look_back_sentence(seen),
        table=look_back_table(seen.bones) if seen.films else None,
        films=films,
        more=f"The last {_SHOWN} films are shown." if len(seen.films) > _SHOWN else "",
    )


def _film(ledger: Ledger, film: FilmBeside) -> _Film:
    record = ledger.film(film.film_id)
    crops: Mapping[str, bytes] = {}
    remark = "" if record.consent else "No pixels of this film are kept, so there are no pictures."
    try:
        crops = pictures(ledger, film)
    except BoneGradeError as error:  # a damaged picture must not cost the numbers
        remark = str(error)
    bones = tuple(
        _Bone(
            title=BONE_TITLES[one.bone],
            own=_grade(one.bone, one.own),
            gold=_grade(one.bone, one.gold),
            difference=difference_words(one),
            differs=bool(one.difference),
            picture=data_uri(crops[one.bone], "png") if one.bone in crops else "",
        )
        for one in film.bones
    )
    result = (
        f"{counted(film.differing, 'bone')} graded differently" if film.differing else "the same grade on every bone"
    )
    title = f"Film {record.id} · {SEX_WORDS[record.sex].lower()} · {short_hash(record.sha256)}"
    return _Film(title, result, remark, bones)


def _grade(bone: str, grade: int) -> str:
    return {UNREADABLE: "unreadable", UNJUDGED: "not judged"}.get(grade) or grade_label(bone, grade)
