"""What an import would do, as the rows of a table that a person reads before anything is changed."""

from dataclasses import dataclass
from typing import Literal

from core.dataset.importing.checking import Checked


@dataclass(frozen=True)
class ImportRow:
    """what: a film's file, or where in the files a fault is. status: what would become of it. labels: how many would be
    imported. why: what was done to them, what the film looks like, or what is wrong."""

    what: str
    status: Literal["new film", "known film", "left out"]
    labels: int
    why: str


def rows(checked: Checked) -> list[ImportRow]:
    """Faults first, then films with remarks, then the others."""
    faults = [
        ImportRow(f"{fault.file}{', ' * bool(fault.place)}{fault.place}", "left out", 0, fault.problem)
        for fault in checked.faults
    ]
    films = []
    for one in checked.films:
        remarks = [f"{remark} ({times})" if times > 1 else remark for remark, times in one.remarks.items()]
        why = ". ".join(filter(None, [one.near.rstrip("."), *remarks]))
        status: Literal["new film", "known film"] = "known film" if one.known else "new film"
        films.append(ImportRow(one.film.file, status, len(one.film.labels), why))
    return [*faults, *sorted(films, key=lambda row: not row.why)]


def summary(checked: Checked) -> str:
    """One paragraph."""
    new = sum(not one.known for one in checked.films)
    labels = sum(len(one.film.labels) for one in checked.films)
    text = f"{len(checked.films):,} films can be imported, {new:,} of them new, with {labels:,} labels"
    text += f"; {len(checked.faults):,} things cannot." if checked.faults else "; nothing is left out."
    near = sum(bool(one.near) for one in checked.films)
    said = [f"{remark}: {times:,}." for remark, times in checked.remarks.items()]
    if near:
        said.append(f"films that look like one that is there: {near:,}.")
    return " ".join([text, *said])


def as_text(checked: Checked) -> str:
    """The table with tabs between its columns, and the summary under it."""
    lines = ["\t".join((row.status, row.what, f"{row.labels} labels", row.why)).rstrip() for row in rows(checked)]
    return "\n".join([*lines, summary(checked)])
