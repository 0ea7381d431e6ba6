"""The film with its boxes."""

import re
from itertools import combinations

from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.film.box import Box
from core.film.radiograph import Radiograph
from webapp.assess.film_view import BoneLabel, film_preview, film_with_boxes, labels_of, place_labels


def _meet(one: BoneLabel, other: BoneLabel) -> bool:
    return (
        min(one.x + one.width, other.x + other.width) - max(one.x, other.x) > 1e-6
        and min(one.y + one.height, other.y + other.height) - max(one.y, other.y) > 1e-6
    )


def test_the_labels_of_a_hand_lie_on_the_film_and_hide_none_of_each_other(assessment: Assessment) -> None:
    labels = labels_of(assessment)
    assert [label.bone for label in labels] == list(RUS_BONES)
    for label in labels:
        assert label.x >= 0 and label.x + label.width <= assessment.width
        assert label.y >= 0 and label.y + label.height <= assessment.height
    assert not [pair for pair in combinations(labels, 2) if _meet(*pair)]


def test_a_label_moves_aside_where_its_first_place_is_taken() -> None:
    boxes = {"DP1": Box(40.0, 40.0, 60.0, 60.0), "DP3": Box(62.0, 40.0, 82.0, 60.0)}
    labels = place_labels(boxes, {"DP1": "6(0)", "DP3": "7(2)"}, 200, 200)
    assert not _meet(*labels)
    assert labels[0].x + labels[0].width <= 62 or labels[0].x >= 82 or labels[0].y >= 60 or labels[0].y <= 40


def test_a_box_in_the_corner_keeps_its_label_on_the_film() -> None:
    (label,) = place_labels({"Ulna": Box(180.0, 185.0, 200.0, 200.0)}, {"Ulna": "7(4)"}, 200, 200)
    assert 0 <= label.x <= 200 - label.width and 0 <= label.y <= 200 - label.height


def test_every_bone_has_its_box_in_pixels_of_the_film(radiograph: Radiograph, assessment: Assessment) -> None:
    html = film_with_boxes(radiograph, assessment)
    assert f'viewBox="0 0 {assessment.width} {assessment.height}"' in html
    for bone, one in assessment.bones.items():
        assert one is not None
        found = re.search(rf'<g data-bone="{bone}".*?x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', html)
        assert found is not None
        x, y, width = map(float, found.groups())
        assert abs(x - one.box.xmin) < 0.06 and abs(y - one.box.ymin) < 0.06 and abs(x + width - one.box.xmax) < 0.11
        assert f"{bone} <b>{one.label}</b>" in html
    assert "13 of 13 bones" in html


def test_a_bone_that_was_not_found_has_no_box(radiograph: Radiograph, without_ulna: Assessment) -> None:
    html = film_with_boxes(radiograph, without_ulna)
    assert 'data-bone="Ulna"' not in html and 'data-bone="Radius"' in html
    assert "12 of 13 bones" in html


def test_the_preview_shows_the_film_and_nothing_else(radiograph: Radiograph) -> None:
    html = film_preview(radiograph)
    assert html.count("<img") == 1 and 'alt="' in html and "data-bone" not in html
