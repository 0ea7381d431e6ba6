"""How figures are printed."""

import json
from dataclasses import dataclass

import pytest

from core.evaluation.figures import BySex, Inline, Table, as_json, plain


@dataclass(frozen=True)
class _Means:
    mae: float
    ends: tuple[float, float]


@dataclass(frozen=True)
class _Errors:
    n: int
    means: Inline[_Means | None]
    lowest: float | None


def test_fields_stand_in_their_order_and_inline_ones_among_them() -> None:
    figures = {"a": _Errors(2, _Means(1.5, (1.0, 2.0)), None), "b": _Errors(0, None, 0.5)}
    document = plain(figures)
    assert document == {"a": {"n": 2, "mae": 1.5, "ends": [1.0, 2.0], "lowest": None}, "b": {"n": 0, "lowest": 0.5}}
    assert list(document["a"]) == ["n", "mae", "ends", "lowest"]
    assert as_json(figures) == json.dumps(document, indent=1)


def test_by_sex() -> None:
    three = BySex(1, 2, 3).each(lambda count: 10 * count)
    assert plain(three) == three.named() == {"all": 10, "male": 20, "female": 30}


def test_a_table_for_a_terminal_and_one_for_a_document() -> None:
    table = Table(("bone", "n", "kappa"), [("Radius", 10, 0.5), ("Ulna", 200, None)])
    assert table.aligned().splitlines() == ["  bone    n  kappa", "Radius   10    0.5", "  Ulna  200       "]
    assert table.markdown().splitlines() == [
        "| bone | n | kappa |",
        "|---|---|---|",
        "| Radius | 10 | 0.5 |",
        "| Ulna | 200 |  |",
    ]


def test_a_row_that_does_not_fit_its_head() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells stands under a head of 2"):
        Table(("bone", "n"), [("Radius",)])
