"""Pictures of every tab, of the shipped examples alone, as the README shows them.

    python -m benchmarks.screenshots docs/screenshots

Starts the app over a ledger of its own, in which two made-up readers have read the examples and a short run has learned from
them, and needs Chromium: on the path, or named by CHROMIUM. `--dark` for the dark theme; `--width 390` for a phone.
"""

import argparse
import os
import shutil
import sys
import tempfile
import uuid
from itertools import product
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.serving import served
from core.assessment.assessor import Assessor
from core.assessment.live_model import live_model
from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.composites.examples import read_examples
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.learning.finetuning.course import Pace
from core.learning.finetuning.finetune import FinetuneRecipe, Order, finetune
from core.learning.lessons.sources import LedgerLessons
from core.ledger import Consent, Correction, Ledger, LedgerSettings
from core.standards import grade_count

_READERS: Final = ("Reader A", "Reader B")
_HEIGHT: Final = 1000
#: Width at which a document shows them.
_WIDTH: Final = 1080
_QUALITY: Final = 65
_PATIENCE_MS: Final = 120_000
#: Pause for plots, which come a moment after their tab.
_SETTLED_MS: Final = 2500
#: The example that is assessed, in the middle of childhood.
_SHOWN: Final = 2
_RUN: Final = "2026-05-01_120000"
_EPOCHS: Final = 4


def fill(folder: Path) -> None:
    """Fills a ledger with the examples, each also a little darker, since comparing readers takes ten films. Two readers, who
    differ from the model by chance, have read them all, and the first is gold."""
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    assessor, chance = Assessor.from_registry(), np.random.default_rng(0)
    for example, darker in product(read_examples(), (1.0, 0.9)):
        pixels = read_radiograph(example.path).pixels * np.float32(darker)
        assessment = assessor.assess(film := Radiograph(pixels, None, None, film_hash(pixels)), example.sex)
        kept = ledger.add_film(film, example.sex, reader=_READERS[0], source="queue", consent=Consent()).film.id
        prediction = ledger.add_prediction(kept, assessment).id
        for reader in _READERS:
            ledger.save(
                kept,
                _reading(assessment, chance),
                reader=reader,
                prediction_id=prediction,
                seconds=float(chance.uniform(90, 240)),
                **_next(ledger, kept),
            )
    first = next(iter(ledger.films())).id
    reading = {one.bone: one for one in _reading(assessment, chance)}
    ledger.set_gold(first, reading, reader="Reviewer", **_next(ledger, first))
    ledger.close()


def learn(folder: Path) -> None:
    """Makes a short run, so that there is a second model to compare with the live one."""
    recipe = FinetuneRecipe(grader=Pace(epochs=_EPOCHS, learning_rate=3e-4))
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    finetune(Order(lambda at: LedgerLessons(ledger, at), live_model().folder, folder / "runs" / _RUN, recipe))
    ledger.close()


def _next(ledger: Ledger, film: int) -> dict[str, Any]:
    return {"base_revision": ledger.revision(film), "token": uuid.uuid4().hex}


def _reading(assessment: Assessment, chance: np.random.Generator) -> list[Correction]:
    """A reader's grade of every bone: mostly the model's, now and then a grade off."""
    said = []
    for bone in RUS_BONES:
        graded = assessment.bones[bone]
        grade = 1 if graded is None else graded.grade
        grade = int(np.clip(grade + chance.choice((-1, 0, 0, 0, 1)), 1, grade_count(bone)))
        said.append(Correction(bone, "graded", grade, seconds=float(chance.uniform(3, 15))))
    return said


def take(page: Page, folder: Path) -> None:
    """A picture of each tab, as WebP. page: the app's, just opened."""
    page.locator("#example-0").wait_for(timeout=_PATIENCE_MS)
    page.locator(f"#example-{_SHOWN}").click()
    page.locator("#bone-age").wait_for(timeout=_PATIENCE_MS)
    _keep(page, folder / "assess.webp")
    page.evaluate("document.getElementById('details').scrollIntoView()")
    _keep(page, folder / "bones.webp")
    page.evaluate("scrollTo(0, 0)")
    page.locator("#correct-reading").click()
    page.wait_for_function("document.getElementById('in-hand-title')?.textContent", timeout=_PATIENCE_MS)
    _keep(page, folder / "annotate.webp")
    for tab in ("Queue", "Agreement", "Data", "Train"):
        page.get_by_role("tab", name=tab, exact=True).click()
        _keep(page, folder / f"{tab.lower()}.webp")
    page.locator("#train-side-show").click()
    page.locator("#train-side table").wait_for(timeout=_PATIENCE_MS)
    page.locator("#train-side-film").evaluate("field => field.scrollIntoView()")
    _keep(page, folder / "beside.webp")


def _keep(page: Page, file: Path) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(_SETTLED_MS)
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None, "the browser makes PNG files"
    shrink = min(1.0, _WIDTH / picture.shape[1])
    picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    if not cv2.imwrite(str(file), picture, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY]):
        sys.exit(f"{file} cannot be written: choose another folder.")
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Takes all the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="Where the pictures are written.")
    parser.add_argument("--dark", action="store_true", help="The dark theme.")
    parser.add_argument("--width", type=int, default=1440, help="Of the window, in pixels.")
    asked = parser.parse_args()
    browser_file = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if browser_file is None:
        sys.exit("There is no chromium on this computer: install it, or name it by CHROMIUM.")
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bonegrade-screenshots-") as data:
        fill(Path(data))
        learn(Path(data))
        with served(Path(data), "Reader") as app, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": asked.width, "height": _HEIGHT})
            page.goto(f"{app.url}/?__theme={'dark' if asked.dark else 'light'}")
            take(page, asked.folder)
            browser.close()


if __name__ == "__main__":
    main()
