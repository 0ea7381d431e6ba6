"""The Train tab in a browser: what was collected, a run to watch and cancel, the gate's report, promotion and rollback."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.access.log import AccessLog
from core.access.roles import Role
from core.access.users import Users
from core.assessment.live_model import VERSIONS
from core.learning.run.candidate import weights_of
from tests.hands import shipped_examples
from tests.hub import TOKEN, Hub, Job, hub_with
from tests.webapp.running_app import ANSWER_MS, CHROMIUM, running, sign_in, watched
from tests.webapp.train.conftest import Project
from tests.webapp.train.made_project import GOLD, LEARNED, VERSION

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this computer")

PASSWORD = "correct horse"
#: The run of the project, which was compared, promoted and rolled back by command.
DONE = "first"


@pytest.fixture(scope="module")
def folder(project: Project) -> Path:
    """The project's ledger, with an admin and a reader."""
    users = Users(project.data)
    users.add("ada", Role.ADMIN, PASSWORD)
    users.add("ben", Role.READER, PASSWORD)
    return project.data


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A hub with a machine that is at work on whatever it gets, and has measured twice."""

    def work(hub: Hub, job: Job) -> None:
        lines = [{"lesson": "grader", "step": step, "held_loss": 2.0 - step} for step in range(2)]
        job.log += ["Collecting torch", *map(json.dumps, lines)]
        job.stage = "RUNNING"

    with hub_with(work) as hub:
        yield hub


@pytest.fixture(scope="module")
def training_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two labelled hands, one to see again and one of `val`."""
    data = tmp_path_factory.mktemp("training data")
    rows = ["id,file,sex,bone_age_months,split"]
    for part, one in zip(("train", "val"), shipped_examples(), strict=False):
        rows.append(f"{one.path.stem},{one.path},{one.sex},{12 * one.age_years:.1f},{part}")
    (data / "labels.csv").write_text("\n".join(rows) + "\n")
    return data


@pytest.fixture(scope="module")
def url(folder: Path, training_data: Path, hub: Hub) -> Iterator[str]:
    kept = {
        "BONEGRADE_DATA": str(folder),
        "BONEGRADE_WEIGHTS": str(folder / "weights"),
        "BONEGRADE_TRAINING_DATA": str(training_data),
    }
    with running(settings=kept | {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}) as app:
        yield app.url


