"""The whole program of the whole hand's network, very short, on the example hands: what it learns from and what it says."""

import functools
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.cohort.opinions import Opinions, read_opinions
from core.training.loop.clock import TimeLimit, TimeUp
from core.training.material.sources import HandSources
from core.training.programs import intervals, whole_hand
from core.training.programs.whole_hand import make_whole_hand, write_whole_hand_opinions
from core.training.whole_hand.ages import months_of_hands
from core.training.whole_hand.leaving_out import LeaveOut, Witness, left_out
from core.training.whole_hand.recipe import Stage, WholeHandRecipe
from models import registry
from tests.hands import shipped_examples

RECIPE = WholeHandRecipe("resnet", tuple(Stage(h, 1, 4, 1e-3, 0.5, 1.0) for h in (128, 256)), seed=1)
EXAMPLES = shipped_examples()[:5]
#: The last of the examples is in `val`.
VAL = EXAMPLES[-1].path.stem
TRAIN = [example.path.stem for example in EXAMPLES[:-1]]
EVEN = left_out(TRAIN, "even")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[HandSources, Path]:
    """The first example hands as a folder of labelled films, one of them in a second folder, all of them also as small hands;
    and a folder for runs, in which they are cut once."""
    folder = tmp_path_factory.mktemp("hands")
    for part, examples in (("data", EXAMPLES[1:]), ("more", EXAMPLES[:1])):
        (folder / part).mkdir()
        rows = []
        for example in examples:
            shutil.copy(example.path, folder / part)
            split = "val" if example.path.stem == VAL else "train"
            rows.append((example.path.stem, example.path.name, example.sex, 12 * example.age_years, split))
        columns = ["id", "file", "sex", "bone_age_months", "split"]
        pd.DataFrame(rows, columns=columns).to_csv(folder / part / "labels.csv", index=False)
    pictures = [cv2.imread(str(example.path), cv2.IMREAD_GRAYSCALE) for example in EXAMPLES]
    np.savez(
        folder / "small.npz",
        pixels=np.stack([cv2.resize(picture, (100, 100), interpolation=cv2.INTER_NEAREST) for picture in pictures]),
        id=np.array([example.path.stem for example in EXAMPLES]),
        male=np.array([example.sex == "M" for example in EXAMPLES]),
        bone_age_months=np.array([12 * example.age_years for example in EXAMPLES]),
        val=np.zeros(len(EXAMPLES), bool),  # the last is one of `val` all the same, by its id
    )
    return HandSources(folder / "data", folder / "more", folder / "small.npz"), folder / "run"


