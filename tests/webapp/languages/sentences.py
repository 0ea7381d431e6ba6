"""Collects the English sentences of the sources that a visitor may meet, with {} for what is filled in."""

import ast
import functools
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[3]

#: The parts of core that speak to a visitor of the page; the rest speaks on the command line, in exported files or in records.
ROOMS = (
    "core/bones.py", "core/film", "core/hand", "core/standards", "core/assessment", "core/access", "core/annotation",
    "core/agreement", "core/intake", "core/keeping/erasing.py", "core/keeping/erasures.py", "core/ledger",
    "core/cohort/exemplar_frame.py", "core/cohort/films.py", "core/dataset/exporting/export.py",
    "core/dataset/formats", "core/dataset/importing", "core/dataset/labels.py", "core/dataset/sent.py",
    "core/dataset/snapshot.py", "core/dataset/split.py",
    "core/learning/gate/comparison.py", "core/learning/gate/passing.py", "core/learning/gate/report.py",
    "core/learning/lessons/boxes.py", "core/learning/lessons/material.py", "core/learning/lessons/training_data.py",
    "core/learning/promotion/consents.py", "core/learning/promotion/models_at_hand.py",
    "core/learning/promotion/versions.py", "core/learning/run/candidate.py", "core/evaluation/maps/checked.py",
    "webapp",
)  # fmt: skip
#: Migrations are run from the command line; what a library is told is not a sentence; programs are spoken to in
#: English.
_LEFT_OUT = (
    "core/ledger/migrations", "core/ledger/store/schema.py", "webapp/languages",
    "webapp/entrance/who/program_door.py", "webapp/entrance/requests.py", "webapp/entrance/failures.py",
    "webapp/entrance/doors/bodies.py",
    "webapp/programs/asked.py", "webapp/programs/films.py", "webapp/programs/forms.py", "webapp/programs/ledger.py",
    "webapp/programs/mcp.py", "webapp/programs/endpoints.py",
)  # fmt: skip
#: Errors in the program itself, which the page turns into "something went wrong".
_FOR_DEVELOPERS = re.compile(
    r"(?:Value|Type|Key|Runtime|Assertion|Lookup|OS|Index)Error|NotImplementedError|StopIteration"
)
#: Where a ValueError is taken up into a sentence.
_ERRORS_TOLD = ("core/dataset", "core/intake")
_NO_SPEECH = re.compile(
    r"_log\.|logging|re\.compile|\brender\b|getLogger|\.execute|\btext\(|DDL|CheckConstraint|sys\.exit"
)

_WORDS = re.compile(
    r"[A-Za-z]{2,}[,;:'.]?\s+(?:\S+\s+)*?[A-Za-z]{2,}|[A-Za-z]{3,}\s+\{\}|\{\}\s*[A-Za-z]{3,}|[A-Za-z]{3,}:\s*$"
)
_LABEL = re.compile(r"[A-Z][a-z]+[?.…]?|[A-Z][a-z]* \S.*", re.DOTALL)


@functools.cache
def of_sources() -> dict[str, set[str]]:
    """The sentences by the file that they stand in."""
    found: dict[str, set[str]] = {}
    for room in ROOMS:
        place = ROOT / room
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            name = file.relative_to(ROOT).as_posix()
            if not name.startswith(_LEFT_OUT):
                found[name] = set(_of_python(file))
    for file in sorted((ROOT / "webapp/templates").rglob("*.html")):
        found[file.relative_to(ROOT).as_posix()] = set(_of_template(file))
    for file in sorted((ROOT / "webapp/shared/scripts").glob("*.js")):
        found[file.relative_to(ROOT).as_posix()] = set(_of_script(file))
    found["core/data/grade_descriptions.json"] = set(_of_descriptions())
    return {name: sentences for name, sentences in found.items() if sentences}


