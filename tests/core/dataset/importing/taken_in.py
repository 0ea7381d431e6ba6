"""A file of labels checked and taken in at once, as the command line does it."""

from collections.abc import Callable
from pathlib import Path

from core.dataset.formats.reading import Format
from core.dataset.importing.checking import ImportOptions, check_labels
from core.dataset.importing.taking_in import Imported, take_in_labels
from core.intake.filing import Filing
from core.ledger import Ledger


def import_labels(
    ledger: Ledger,
    source: Path,
    kind: Format,
    options: ImportOptions,
    filing: Filing | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
    *,
    skip_bad: bool = False,
) -> Imported:
    """All of the file or, where anything in it is wrong, nothing: raises BadLabels. skip_bad: or the rest."""
    checked = check_labels(ledger, source, kind, options)
    if checked.faults and not skip_bad:
        raise checked.faults[0]
    return take_in_labels(ledger, checked, options, filing, progress)
