"""CompILE, VTA and LOVE learn where blocks of noisy actions end, which nothing that they are told says."""

import numpy as np
import pytest
from peers_pieces import frames_of

from keyin_cli.discovery.peer import Demonstration
from keyin_cli.methods.registry import method
from keyin_cli.model.segments import learning

STEPS = {"compile": 250, "vta": 250, "love": 400}


def blocks(count: int) -> tuple[list[Demonstration], list[list[int]]]:
    """Episodes of four blocks, each of one of three actions with noise; signals are the actions with other noise."""
    rng, episodes, true = np.random.default_rng(0), [], []
    for _ in range(count):
        lengths = rng.integers(5, 10, 4)
        kinds = (rng.integers(3) + np.concatenate([[0], rng.integers(1, 3, 3)]).cumsum()) % 3
        actions = np.repeat(2 * np.eye(3)[kinds], lengths, axis=0)
        done, seen = (actions + 0.2 * rng.standard_normal(actions.shape) for _ in range(2))
        n = len(actions)
        frames = np.zeros((n, 1, 1, 3), np.uint8)
        episodes.append(Demonstration(frames, seen.astype(np.float32), 10.0, {"actions": done.astype(np.float32)}))
        true.append(lengths.cumsum()[:3].tolist())
    return episodes, true


@pytest.mark.parametrize("name", ["compile", "vta", "love"])
def test_blocks_of_actions_are_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(learning, "STEPS", STEPS[name])
    monkeypatch.setattr(learning, "LENGTH", 20)
    monkeypatch.setattr(learning, "BATCH", 16)
    episodes, true = blocks(40)
    peer = method(name).peers["signals"](episodes, 0)
    hits = uniform = 0
    for episode, frames in zip(episodes, true, strict=True):
        evidence = peer.look(episode)
        found = frames_of(peer.select(evidence, peer.setting(evidence, 3)))
        hits += sum(any(abs(each - at) <= 1 for each in found) for at in frames)
        even = np.rint(np.linspace(0, len(episode) - 1, 5)[1:-1])
        uniform += sum(any(abs(each - at) <= 1 for each in even) for at in frames)
    print(name, hits, uniform, 3 * len(true))
    assert hits > 2 * uniform
