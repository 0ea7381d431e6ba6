"""Looks the packages of requirements.lock up among known vulnerabilities: python -m tests.audit, which is `make audit`.

Ends with 1 where one of them is known to have one. Where the data cannot be had, for all packages or for some, it says so
and passes: a machine without that network may still run the tests.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

LOCK: Final = Path(__file__).parents[1] / "requirements.lock"
#: Where the data cannot be had, every package is waited for in vain.
_MOST_SECONDS: Final = 300


def verdict(found: Mapping[str, Any] | None) -> tuple[str, bool]:
    """What pip-audit found in words, and whether it may pass. found: its JSON, None where it has left none."""
    packages = [] if found is None else found["dependencies"]
    audited = [one for one in packages if "skip_reason" not in one]
    known = [f"{one['name']} {one['version']}: {each['id']}" for one in audited for each in one["vulns"]]
    if not audited:
        return "The lock was not audited: the data on vulnerabilities cannot be had here.", True
    lines = [f"{len(audited)} of {len(packages)} locked packages audited, {len(known)} known vulnerabilities.", *known]
    return "\n".join(lines), not known


def _run(command: list[str]) -> str:
    """Runs a program; the last line of its complaints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return f"pip-audit had no answer for {_MOST_SECONDS} seconds."
    return (done.stderr.strip() or "pip-audit said nothing.").splitlines()[-1]


def main() -> int:
    """Audits the lock; see above."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "audit.json"
        command = ["--disable-pip", "--require-hashes", "-r", str(LOCK), "-f", "json", "-o", str(report)]
        said = _run([sys.executable, "-m", "pip_audit", *command, "--progress-spinner", "off", "--timeout", "5"])
        found = json.loads(report.read_text()) if report.is_file() and report.stat().st_size else None
    if found is None:
        print(said)
    words, passes = verdict(found)
    print(words)
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
