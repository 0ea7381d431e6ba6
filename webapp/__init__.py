"""The browser app: it draws what core finds, and works nothing out itself."""

import sys

import core  # noqa: F401  (settles how threads compute before gradio loads what computes)


def _load_pandas() -> None:
    """Has pandas, which gradio draws tables with, leave out pyarrow, 34 MiB, as where it is not installed. What writes Parquet
    (core.dataset.exporting.tables, core.learning.lessons.sources) loads pyarrow when it is asked to, and needs no pandas."""
    if "pandas" in sys.modules or "pyarrow" in sys.modules:
        return
    sys.modules["pyarrow"] = None  # type: ignore[assignment]  # which importing takes for "there is none"
    try:
        import pandas  # noqa: F401
    finally:
        del sys.modules["pyarrow"]


_load_pandas()
