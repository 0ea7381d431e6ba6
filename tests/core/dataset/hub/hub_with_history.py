"""A stand-in for the hub that keeps what git would: every commit that can be reached, and what is stored apart from them."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from huggingface_hub import CommitOperationDelete

from core.dataset.hub.events import AskingScheduler, EventPusher
from core.dataset.hub.forgetting import forget_films
from core.ledger import Ledger


class HubWithHistory:
    """Takes the calls of HfApi that a pusher with the real scheduler and an erasure make of a private dataset.

    trees: the files of each commit, the head last. apart: contents by their SHA-256 with the paths that name them. begun: a
    commit has been sent. before_commit: what each commit then waits for. written_meanwhile: what somebody else commits
    before the next erasure does. squashes: False where the hub breaks off there.
    """

    def __init__(self, stored_apart: Callable[[str], bool] = lambda path: False):
        self.trees: list[dict[str, bytes]] = [{}]
        self.apart: dict[tuple[str, str], bytes] = {}
        self.begun = threading.Event()
        self.before_commit: threading.Event | None = None
        self.written_meanwhile: dict[str, bytes] = {}
        self.squashes = True
        self._stored_apart = stored_apart
        self._pool = ThreadPoolExecutor(1)
        self._commits = 0

    def pusher(self, ledger: Ledger, folder: Path) -> EventPusher:
        """One that pushes here, pictures too, when it is told to."""
        return EventPusher(
            ledger,
            "lab/r",
            folder,
            lambda **options: AskingScheduler(hf_api=self, **options),
            pictures=True,
            prepare=lambda repo: None,
            forget=lambda repo, films, unsaid: forget_films(repo, films, unsaid, self),  # type: ignore[arg-type]
            look_every=3600,
        )

    def commits_with(self, word: str) -> list[int]:
        """The commits that have it in a file or in a file's name."""
        return [
            number
            for number, tree in enumerate(self.trees)
            if any(word in path or word.encode() in content for path, content in tree.items())
        ]

    def events(self) -> str:
        """All lines of the head."""
        return "".join(content.decode() for path, content in self.trees[-1].items() if path.endswith(".jsonl"))

    def put(self, files: Mapping[str, bytes]) -> None:
        """Commits files."""
        self.trees.append(self.trees[-1] | dict(files))
        self._commits += 1
        for path, content in files.items():
            if self._stored_apart(path):
                self.apart[hashlib.sha256(content).hexdigest(), path] = content

    def create_repo(self, repo_id: str, **options: Any) -> SimpleNamespace:
        """It is there already."""
        return SimpleNamespace(repo_id=repo_id)

    def run_as_future(self, action: Callable[[], Any]) -> Future[Any]:
        """In one thread, as HfApi does."""
        return self._pool.submit(action)

    def repo_info(self, repo_id: str, repo_type: str) -> SimpleNamespace:
        """Private, with the head's name."""
        return SimpleNamespace(private=True, sha=self._head())

    def list_repo_files(self, repo: str, repo_type: str, revision: str) -> list[str]:
        """Of the head."""
        assert revision == self._head()
        return list(self.trees[-1])

    def list_lfs_files(self, repo: str, repo_type: str) -> Iterator[SimpleNamespace]:
        """Whatever any commit named."""
        return (SimpleNamespace(oid=oid, filename=path) for oid, path in list(self.apart))

    def hf_hub_download(self, repo: str, path: str, *, repo_type: str, revision: str, local_dir: str) -> str:
        """Writes a file of the head to the folder."""
        assert revision == self._head()
        target = Path(local_dir) / path
        target.parent.mkdir(parents=True)
        target.write_bytes(self.trees[-1][path])
        return str(target)

    def create_commit(
        self, repo_id: str, operations: list[Any], *, parent_commit: str | None = None, **options: Any
    ) -> None:
        """Refuses one that is made on another head, as the hub does."""
        self.begun.set()
        if self.before_commit is not None:
            self.before_commit.wait(5)
        if parent_commit is not None and self.written_meanwhile:
            self.put(self.written_meanwhile)
            self.written_meanwhile = {}
        if parent_commit not in (None, self._head()):
            raise ValueError("412: the head is another one")
        gone = {one.path_in_repo for one in operations if isinstance(one, CommitOperationDelete)}
        added = {}
        for one in operations:
            if not isinstance(one, CommitOperationDelete):
                with one.as_file() as file:
                    added[one.path_in_repo] = file.read()
        self.put(added)
        for path in gone:
            del self.trees[-1][path]

    def super_squash_history(self, repo: str, repo_type: str) -> None:
        """Leaves the head alone."""
        if not self.squashes:
            raise ConnectionError("the hub is away")
        self.trees = self.trees[-1:]

    def permanently_delete_lfs_files(self, repo: str, files: list[SimpleNamespace], repo_type: str) -> None:
        """And with them what names them, in every commit."""
        for file in files:
            del self.apart[file.oid, file.filename]
            for tree in self.trees:
                if hashlib.sha256(tree.get(file.filename, b"")).hexdigest() == file.oid:
                    del tree[file.filename]

    def _head(self) -> str:
        return f"{self._commits:040x}"
