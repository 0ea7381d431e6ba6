"""All tests compute with threads as the program does."""

import core  # noqa: F401  (settles that, before any test loads torch)
