"""English sentences in another language, from a catalogue that has them with holes for what is filled in.

The page's script webapp/shared/scripts/languages.js does the same in the browser, by the same steps.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Language = Literal["en", "zh"]

#: Languages other than the program's own, and the files of their catalogues.
CATALOGUES: Final[Mapping[Language, Path]] = {"zh": Path(__file__).with_name("zh.json")}

#: What may stand in a hole: anything, which is translated by itself; a number or a range; a word or code; and what English
#: inflects (films, is, are), which the translation leaves out.
HOLES: Final = {
    "{}": "(.*?)",
    "{n}": r"([<>+\-\u2212]?\s?\d+(?:[.,]\d+)*k?(?:\s?%)?(?:\s?\u2013\s?\d+(?:[.,]\d+)*)?)",
    "{c}": r"(\S+)",
    "{s}": "[a-z]{0,4}",
}
HOLE: Final = re.compile(r"\{[ncs]?\}")

#: Where a text without an entry is taken apart, and what stands there in the translation.
_JOINTS: Final = (
    (re.compile(r"(?<=[.!?])\s+"), " ", ""),
    (re.compile(r";\s+"), "; ", "；"),
    (re.compile(r":\s+"), ": ", "："),
    (re.compile(r"\s+·\s+"), " · ", " · "),
    (re.compile(r",\s+"), ", ", "，"),
    (re.compile(r"\s+and\s+"), " and ", "和"),
)
_BRACKETS: Final = re.compile(r"(.*?)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)(\.?)", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
#: What may have a translation: words, and a unit of one letter after its number.
_SAYS: Final = re.compile(r"[A-Za-z]{2,}|\d [a-z]\b")
#: Not a name but a sentence: it is left in English altogether, lest half of it be in another language.
_SPEECH: Final = re.compile(r"[A-Za-z']+(?: [a-z']{2,}){3}")
_WIDE: Final = "[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"
#: English writes "90 %", Chinese "90%".
_PER_CENT: Final = re.compile(r"(?<=\d)\s%")
_GAP: Final = re.compile(rf"(?<={_WIDE})\s+(?={_WIDE})")


@dataclass(frozen=True)
class _Pattern:
    """A sentence with holes. weight: how many letters it has apart from them. word: that any text it fits has, "" for none."""

    fits: re.Pattern[str]
    said: str
    weight: int
    word: str


class Catalogue:
    """The sentences of one language."""

    def __init__(self, entries: Mapping[str, str]):
        """entries: the translation by English sentence. Its holes are "{}", in the order of the sentence's, or numbered."""
        self._sentences = {key.lower(): said for key, said in entries.items() if not HOLE.search(key)}
        self._patterns: dict[str, list[_Pattern]] = {}
        for key, said in entries.items():
            if HOLE.search(key):
                pattern = _pattern(key, said)
                self._patterns.setdefault(pattern.word, []).append(pattern)
        self._said = functools.lru_cache(4096)(self._find)

    def translate(self, text: str) -> str:
        """The text, which may be several sentences, as far as the catalogue has it; the rest stays as it is."""
        clean = " ".join(text.split())
        return self._said(clean) or text

    def _find(self, text: str) -> str | None:
        """The translation, None where no part has one. text: with single spaces."""
        if not _SAYS.search(text):
            number = _PER_CENT.sub("%", text)
            return None if number == text else number
        said = self._whole(text) or self._taken_apart(text)
        return None if said is None else _PER_CENT.sub("%", said)

    def _whole(self, text: str) -> str | None:
        """The translation of a text that is one entry."""
        said = self._sentences.get(text.lower())
        if said is not None:
            return said
        if text.endswith(".") and (said := self._sentences.get(text[:-1].lower())) is not None:
            return f"{said}。"
        words = {"", *(word.lower() for word in _WORD.findall(text))}
        fitting = [pattern for word in words for pattern in self._patterns.get(word, ())]
        for pattern in sorted(fitting, key=lambda one: -one.weight):
            found = pattern.fits.fullmatch(text)
            parts = [] if found is None else [self._of_hole(part) for part in found.groups()]
            if found and not any(_SPEECH.search(part) for part in parts):
                return _GAP.sub("", pattern.said.format(*parts)).strip()
        return None

    def _of_hole(self, text: str) -> str:
        """What fills a hole: names that nobody translates are at least joined as in the other language."""
        return self._said(" ".join(text.split())) or text.replace(" and ", "和")

    def _taken_apart(self, text: str) -> str | None:
        for joint, english, other in _JOINTS:
            parts = joint.split(text)
            said = self._joined(parts, english, other) if len(parts) > 1 else None
            if said is not None and (english == " " or not _SPEECH.search(said)):
                return said
        if found := _BRACKETS.fullmatch(text):
            before, inside = (self._said(part) for part in found.groups()[:2])
            if before or inside:
                return f"{before or found[1]}（{inside or found[2]}）{'。' if found[3] else ''}"
        return None

    def _joined(self, parts: list[str], english: str, other: str) -> str | None:
        """The parts in their translation, the longest run that is one entry first; None where none of them has any."""
        done: list[str] = []
        any_said, first = False, 0
        while first < len(parts):
            for last in range(len(parts), first, -1):
                run = english.join(parts[first:last])
                said = self._said(run) if last == first + 1 else self._whole(run)
                if said is not None or last == first + 1:
                    break
            any_said = any_said or said is not None
            done.append(self._of_hole(run) if said is None and english != " " else said or run)
            first = last
        return _GAP.sub("", other.join(done)) if any_said else None


def _pattern(key: str, said: str) -> _Pattern:
    literals = HOLE.split(key)
    expression = re.escape(literals[0])
    for hole, literal in zip(HOLE.findall(key), literals[1:], strict=True):
        expression += HOLES[hole] + re.escape(literal)
    # a word next to a hole may continue in it
    words = re.findall(r"(?<![A-Za-z\0])[A-Za-z]{2,}(?![A-Za-z\0])", HOLE.sub("\0", key))
    return _Pattern(
        re.compile(expression, re.IGNORECASE | re.DOTALL),
        said,
        sum(len(word) for literal in literals for word in re.findall("[A-Za-z]+", literal)),
        max(words, key=len, default="").lower(),
    )


@functools.cache
def catalogue(language: Language) -> Catalogue:
    """The catalogue of a language other than English."""
    return Catalogue(json.loads(CATALOGUES[language].read_text(encoding="utf-8")))
