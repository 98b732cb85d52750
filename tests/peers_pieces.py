"""Demonstrations as tests of methods that look at whole ones need them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.peer import Demonstration


def frames_of(times: np.ndarray | list[bool]) -> list[int]:
    return np.flatnonzero(times).tolist()


def path(corners: list[tuple[float, float, float]], steps: list[int]) -> NDArray[np.float32]:
    """A path (n,3) that goes from corner to corner in so many equal steps."""
    parts = [np.linspace(a, b, count + 1)[1:] for (a, b), count in zip(pairwise(corners), steps, strict=True)]
    return np.concatenate([[corners[0]], *parts]).astype(np.float32)


def blocks(values: list[float], lengths: list[int], seed: int = 0, noise: float = 0.01, size: int = 4) -> NDArray[np.float32]:
    """Signals (n,size) that stay near one direction for so many frames, then near another."""
    rng = np.random.default_rng(seed)
    directions = [np.eye(size)[round(value) % size] for value in values]
    return np.concatenate(
        [each + noise * rng.standard_normal((count, size)) for each, count in zip(directions, lengths, strict=True)]
    ).astype(np.float32)


def demonstration(n: int = 40, seed: int = 0, fps: float = 10.0) -> Demonstration:
    """A square that moves along a line in three strokes over 8x8 images, an arm that does, and a gripper that closes half way."""
    rng = np.random.default_rng(seed)
    place = np.interp(np.arange(n), [0, n // 3, n // 2, n - 1], [0, 5, 1, 5])
    frames = rng.integers(0, 4, (n, 8, 8, 3), dtype=np.uint8)
    for frame, at in zip(frames, np.rint(place).astype(int), strict=True):
        frame[at : at + 3, 2:5] = 200
    hand = np.stack([place / 10, np.zeros(n), np.zeros(n)], axis=1) + 1e-3 * rng.standard_normal((n, 3))
    gripper = (np.arange(n) >= n // 2).astype(np.float32)[:, None]
    speed = np.gradient(place)[:, None] * np.ones((1, 2))
    roles = {"effector": hand, "gripper": gripper, "joint_velocities": speed, "actions": np.diff(hand, axis=0, append=hand[-1:])}
    parts = {role: values.astype(np.float32) for role, values in roles.items()}
    return Demonstration(frames, np.concatenate([parts["effector"], gripper], axis=1), fps, parts)