def open_tab(browser: Browser, url: str, name: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(url)
    sign_in(page, name, PASSWORD)
    page.get_by_role("tab", name="Train").click(timeout=ANSWER_MS)
    return page


def choose(page: Page, list_id: str, words: str) -> None:
    """Takes an entry of a list."""
    page.locator(f"#{list_id} input").click()
    page.get_by_role("option", name=words, exact=True).click()


def test_what_was_collected(browser: Browser, url: str, folder: Path, training_data: Path) -> None:
    page = open_tab(browser, url, "ada")
    tiles = page.locator("#train-collected")
    expect(tiles).to_contain_text(re.compile(rf"Films\s*{LEARNED + GOLD + 1}"), timeout=ANSWER_MS)
    expect(tiles).to_contain_text(f"{LEARNED} to learn from")
    expect(tiles).to_contain_text(str(LEARNED * 13))
    left_out = page.locator("#train-left-out")
    expect(left_out).to_contain_text("1 film (no pixels kept, or no hand found)")
    expect(left_out).to_contain_text(f"{GOLD} films (of the test part, where the gold films are)")
    expect(page.locator("#train-command textarea")).to_have_value(
        "python -m core finetune --dataset EXPORT --from WEIGHTS --data DATA --out RUN"
    )
    expect(page.locator("#train-command-note")).to_contain_text(f"DATA: a copy of the folder {training_data}.")
    expect(page.locator("#train-again")).to_contain_text("a run also sees again 1 hand that the shipped weights")
    expect(page.locator("#train-command-note")).to_contain_text(f"WEIGHTS: a copy of the live model's folder, {folder}")
    expect(page.locator("#train-uses")).to_contain_text(f"that readers have said so far: from {LEARNED} films.")
    expect(tiles).to_contain_text("ann, ben, rita")
    page.close()


def test_a_run_is_started_watched_and_cancelled(browser: Browser, url: str, folder: Path, training_data: Path) -> None:
    page = open_tab(browser, url, "ada")
    troubles = watched(page, url)
    expect(page.locator("#train-collected")).to_be_visible(timeout=ANSWER_MS)
    page.locator("#train-start").click()
    state = page.locator("#train-state")
    expect(state).to_contain_text(re.compile(r"20\d\d-\S+: it is (starting|learning)"))
    page.locator("#train-start").click()
    expect(page.locator("#train-run-message")).to_contain_text("is at work: wait for it, or cancel it")
    expect(page.locator("#train-run-message")).to_be_in_viewport()
    expect(page.locator("#train-compare")).to_be_disabled()
    page.locator("#train-cancel").click()
    expect(state).to_contain_text("it was cancelled. 1 measurement so far.")
    expect(page.locator("#train-curve .js-plotly-plot")).to_be_visible()
    expect(page.locator("#train-output")).to_contain_text("Cancelled; the same command continues from the checkpoint")
    (run,) = (folder / "runs").glob("20*")
    expect(page.locator("#train-curves")).to_contain_text(
        f"TRACKIO_DIR={run}/trackio trackio show --project fine-tuning"
    )
    said = json.loads((run / "run.json").read_text())
    assert (said["films"]["grader"]["learn"], said["films"]["grader"]["replay"]) == (LEARNED - 1, 1)
    assert said["data"] == str(training_data)
    for button in ("cancel", "compare", "promote"):
        expect(page.locator(f"#train-{button}")).to_be_disabled()
    shutil.rmtree(run)
    assert troubles == []
    page.close()


def test_a_run_is_sent_to_the_hub_watched_and_cancelled(browser: Browser, url: str, folder: Path, hub: Hub) -> None:
    page = open_tab(browser, url, "ada")
    troubles = watched(page, url)
    expect(page.locator("#train-collected")).to_be_visible(timeout=ANSWER_MS)
    page.locator("#train-dataset textarea, #train-dataset input").fill("readings")
    page.locator("#train-start-job").click()
    expect(page.locator("#train-job-message")).to_contain_text("'readings' is not a dataset on the hub")
    page.locator("#train-dataset textarea, #train-dataset input").fill("lab/readings")
    page.locator("#train-start-job").click()
    state = page.locator("#train-state")
    expect(page.locator("#train-job")).to_contain_text("As a Hugging Face Job on t4-small: it is running.")
    expect(state).to_contain_text("it is learning. 2 measurements so far.")
    expect(page.locator("#train-curve .js-plotly-plot")).to_be_visible()
    expect(page.locator("#train-output")).to_contain_text("Collecting torch")
    page.locator("#train-cancel").click()
    expect(state).to_contain_text("it was cancelled. 2 measurements so far.")
    (job,) = hub.jobs.values()
    assert (job.stage, job.spec["flavor"]) == ("CANCELED", "t4-small") and hub.datasets["lab/readings"]["private"]
    (run,) = (folder / "runs").glob("20*")
    shutil.rmtree(run)
    assert troubles == []
    page.close()


def answering(page: Page) -> Locator:
    """What the Assess tab says of an example, by the weights that answer now."""
    page.get_by_role("tab", name="Assess").click()
    page.locator("#example-0").click()
    expect(page.locator("#assess")).to_be_disabled()
    expect(page.locator("#assess")).to_be_enabled()
    return page.locator("#provenance")


def test_a_promoted_model_answers_without_a_restart_and_the_former_one_after_it_was_taken_back(
    browser: Browser, url: str, folder: Path
) -> None:
    former = weights_of(folder / "weights" / VERSIONS / VERSION)["grader"][:8]
    better = weights_of(folder / "runs" / DONE / "weights")["grader"][:8]
    page = open_tab(browser, url, "ada")
    troubles = watched(page, url)
    expect(page.locator("#train-state")).to_contain_text("it has ended")
    expect(page.locator("#train-gate")).to_contain_text("Kappa, Ulna")
    page.locator("#train-compare").click()
    expect(page.locator("#train-state")).to_contain_text("it is being compared with the live model, film by film.")
    expect(page.locator("#train-state")).to_contain_text("it has ended")
    expect(page.locator("#train-output")).to_contain_text("Better than the live model")
    expect(page.get_by_text("May be promoted")).to_be_visible()
    page.locator("#train-promote").click()
    model = page.locator("#train-model")
    expect(model).to_contain_text(re.compile(r"version 0003-\w{8}, promoted by ada"))
    expect(page.locator("#train-state")).to_contain_text("it has ended, and is the live model.")
    expect(page.locator("#train-gate-films")).to_contain_text(
        f"Compared with version {VERSION}, film by film, on {GOLD}"
    )
    expect(answering(page)).to_contain_text(f"Grader {better}")

    page.get_by_role("tab", name="Train").click()
    choose(page, "train-side-model", VERSION)
    page.locator("#train-side-show").click()
    beside = page.locator("#train-side table")
    expect(beside.locator("tbody tr")).to_have_count(13)
    expect(beside.locator("thead")).to_contain_text(re.compile(rf"Live model · 0003-\w{{8}}.*Grader {better}"))
    expect(beside.locator("thead")).to_contain_text(re.compile(rf"Other model · {VERSION}.*Grader {former}"))
    assert re.fullmatch(r"[+-][1-9]", beside.locator("tbody tr.apart td:last-child").first.inner_text())
    expect(beside.locator("tfoot")).to_contain_text("Bone age, years")

    page.locator("#train-rollback").click()
    expect(model).to_contain_text(f"version {VERSION}, rolled back by ada")
    expect(answering(page)).to_contain_text(f"Grader {former}")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#train-rollback")).to_be_disabled()
    page.locator("#train-side-show").click()
    expect(page.locator("#train-side table")).to_be_visible()
    noted = [entry for entry in AccessLog(folder).latest(99, who="ada").entries if entry.deed == "promoted"]
    assert [re.sub(r"-\w{8}$", "", entry.detail) for entry in noted[1:]] == ["version 0003"]
    assert noted[0].detail == f"back to version {VERSION}"
    assert troubles == []
    page.close()


def test_what_was_not_done_is_said_beside_the_button_and_a_long_log_fits_a_phone(
    browser: Browser, url: str, folder: Path
) -> None:
    run = folder / "runs" / "2020-01-01_000000"
    run.mkdir()
    (run / "run.json").write_text(json.dumps({"state": "done"}))
    (run / "output.txt").write_text("a sentence that goes on, " * 30 + "w" * 300)
    page = open_tab(browser, url, "ada")
    page.set_viewport_size({"width": 390, "height": 844})
    choose(page, "train-run", run.name)
    output = page.locator("#train-output")
    expect(output).to_contain_text("a sentence that goes on")
    assert output.evaluate("box => box.scrollWidth <= box.clientWidth")
    page.locator("#train-compare").click()
    expect(page.locator("#train-gate-message")).to_contain_text("has no weights that can be used")
    expect(page.locator("#train-gate-message")).to_be_in_viewport()
    choose(page, "train-side-model", run.name)
    page.locator("#train-side-show").click()
    expect(page.locator("#train-side-message")).to_contain_text("No film has been assessed on the Assess tab")
    expect(page.locator("#train-side-message")).to_be_in_viewport()
    expect(page.locator("#train-gate-message")).not_to_contain_text("weights")
    shutil.rmtree(run)
    page.close()


def test_a_reader_sees_nothing_of_it(browser: Browser, url: str) -> None:
    page = open_tab(browser, url, "ben")
    expect(page.locator("#train-message")).to_contain_text("does not allow you to train and promote models")
    for button in ("cancel", "compare", "promote", "rollback", "side-show"):
        expect(page.locator(f"#train-{button}")).to_be_disabled()
    page.locator("#train-start").click()
    expect(page.locator("#train-run-message")).to_contain_text("does not allow you to train and promote models")
    expect(page.locator("#train-collected")).to_have_count(0)
    page.close()
