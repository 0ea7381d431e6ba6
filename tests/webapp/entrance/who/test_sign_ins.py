"""Sign-ins end, and wrong passwords make the one who types them wait, and nobody else."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from core.access.log import AccessLog
from core.access.roles import Role
from core.access.users import Users
from webapp.entrance.who.sign_ins import Door, SignIns


@pytest.fixture
def door(clock: list[float], tmp_path: Path) -> Door:
    """Opens to whoever says "right"."""
    right = cast(Users, SimpleNamespace(verify=lambda name, password: password == "right"))
    return Door(right, AccessLog(tmp_path))


def test_after_many_wrong_passwords_one_has_to_wait(door: Door, clock: list[float], tmp_path: Path) -> None:
    assert not any(door.opens("anna", "wrong", "here") for _ in range(5))
    assert not door.opens("anna", "right", "here"), "even the right one has to wait"
    assert door.opens("ben", "right", "here")
    clock[0] += 61
    assert door.opens("anna", "right", "here")
    assert not any(door.opens("anna", "wrong", "here") for _ in range(4)) and door.opens("anna", "right", "here")
    log = AccessLog(tmp_path).latest(99).entries
    assert (log[0].who, log[0].deed, log[0].address) == ("anna", "signed in", "here")
    assert sum(one.deed == "refused" for one in log) == 10 and "too many" in log[7].detail


def test_nobody_can_lock_another_out(door: Door) -> None:
    assert not any(door.opens("anna", "wrong", "an attacker's") for _ in range(20))
    assert door.opens("anna", "right", "anna's own")


def test_who_tries_many_names_has_to_wait_too(door: Door) -> None:
    assert not any(door.opens(f"name {number}", "wrong", "here") for number in range(30))
    assert not door.opens("anna", "right", "here") and door.opens("anna", "right", "there")


def test_another_address_of_the_same_ipv6_network_has_to_wait_too(door: Door) -> None:
    assert not any(door.opens("anna", "wrong", f"2001:db8:1:2::{number:x}") for number in range(1, 6))
    assert not door.opens("anna", "right", "2001:db8:1:2:8::1") and door.opens("anna", "right", "2001:db8:1:3::1")


def test_a_sign_in_ends_by_itself_and_with_a_new_password_or_a_removal(tmp_path: Path) -> None:
    users, now = Users(tmp_path), [0.0]
    for name in ("anna", "ben", "carl", "dora"):
        users.add(name, Role.READER, "correct horse")
    signed_in = SignIns(users, [("t", "anna")], clock=lambda: now[0])
    signed_in |= {}
    for token, name in (("u", "ben"), ("v", "carl"), ("w", "dora")):
        signed_in[token] = name
    assert signed_in.get("t") == "anna" and signed_in.get("none") is None
    users.set_password("anna", "another horse")
    users.remove("ben")
    users.set_role("carl", Role.VIEWER)
    assert [signed_in.get(token) for token in "tuv"] == [None, None, "carl"], "a new role counts within the sign-in"
    for _ in range(12):
        now[0] += 3500
        assert signed_in.get("v") == "carl"
    now[0] += 3500
    assert signed_in.get("v") is None, "after twelve hours"
    assert signed_in.get("w") is None and "w" not in signed_in, "nothing was asked for meanwhile"
