"""How people sign in, depending on the environment and the users file."""

from pathlib import Path

import pytest

from core.access.roles import Role
from core.access.settings import AccessSettings, days_kept, served_host
from core.access.users import Users, UsersError
from core.errors import BoneGradeError


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path)


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ({}, "local"),
        ({"HOST": "localhost"}, "local"),
        ({"HOST": "0.0.0.0"}, "demo"),
        ({"GRADIO_SERVER_NAME": "192.168.1.5"}, "demo"),
        ({"SPACE_ID": "me/bonegrade"}, "demo"),
        ({"SPACE_ID": "me/bonegrade", "HOST": "127.0.0.1"}, "demo"),
        ({"SPACE_ID": "me/bonegrade", "SYSTEM": "spaces", "OAUTH_CLIENT_ID": "x"}, "space"),
        # gradio would sign everybody in as the owner of HF_TOKEN here.
        ({"SPACE_ID": "me/bonegrade", "OAUTH_CLIENT_ID": "x"}, "demo"),
        ({"BONEGRADE_PROXY_HEADER": "X-Remote-User"}, "proxy"),
        ({"BONEGRADE_PROXY_HEADER": "X-Remote-User", "HOST": "0.0.0.0"}, "proxy"),
    ],
)
def test_the_environment_says_how_people_come_in(users: Users, environment: dict[str, str], mode: str) -> None:
    assert AccessSettings.from_environment(users, environment).mode == mode


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_password_sets_up_a_login_and_a_name_alone_does_not(users: Users, host: str) -> None:
    users.add("anna", Role.READER, None)
    assert AccessSettings.from_environment(users, {"HOST": host}).mode != "login"
    users.set_password("anna", "correct horse")
    assert AccessSettings.from_environment(users, {"HOST": host}).mode == "login"


def test_the_users_file_goes_before_the_environment(users: Users) -> None:
    users.add("anna", Role.READER, None)
    environment = {"BONEGRADE_ROLES": "anna=admin, ben=reviewer", "SPACE_AUTHOR_NAME": "me"}
    known = AccessSettings.from_environment(users, environment).people(users)
    assert known == {"anna": Role.READER, "ben": Role.REVIEWER, "me": Role.ADMIN}


@pytest.mark.parametrize("roles", ["anna", "=admin", "anna=chief"])
def test_roles_that_cannot_be_read_are_named(users: Users, roles: str) -> None:
    with pytest.raises(UsersError, match=r"BONEGRADE_ROLES|There is no role"):
        AccessSettings.from_environment(users, {"BONEGRADE_ROLES": roles})


def test_a_space_is_reachable_from_outside() -> None:
    assert served_host({"SPACE_ID": "me/x"}) == "0.0.0.0" and served_host({}) == "127.0.0.1"


def test_days_that_are_no_number_are_refused_with_the_settings_name() -> None:
    assert days_kept("BONEGRADE_LOG_DAYS", {}) == 365
    assert days_kept("BONEGRADE_LOG_DAYS", {"BONEGRADE_LOG_DAYS": "7"}) == 7
    for given in ("soon", "0", "-3", "1.5"):
        with pytest.raises(BoneGradeError, match="BONEGRADE_LOG_DAYS must be a number of days from 1 up"):
            days_kept("BONEGRADE_LOG_DAYS", {"BONEGRADE_LOG_DAYS": given})
