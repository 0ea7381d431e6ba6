"""The datasheet of an export, filled from its data, after Gebru et al., "Datasheets for Datasets", Communications of the
ACM 64(12), 2021. It is the export's README.md, and so its card on the Hugging Face Hub."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from core.bones import BONE_TITLES, RUS_BONES
from core.dataset.snapshot import FilmSnapshot
from core.dataset.split import PARTS, Shares, SplitPart, split_key
from core.intake.crop_shelf import KeptCrop
from core.ledger import VERDICTS
from core.standards import grade_count

RULES: Final = {
    "latest": "of every bone, what a reader said last",
    "majority": "of every bone, what most readers say; among equally many, what was said last",
    "reviewer_first": "of every bone, the gold reading, else what a reviewer said last, else what a reader said last",
}
_AGE_BANDS: Final = tuple(range(0, 240, 24))


@dataclass
class Tally:
    """Counts over the films of an export."""

    films: Counter[tuple[SplitPart, str]] = field(default_factory=Counter)
    patients: dict[SplitPart, set[str]] = field(default_factory=lambda: {part: set() for part in PARTS})
    unnamed: int = 0
    ages: Counter[int | None] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    grades: Counter[tuple[str, int]] = field(default_factory=Counter)
    readers: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    weights: dict[str, dict[str, str]] = field(default_factory=dict)
    gold: int = 0
    consented: int = 0
    not_assessed: int = 0
    crops: Counter[SplitPart] = field(default_factory=Counter)
    moved: int = 0

    def add(self, found: FilmSnapshot, part: SplitPart, names: Mapping[str, str]) -> None:
        """Counts a film. names: what each reader is called."""
        film = found.film
        self.films[part, film.sex] += 1
        self.patients[part].add(split_key(film))
        self.unnamed += not film.patient_key
        self.ages[None if film.age_months is None else min(int(film.age_months) // 24 * 24, _AGE_BANDS[-1])] += 1
        self.sources[film.source] += 1
        self.gold += found.gold is not None
        self.consented += film.consent
        for said in found.words.values():
            self.verdicts[said.correction.verdict] += 1
            self.readers[names[said.event.reader]] += 1
            if said.correction.grade is not None:
                self.grades[said.correction.bone, said.correction.grade] += 1
        if found.prediction is None or found.prediction.localization is None:
            self.not_assessed += 1
        else:
            weights = dict(sorted(found.prediction.weights.items()))
            self.weights.setdefault(" ".join(weights.values()), weights)

    def add_crops(self, part: SplitPart, crops: Iterable[KeptCrop]) -> None:
        """Counts a film's crops."""
        for crop in crops:
            self.crops[part] += 1
            self.moved += crop.moved

    def films_of(self, part: SplitPart) -> int:
        """Films in one part."""
        return self.films[part, "F"] + self.films[part, "M"]

    @property
    def all_films(self) -> int:
        """Films in all."""
        return sum(self.films.values())

    @property
    def all_weights(self) -> list[dict[str, str]]:
        """SHA-256 by network of every set of weights whose predictions are given with the labels."""
        return [self.weights[key] for key in sorted(self.weights)]


@dataclass(frozen=True)
class Facts:
    """What an export was asked for. pictures: whether the films' pixels are in it. reader_names: whether the readers'
    login names are."""

    revision: int
    as_of: str
    rule: str
    shares: Shares
    tables: tuple[str, ...]
    pictures: bool
    reader_names: bool
    licence: str


def datasheet(facts: Facts, tally: Tally) -> str:
    """The datasheet as Markdown."""
    sections = (
        _card(facts, tally), _head(facts, tally), _motivation(), _composition(facts, tally), _collection(tally),
        _labelling(facts), _uses(), _distribution(facts, tally), _maintenance(facts),
    )  # fmt: skip
    return "\n\n".join(sections) + "\n"


def _card(facts: Facts, tally: Tally) -> str:
    """The header for the hub: the licence, and which files are which part of which table."""
    lines = [
        "---",
        f"license: {facts.licence}",
        "pretty_name: BoneGrade readings",
        "tags: [medical, radiology, bone-age]",
    ]
    lines += ["configs:"] if facts.tables else []
    for number, name in enumerate(facts.tables):
        lines += [f"- config_name: {name}", *(["  default: true"] if number == 0 else []), "  data_files:"]
        for part in PARTS:
            if tally.crops[part] if name == "crops" else tally.films_of(part):
                pattern = f"{name}/{part}-*.parquet" if name == "crops" else f"{name}/{part}.parquet"
                lines += [f"  - split: {part}", f"    path: {pattern}"]
    return "\n".join((*lines, "---"))


def _head(facts: Facts, tally: Tally) -> str:
    return (
        "# Datasheet: readings of hand radiographs\n\n"
        f"{tally.all_films:,} films with {sum(tally.verdicts.values()):,} verdicts on bones, exported from a BoneGrade "
        f"ledger at revision {facts.revision} of {facts.as_of}. Research use only; not a medical device.\n\n"
        "The questions follow Gebru et al., *Datasheets for Datasets*, Communications of the ACM 64(12), 2021."
    )


def _motivation() -> str:
    return (
        "## Motivation\n\n"
        "**For what purpose was the dataset created?** To train and to test programs that grade the 13 epiphyses of the "
        "RUS method on a child's hand radiograph, and to measure how far readers agree.\n\n"
        "**Who created it?** The readers of one BoneGrade store, counted below."
    )


