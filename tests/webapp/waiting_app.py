"""`python app.py` whose assessments take as long as a test wants: `python -m tests.webapp.waiting_app GATE_FOLDER`.

Asking for the networks waits at the gate (see tests.webapp.gate); the line, the doors and the page are the program's own.
"""

import sys
from pathlib import Path

import webapp.app
from core.assessment.records import FilmAssessor
from tests.webapp.gate import Passage


def main(gate_folder: Path) -> None:
    """Serves until it is killed."""
    passage, live_assessor = Passage(gate_folder), webapp.app.live_assessor

    def slow_assessor() -> FilmAssessor:
        passage.go()
        return live_assessor()

    webapp.app.live_assessor = slow_assessor
    webapp.app.serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
