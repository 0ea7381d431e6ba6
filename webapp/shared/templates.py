"""The page's HTML: templates in webapp/templates, a folder for each tab, filled with values that are escaped automatically."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.bones import BONE_TITLES
from webapp.shared.bone_style import bone_colour
from webapp.shared.glossary import GLOSSARY
from webapp.shared.words import NO_VALUE

TEMPLATES_FOLDER: Final = Path(__file__).parents[1] / "templates"

#: A name that a template uses and nobody gave is an error, not an empty place on the page.
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(TEMPLATES_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(bone_colour=bone_colour, bone_title=BONE_TITLES.__getitem__)
_ENVIRONMENT.globals.update(no_value=NO_VALUE, glossary=GLOSSARY)


def render(template: str, **values: Any) -> Markup:
    """A template of webapp/templates as HTML. template: its path there, as in "queue/films.html".

    Whatever is not Markup comes out as text. What this returns is Markup, so that one template's HTML may be given to another.
    """
    return Markup(_ENVIRONMENT.get_template(template).render(**values))
