"""Rests as a finder: images and signals count alike, and a number that is asked for."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from keyin_cli.methods.rests import RestFinder
from keyin_cli.recipe.data import Frame

PLACES = np.cumsum([0, 9, 9, 9, 0, 0, 0, 9, 9, 9, 0, 0, 9, 9])  # frames 5 and 10 look like the frame after them, 6 and 11 do not


def finder(frame: Frame, sequences: Any = None) -> RestFinder:
    sources: Any = SimpleNamespace(recipe=SimpleNamespace(data=SimpleNamespace(frame=frame)), training=lambda: sequences)
    return RestFinder(sources)


def found(made: RestFinder, episode: np.ndarray) -> list[int]:
    evidence = made.look(lambda begin, end: episode[begin:end], len(episode))
    assert evidence.shape == (len(episode),)
    times, chances = made.select(evidence, made.usual)
    assert chances is None
    return np.flatnonzero(times).tolist()


def test_images_signals_and_both() -> None:
    images = np.broadcast_to(PLACES[:, None, None, None], (14, 2, 2, 1)).astype(np.uint8)
    assert found(finder(Frame(2, 2, 1)), images) == [5, 10]
    signals = (PLACES / 1000).astype(np.float32).reshape(-1, 1, 1, 1)
    assert found(finder(Frame(0, 0, 0, 1), signals[None]), signals) == [5, 10]
    pixels = images.reshape(14, 1, 1, 4) / np.float32(255)
    both = np.concatenate([pixels, signals], axis=-1)
    assert found(finder(Frame(2, 2, 1, 1), both[None]), both) == [5, 10]
    turns = np.cumsum(np.diff(PLACES, prepend=0) == 0).astype(np.float32).reshape(-1, 1, 1, 1)  # moves while the images rest
    never = np.concatenate([pixels, turns], axis=-1)
    assert not {5, 10} & set(found(finder(Frame(2, 2, 1, 1), never[None]), never))


def test_as_many_as_wanted_or_just_fewer() -> None:
    made, evidence = finder(Frame(2, 2, 1)), [np.array([0, 3.0, 0, 1, 0, 2]), np.array([0, 2.0, 0, 0, 5, 0])]
    for wanted, count in ((0.5, 1), (1, 2), (1.5, 2), (2, 4), (2.5, 5), (9, 5)):  # two are equally deep
        setting = made.setting(evidence, wanted)
        assert sum(int(made.select(each, setting)[0].sum()) for each in evidence) == count, wanted


@pytest.mark.parametrize("count", [1, 2])
def test_the_shortest_episodes_have_none(count: int) -> None:
    assert found(finder(Frame(2, 2, 1)), np.zeros((count, 2, 2, 1), np.uint8)) == []
