"""The list of users."""

import json
import stat
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from core.access.roles import Role
from core.access.users import Users, UsersError, role_of_text

PASSWORD = "correct horse"


@pytest.fixture
def users(tmp_path: Path) -> Users:
    people = Users(tmp_path / "data")
    people.add("anna", Role.READER, PASSWORD)
    return people


def test_nobody_can_sign_in_at_first(tmp_path: Path) -> None:
    people = Users(tmp_path)
    assert people.roles() == {} and not people.can_sign_in()
    assert not people.verify("admin", "admin") and not people.verify("", "")
    assert not (tmp_path / "users.json").exists()


def test_the_right_password_alone_opens(users: Users) -> None:
    assert users.verify("anna", PASSWORD)
    assert (
        not users.verify("anna", PASSWORD + " ") and not users.verify("ben", PASSWORD) and not users.verify("anna", "")
    )


def test_the_file_holds_a_hash_that_only_its_owner_reads(users: Users, tmp_path: Path) -> None:
    path = tmp_path / "data" / "users.json"
    assert PASSWORD not in path.read_text() and "$argon2id$" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_who_signs_in_elsewhere_has_a_role_and_no_password(users: Users) -> None:
    users.add("carl", Role.REVIEWER, None)
    assert users.role("carl") is Role.REVIEWER and not users.verify("carl", "")
    assert users.can_sign_in()
    users.remove("anna")
    assert not users.can_sign_in()


def test_roles_and_passwords_change(users: Users) -> None:
    users.set_role("anna", Role.ADMIN)
    users.set_password("anna", "another one!")
    assert users.role("anna") is Role.ADMIN
    assert users.verify("anna", "another one!") and not users.verify("anna", PASSWORD)
    users.remove("anna")
    assert users.role("anna") is None and not users.verify("anna", "another one!")


@pytest.mark.parametrize("name", ["", "a b", "ann:a", "../anna", "x" * 65, "an\nna", "-anna"])
def test_what_cannot_be_a_name_is_refused(users: Users, name: str) -> None:
    with pytest.raises(UsersError, match=r"cannot be a user's name.*\.$"):
        users.add(name, Role.READER, PASSWORD)
    assert set(users.roles()) == {"anna"}


def test_a_short_password_is_refused_with_its_length(users: Users) -> None:
    with pytest.raises(UsersError, match=r"has 5 characters.*at least 10\.$"):
        users.add("ben", Role.READER, "12345")
    with pytest.raises(UsersError, match="at least 10"):
        users.set_password("anna", "")
    assert users.verify("anna", PASSWORD)


def test_a_taken_name_and_a_stranger_are_named(users: Users) -> None:
    with pytest.raises(UsersError, match="There is a user anna already"):
        users.add("anna", Role.ADMIN, PASSWORD)
    for work in (users.remove, lambda name: users.set_role(name, Role.ADMIN)):
        with pytest.raises(UsersError, match="There is no user ben"):
            work("ben")
    assert users.role("anna") is Role.READER


def test_a_damaged_file_is_named_and_kept(users: Users, tmp_path: Path) -> None:
    path = tmp_path / "data" / "users.json"
    path.write_text(path.read_text()[:-20])
    before = path.read_bytes()
    with pytest.raises(UsersError, match=r"users\.json cannot be read"):
        users.add("ben", Role.READER, PASSWORD)
    assert path.read_bytes() == before


def test_a_hash_of_older_settings_is_made_anew_at_sign_in(users: Users, tmp_path: Path) -> None:
    path = tmp_path / "data" / "users.json"
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    path.write_text(json.dumps({"anna": {"role": "reader", "password": weak}}))
    assert users.verify("anna", PASSWORD) and weak not in path.read_text() and users.verify("anna", PASSWORD)


def test_a_password_that_changes_during_a_sign_in_is_not_brought_back(
    users: Users, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    (tmp_path / "data" / "users.json").write_text(json.dumps({"anna": {"role": "reader", "password": weak}}))
    renew = Users._renew

    def late(self: Users, name: str, known: str, hashed: str) -> None:
        users.set_password("anna", "another one!")
        renew(self, name, known, hashed)

    monkeypatch.setattr(Users, "_renew", late)
    Users(tmp_path / "data").verify("anna", PASSWORD)
    assert users.verify("anna", "another one!") and not users.verify("anna", PASSWORD)


def test_two_changes_at_once_are_both_kept(users: Users, tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=Users(tmp_path / "data").add, args=(f"reader{i}", Role.READER, None)) for i in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(users.roles()) == 13


def test_a_role_is_known_by_its_name() -> None:
    assert role_of_text(" Reviewer") is Role.REVIEWER
    with pytest.raises(UsersError, match="choose one of viewer, reader, reviewer, admin"):
        role_of_text("chief")
