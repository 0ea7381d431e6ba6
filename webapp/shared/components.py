"""Small things that every tab needs: pieces of the page in its own style."""

from typing import Any, Final

import gradio as gr

from webapp.shared.templates import render

#: The class of what is hidden for now; see `classes_if`.
NOT_NOW: Final = "not-now"
#: What an event changes on the page, by component.
Updates = dict[Any, Any]


def styled_html(value: str = "", **settings: Any) -> gr.HTML:
    """A piece of the page that the app's own style sheet dresses."""
    return gr.HTML(value, apply_default_css=False, **settings)


def part_heading(title: str, *terms: str) -> gr.HTML:
    """The heading of a part of a tab. terms: keys of webapp.shared.glossary.GLOSSARY that the part uses."""
    return styled_html(render("shared/heading.html", title=title, terms=terms))


def explained(*terms: str) -> gr.HTML:
    """A line that explains terms where no heading stands. terms: keys of webapp.shared.glossary.GLOSSARY."""
    return styled_html(render("shared/terms.html", terms=terms))


def line(text: str, kind: str = "", role: str | None = None) -> str:
    """One paragraph as HTML. kind: its class in the style sheets. role: for screen readers."""
    return render("shared/line.html", text=text, kind=kind, role=role)


def classes_if(shown: bool) -> list[str]:
    """`elem_classes` of a part that is switched several times within one event: the style sheet takes it off the page.

    Gradio mounts late a part that begins as visible=False, and an earlier "not yet" may then reach it after the last
    word; visible="hidden" does not hide a row. A part with a class is on the page from the start and misses nothing.
    """
    return [] if shown else [NOT_NOW]
