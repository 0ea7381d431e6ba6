"""Programs that print the figures in docs/."""

import core  # noqa: F401  (settles how threads compute before torch is loaded)
