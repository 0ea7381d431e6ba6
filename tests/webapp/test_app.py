"""The page as a whole, and what it says to a script, without a browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from core.access.roles import Action
from core.assessment.assessor import Assessor
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph
from core.ledger import Ledger, LedgerSettings
from webapp.app import build_app, launch_settings, open_desk
from webapp.desk import Desk
from webapp.entrance.who.identity import Access
from webapp.programs.films import NO_SEX
from webapp.shared.pictures import grey8, png
from webapp.shared.theme import page_head, theme
from webapp.shared.words import DISCLAIMER


def test_by_default_only_this_computer_is_served() -> None:
    settings = launch_settings({})
    assert (settings["server_name"], settings["server_port"]) == ("127.0.0.1", 7860)
    assert not settings["share"] and not settings["run_history"]


@pytest.mark.parametrize(
    ("environment", "host", "port"),
    [
        ({"PORT": "8123"}, "127.0.0.1", 8123),
        ({"SPACE_ID": "someone/bonegrade"}, "0.0.0.0", 7860),
        ({"HOST": "0.0.0.0"}, "0.0.0.0", 7860),
        ({"GRADIO_SERVER_NAME": "10.0.0.5", "SPACE_ID": "x"}, "10.0.0.5", 7860),
    ],
)
def test_the_environment_says_where_to_serve(environment: dict[str, str], host: str, port: int) -> None:
    settings = launch_settings(environment)
    assert (settings["server_name"], settings["server_port"]) == (host, port)


@pytest.mark.parametrize("port", ["web", "0", "70000", "-1"])
def test_a_wrong_port_is_named(port: str) -> None:
    with pytest.raises(BoneGradeError, match="PORT"):
        launch_settings({"PORT": port})


def test_nothing_of_the_look_comes_from_elsewhere() -> None:
    assert not theme()._stylesheets
    assert "http" not in page_head() and "@import" not in page_head()


def test_on_ones_own_machine_a_ledger_is_kept(tmp_path: Path) -> None:
    desk = open_desk({"BONEGRADE_DATA": str(tmp_path)})
    assert desk.access.mode == "local" and desk.ledger is not None
    assert desk.those_who_may(Action.EXPORT) == [desk.reader(None).name]
    desk.ledger.close()


def test_a_demo_keeps_nothing(tmp_path: Path) -> None:
    desk = open_desk({"BONEGRADE_DATA": str(tmp_path), "HOST": "0.0.0.0"})
    assert desk.access.mode == "demo" and desk.ledger is None
    assert list(tmp_path.iterdir()) == []


def test_an_event_does_not_load_matplotlib() -> None:
    program = """
import sys
import gradio as gr
from gradio_client import Client
from webapp.app import leave_matplotlib_out
leave_matplotlib_out()
with gr.Blocks() as page:
    said = gr.Textbox()
    gr.Button().click(str.upper, said, said, api_name="shout")
_, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
print(Client(url, verbose=False).predict("bone", api_name="/shout"), "matplotlib" in sys.modules)
page.close()
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "BONE False" in done.stdout


def test_the_files_of_the_box_editor_are_served_without_a_line_for_each(tmp_path: Path) -> None:
    program = """
import sys
import urllib.request
import gradio as gr
from webapp.app import print_no_requests
from gradio_image_annotation import image_annotator
if "quietly" in sys.argv:
    print_no_requests()
with gr.Blocks() as page:
    editor = image_annotator()
_, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
file = f"gradio_api/custom_component/{editor.get_component_class_id()}/client/component/style.css"
print(len(urllib.request.urlopen(url + file).read()) > 100, "was served")
getattr(gr.routes, "print", print)("Error cleaning up file")
page.close()
"""
    loud, quiet = (
        subprocess.run([sys.executable, "-c", program, how], check=True, capture_output=True, text=True).stdout
        for how in ("loudly", "quietly")
    )
    assert "file_name=style.css" in loud, "gradio prints none by itself any more: take print_no_requests out"
    assert "file_name" not in quiet and "True was served" in quiet and "Error cleaning up file" in quiet


def test_the_page_loads_pyarrow_only_for_an_export(tmp_path: Path) -> None:
    program = """
import sys
from webapp.app import build_app, open_desk
build_app(open_desk())
print("pyarrow" in sys.modules)
import pandas, pyarrow.parquet
pyarrow.parquet.write_table(pyarrow.table({"bone": ["Radius"], "grade": [7]}), "labels.parquet")
print(pyarrow.parquet.read_table("labels.parquet").to_pylist(), pandas.DataFrame({"bone": ["Ulna"]}).to_dict("records"))
"""
    environment = {**os.environ, "BONEGRADE_DATA": str(tmp_path / "data"), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.stdout.split("\n")[-3:-1] == ["False", "[{'bone': 'Radius', 'grade': 7}] [{'bone': 'Ulna'}]"]


def _unloadable() -> Assessor:
    raise BoneGradeError("The weight file grader.safetensors is missing; fetch the repository again.")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a running page that has no examples and cannot load its weights."""
    folder = tmp_path_factory.mktemp("data")
    environment = {"BONEGRADE_DATA": str(folder)}
    desk = Desk(
        _unloadable, Ledger.open(LedgerSettings.from_environment(environment)), Access.from_environment(environment)
    )
    app = build_app(desk, tmp_path_factory.mktemp("no_examples"))
    settings = launch_settings({}) | {"server_port": None, "prevent_thread_lock": True, "quiet": True}
    _, url, _ = app.launch(**settings)
    yield Client(url, verbose=False)
    app.close()


def test_a_text_file_named_png_gets_a_sentence(client: Client, tmp_path: Path) -> None:
    (tmp_path / "film.png").write_text("not a film")
    with pytest.raises(AppError, match="not a PNG, JPEG"):
        client.predict(handle_file(tmp_path / "film.png"), "F", api_name="/assess")


def test_without_a_sex_there_is_a_sentence(client: Client, tmp_path: Path, radiograph: Radiograph) -> None:
    (tmp_path / "film.png").write_bytes(png(grey8(radiograph.pixels)))
    with pytest.raises(AppError, match=NO_SEX.split(",")[0]):
        client.predict(handle_file(tmp_path / "film.png"), None, api_name="/assess")


def test_weights_that_cannot_be_loaded_are_named(client: Client, tmp_path: Path, radiograph: Radiograph) -> None:
    (tmp_path / "film.png").write_bytes(png(grey8(radiograph.pixels)))
    with pytest.raises(AppError, match=r"grader\.safetensors"):
        client.predict(handle_file(tmp_path / "film.png"), "F", api_name="/assess")


def test_only_the_named_endpoints_are_open_to_programs(client: Client) -> None:
    endpoints = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/assess", "/explain", "/film", "/correct", "/queue", "/queue_add", "/export"]
    hand = endpoints["/assess"]["parameters"][2]
    assert (hand["parameter_name"], hand["parameter_default"]) == ("hand", "left")
    assert hand["type"]["enum"] == ["left", "right"]


def test_on_ones_own_machine_programs_need_no_token(client: Client) -> None:
    assert client.predict(api_name="/queue")["counts"]["films"] == 0
    with pytest.raises(AppError, match="nothing to export yet"):
        client.predict(api_name="/export")


def test_the_page_says_what_it_is_not(client: Client) -> None:
    assert any(DISCLAIMER in str(part.get("props", {}).get("value")) for part in client.config["components"])
