"""A stand-in for the Hugging Face Hub that speaks the routes which datasets and jobs need, for the hub's own client."""

import base64
import hashlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of_the_lab"
_AT = "2026-05-01T12:00:00.000Z"


@dataclass
class Job:
    """spec: as it was asked for. log: its lines so far."""

    id: str
    spec: dict[str, Any]
    stage: str = "SCHEDULING"
    log: list[str] = field(default_factory=list)


#: What a machine of the hub does with a job, once it has one.
Machine = Callable[["Hub", Job], None]


class Hub:
    """Datasets by name, each {"private": ..., "files": {path: content}}, and jobs. pushes: what each commit brought or took
    away, with whether the dataset was private then, and whether that was asked just before. away: it answers nobody."""

    def __init__(self, machine: Machine):
        self.url = ""
        self.datasets: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, Job] = {}
        self.pushes: list[tuple[list[str], bool, bool]] = []
        self.away = False
        self._machine = machine
        self._asked = False

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content."""
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        found: Any
        if parts[:3] == ["api", "repos", "create"]:
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            known = name in self.datasets
            self.datasets.setdefault(
                name, {"private": asked.get("visibility") == "private", "files": {".gitattributes": b""}}
            )
            found = {"url": f"{self.url}/datasets/{name}", "name": name, "id": name}
            return (409 if known else 200), {}, json.dumps(found).encode()
        if parts[:2] == ["api", "datasets"]:
            return self._of_dataset("/".join(parts[2:4]), parts[4:], body)
        if parts[0] == "datasets" and parts[3] == "resolve":
            content = self.datasets["/".join(parts[1:3])]["files"].get("/".join(parts[5:]))
            if content is None:
                return 404, {"X-Error-Code": "EntryNotFound"}, b""
            digest = hashlib.sha1(content).hexdigest()
            return 200, {"ETag": f'"{digest}"', "X-Repo-Commit": self._revision("/".join(parts[1:3]))}, content
        if parts[:2] == ["api", "jobs"]:
            return self._of_jobs(method, parts[2:], body)
        return 404, {}, json.dumps({"error": f"the stand-in does not know {path}"}).encode()

    def _revision(self, name: str) -> str:
        return hashlib.sha1(repr(sorted(self.datasets[name]["files"].items())).encode()).hexdigest()

    def _of_dataset(self, name: str, rest: list[str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        dataset = self.datasets[name]
        files: dict[str, bytes] = dataset["files"]
        found: Any
        if rest[:1] == ["preupload"]:
            asked = json.loads(body)["files"]
            found = {"files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in asked]}
        elif rest[:1] == ["commit"]:
            lines = [json.loads(line) for line in body.splitlines()]
            moved = []
            for line in lines:
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "deletedFile":
                    files.pop(value["path"])
                elif line["key"] == "deletedFolder":
                    for path in [one for one in files if one.startswith(value["path"])]:
                        files.pop(path)
                moved += [value["path"]] if "path" in value else []
            self.pushes.append((moved, dataset["private"], self._asked))
            self._asked = False
            revision = self._revision(name)
            found = {
                "success": True,
                "commitOid": revision,
                "commitUrl": f"{self.url}/datasets/{name}/commit/{revision}",
            }
        elif rest[:1] == ["lfs-files"]:
            found = []
        elif rest[:1] == ["tree"]:
            at = "/".join(rest[2:])
            found = [
                {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for path, content in files.items()
                if path.startswith(at)
            ]
        else:
            self._asked = True
            siblings = [{"rfilename": path} for path in files]
            found = {"id": name, "private": dataset["private"], "sha": self._revision(name), "siblings": siblings}
        return 200, {}, json.dumps(found).encode()

    def _of_jobs(self, method: str, parts: list[str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        owner, *rest = parts
        if method == "POST" and not rest:
            job = Job(f"job{len(self.jobs) + 1}", json.loads(body))
            self.jobs[job.id] = job
            threading.Thread(target=self._machine, args=(self, job), daemon=True).start()
        else:
            job = self.jobs[rest[0]]
        if rest[1:] == ["logs"]:
            events = [{"timestamp": _AT, "data": line} for line in ["===== Job started =====", *job.log]]
            text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
            return 200, {"Content-Type": "text/event-stream"}, text.encode()
        if rest[1:] == ["cancel"]:
            job.stage = "CANCELED"
        found = {
            "id": job.id, "createdAt": _AT, "dockerImage": job.spec.get("dockerImage"), "flavor": job.spec["flavor"],
            "owner": {"id": "1", "name": owner, "type": "org"}, "status": {"stage": job.stage, "message": None},
        }  # fmt: skip
        return 200, {}, json.dumps(found).encode()


@contextmanager
def hub_with(machine: Machine) -> Iterator[Hub]:
    """A hub whose jobs this machine does, served while it is needed."""
    hub = Hub(machine)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if hub.away:
                status, headers, content = 503, {}, b"{}"
            elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, headers, content = 401, {}, b"{}"
            else:
                status, headers, content = hub.answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_HEAD = _serve  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


def runs_it(environment: dict[str, str], folder: Path) -> Machine:
    """A machine that runs the job's command in a folder, with its log and its secrets."""

    def work(hub: Hub, job: Job) -> None:
        job.stage = "RUNNING"
        asked = environment | job.spec["environment"] | job.spec["secrets"]
        process = subprocess.Popen(
            job.spec["command"], cwd=folder, env=asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            job.log.append(line.rstrip())
        job.stage = "ERROR" if process.wait() else "COMPLETED"

    return work
