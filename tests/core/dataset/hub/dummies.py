"""What stands in for the hub's scheduler and its client."""

import threading
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class DummyScheduler:
    """Stands in for CommitScheduler: takes its arguments, and on a push notes the files as they are."""

    def __init__(self, **options: Any):
        self.options = options
        self.folder = Path(options["folder_path"])
        self.lock = threading.Lock()
        self.pushing = threading.Lock()
        self.pushed: dict[str, bytes] = {}
        self.stopped = False

    def trigger(self) -> Future[None]:
        """Pushes at once."""
        with self.lock:
            for pattern in self.options["allow_patterns"]:
                for path in self.folder.glob(pattern):
                    self.pushed[path.relative_to(self.folder).as_posix()] = path.read_bytes()
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def stop(self) -> None:
        """Notes it."""
        self.stopped = True


class DummyHub:
    """Stands in for HfApi. private: of a dataset that is there already."""

    def __init__(self, private: bool | None = None):
        self.private = private
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def create_repo(self, **options: Any) -> None:
        """As the hub does it: what is there already is left as it is."""
        self.calls.append(("create_repo", options))
        self.private = options["private"] if self.private is None else self.private

    def repo_info(self, **options: Any) -> SimpleNamespace:
        """Whether it is private."""
        self.calls.append(("repo_info", options))
        return SimpleNamespace(private=self.private)

    def upload_folder(self, **options: Any) -> SimpleNamespace:
        """Notes it."""
        self.calls.append(("upload_folder", options))
        return SimpleNamespace(oid="ab" * 20)
