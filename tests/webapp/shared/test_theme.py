"""The theme: what must be seen is seen."""

import pytest

from webapp.shared.theme import theme


def _luminance(colour: str) -> float:
    """Relative luminance by WCAG 2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _colour(name: str, mode: str) -> str:
    """What a name of the theme comes to. mode: "" or "_dark"."""
    looks = theme()
    value = getattr(looks, name + mode, None) or getattr(looks, name)
    while value.startswith("*"):
        value = getattr(looks, value[1:] + mode, None) or getattr(looks, value[1:])
    return "#ffffff" if value == "white" else str(value)


@pytest.mark.parametrize("mode", ["", "_dark"])
@pytest.mark.parametrize("state", ["", "_hover"])
@pytest.mark.parametrize("back", ["checkbox_background_color", "block_background_fill"])
def test_the_border_of_an_unticked_box_stands_out_from_its_inside_and_from_the_page(
    mode: str, state: str, back: str
) -> None:
    lighter, darker = sorted(
        (_luminance(_colour(name, mode)) for name in (f"checkbox_border_color{state}", back)), reverse=True
    )
    assert (lighter + 0.05) / (darker + 0.05) >= 3
