"""Blocks of noisy actions, or signals, are found by methods that learn, though nothing that they are told says where they end."""

import numpy as np
import pytest
from peers_pieces import frames_of

from keyin_cli.discovery import segmenting
from keyin_cli.discovery.peer import Demonstration
from keyin_cli.methods import compile_segments
from keyin_cli.methods.registry import method
from keyin_cli.model.segments import learning


def blocks(count: int, role: str) -> tuple[list[Demonstration], list[list[int]]]:
    """Episodes of four blocks, each of one of three actions, or signals, with noise, beside the other that says nothing."""
    rng, episodes, true = np.random.default_rng(0), [], []
    for _ in range(count):
        lengths = rng.integers(6, 12, 4)
        kinds = (rng.integers(3) + np.concatenate([[0], rng.integers(1, 3, 3)]).cumsum()) % 3
        said = np.repeat(2 * np.eye(3)[kinds], lengths, axis=0)
        said += 0.1 * rng.standard_normal(said.shape)
        both = said, rng.standard_normal((len(said), 1))
        actions, signals = (each.astype(np.float32) for each in (both if role == "actions" else both[::-1]))
        frames = np.zeros((len(said), 1, 1, 3), np.uint8)
        episodes.append(Demonstration(frames, signals, 10.0, {"actions": actions}))
        true.append(lengths.cumsum()[:3].tolist())
    return episodes, true


@pytest.mark.parametrize(("name", "role"), [("compile", "actions"), ("vta", "signals")])
def test_blocks_are_found(monkeypatch: pytest.MonkeyPatch, name: str, role: str) -> None:
    monkeypatch.setattr(learning, "STEPS", 300)
    monkeypatch.setattr(learning, "LENGTH", 24)
    monkeypatch.setattr(learning, "BATCH", 16)
    monkeypatch.setattr(segmenting, "SEGMENTS", 4)
    episodes, true = blocks(30, role)
    peer = method(name).peers["signals"](episodes, 0)
    hits = uniform = 0
    for episode, frames in zip(episodes, true, strict=True):
        evidence = peer.look(episode)
        found = frames_of(peer.select(evidence, peer.setting(evidence, 3)))
        even = np.rint(np.linspace(0, len(episode) - 1, 5)[1:-1])
        hits += sum(any(abs(each - at) <= 1 for each in found) for at in frames)
        uniform += sum(any(abs(each - at) <= 1 for each in even) for at in frames)
    assert uniform < 55  # of 90
    assert hits > 75


def skills(count: int) -> tuple[list[Demonstration], list[list[int]]]:
    """Episodes of five skills, each to go towards one of three places from wherever one is; the frame is where one is."""
    rng, episodes, true = np.random.default_rng(0), [], []
    places = 3 * np.eye(3)
    for _ in range(count):
        lengths = rng.integers(8, 14, 5)
        kinds = (rng.integers(3) + np.concatenate([[0], rng.integers(1, 3, 4)]).cumsum()) % 3
        at, seen, done = rng.standard_normal(3), [], []
        for kind in np.repeat(kinds, lengths):
            action = 0.2 * (places[kind] - at) + 0.05 * rng.standard_normal(3)
            seen.append(at)
            done.append(action)
            at = at + action
        signals, actions = (np.array(each, np.float32) for each in (seen, done))
        episodes.append(Demonstration(np.zeros((len(signals), 1, 1, 3), np.uint8), signals, 10.0, {"actions": actions}))
        true.append(lengths.cumsum()[:4].tolist())
    return episodes, true


@pytest.mark.parametrize("made", [lambda: blocks(30, "actions"), lambda: skills(30)], ids=["blocks", "skills"])
def test_love_finds_blocks_and_skills_and_how_many_there_are(monkeypatch: pytest.MonkeyPatch, made) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(learning, "STEPS", 400)
    monkeypatch.setattr(segmenting, "SEGMENTS", 5)
    episodes, true = made()
    peer = method("love").peers["signals"](episodes, 0)
    found = [frames_of(peer.select(peer.look(episode), peer.usual)) for episode in episodes]
    hits = sum(any(abs(each - at) <= 1 for each in some) for some, frames in zip(found, true, strict=True) for at in frames)
    assert hits > 0.9 * sum(map(len, true))
    assert sum(map(len, found)) < 1.5 * sum(map(len, true))  # so short a training leaves some too many


def test_boundaries_come_in_turn_as_many_as_are_wanted() -> None:
    turns = np.array([0, 0, 1, 0, 2, 0, 3, 0])
    peer = object.__new__(compile_segments.Turns)
    assert [frames_of(peer.select(turns, peer.setting(turns, wanted))) for wanted in range(4)] == [[], [2], [2, 4], [2, 4, 6]]
    assert frames_of(peer.select(turns, peer.setting(turns, 9))) == [2, 4, 6]
