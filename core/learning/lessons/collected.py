"""What readers have said since the live model was made, and what a run would learn from and leave out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from core.bones import RUS_BONES
from core.dataset.snapshot import FilmSnapshot, Snapshot
from core.dataset.split import Shares, Split, split_key
from core.intake.crop_shelf import CropShelf
from core.learning.lessons.material import check_graded, held_keys, why_left_out
from core.ledger import Ledger
from core.standards import grade_count


@dataclass(frozen=True)
class Collected:
    """What was collected. since, revision: of the ledger, from after the one up to the other. films: on which something was
    said that counts; a run learns from `taken` of them. grades, boxes: on these, new verdicts with a grade, and those of them
    with a person's own box. by_bone: by bone, how often each grade 0..n was given. readers: everybody who read. consent: films
    whose pixels are kept.

    A run also learns from what was said before `since`. taken_in_all, left_out: of the films on which somebody's word stands,
    those that it learns from, and those that it leaves out, by the reason, as in its run.json. graded: patient and part of the
    split of the films that it learns from and somebody graded."""

    since: int
    revision: int
    films: int
    taken: int
    grades: int
    boxes: int
    by_bone: Mapping[str, tuple[int, ...]]
    readers: tuple[str, ...]
    consent: int
    taken_in_all: int
    left_out: Mapping[str, int]
    graded: tuple[tuple[str, str], ...]

    def check_enough(self) -> None:
        """Raises core.learning.errors.LessonsRefused where a run would find too little to learn from."""
        check_graded(self.graded, self.left_out)
        held_keys(self.graded)


def collected(ledger: Ledger, since: int) -> Collected:
    """Collects what was said after the revision `since` and still counts."""
    revision = ledger.ledger_revision()
    by_bone = {bone: [0] * (grade_count(bone) + 1) for bone in RUS_BONES}
    left_out: Counter[str] = Counter()
    graded: list[tuple[str, str]] = []
    films = taken = boxes = consent = taken_in_all = 0
    if revision:
        snapshot, shelf = Snapshot.of(ledger, revision), CropShelf(ledger)
        split = Split.of(Shares(), snapshot.gold_films(), snapshot.near_copies())
        for found in snapshot.films():
            new = {bone: said for bone, said in found.words.items() if said.event.id > since}
            is_new = bool(new) or (found.gold is not None and found.gold.id > since)
            films += is_new
            consent += is_new and found.film.picture is not None
            read = shelf.bones(found.film, found.prediction, found.reading)
            age = found.film.age_months
            part = split.part(found.film)
            reason = why_left_out(part, len(read | _unread(found, age)), bool(read), age)
            if reason is not None:
                left_out[reason] += 1
                continue
            taken_in_all += 1
            if read:
                graded.append((split_key(found.film), part))
            taken += is_new
            for bone in read & new.keys():
                said = new[bone].correction
                by_bone[bone][int(said.grade or 0)] += 1
                boxes += said.box is not None and not said.accepted
    return Collected(
        since=since,
        revision=revision,
        films=films,
        taken=taken,
        grades=sum(map(sum, by_bone.values())),
        boxes=boxes,
        by_bone={bone: tuple(counts) for bone, counts in by_bone.items()},
        readers=tuple(ledger.readers_between(since, revision)),
        consent=consent,
        taken_in_all=taken_in_all,
        left_out=dict(left_out),
        graded=tuple(graded),
    )


def _unread(found: FilmSnapshot, age: float | None) -> set[str]:
    """Returns the bones of which nobody said anything and whose crops teach a known age."""
    if age is None or found.prediction is None or found.prediction.localization is None or found.film.picture is None:
        return set()
    return {region.bone for region in found.prediction.localization.regions if region.status == "found"} - {
        *found.words
    }
