"""What the pipeline says of pictures that should get no child's bone age, and of hands that should: refusals and warnings."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tqdm import tqdm

from core.assessment.assessor import Assessor
from core.assessment.checks.film_and_age import DOUBTS
from core.assessment.records import Assessment
from core.bones import Sex
from core.cohort.films import DataFolderError, read_films, read_table
from core.errors import FilmRefused
from core.evaluation.figures import Cell, Table
from core.evaluation.uncertainty import wilson95
from core.film.radiograph import Radiograph, read_radiograph

#: From the most careful answer to the least: no assessment; no age, for a bone is missing; "mature"; an age with a check of
#: DOUBTS failed; an age.
Outcome = Literal["refused", "no_age", "mature", "warned", "age"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("refused", "no_age", "mature", "warned", "age")

#: Which rows of not_for_reading/labels.csv are taken, counted from 0: thresholds are chosen on the even ones.
Rows = Literal["all", "even", "odd"]

_HINT: Final = (
    "Point --data at a folder with not_for_reading/ (labels.csv with file,kind, and the pictures it names) and hands/."
)


@dataclass(frozen=True)
class Answer:
    """The answer to one picture. reason: of a refusal. doubts: the checks of DOUBTS that failed; none without an age."""

    outcome: Outcome
    reason: str | None
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class AnswerCounts:
    """How many of n pictures got which answer, each counted once, as in OUTCOMES.

    careful: the share that is refused, without an age, mature or warned of, with its Wilson 95 % interval; None if n is 0.
    reasons: of the refusals. doubts: by check how often it failed, where there is an age.
    """

    n: int
    refused: int
    no_age: int
    mature: int
    warned: int
    age: int
    careful: float | None
    careful_wilson95: tuple[float, float] | None
    reasons: Mapping[str, int]
    doubts: Mapping[str, int]


@dataclass(frozen=True)
class RefusalFigures:
    """rows: which were taken of not_for_reading. kinds: by kind of picture there; hands: films of hands, which should get
    an age, of `split`. aged: the pictures of not_for_reading that got an age without a warning, by kind; refused_hands: ids
    of the hands that were refused. weights: SHA-256 by network."""

    rows: Rows
    split: str | None
    kinds: Mapping[str, AnswerCounts]
    hands: AnswerCounts
    aged: Mapping[str, Sequence[str]]
    refused_hands: Sequence[str]
    weights: Mapping[str, str]


def answer(assessor: Assessor, film: Radiograph | Path, sexes: Sequence[Sex]) -> Answer:
    """The answer to a film, or to a file, which may itself be refused; the least careful of the answers for these sexes."""
    try:
        hand = assessor.find_hand(read_radiograph(film) if isinstance(film, Path) else film)
    except FilmRefused as refusal:
        return Answer("refused", refusal.reason, ())
    first = assessor.assess_hand(hand, sexes[0])
    others = (assessor.for_sex(hand, first, sex) for sex in sexes[1:])
    return max(map(answer_of, (first, *others)), key=lambda given: OUTCOMES.index(given.outcome))


def answer_of(assessment: Assessment) -> Answer:
    """The answer that a reader of the assessment gets."""
    if assessment.bone_age_months is None:
        return Answer("no_age", None, ())
    doubts = tuple(check.name for check in assessment.checks if check.name in DOUBTS and not check.passed)
    if assessment.standards["rus_chn"].mature:
        return Answer("mature", None, doubts)
    return Answer("warned" if doubts else "age", None, doubts)


def answers(given: Iterable[Answer]) -> AnswerCounts:
    """Figures for the answers to these pictures."""
    listed = list(given)
    counts = Counter(one.outcome for one in listed)
    n, careful = len(listed), len(listed) - counts["age"]
    return AnswerCounts(
        n=n,
        **{outcome: counts[outcome] for outcome in OUTCOMES},
        careful=round(careful / n, 4) if n else None,
        careful_wilson95=wilson95(careful, n) if n else None,
        reasons=dict(Counter(one.reason for one in listed if one.reason is not None)),
        doubts=dict(Counter(name for one in listed for name in one.doubts)),
    )


def evaluate_refusals(data: Path, assessor: Assessor, rows: Rows, split: str | None, every: int = 1) -> RefusalFigures:
    """The figures of `data`/not_for_reading and of the films of `data`/hands.

    rows: which of not_for_reading; split: of hands; every: take every n-th of both. A picture of not_for_reading has no
    sex: it is read as a boy's and as a girl's. Raises DataFolderError where a folder is not laid out as expected.
    """
    pictures = read_pictures(data / "not_for_reading", rows)[::every]
    films = read_films(data / "hands", split)[::every]
    of_pictures = [
        (kind, file.name, answer(assessor, file, ("M", "F")))
        for kind, file in tqdm(pictures, desc="pictures", mininterval=10)
    ]
    of_films = [
        (film.id, answer(assessor, film.path, (film.sex,))) for film in tqdm(films, desc="hands", mininterval=10)
    ]
    kinds = sorted({kind for kind, _, _ in of_pictures})
    return RefusalFigures(
        rows=rows,
        split=split,
        kinds={kind: answers(given for other, _, given in of_pictures if other == kind) for kind in kinds},
        hands=answers(given for _, given in of_films),
        aged={
            kind: [name for other, name, given in of_pictures if other == kind and given.outcome == "age"]
            for kind in kinds
        },
        refused_hands=[film_id for film_id, given in of_films if given.outcome == "refused"],
        weights=assessor.weights,
    )


def read_pictures(folder: Path, rows: Rows) -> list[tuple[str, Path]]:
    """Kind and path of the pictures in `folder`/labels.csv. Raises DataFolderError where it or one of them is missing, and
    where it names none."""
    path = folder / "labels.csv"
    table = read_table(path, ("file", "kind"), _HINT)
    if rows != "all":
        table = table.iloc[int(rows == "odd") :: 2]
    if table.empty:
        raise DataFolderError(f"{path} names no picture. {_HINT}")
    pictures = [(str(kind), folder / str(file)) for kind, file in zip(table["kind"], table["file"], strict=True)]
    for _, file in pictures:
        if not file.is_file():  # it would count as refused
            raise DataFolderError(f"{path} names {file.name}, which is not there: copy the pictures again.")
    return pictures


def table_of(named: Mapping[str, AnswerCounts]) -> Table:
    """A row for each kind of picture."""
    rows: list[Sequence[Cell]] = []
    for name, row in named.items():
        ends = None if row.careful_wilson95 is None else " to ".join(f"{end:.3f}" for end in row.careful_wilson95)
        words = [", ".join(f"{key} {count}" for key, count in found.items()) for found in (row.reasons, row.doubts)]
        counts = (row.n, row.refused, row.no_age, row.mature, row.warned, row.age)
        rows.append((name, *counts, row.careful, ends, *words))
    head = ("pictures", "n", "refused", "no age", "mature", "warned", "age", "not a plain age", "95 % interval")
    return Table((*head, "reasons", "doubts"), rows)


def as_text(figures: RefusalFigures) -> str:
    """The figures as a table for people."""
    lines = [table_of({**figures.kinds, f"hands, {figures.split or 'all'}": figures.hands}).aligned()]
    lines += [f"{kind} with an age: {', '.join(names)}" for kind, names in figures.aged.items() if names]
    if figures.refused_hands:
        lines.append(f"hands refused: {', '.join(figures.refused_hands)}")
    return "\n".join([*lines, f"rows {figures.rows}; weights {figures.weights}"])
