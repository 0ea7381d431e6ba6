"""The program in a place like a Hugging Face Space's: installed anew, for another user, from files that nobody may write."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.webapp.running_app import ROOT, free_port

#: What Hugging Face sets in a Space with `hf_oauth`, see its "Spaces Overview" and the log of any Space's build.
VARIABLES = {
    "SYSTEM": "spaces",
    "SPACE_ID": "me/bonegrade",
    "SPACE_AUTHOR_NAME": "me",
    "SPACE_REPO_NAME": "bonegrade",
    "SPACE_TITLE": "BoneGrade",
    "SPACE_HOST": "me-bonegrade.hf.space",
    "SPACE_CREATOR_USER_ID": "0123456789abcdef01234567",
    "ACCELERATOR": "none",
    "CPU_CORES": "2",
    "MEMORY": "16Gi",
    "OAUTH_CLIENT_ID": "client",
    "OAUTH_CLIENT_SECRET": "secret",
    "OAUTH_SCOPES": "openid profile",
    "OPENID_PROVIDER_URL": "https://huggingface.co",
    "GRADIO_ALLOW_FLAGGING": "never",
    "GRADIO_NUM_PORTS": "1",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_THEME": "huggingface",
    "PYTHONUNBUFFERED": "1",
    "TQDM_POSITION": "-1",
    "TQDM_MININTERVAL": "1",
}
#: What it installs beside requirements.txt and the version of gradio that README.md names.
ADDED = ("spaces", "uvicorn>=0.14.0", "websockets>=10.4")
_USER = 1000
_INSTALL_SECONDS = 1800  # some gigabytes, the first time, over any line
_START_SECONDS = 240


def front_matter() -> Mapping[str, Any]:
    """What README.md says to Hugging Face."""
    header = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    said: Mapping[str, Any] = yaml.safe_load(header)
    return said


@dataclass(frozen=True)
class Space:
    """user: who runs it, None where it has to be this process's own. checkout: read-only; home: the user's."""

    user: int | None
    python: Path
    checkout: Path
    home: Path

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Nothing of this machine's."""
        path = f"{self.python.parent}:{os.defpath}"
        return {**VARIABLES, "HOME": str(self.home), "PATH": path, "PYTHONPATH": str(self.checkout), **more}

    def run(self, *arguments: str, more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """A command of the program, as in the Space's terminal."""
        return subprocess.run(
            ["python", *arguments], cwd=self.checkout, env=self.environment(more), capture_output=True, text=True,
            timeout=_START_SECONDS, **as_user(self.user),
        )  # fmt: skip

    @contextmanager
    def served(self, more: Mapping[str, str]) -> Iterator[str]:
        """The address of the page, as long as it is served."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environment = self.environment({"PORT": str(port), **more})
        process = subprocess.Popen(["python", "app.py"], cwd=self.checkout, env=environment, **as_user(self.user))
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def files(self) -> dict[str, int]:
        """When each file and folder of the checkout was last written."""
        return {str(path.relative_to(self.checkout)): path.stat().st_mtime_ns for path in self.checkout.rglob("*")}


@contextmanager
def installed() -> Iterator[Space]:
    """The files that git has, in an environment of their own, until they are removed."""
    place = Path(tempfile.mkdtemp(prefix="bonegrade-space-"))
    try:
        place.chmod(0o755)
        user, base = _user_and_interpreter()
        checkout, home = place / "app", place / "home"
        _copy_tracked(checkout)
        home.mkdir(mode=0o700)
        if user is not None:
            os.chown(home, user, user)
        yield Space(user, _fresh_environment(place / "environment", base), checkout, home)
    finally:
        for folder in (place / "app").rglob("*"):
            folder.chmod(0o755)
        shutil.rmtree(place)


def as_user(user: int | None) -> dict[str, Any]:
    """For subprocess."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _user_and_interpreter() -> tuple[int | None, str]:
    """Another user and a Python that they may run, of the version that README.md names if there is one."""
    user = _USER if os.geteuid() == 0 else None
    names = (f"python{front_matter()['python_version']}", f"python3.{sys.version_info.minor}", "python3")
    found = [shutil.which(name, path=path) for name in names for path in (os.environ["PATH"], os.defpath)]
    for python in filter(None, found):
        if real := _real(python, user):
            return user, real
    return None, sys.executable


def _real(python: str, user: int | None) -> str:
    """The interpreter behind it; "" where this user may not run it or it is too old."""
    ask = "import os, sys; print(os.path.realpath(sys.executable) if sys.version_info >= (3, 11) else '')"
    try:
        said = subprocess.run(
            [python, "-c", ask], cwd="/", env={"PATH": os.defpath}, capture_output=True, text=True, timeout=60,
            **as_user(user),
        )  # fmt: skip
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def _copy_tracked(checkout: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        copy = checkout / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy)
    for path in (checkout, *checkout.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def _fresh_environment(folder: Path, base: str) -> Path:
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--python", base, str(folder)], check=True, timeout=_INSTALL_SECONDS)
    python = folder / "bin" / "python"
    sdk = f"gradio[oauth]=={front_matter()['sdk_version']}"
    wanted = ["-r", str(ROOT / "requirements.txt"), sdk, *ADDED]
    subprocess.run(
        [*uv, "pip", "install", "-q", "--python", str(python), *wanted], check=True, timeout=_INSTALL_SECONDS
    )
    return python


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the page was not there within {_START_SECONDS} s")
