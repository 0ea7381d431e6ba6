"""Which hands a training leaves out, and what its network then says of them, for another training to learn from."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.errors import BoneGradeError
from core.training.whole_hand.ages import months_of_hands
from models.registry import load_whole_hand, register
from models.whole_hand_network import WholeHandNetwork

LeaveOut = Literal["none", "even", "odd", "large"]
#: The names under which a run's folder has its network, and the ids of the hands that it was trained on.
_NAME, _SEEN = "whole_hand", "seen.json"


class SeenHand(BoneGradeError):
    """A network was asked for an opinion on a hand that it was trained on."""


def left_out(ids: Iterable[str], leave_out: LeaveOut) -> set[str]:
    """Which of the larger hands are left out: none, all, or the half whose ids have an even or odd hash (SHA-256)."""
    if leave_out in ("none", "large"):
        return set(ids) if leave_out == "large" else set()
    odd = leave_out == "odd"
    return {film_id for film_id in ids if hashlib.sha256(film_id.encode()).digest()[-1] % 2 == odd}


@dataclass(frozen=True)
class Witness:
    """A trained network of the whole hand, its weights' SHA-256, and the ids of the hands that it has seen."""

    network: WholeHandNetwork
    sha256: str
    seen: frozenset[str]

    @classmethod
    def keep(cls, network: WholeHandNetwork, seen: Iterable[str], folder: Path) -> Self:
        """Writes a trained network into its run's folder, and what it was trained on."""
        sha256 = register(_NAME, network, {**network.options.to_metadata(), "weight": "0"}, folder)
        known = frozenset(seen)
        (folder / _SEEN).write_text(json.dumps({"network": sha256, "ids": sorted(known)}) + "\n", encoding="utf-8")
        return cls(network, sha256, known)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """What `keep` wrote; None where the run has not ended. Raises DataFolderError where one part is another run's."""
        path = folder / _SEEN
        if not path.is_file():
            return None
        loaded = load_whole_hand(_NAME, folder)
        seen = json.loads(path.read_text(encoding="utf-8"))
        if loaded is None or loaded[1].sha256 != seen["network"]:
            raise DataFolderError(f"{path} is of another network than the one beside it: train again in a new folder.")
        return cls(loaded[0], loaded[1].sha256, frozenset(seen["ids"]))

    def months(self, hands: HandWindows) -> dict[str, float]:
        """Its ages of hands that it has never seen, by id. Raises SeenHand for any other."""
        known = self.seen.intersection(hands.ids.tolist())
        if known:
            raise SeenHand(
                f"The network {self.sha256[:12]} was trained on {len(known)} of these hands, {min(known)} among them: ask it "
                "about hands that it never saw."
            )
        if not len(hands):
            return {}
        return dict(zip(hands.ids.tolist(), months_of_hands(self.network, hands), strict=True))
