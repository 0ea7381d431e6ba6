"""The made-up film, and networks that were not trained."""

from tests.made_film import assess, assessment, assessor, film, radiograph  # noqa: F401 - fixtures
