"""The terms of the page: each is explained once, and each explanation is asked for somewhere."""

import re

import pytest

from webapp.shared.glossary import GLOSSARY
from webapp.shared.templates import TEMPLATES_FOLDER, render
from webapp.shared.words import DISCLAIMER


def test_every_term_is_explained_once_on_the_page() -> None:
    header = render("page/header.html", disclaimer=DISCLAIMER)
    assert re.findall(r'popover id="help-(\w+)"', header) == list(GLOSSARY)
    for key, term in GLOSSARY.items():
        button = render("shared/terms.html", terms=(key,))
        assert f'popovertarget="help-{key}">{term.title}?' in button


def test_every_term_stands_somewhere() -> None:
    app = TEMPLATES_FOLDER.parent
    sources = "".join(
        file.read_text() for kind in ("*.html", "*.py") for file in app.rglob(kind) if file.name != "glossary.py"
    )
    assert [key for key in GLOSSARY if f'"{key}"' not in sources] == []


def test_a_term_that_nobody_explained_is_an_error() -> None:
    with pytest.raises(Exception, match="nonsense"):
        render("shared/terms.html", terms=("nonsense",))
