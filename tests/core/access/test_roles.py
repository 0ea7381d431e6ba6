"""Roles and what they allow."""

import itertools
from typing import get_args

import pytest

from core.access.roles import Action, NotAllowed, Reader, Role, RoleName, enforce


def test_each_role_may_do_what_those_below_it_may() -> None:
    allowed = [{action for action in Action if Reader("anna", role).may(action)} for role in Role]
    assert all(lower < higher for lower, higher in itertools.pairwise(allowed))
    assert allowed[0] == {Action.LOOK} and allowed[-1] == set(Action)


def test_only_an_administrator_exports_and_only_a_reviewer_sets_gold() -> None:
    assert [Reader("anna", role).may(Action.EXPORT) for role in Role] == [False, False, False, True]
    assert [Reader("anna", role).may(Action.SET_GOLD) for role in Role] == [False, False, True, True]


@pytest.mark.parametrize("action", [action for action in Action if action != Action.LOOK])
def test_a_viewer_gets_a_sentence(action: Action) -> None:
    with pytest.raises(NotAllowed, match=rf"^Your role \(viewer\) does not allow you to {action}: .*\.$"):
        enforce(Reader("vera", Role.VIEWER), action)
    enforce(Reader("ada", Role.ADMIN), action)


def test_every_role_has_its_name() -> None:
    assert [Role.named(name) for name in get_args(RoleName)] == list(Role)
