"""The Train tab in a browser: what was collected, a run to watch and cancel, the gate's report, promotion and rollback."""

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.access.roles import Role
from core.access.users import Users
from core.assessment.assessor import Assessor
from core.assessment.live_model import live_model
from core.bones import RUS_BONES
from core.dataset.split import Shares, part_of
from core.evaluation.figures import as_json
from core.learning.gate import GateSettings, question_of
from core.learning.gate_hands import gold_hands
from core.learning.gate_report import Difference, Films, judged
from core.learning.run_folder import RunFolder
from core.ledger import Correction, Ledger, LedgerSettings
from models.registry import load_grader, register
from tests.core.learning.made_runs import candidate_of, kept_film, report_of, write_run_file
from tests.stored_films import Store, graded, hand
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, sign_in, watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

PASSWORD = "correct horse"
RUN = "2026-05-01_120000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, assessor: Assessor) -> Iterator[Path]:
    """A ledger with five films to learn from, one that was not assessed, and thirty gold ones, and a run that is at work."""
    folder = tmp_path_factory.mktemp("data")
    users = Users(folder)
    users.add("ada", Role.ADMIN, PASSWORD)
    users.add("ben", Role.READER, PASSWORD)
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    store = Store(ledger, assessor)
    outside = (number for number in range(100) if part_of(hand(number).sha256, Shares()) != "test")
    for film in (*(store.film(next(outside)) for _ in range(5)), store.film(next(outside), assessed=False)):
        store.save(film, [graded(bone, 5) for bone in RUS_BONES], "ben")
    for number in range(11, 41):
        gold = {bone: Correction(bone, "graded", number % 4 + 3) for bone in RUS_BONES}
        film = kept_film(ledger, number)
        base = ledger.revision(film)
        ledger.set_gold(film, gold, reader="rita", base_revision=base, token=uuid.uuid4().hex)
    ledger.close()
    write_run_file(folder / "runs" / RUN, live_model().folder, state="running")
    rows = [{"lesson": "grader", "step": step, "loss": 2.0 - step / 10} for step in range(5)]
    (folder / "runs" / RUN / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with RunFolder(folder / "runs" / RUN).held():
        yield folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with running(settings={"BONEGRADE_DATA": str(folder), "BONEGRADE_WEIGHTS": str(folder / "weights")}) as app:
        yield app.url


def open_tab(browser: Browser, url: str, name: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(url)
    sign_in(page, name, PASSWORD)
    page.get_by_role("tab", name="Train").click(timeout=ANSWER_MS)
    return page


def end_run(folder: Path) -> None:
    """The run ends with a grader of its own, and the gate has compared it as better."""
    run, live = folder / "made" / RUN, live_model()
    write_run_file(run, live.folder)
    network, file = load_grader(folder=live.folder)
    network.head.bias.data += 0.5
    register("grader", network, file.metadata, run / "weights")
    candidate = candidate_of(run, live)
    ledger = Ledger.open(LedgerSettings.in_folder(folder))
    asked = question_of(candidate, Assessor.from_folder(live.folder), gold_hands(ledger), None, GateSettings())
    ledger.close()
    made = report_of(candidate, live)
    kappa = Difference(
        "gold_kappa_Ulna", "bones", "Kappa, Ulna", "kappa", True, 30, 0.8, 0.81, 0.01, (-0.02, 0.05), 0.996, "no difference"
    )  # fmt: skip
    report = judged(asked, made.sides, Films(30, 30, 0, 0, 35, 0), (*made.differences, kappa))
    (run / "gate.json").write_text(as_json(report))
    at_work = folder / "runs" / RUN
    shutil.copytree(run / "weights", at_work / "weights")
    for last in ("gate.json", "run.json"):
        shutil.copy(run / last, at_work)


def test_a_run_is_watched_cancelled_compared_promoted_and_taken_back(browser: Browser, url: str, folder: Path) -> None:
    page = open_tab(browser, url, "ada")
    troubles = watched(page, url)
    tiles = page.locator("#train-collected")
    expect(tiles).to_contain_text(re.compile(r"Films\s*36"), timeout=ANSWER_MS)
    expect(tiles).to_contain_text("5 to learn from")
    expect(tiles).to_contain_text("65")
    left_out = page.locator("#train-left-out")
    expect(left_out).to_contain_text("1 film (no pixels kept, or no hand found)")
    expect(left_out).to_contain_text("30 films (of the test part, where the gold films are)")
    expect(page.locator("#train-command textarea")).to_have_value(
        re.compile(r"^python -m core finetune --dataset EXPORT --from \S+ --out RUN$")
    )
    state = page.locator("#train-state")
    expect(state).to_contain_text("it is learning. 5 measurements so far.")
    expect(page.locator("#train-curve .js-plotly-plot")).to_be_visible()
    with (folder / "runs" / RUN / "log.jsonl").open("a") as log:
        log.write(json.dumps({"lesson": "grader", "step": 5, "loss": 1.4}) + "\n")
    expect(state).to_contain_text("6 measurements")

    page.locator("#train-start").click()
    expect(page.locator("#train-message")).to_contain_text("is at work: wait for it, or cancel it")
    page.locator("#train-promote").click()
    expect(page.locator("#train-message")).to_contain_text("has not ended")
    page.locator("#train-cancel").click()
    expect(state).to_contain_text("ends with its next step")
    assert (folder / "runs" / RUN / "cancel").exists()

    end_run(folder)
    expect(page.locator("#train-gate")).to_contain_text("Kappa, Ulna")
    expect(page.get_by_text("May be promoted")).to_be_visible()
    page.locator("#train-promote").click()
    model = page.locator("#train-model")
    expect(model).to_contain_text(re.compile(r"version 0002-\w{8}, promoted by ada"))
    assert len(list((folder / "weights" / "versions").iterdir())) == 2
    page.locator("#train-rollback").click()
    expect(model).to_contain_text(re.compile(r"version 0001-\w{8}, rolled back by ada"))
    page.locator("#train-rollback").click()
    expect(page.locator("#train-message")).to_contain_text("no earlier model to go back to")
    assert troubles == []
    page.close()


def test_a_reader_sees_nothing_of_it(browser: Browser, url: str) -> None:
    page = open_tab(browser, url, "ben")
    expect(page.locator("#train-message")).to_contain_text("does not allow you to train and promote models")
    page.locator("#train-rollback").click()
    expect(page.locator("#train-message")).to_contain_text("does not allow you to train and promote models")
    expect(page.locator("#train-collected")).to_have_count(0)
    page.close()
