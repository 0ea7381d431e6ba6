"""What a program asks for: its inputs checked against the endpoint's types, and every refusal put into one sentence."""

import functools
import inspect
import logging
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from pydantic import ConfigDict, ValidationError, validate_call

from core.errors import BoneGradeError
from core.intake import SentFile
from webapp.shared.errors import TRY_AGAIN

_log = logging.getLogger(__name__)


def answered(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint as gradio is to call it: with inputs of its types, and errors whose sentence reaches the program."""
    checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(endpoint)
    inputs = inspect.signature(endpoint)

    @functools.wraps(endpoint)
    def answer(*given: Any, **named: Any) -> Any:
        try:
            return checked(**inputs.bind(*given, **named).arguments)  # by name, so that a refusal can name the input
        except ValidationError as error:
            sentence = _sentence(error)
        except BoneGradeError as error:
            sentence = str(error)
        except Exception as error:
            # the message may hold a file's name, and that the patient's
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("/%s failed with %s:\n%s", answer.__name__, type(error).__name__, where)
            sentence = TRY_AGAIN
        raise gr.Error(sentence, print_exception=False)

    return answer


def _sentence(error: ValidationError) -> str:
    """What is wrong with the first input that is refused."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "value_error":  # a sentence of ours
        return f"{str(first['ctx']['error']).removesuffix('.')}; nothing was changed."
    where = ".".join(str(part) for part in first["loc"]) or "the inputs"
    return f"{where}: {first['msg']}. Nothing was changed; see docs/api.md for what the endpoint takes."


def sent_file(file: FileData) -> SentFile:
    """A file that a program sent; that it is the program's own was seen at the door (webapp.entrance.line.line)."""
    return SentFile(Path(file.path), PurePosixPath(file.orig_name or file.path).name)


def sent_files(files: Sequence[FileData]) -> list[SentFile]:
    """As sent_file, of each."""
    return [sent_file(file) for file in files]
