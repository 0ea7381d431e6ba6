"""Who is answered in which language, and the catalogue as a file."""

import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from webapp.app import launch_settings
from webapp.languages.catalogue import CATALOGUES
from webapp.languages.served import Catalogues, language_asked, language_of


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        ({"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh"),
        ({"accept-language": "en-GB,zh;q=0.5"}, "en"),
        ({"accept-language": "en", "cookie": "a=b; bonegrade-language=zh"}, "zh"),
        ({"accept-language": "zh", "cookie": "bonegrade-language=en"}, "en"),
        ({"accept-language": "zh", "cookie": "bonegrade-language=tlh"}, "en"),
    ],
)
def test_what_the_page_speaks_comes_before_the_browsers_first(headers: dict[str, str], language: str) -> None:
    assert language_of(headers) == language


def test_without_a_browser_it_is_english() -> None:
    assert language_asked() == "en"


def test_the_page_may_fetch_the_catalogue_and_nothing_beside_it() -> None:
    client = TestClient(Starlette(middleware=[Middleware(Catalogues)]))
    answer = client.get("/languages/zh.json")
    assert answer.json() == json.loads(CATALOGUES["zh"].read_text(encoding="utf-8"))
    again = client.get("/languages/zh.json", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and not again.content
    assert client.get("/languages/catalogue.py").status_code == 404
    assert client.get("/languages/../app.py").status_code == 404


def test_the_app_serves_it() -> None:
    assert Catalogues in [one.cls for one in launch_settings({})["app_kwargs"]["middleware"]]
