"""Removes erased films from a dataset on the hub, with what was said of them, and from its history."""

import hashlib
import tempfile
from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Final

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from core.dataset.hub.private import delete_content, writing

#: Where the lines are, in the folder and on the hub.
LINES: Final = "events/*.jsonl"


def forget_films(repo: str, films: Collection[str], unsaid: Collection[str], api: HfApi | None = None) -> None:
    """Removes the files of films (SHA-256 of their pixels) from a dataset, and everything that its events say of those in
    `unsaid`, and both from its history. Raises HubRefused, also where somebody else wrote to it meanwhile."""
    api = api or HfApi()
    with writing(repo):
        head = api.repo_info(repo_id=repo, repo_type="dataset").sha
        files = api.list_repo_files(repo, repo_type="dataset", revision=head)
        told = {path: _content(repo, path, head, api) for path in files if unsaid and fnmatch(path, LINES)}
        kept = {path: lines_without(content, unsaid) for path, content in told.items()}
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationDelete(path) for path in files if PurePosixPath(path).stem in films or kept.get(path) == b""
        ]
        operations += [CommitOperationAdd(path, left) for path, left in kept.items() if left and left != told[path]]
        staying = {hashlib.sha256(left).hexdigest() for left in kept.values()}
        # what an interrupted attempt has removed from the head is still here
        large = [
            file
            for file in api.list_lfs_files(repo, repo_type="dataset")
            if PurePosixPath(file.filename).stem in films
            or (unsaid and fnmatch(file.filename, LINES) and file.oid not in staying)
        ]
        if operations:
            api.create_commit(
                repo, operations, commit_message="Erased on request", repo_type="dataset", parent_commit=head
            )
        api.super_squash_history(repo, repo_type="dataset")
        delete_content(repo, large, api)


def _content(repo: str, path: str, revision: str | None, api: HfApi) -> bytes:
    """A file's content, of which no copy stays here."""
    with tempfile.TemporaryDirectory() as folder:
        return Path(
            api.hf_hub_download(repo, path, repo_type="dataset", revision=revision, local_dir=folder)
        ).read_bytes()


def lines_without(lines: bytes, films: Collection[str]) -> bytes:
    """The lines about none of the films, even those that were cut off."""
    names = [film.encode() for film in films]
    return b"".join(line for line in lines.splitlines(keepends=True) if not any(name in line for name in names))
