"""Turns: never two at once, and people before the background."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.intake.turns import Turns
from tests.core.intake.waiting import await_waiting


def test_two_never_compute_at_once() -> None:
    turns, inside, most = Turns(), 0, 0

    def work(number: int) -> None:
        nonlocal inside, most
        with turns.now() if number % 2 else turns.when_free():
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert most == 1


def test_whoever_waits_for_an_answer_goes_before_the_background() -> None:
    turns, order = Turns(), []

    def background() -> None:
        with turns.when_free():
            order.append("background")

    def person() -> None:
        with turns.now():
            order.append("person")

    threads = [threading.Thread(target=background), threading.Thread(target=person)]
    with turns.now():
        for count, thread in enumerate(threads, start=1):
            thread.start()
            await_waiting(turns, count)
    for thread in threads:
        thread.join(30)
    assert order == ["person", "background"]


def test_a_turn_ends_with_its_work_even_if_that_fails() -> None:
    turns = Turns()
    for turn in (turns.now, turns.when_free):
        with pytest.raises(MemoryError), turn():
            raise MemoryError
    with turns.when_free():
        pass


def test_the_background_gives_way_between_its_steps() -> None:
    turns, order = Turns(), []

    def person() -> None:
        with turns.now():
            order.append("person")

    visitor = threading.Thread(target=person)
    with turns.when_free() as give_way:
        give_way()  # to nobody
        order.append("first step")
        visitor.start()
        end = time.monotonic() + 30
        while "person" not in order:
            assert time.monotonic() < end, "nobody got a turn"
            give_way()
        order.append("second step")
    visitor.join(30)
    assert order == ["first step", "person", "second step"]


def test_giving_way_never_lets_two_compute_at_once() -> None:
    turns, inside, most = Turns(), 0, 0

    def step() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)
        inside -= 1

    def work(number: int) -> None:
        if number % 2:
            with turns.now():
                step()
            return
        with turns.when_free() as give_way:
            for _ in range(4):
                step()
                give_way()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert most == 1
