"""CompILE and VTA learn where blocks of noisy values end, which nothing that they are told says."""

import numpy as np
import pytest
from peers_pieces import frames_of

from keyin_cli.discovery.peer import Demonstration
from keyin_cli.methods import compile_segments
from keyin_cli.methods.registry import method
from keyin_cli.model.segments import learning, vta_network

STEPS = {"compile": 300, "vta": 600}


def blocks(count: int, seen: bool) -> tuple[list[Demonstration], list[list[int]]]:
    """Episodes of four blocks, each of one of three values with noise: of signals that are `seen`, else of actions, beside
    signals that say nothing."""
    rng, episodes, true = np.random.default_rng(0), [], []
    for _ in range(count):
        lengths = rng.integers(6, 12, 4)
        kinds = (rng.integers(3) + np.concatenate([[0], rng.integers(1, 3, 3)]).cumsum()) % 3
        values = np.repeat(2 * np.eye(3)[kinds], lengths, axis=0)
        values += 0.1 * rng.standard_normal(values.shape)
        nothing = rng.standard_normal((len(values), 1))
        signals, actions = (values, nothing) if seen else (nothing, values)
        frames = np.zeros((len(values), 1, 1, 3), np.uint8)
        roles = {"actions": actions.astype(np.float32)}
        episodes.append(Demonstration(frames, signals.astype(np.float32), 10.0, roles))
        true.append(lengths.cumsum()[:3].tolist())
    return episodes, true


@pytest.mark.parametrize("name", ["compile", "vta"])
def test_blocks_are_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(learning, "STEPS", STEPS[name])
    monkeypatch.setattr(learning, "LENGTH", 24)
    monkeypatch.setattr(learning, "BATCH", 16)
    monkeypatch.setattr(compile_segments, "SEGMENTS", 4)
    monkeypatch.setattr(vta_network, "HIDDEN", 32)
    monkeypatch.setattr(vta_network, "LONGEST", 10)  # the share of a piece that is published
    episodes, true = blocks(30, seen=name == "vta")
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
