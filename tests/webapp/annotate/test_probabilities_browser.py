"""The network's probabilities beside the grades of the Annotate tab, in a real browser."""

import pytest
from playwright.sync_api import expect

from core.assessment.records import Assessment
from core.bones import Sex
from core.film.radiograph import Radiograph
from tests.webapp.annotate.film_page import Open
from tests.webapp.running_app import CHROMIUM
from webapp.shared.words import probability

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

#: The page is sent probabilities with so many decimals: one that is nearer to 0 or 1 arrives there as certainty.
DECIMALS = 5


def test_no_probability_reads_as_certainty(
    open_film: Open, films: list[int], hands: list[tuple[Radiograph, Sex, Assessment]]
) -> None:
    page = open_film(films[0])
    bones = hands[0][2].bones.values()
    one = next(one for one in bones if any(round(share, DECIMALS) in (0.0, 1.0) for share in one.probabilities))
    page.locator(f"#bone-list [data-bone={one.bone}]").click()
    guide = page.locator(f"#grade-guide [data-guide={one.bone}]")
    for grade, share in enumerate(one.probabilities):
        odds = guide.locator(f"[data-grade='{grade}'] .odds")
        expect(odds).to_have_attribute("title", f"Model: {probability(round(share, DECIMALS))}")
    expect(page.locator("#in-hand-model")).to_contain_text(probability(max(one.probabilities)))
    expect(page.locator("#in-hand-crop-note")).to_have_text(f"Localised {probability(one.confidence)}")
