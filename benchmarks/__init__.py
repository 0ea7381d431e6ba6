"""Programs that print the figures in docs/results.md and docs/speed.md."""

import core  # noqa: F401  (settles how threads compute before torch is loaded)
