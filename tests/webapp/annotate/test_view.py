"""The Annotate tab's HTML."""

from html import unescape

from markupsafe import Markup

from core.bones import RUS_BONES
from core.standards import grade_count
from webapp.annotate.view import KEYS, grade_guide, key_strip, toolbar, workplace, writing_panel


def test_every_grade_of_every_bone_is_a_radio_button_with_its_words() -> None:
    guide = grade_guide(lambda bone, grade: None)
    for bone in RUS_BONES:
        assert guide.count(f'name="grade-{bone}"') == grade_count(bone) + 2, "0..n and unreadable"
        assert f'data-guide="{bone}" hidden' in guide
    assert guide.count("<fieldset") == guide.count("<legend>") == len(RUS_BONES)
    assert "Not visible yet" in guide and "Can't be read" in unescape(guide)
    assert "<img" not in guide


def test_composite_pictures_are_shown_where_there_are_any() -> None:
    guide = grade_guide(lambda bone, grade: b"\x89PNG..." if (bone, grade) == ("Radius", 3) else None)
    assert guide.count("<img") == 1 and "data:image/png" in guide
    assert "Radius at grade 3: average of several children" in guide
    assert guide.count("no picture") == grade_count("Radius") - 1
    assert "data:image/webp" in grade_guide(lambda bone, grade: b"RIFF....WEBP")


def test_the_page_shows_its_keys_and_names_its_parts() -> None:
    strip = key_strip()
    for key, words, always in KEYS:
        assert f"<kbd>{key}</kbd>" in strip.split('id="key-help"')[0 if always else 1]
        assert words in unescape(strip)
    page = toolbar() + workplace(Markup(""))
    assert page.count("data-bone=") == len(RUS_BONES)
    assert 'role="toolbar"' in page and 'aria-live="polite"' in page and 'role="alert"' in page


def test_writing_is_shown_place_by_place() -> None:
    panel = writing_panel([b"one", b"two"])
    assert "2 places" in panel and panel.count("<img") == 2 and 'alt="Writing on the film, place 2"' in panel
