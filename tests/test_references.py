"""Docstrings, comments and documents name modules and what is in them: what they name is there, under that name."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[1]
_PLACES: Final = ("core", "models", "webapp", "benchmarks", "tests")
_NAME: Final = re.compile(rf"(?<![\w./-])(?:{'|'.join(_PLACES)})(?:\.[A-Za-z_]\w*)+(?![\w/]|\.\w)")
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _sources() -> list[Path]:
    return [_ROOT / "app.py", *(file for place in _PLACES for file in sorted((_ROOT / place).rglob("*.py")))]


def _said(file: Path) -> Iterator[tuple[int, str]]:
    """What is written for people, with the line that it begins on: a document's lines, or docstrings and comments."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        yield from enumerate(text.splitlines(), start=1)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DOCUMENTED) and (docstring := ast.get_docstring(node, clean=False)) is not None:
            yield node.body[0].lineno, docstring
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _module_file(parts: list[str]) -> Path | None:
    """The file of a module, the folder of a package without a file of its own; None where there is neither."""
    place = _ROOT.joinpath(*parts)
    found = (place.with_suffix(".py"), place / "__init__.py", place)
    return next((file for file in found if file.exists()), None)


@cache
def _body(file: Path) -> list[ast.stmt]:
    return ast.parse(file.read_text(encoding="utf-8")).body


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """With those inside "if" and "try", and without those of functions and classes."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try):
            handlers = [one for handler in getattr(statement, "handlers", []) for one in handler.body]
            yield from _statements([*statement.body, *handlers, *statement.orelse])


def _bound(target: ast.expr) -> Iterator[str]:
    """The names that an assignment gives, attributes of self among them."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            yield node.attr


def _assigned(statement: ast.AST) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {name for target in targets if isinstance(target, ast.expr) for name in _bound(target)}


def _has(body: list[ast.stmt], parts: list[str]) -> bool:
    """Whether a module or a class has this name, and what bears it the rest of them."""
    first, *rest = parts
    for statement in _statements(body):
        if isinstance(statement, ast.ImportFrom):
            real = next((alias.name for alias in statement.names if (alias.asname or alias.name) == first), None)
            if real is not None:
                return not rest or _exists([*str(statement.module).split("."), real, *rest])
        elif isinstance(statement, ast.Import):
            if first in {alias.asname or alias.name.split(".")[0] for alias in statement.names}:
                return True
        elif isinstance(statement, ast.ClassDef) and statement.name == first:
            inherited = [base.id for base in statement.bases if isinstance(base, ast.Name) and base.id != first]
            own = not rest or _has(statement.body, rest) or rest[0] in _given(statement)
            return own or any(_has(body, [base, *rest]) for base in inherited)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if statement.name == first:
                return not rest
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and first in _assigned(statement):
            return True
    return False


def _given(of: ast.ClassDef) -> set[str]:
    """The attributes that methods give to an object of the class."""
    assigned = (node for node in ast.walk(of) if isinstance(node, ast.Assign | ast.AnnAssign))
    return {name for node in assigned for name in _assigned(node)}


def _exists(parts: list[str]) -> bool:
    for count in range(len(parts), 0, -1):
        file = _module_file(parts[:count])
        if file is not None:
            return count == len(parts) or (file.is_file() and _has(_body(file), parts[count:]))
    return parts[0] not in _PLACES  # another project's


def test_what_is_named_is_there() -> None:
    files = [*_sources(), _ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
    named = [(file, line, found[0]) for file in files for line, text in _said(file) for found in _NAME.finditer(text)]
    stale = [
        f"{file.relative_to(_ROOT)}:{line} names {name}" for file, line, name in named if not _exists(name.split("."))
    ]
    assert len(named) > 200 and stale == []


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("core.learning", True),
        ("core.learning.gate.passing", True),
        ("core.learning.gate.passing.GateSettings.least_gold", True),
        ("core.agreement.compare", True),
        ("core.ledger.Ledger.add_prediction", True),
        ("core.learning.run.runs.Runs.folder", True),
        ("core.machine.DISK_FULL", True),
        ("core.leaning", False),
        ("core.learning.gates", False),
        ("core.learning.gate.passing.GateSettings.most_gold", False),
        ("core.learning.gate.passing.pass_gate.run", False),
        ("core.ledger.Ledger.forget_everything", False),
        ("core.agreement.contrast", False),
    ],
)
def test_a_name_is_known_as_there_or_not(name: str, there: bool) -> None:
    assert _exists(name.split(".")) is there
