"""Hands that are left out, and opinions on none but those."""

from pathlib import Path

import pytest
import torch

from core.cohort.films import DataFolderError
from core.training.whole_hand.leaving_out import SeenHand, Witness, left_out
from models.whole_hand_network import WholeHandNetwork, WholeHandOptions
from tests.windows import windows_of_hands

IDS = [str(number) for number in range(1000, 1400)]


def test_halves_by_hash() -> None:
    even, odd = left_out(IDS, "even"), left_out(IDS, "odd")
    assert even | odd == set(IDS) and not even & odd and 150 < len(even) < 250
    assert left_out(IDS[:7], "even") == even & set(IDS[:7]), "whichever others there are"
    assert left_out(IDS, "none") == set() and left_out(IDS, "large") == set(IDS)


def _network() -> WholeHandNetwork:
    torch.manual_seed(0)
    return WholeHandNetwork(WholeHandOptions("resnet", height=128, width=16)).eval()


def test_a_network_says_nothing_of_hands_that_it_saw(tmp_path: Path) -> None:
    witness, hands = Witness.keep(_network(), ["1", "3", "77"], tmp_path), windows_of_hands(4, 0, 400)
    with pytest.raises(SeenHand, match=f"The network {witness.sha256[:12]} was trained on 2 of these hands, 1 among"):
        witness.months(hands)
    months = witness.months(hands.without(witness.seen))
    assert set(months) == {"0", "2"}
    again = Witness.load(tmp_path)
    assert again is not None and again.sha256 == witness.sha256 and again.seen == {"1", "3", "77"}
    assert again.months(hands.without(again.seen)) == pytest.approx(months, abs=0.2), "kept in half precision"
    assert witness.months(hands.without(set("0123"))) == {}


def test_a_run_without_its_end_and_one_with_another_s_network(tmp_path: Path) -> None:
    assert Witness.load(tmp_path) is None
    Witness.keep(_network(), ["1"], tmp_path / "one")
    network = _network()
    torch.nn.init.ones_(network.age.bias)
    Witness.keep(network, ["1"], tmp_path / "other")
    (tmp_path / "one/seen.json").write_text((tmp_path / "other/seen.json").read_text())
    with pytest.raises(DataFolderError, match="is of another network than the one beside it"):
        Witness.load(tmp_path / "one")