def _of_python(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    labels = file.is_relative_to(ROOT / "webapp")
    told = any(file.is_relative_to(ROOT / room) for room in _ERRORS_TOLD)
    silent = {id(part) for node in ast.walk(tree) for part in _silent_parts(node, told)}
    for text in _texts(tree, silent):
        for part in text.split("<extra></extra>"):
            if _speaks(part, labels):
                yield _clean(part)


def _silent_parts(node: ast.AST, told: bool) -> Iterator[ast.AST]:
    """The parts of a node that are not speech: docstrings, log lines, errors for developers. told: see _ERRORS_TOLD."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
        yield node.body[0] if isinstance(node.body[0], ast.Expr) else ast.Pass()
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("sentence_of", "sentence_without_names"):
        yield node.args[-1]  # for the log
    elif isinstance(node, ast.Call) and _NO_SPEECH.search(ast.unparse(node.func)):
        if node.args:
            yield node.args[0]
    elif isinstance(node, ast.Raise) and node.exc is not None:
        if not told and _FOR_DEVELOPERS.match(ast.unparse(node.exc)):
            yield node.exc
    elif isinstance(node, ast.Assert):
        yield node


def _texts(node: ast.AST, silent: set[int]) -> Iterator[str]:
    if id(node) in silent:
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _texts(part.value, silent)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child, silent)


def _speaks(text: str, labels: bool) -> bool:
    if any(mark in text for mark in ("=>", "\n", "://", "gradio_api", "--", "PRAGMA", "TRIGGER", "SameSite")):
        return False
    return bool(_WORDS.search(text) or (labels and _LABEL.fullmatch(text)))


def _clean(text: str) -> str:
    text = re.sub(r"<[^>]+>|%\{[xy][^}]*\}", lambda tag: "{}" if tag[0].startswith("%") else "", text)
    text = re.sub(r"\{[a-z_]+\}", "{}", text)
    return " ".join(text.split())


class _Texts(HTMLParser):
    """The text nodes and spoken attributes of a template."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes the attributes that are shown or read aloud; a new element ends a text."""
        self.found += [
            value for name, value in attrs if value and name in ("alt", "title", "aria-label", "placeholder")
        ]
        self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        """Ends a text."""
        self.found.append("")

    def handle_data(self, data: str) -> None:
        """Continues a text."""
        self.found[-1] += data


def _of_template(file: Path) -> Iterator[str]:
    source = file.read_text(encoding="utf-8")
    texts = _Texts()
    # a statement ends a text, unless it stands within a tag; a value is a hole
    html = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    html = re.sub(r"\{\{.*?\}\}", "{}", html, flags=re.DOTALL)
    html = re.sub(r"\{%.*?%\}", "\0", html, flags=re.DOTALL)
    html = re.sub(r"<[a-z][^<>]*>", lambda tag: tag[0].replace("\0", " "), html)
    texts.feed(html.replace("\0", "<i></i>"))
    for text in texts.found:
        if re.search("[A-Za-z]{2,}", text) and not re.match(r"\s*[a-z-]+:\{\}", text):  # the latter is a style
            yield _clean(text)
    for const in Environment(autoescape=True).parse(source).find_all(nodes.Const):
        if isinstance(const.value, str) and _speaks(const.value, labels=True):
            yield _clean(const.value)


def _of_script(file: Path) -> Iterator[str]:
    source = re.sub(r"^\s*//.*$|/\*.*?\*/|(?<=[;,{}]) //.*$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for text in _script_texts(source):
        if not re.search(r"[\[\]#=<>]|use strict|^[a-z-]+ [a-z-]+$|px", text) and _speaks(text, labels=True):
            yield _clean(text)


def _script_texts(source: str) -> Iterator[str]:
    """The strings of a script or of what fills a hole in one, with holes."""
    place = 0
    while place < len(source):
        quote = source[place]
        place += 1
        if quote not in '"`':
            continue
        text = ""
        while place < len(source) and source[place] != quote:
            if quote == "`" and source.startswith("${", place):
                inside, depth = place + 2, 1
                place = inside
                while depth:
                    depth += {"{": 1, "}": -1}.get(source[place], 0)
                    place += 1
                yield from _script_texts(source[inside : place - 1])
                text += "{}"
            else:
                place += source[place] == "\\"
                text += source[place]
                place += 1
        yield text
        place += 1


def _of_descriptions() -> Iterator[str]:
    told = json.loads((ROOT / "core/data/grade_descriptions.json").read_text(encoding="utf-8"))
    grades = [told["absent"], *(grade for group in told["groups"].values() for grade in group["rus_chn"])]
    for grade in grades:
        yield from (" ".join(grade[key].split()) for key in ("short", "look_for"))
