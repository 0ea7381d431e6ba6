"""The small memory of what was made last."""

from core.annotation.recent import Recent


def test_the_values_that_were_asked_for_last_are_kept() -> None:
    recent: Recent[str, int] = Recent(2)
    assert [recent.get(key, lambda: 1) for key in "abac"] == [1] * 4
    recent.put("a", 2)
    assert recent.items() == [("c", 1), ("a", 2)]


def test_what_was_being_made_when_all_was_forgotten_is_not_kept() -> None:
    recent: Recent[str, int] = Recent(2)

    def make() -> int:
        recent.clear()  # as another thread does
        return 1

    assert recent.get("a", make) == 1 and recent.items() == []
