"""The manifest of an export: what it was made from, and the SHA-256 of every file in it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from core.errors import BoneGradeError

NAME: Final = "manifest.json"
#: Increased by one whenever a change makes an export of the same revision differ.
FORMAT_VERSION: Final = 2


class DamagedDataset(BoneGradeError):
    """A file of an export is missing, was changed or was added, or its manifest does not say what it was made from."""


@dataclass(frozen=True)
class ListedFile:
    """One file of an export. sha256: hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class SplitFacts:
    """How an export is split. shares: as core.dataset.split.Shares prints them. by: what decides, in words. films, patients,
    crops: how many are in each part."""

    shares: str = ""
    by: str = ""
    gold_patients: int = 0
    films: Mapping[str, int] = field(default_factory=dict)
    patients: Mapping[str, int] = field(default_factory=dict)
    crops: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an export was made from. revision: of the ledger, as of the moment `as_of`. rule, reviewers: whose word counts.
    formats: of core.dataset.exporting.options. weights: SHA-256 by network of every set whose predictions are in it.
    written_with: versions of libraries. files: by their path in the folder.

    Raises ValueError where the revision, the rule or the formats are missing.
    """

    format_version: int = FORMAT_VERSION
    revision: int
    as_of: str = ""
    rule: str
    reviewers: tuple[str, ...] = ()
    formats: tuple[str, ...]
    split: SplitFacts = field(default_factory=SplitFacts)
    weights: tuple[Mapping[str, str], ...] = ()
    written_with: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, ListedFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.revision, int) or self.revision < 0:
            raise ValueError(f"{self.revision!r} is no revision of a ledger")
        if not isinstance(self.rule, str) or not self.rule:
            raise ValueError(f"{self.rule!r} is no rule")
        if not all(isinstance(name, str) for name in self.formats):
            raise ValueError("formats are named in text")

    def to_json(self) -> dict[str, Any]:
        """The manifest as written to the file."""
        return asdict(self) | {
            "reviewers": list(self.reviewers), "formats": list(self.formats), "weights": [dict(one) for one in self.weights]
        }  # fmt: skip

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """The manifest from the file's content; an earlier version's may not have all fields. Raises ValueError, KeyError or
        TypeError where that is not a manifest."""
        return cls(
            format_version=said.get("format_version", 1),
            revision=said["revision"],
            as_of=said.get("as_of", ""),
            rule=said["rule"],
            reviewers=tuple(said.get("reviewers", ())),
            formats=tuple(said["formats"]),
            split=SplitFacts(**said.get("split", {})),
            weights=tuple(said.get("weights", ())),
            written_with=said.get("written_with", {}),
            files={name: ListedFile(**listed) for name, listed in said["files"].items()},
        )


def write_manifest(folder: Path, made: Manifest) -> Manifest:
    """Writes the manifest of all files in a folder, and returns it. made: what they were made from, without the
    files."""
    manifest = replace(made, format_version=FORMAT_VERSION, files=_files(folder))
    text = json.dumps(manifest.to_json(), indent=1, ensure_ascii=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
    return manifest


def check_files(folder: Path, called: Path | None = None) -> Manifest:
    """Checks an export against its manifest and returns the manifest. called: the name by which the caller knows the export, if
    not the folder's.

    Raises DamagedDataset with the first file that is not as it was written, or where the manifest does not say what the
    export was made from.
    """
    try:
        said: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        listed = {name: ListedFile(**facts) for name, facts in said["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DamagedDataset(f"{called or folder} has no readable {NAME}: choose an export.") from None
    found = _files(folder)
    for name in sorted({*listed, *found}):
        if listed.get(name) != found.get(name):
            how = "missing" if name not in found else "not in the manifest" if name not in listed else "changed"
            raise DamagedDataset(f"{name} is {how}: export again, or copy the whole folder again.")
    try:
        return Manifest.from_json(said)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedDataset(
            f"The {NAME} of {called or folder} does not say what it was made from: export the ledger again."
        ) from error


def _files(folder: Path) -> dict[str, ListedFile]:
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: ListedFile((folder / name).stat().st_size, _sha256(folder / name)) for name in paths if name != NAME}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
