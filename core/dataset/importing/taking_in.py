"""Takes existing labels into the ledger, once core.dataset.importing.checking has found them good."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from core.dataset.importing.checking import Checked, CheckedFilm, ImportOptions
from core.dataset.labels import BadLabels, LabelledFilm, as_correction
from core.film.radiograph import read_radiograph
from core.intake.filing import Filing
from core.intake.near_copies import NearCopies
from core.ledger import Ledger, StageWord, StaleRevision


@dataclass(frozen=True)
class Imported:
    """What an import did. films: in the file. new_films: those that the ledger did not have. labels: bones with a verdict.
    known_labels: those of them that an earlier import had already brought. refused: films that the model could not assess.
    near_copies: pairs of films that look the same, one of which is new."""

    films: int
    new_films: int
    labels: int
    known_labels: int
    refused: int
    near_copies: int

    @property
    def summary(self) -> str:
        """What was imported and what the model refused, in words for a person."""
        text = (
            f"{self.films:,} films, {self.new_films:,} of them new; {self.labels - self.known_labels:,} labels imported, "
            f"{self.known_labels:,} known already."
        )
        if self.refused:
            text += f" The model refused {self.refused:,} films: they have labels, but crops cannot be cut from them."
        return text


def take_in_labels(
    ledger: Ledger,
    checked: Checked,
    options: ImportOptions,
    filing: Filing | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Imported:
    """Takes in what was found good, with the options used for the check: films with the source "import", and for each of them
    one correction by the reader. With a filing of the same ledger, new films are assessed first, so that their crops can be
    cut.

    The same labels again, from the same reader, are recognised and change nothing; so an import that was interrupted, say by a
    full disk, is completed by repeating it. Raises BadLabels where a film without a given picture was erased after the check.
    """
    refused = new = known = labels = near = 0
    copies = NearCopies(ledger)
    for number, one in enumerate(checked.films, 1):
        film_id, is_new, failed, pairs = _add_film(ledger, one, options, filing, copies)
        new += is_new
        refused += failed
        near += pairs
        labels += len(one.film.labels)
        # before the grades: a revision of the ledger is the moment of its last event
        stages = [StageWord(said.bone, said.stage, said.box) for said in one.film.labels if said.stage]
        known += len(stages) - ledger.add_stages(film_id, stages, reader=options.reader)
        graded = len(one.film.labels) - len(stages)
        if graded and not _add_labels(ledger, film_id, one.film, options.reader):
            known += graded
        progress(number, len(checked.films))
    return Imported(len(checked.films), new, labels, known, refused, near)


def _add_film(
    ledger: Ledger, one: CheckedFilm, options: ImportOptions, filing: Filing | None, copies: NearCopies
) -> tuple[int, bool, bool, int]:
    """The film's id, whether it is new, whether the model refused it, and how many films were newly found to look like it."""
    if one.path is None:
        known = ledger.film_by_hash(str(one.film.sha256))
        if known is None:
            raise BadLabels(one.film.file, one.film.place, "the film was erased meanwhile; check the file again.")
        return known.id, False, False, 0
    radiograph = read_radiograph(one.path)
    added = ledger.add_film(
        radiograph,
        one.sex,
        reader=options.reader,
        source="import",
        consent=options.consent,
        patient=one.film.patient,
        age_months=one.film.age_months,
        name=one.film.original_name or one.path.name if options.names else "",
    )
    same = copies.note(added.film, radiograph)
    refused = False
    if filing is not None and ledger.prediction(added.film.id) is None:
        refused = filing.file(added.film, radiograph).refusal is not None
    return added.film.id, not added.known, refused, len(same)


def _add_labels(ledger: Ledger, film_id: int, film: LabelledFilm, reader: str) -> bool:
    """Saves the film's labels; False where the same ones had come in already."""
    corrections = [as_correction(said) for said in film.labels if said.verdict is not None]
    while True:
        before = ledger.ledger_revision()
        try:
            event = ledger.save(
                film_id,
                corrections,
                reader=reader,
                base_revision=ledger.revision(film_id),
                token=_token(film, reader),
                prediction_id=None,
                seconds=0.0,
                note="Imported.",
            )
        except StaleRevision:  # somebody saved at this very moment: both are kept
            continue
        return event.id > before


def _token(film: LabelledFilm, reader: str) -> str:
    """32 hexadecimal digits from what is said, about which film, by whom: repeating an import gives the same tokens."""
    said = sorted((s.bone, s.verdict, s.grade, s.box and list(s.box)) for s in film.labels if s.verdict is not None)
    content = json.dumps(["import", reader, film.sha256, said])
    return hashlib.sha256(content.encode()).hexdigest()[:32]
