"""The browser app: it draws what core finds, and works nothing out itself."""

import core  # noqa: F401  (settles how threads compute before gradio loads what computes)
