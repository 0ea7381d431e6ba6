from pathlib import Path
from typing import Final

#: The weights that ship with the program; see models.registry.
WEIGHTS: Final = Path(__file__).parent / "weights"
