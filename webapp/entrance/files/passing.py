"""The private folder for temporary files: uploads, pictures for the editor, exports. It is removed when the program
ends."""

import atexit
import os
import shutil
import signal
import tempfile
from abc import ABCMeta
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import Any, Final

import gradio as gr
from gradio.data_classes import FileData, ListFiles

from core.errors import BoneGradeError
from core.intake import SentFile
from core.machine import WriterLock, is_locked, make_folder

_VARIABLE: Final = "GRADIO_TEMP_DIR"
_LOCK: Final = "in_use.lock"


@contextmanager
def passing_folder(environment: MutableMapping[str, str] = os.environ) -> Iterator[Path]:
    """Makes the folder of this process, makes gradio and Python's temporary files use it, and removes it at the end.

    It lies in the folder that GRADIO_TEMP_DIR names or, if that is not set, in one that belongs to the machine's user, among
    other temporary files. What a killed process left there is removed first. Raises BoneGradeError where the folder is somebody
    else's.
    """
    parent = Path(environment.get(_VARIABLE) or Path(tempfile.gettempdir()) / f"bonegrade-{_user()}")
    _make_private(parent)
    with WriterLock(parent / "starting.lock").held():
        _remove_left_behind(parent)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix="run-"))
        in_use = WriterLock(folder / _LOCK).held()
        in_use.__enter__()
    (folder / "work").mkdir(mode=0o700)
    before, environment[_VARIABLE] = environment.get(_VARIABLE), str(folder)
    tempfile.tempdir = str(folder / "work")
    # A handler that is still running when the server has closed may write once more.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        yield folder
    finally:
        tempfile.tempdir = None
        if before is None:
            del environment[_VARIABLE]
        else:
            environment[_VARIABLE] = before
        shutil.rmtree(folder, ignore_errors=True)
        in_use.__exit__(None, None, None)


def stop_in_peace() -> None:
    """Makes SIGTERM, by which systemd and Docker stop a program, and SIGHUP end it as Ctrl-C does, including its clean-up."""
    for name in ("SIGTERM", "SIGHUP"):
        # one that is ignored, as under nohup, stays ignored
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), _interrupted)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def sent_files(**settings: Any) -> gr.File:
    """A gr.File whose handlers are given a list of core.intake.SentFile, with the files' original names; an empty one where
    nothing was sent. settings: gr.File's."""
    return _SENT_FILES(**settings)


def _sent(component: gr.File, payload: ListFiles | FileData | None) -> list[SentFile]:
    if payload is None:
        return []
    files = payload.root if isinstance(payload, ListFiles) else [payload]
    return [SentFile(Path(file.path), PurePosixPath(file.orig_name or file.path).name) for file in files]


#: A class of its own, since gradio rebuilds a session's components from their classes; made without gradio's metaclass, which
#: writes a file beside the source of every component. is_template: for the browser it is a gr.File.
_SENT_FILES: Final[type[gr.File]] = ABCMeta.__new__(
    type(gr.File), "SentFiles", (gr.File,), {"preprocess": _sent, "is_template": True, "__module__": __name__}
)


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"


def _make_private(folder: Path) -> None:
    """Makes a folder that nobody else may look into. Raises BoneGradeError."""
    refused = BoneGradeError(
        f"Uploads cannot be kept from others in {folder}: let {_VARIABLE} name a folder that belongs to the program's user."
    )
    try:
        make_folder(folder)
        found = folder.lstat()
        if folder.is_symlink() or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
            raise refused
        folder.chmod(0o700)
    except OSError as error:
        raise refused from error


def _remove_left_behind(parent: Path) -> None:
    """Removes the folders of processes that have ended. parent: the folder they are in, in which nobody else may be making one
    meanwhile."""
    for folder in parent.glob("run-*"):
        if not is_locked(folder / _LOCK, unsure=True):
            shutil.rmtree(folder, ignore_errors=True)
