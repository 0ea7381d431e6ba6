"""How figures are printed: frozen dataclasses as JSON for programs, and one kind of table for people."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

Found = TypeVar("Found")
Made = TypeVar("Made")
_INLINE: Final = "inline"
#: The type of a field whose figures are put among its owner's own in the JSON; where it is None, none are.
Inline = Annotated[Found, _INLINE]

#: What stands in a table: text as it is, numbers as Python prints them, None as nothing.
Cell = str | int | float | None


def plain(figures: Any) -> Any:
    """Figures as JSON has them: a dataclass becomes a dictionary of its fields in their order, a tuple a list.

    figures: dataclasses, mappings with keys of text, sequences, text, numbers, truth values and None, nested in each other.
    """
    if is_dataclass(figures):
        document: dict[str, Any] = {}
        for one in fields(figures):
            value = plain(getattr(figures, one.name))
            document |= (value or {}) if _INLINE in getattr(one.type, "__metadata__", ()) else {one.name: value}
        return document
    if isinstance(figures, Mapping):
        return {key: plain(value) for key, value in figures.items()}
    if isinstance(figures, list | tuple):
        return [plain(value) for value in figures]
    return figures


def as_json(figures: Any) -> str:
    """The figures as the commands print and keep them."""
    return json.dumps(plain(figures), indent=1)


@dataclass(frozen=True)
class BySex(Generic[Found]):
    """The same figures of all hands, of the boys' and of the girls', under the names that every table uses."""

    all: Found
    male: Found
    female: Found

    def named(self) -> dict[str, Found]:
        """The three by their names."""
        return {"all": self.all, "male": self.male, "female": self.female}

    def each(self, make: Callable[[Found], Made]) -> "BySex[Made]":
        """What is made of each of the three."""
        return BySex(make(self.all), make(self.male), make(self.female))


@dataclass(frozen=True)
class Table:
    """Rows under a head. rows: each has as many cells as the head has names, the first of which names the row."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"a row of {len(row)} cells stands under a head of {len(self.head)}: {row}")

    def aligned(self) -> str:
        """For a terminal: columns ranged right, each as wide as its widest cell."""
        lines = [self.head, *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        )

    def markdown(self) -> str:
        """For a document."""
        lines = [self.head, *([_text(cell) for cell in row] for row in self.rows)]
        head, *rows = (f"| {' | '.join(line)} |" for line in lines)
        return "\n".join([head, "|" + "---|" * len(self.head), *rows])


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)