@pytest.mark.parametrize(
    ("leave_out", "large", "finest"),
    [("even", set(TRAIN) - EVEN, 256), ("odd", EVEN, 256), ("large", set(), 128)],
)
def test_what_is_left_out_is_drawn_from_neither_kind(
    leave_out: LeaveOut, large: set[str], finest: int, made: tuple[HandSources, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, run = made
    if leave_out == "large":  # a small hand that is no larger one, so that there is something to learn from
        sources = HandSources(sources.films, None, sources.small)
        large, left = set(), {*TRAIN[1:]}
    else:
        left = set(TRAIN) - large
    given = []
    trained = whole_hand.train_whole_hand

    def look(groups: list[HandWindows], *arguments: object) -> object:
        given.extend(set(hands.ids.tolist()) for hands in groups)
        return trained(groups, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(whole_hand, "train_whole_hand", look)
    folder = make_whole_hand(sources, run, RECIPE, leave_out, TimeLimit(None))
    assert given == [large, set(TRAIN) - left], "the small ones are the same children's"
    witness = Witness.load(folder)
    assert witness is not None and witness.seen == set(TRAIN) - left and witness.network.options.height == finest


def test_opinions_are_on_hands_that_the_network_never_saw(made: tuple[HandSources, Path], tmp_path: Path) -> None:
    sources, run = made
    with pytest.raises(DataFolderError, match=r"No network of .* has left out a hand: train one .* --leave-out even\."):
        write_whole_hand_opinions(sources, tmp_path / "none", tmp_path / "opinions.csv")
    folders = [make_whole_hand(sources, run, RECIPE, half, TimeLimit(None)) for half in ("even", "odd")]
    for folder in folders:
        shutil.copytree(folder, tmp_path / "run" / folder.name)
    for kept in ("windows_train_400.npz", "windows_more_train_400.npz"):
        shutil.copy(run / kept, tmp_path / "run")
    assert write_whole_hand_opinions(sources, tmp_path / "run", tmp_path / "opinions.csv") == (len(TRAIN), len(TRAIN))
    hashes = {}
    for folder in folders:
        witness = Witness.load(folder)
        assert witness is not None
        hashes[witness.sha256] = witness
    opinions = read_opinions(tmp_path / "opinions.csv")
    assert {opinion.id for opinion in opinions} == set(TRAIN)
    windows = HandWindows.joined([HandWindows.load(run / f"windows_{name}train_400.npz") for name in ("", "more_")])
    for opinion in opinions:
        (name,) = opinion.unseen_by
        assert opinion.id not in hashes[name].seen
        (months,) = months_of_hands(hashes[name].network, windows.rows(windows.ids == opinion.id))
        assert opinion.months == pytest.approx(months, abs=0.1)
    settled = Opinions(tmp_path / "opinions.csv", 0.5)
    again = make_whole_hand(sources, tmp_path / "heard", RECIPE, "even", TimeLimit(None), settled)
    with pytest.raises(DataFolderError, match="was begun with another table of opinions"):
        make_whole_hand(sources, tmp_path / "heard", RECIPE, "even", TimeLimit(None))
    assert Witness.load(again) is not None


def test_no_time_left_for_training_is_told_before_anything_is_registered(
    made: tuple[HandSources, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, _ = made
    monkeypatch.setattr(whole_hand, "register", functools.partial(registry.register, folder=tmp_path / "weights"))
    with pytest.raises(TimeUp, match="were over before the training began"):
        make_whole_hand(HandSources(sources.films), tmp_path / "run", RECIPE, "none", TimeLimit(1e-6))
    assert not (tmp_path / "weights").exists()


def test_small_hands_and_those_of_val_that_are_not_among_them(made: tuple[HandSources, Path]) -> None:
    sources, run = made
    small, val = sources.small_and_val(run.parent / "curve", 400, workers=1)
    assert set(small.ids.tolist()) == set(TRAIN) and val.ids.tolist() == [VAL]
    assert small.windows.shape[1:] == (200, 200) and val.windows.shape[1:] == (400, 400)


def test_networks_of_several_seeds_give_the_second_opinion_together(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in (whole_hand, intervals):
        monkeypatch.setattr(program, "load_grader", registry.load_grader)
    run, sources = tmp_path / "run", HandSources(data)
    for count in (1, 2, 3):
        stages = (Stage(128 if count == 1 else 256, 1, 2, 1e-3, 0.5, 1.0),)
        make_whole_hand(sources, run, WholeHandRecipe("resnet", stages, count), "none", TimeLimit(None))
        shipped = registry.load_whole_hands(weights)
        assert tuple(shipped) == registry.WHOLE_HANDS[:count]
        hashes = {name: file.sha256 for name, (_, file) in shipped.items()}
        assert len(set(hashes.values())) == count
        assert len({file.metadata["weight"] for _, file in shipped.values()}) == 1, "an equal share each"
        registry.load_intervals({"grader": registry.load_grader()[1].sha256, **hashes}, weights)  # set for these
    with pytest.raises(DataFolderError, match="has 3 networks already, and 3 can give the second opinion together"):
        make_whole_hand(sources, run, WholeHandRecipe("resnet", stages, 4), "none", TimeLimit(None))
    assert tuple(registry.load_whole_hands(weights)) == registry.WHOLE_HANDS, "nothing was lost"
