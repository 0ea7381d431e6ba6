"""What the audit of the lock makes of pip-audit's findings."""

from tests.audit import verdict

SAFE = {"name": "numpy", "version": "2.4.0", "vulns": []}
KNOWN = {"name": "pillow", "version": "11.0.0", "vulns": [{"id": "PYSEC-1"}, {"id": "GHSA-2"}]}
UNSEEN = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


def test_a_known_vulnerability_is_named_and_does_not_pass() -> None:
    said, passes = verdict({"dependencies": [SAFE, KNOWN, UNSEEN]})
    assert not passes
    assert said.splitlines() == [
        "2 of 3 locked packages audited, 2 known vulnerabilities.",
        "pillow 11.0.0: PYSEC-1",
        "pillow 11.0.0: GHSA-2",
    ]


def test_packages_without_one_pass() -> None:
    assert verdict({"dependencies": [SAFE]}) == ("1 of 1 locked packages audited, 0 known vulnerabilities.", True)


def test_without_the_data_nothing_is_claimed() -> None:
    for found in (None, {"dependencies": [UNSEEN, UNSEEN]}):
        said, passes = verdict(found)
        assert passes and said.startswith("The lock was not audited")
