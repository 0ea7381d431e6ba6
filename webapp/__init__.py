"""The browser app: it draws what core finds, and works nothing out itself."""

import sys

import core  # noqa: F401  (settles how threads compute before gradio loads what computes)


def _load_pandas() -> None:
    """Loads pandas, with which gradio draws tables, without pyarrow (34 MiB), as if that were not installed. The modules that
    write Parquet (core.dataset.exporting.tables, core.learning.lessons.sources) load it when needed, without pandas."""
    if "pandas" in sys.modules or "pyarrow" in sys.modules:
        return
    sys.modules["pyarrow"] = None  # type: ignore[assignment]  # which import takes as "not installed"
    try:
        import pandas  # noqa: F401
    finally:
        del sys.modules["pyarrow"]


_load_pandas()
