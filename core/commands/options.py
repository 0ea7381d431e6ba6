"""Checks of options that several commands share."""

from collections.abc import Callable
from typing import Any

import typer


def one_of(what: str, values: tuple[str, ...]) -> Callable[[Any], Any]:
    """A check that an option, or each of a list, is one of the values."""

    def check(given: Any) -> Any:
        for value in given if isinstance(given, list) else [given]:
            if value is not None and value not in values:
                raise typer.BadParameter(f"there is no {what} {value!r}; choose from {', '.join(values)}.")
        return given

    return check
