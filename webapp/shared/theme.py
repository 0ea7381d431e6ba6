"""The look of the app: one theme with system fonts, so that nothing is fetched from elsewhere."""

from pathlib import Path
from typing import Final

import gradio as gr
from markupsafe import Markup

from webapp.shared.templates import render

STYLES_FOLDER: Final = Path(__file__).with_name("styles")
SCRIPTS_FOLDER: Final = Path(__file__).with_name("scripts")

_SYSTEM_FONTS: Final = [
    "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", "WenQuanYi Micro Hei", "sans-serif",
]  # fmt: skip
_SYSTEM_MONO: Final = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def theme() -> gr.themes.Base:
    """A calm theme of slate and teal, for bright and dark rooms."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=[gr.themes.Font(name) for name in _SYSTEM_FONTS],
        font_mono=[gr.themes.Font(name) for name in _SYSTEM_MONO],
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        color_accent="*primary_700",
        border_color_accent="*primary_700",
        border_color_accent_dark="*primary_400",
        block_border_width="1px",
        block_label_text_weight="600",
        block_title_text_weight="600",
        block_title_text_color="*body_text_color",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_large_text_weight="600",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        link_text_color="*primary_700",
        link_text_color_hover="*primary_800",
        link_text_color_active="*primary_700",
        link_text_color_visited="*primary_700",
        link_text_color_dark="*primary_300",
        link_text_color_hover_dark="*primary_200",
        link_text_color_active_dark="*primary_300",
        link_text_color_visited_dark="*primary_300",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_hover="*neutral_600",
        checkbox_border_color_dark="*neutral_400",
        checkbox_border_color_hover_dark="*neutral_300",
        slider_color="*primary_700",
        slider_color_dark="*primary_500",
    )


def page_head() -> str:
    """What goes into the page's <head>: all style sheets and scripts of the app, each folder in order of name.

    The style sheets go here and not to launch(css=...), because Gradio rewrites the selectors of the latter and splits
    those that hold a comma.
    """
    style = "\n".join(file.read_text(encoding="utf-8") for file in sorted(STYLES_FOLDER.glob("*.css")))
    script = "\n".join(file.read_text(encoding="utf-8") for file in sorted(SCRIPTS_FOLDER.glob("*.js")))
    return render("page/head.html", styles=Markup(style), scripts=Markup(script))