def _composition(facts: Facts, tally: Tally) -> str:
    parts = [
        (part, tally.films_of(part), tally.films[part, "F"], tally.films[part, "M"], len(tally.patients[part]),
         tally.crops[part])
        for part in PARTS
    ]  # fmt: skip
    total = ("all", *(sum(column) for column in zip(*(row[1:] for row in parts), strict=True)))
    ages = [("not known" if low is None else _band(low), tally.ages[low]) for low in (*_AGE_BANDS, None)]
    last = max(map(grade_count, RUS_BONES))
    grades = [
        (BONE_TITLES[bone], *(tally.grades[bone, g] if g <= grade_count(bone) else "–" for g in range(last + 1)))
        for bone in RUS_BONES
    ]
    verdicts = [(name, tally.verdicts[name]) for name in VERDICTS]
    return "\n\n".join((
        "## Composition",
        "**What is an instance?** One bone of one film: a grade of RUS-CHN (1 to n), or that its centre is not visible yet "
        "(absent, grade 0), or that it cannot be read; with the box that was judged.",
        "**How many are there, and how are they split?** Patients that nobody named count as one per film.",
        _table(("part", "films", "girls", "boys", "patients", "crops"), (*parts, total)),
        f"The split is {facts.shares} by patient, decided by a hash of the patient's key, so it is the same in every "
        f"export. Films without a patient key, which are split by the film: {tally.unnamed:,}. Films with a gold "
        f"reading: {tally.gold:,}; their patients are in test with all their films, whatever their hash says.",
        "**Age at the film, in years:**",
        _table(("age", "films"), [row for row in ages if row[1]]),
        "**Verdicts:**",
        _table(("verdict", "bones"), verdicts),
        "**Bones by grade:**",
        _table(("bone", *map(str, range(last + 1))), grades),
        "**Is anything missing?** Bones that nobody judged have no verdict in the table of labels. There are no crops of "
        f"films that the model did not assess ({tally.not_assessed:,}), nor of those without consent to keep the pixels "
        f"({tally.all_films - tally.consented:,}).",
        "**Does it identify people?** It holds no names, dates of birth or identifiers of patients. A patient is a keyed "
        "pseudonym that cannot be turned back without the store's secret; a film is the SHA-256 of its pixels, so whoever "
        "has the film can find its rows. Readers' free notes are left out. " + _reader_names(facts),
    ))  # fmt: skip


def _reader_names(facts: Facts) -> str:
    if facts.reader_names:
        return "Readers stand under their login names, which are personal data."
    return "Readers are keyed pseudonyms too."


def _collection(tally: Tally) -> str:
    sources = [(name, tally.sources[name]) for name in sorted(tally.sources)]
    readers = sorted(tally.readers.items(), key=lambda item: (-item[1], item[0]))
    return "\n\n".join((
        "## Collection process",
        "**How did the films come in?** Through the page (assess, queue) or with labels that existed before (import).",
        _table(("source", "films"), sources),
        "**Who read them?** The bones on which each reader's word counts in this export:",
        _table(("reader", "bones"), readers),
        f"**Was there consent?** The uploader consented to keeping the pixels of {tally.consented:,} of "
        f"{tally.all_films:,} films. Pixels of the others were never stored.",
    ))  # fmt: skip


def _labelling(facts: Facts) -> str:
    return (
        "## Preprocessing and labelling\n\n"
        f"**Whose reading counts where several read a film?** Rule `{facts.rule}`: {RULES[facts.rule]}.\n\n"
        "**What is what?** The columns `verdict`, `grade`, `label` and the box are a person's word; `accepted` says that "
        "it took over the model's, and `votes` has every reader's grade, 0 for absent. The columns `prediction_...` are the "
        "model's word, the columns `gold_...` the gold reading. They are three different things: never train on one as if "
        "it were another.\n\n"
        "**What was done to the crops?** Each was cut along the bone, distal end up, as a left hand with bone bright, "
        "equalised, as the networks see it: 144 pixels a side, of which the middle 96 are graded. Where a person "
        "moved the box it was cut there (`moved`)."
    )


def _uses() -> str:
    return (
        "## Uses\n\n"
        "**What may it be used for?** Research on skeletal maturity. RUS-CHN grades can be turned into TW3 stages, never "
        "back.\n\n"
        "**What should it not be used for?** Diagnosis; finding out who somebody is; choosing settings on the part `test`."
    )


def _distribution(facts: Facts, tally: Tally) -> str:
    pixels = "Pictures of films with consent are in it. " if facts.pictures else "Whole films are not in it. "
    return (
        "## Distribution\n\n"
        f"**Under which licence?** `{facts.licence}`. Consent to keep pixels is not consent to publish them: keep this "
        "dataset private unless its patients or their guardians agreed to more. "
        + pixels
        + f"It has {sum(tally.crops.values()):,} crops, {tally.moved:,} of them cut where a person put the box."
    )


def _maintenance(facts: Facts) -> str:
    return (
        "## Maintenance\n\n"
        "**Will it be updated?** The ledger only grows: a later revision may say something else of the same bone. "
        f"`python -m core export DIR --revision {facts.revision}` with the same options makes these very bytes again; "
        "`manifest.json` has the SHA-256 of every file.\n\n"
        "**Can a film change its part?** Only when a film of the same patient gets a gold reading: then all the patient's "
        "films go to test."
    )


def _band(low: int) -> str:
    years = low // 12
    return f"{years} and older" if low == _AGE_BANDS[-1] else f"{years} to {years + 2}"


def _table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    cells = [[f"{v:,}" if isinstance(v, int) else str(v) for v in row] for row in (tuple(head), *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join((lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]))
