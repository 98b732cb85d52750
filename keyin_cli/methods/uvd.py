"""Universal visual decomposer (UVD; Zhang et al., 2024, section 3): from the end backwards, where the way to the goal begins.

Frames come steadily nearer to the subgoal that they lead to. So the subgoal before it is the last frame from which on the
distance to it falls. UVD looks at embeddings of a large pretrained network; here they are principal components of the pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import knobs, parts
from keyin_cli.discovery.embedding import EMBEDDINGS
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Floats, Times
from keyin_cli.methods.method import Method

FPS = 12.5  # of the kitchen demonstrations that UVD's settings are for
GAP = 18 / FPS  # s between keyframes at least
SHARPNESS = 0.08 * FPS**2  # of the smoothing kernel, 1/s²
LONGEST = 10_000  # frames of an episode: the kernel has a weight for every pair of them, 0.8 GB


def smoothing(n: int, fps: float) -> NDArray[np.float64]:
    """Weights exp(-SHARPNESS (t-s)²) of Nadaraya and Watson's regression over n frames (n,n), not normalised."""
    times = np.arange(n) / fps
    return np.exp(-SHARPNESS * (times[:, None] - times) ** 2)


def subgoals(embeddings: Floats, weights: NDArray[np.float64], gap: float) -> list[int]:
    """Frames of subgoals, the last first and without the episode's last frame.

    From a goal g, the next is the last local maximum m of the smoothed distance to g with g - m and m above `gap`.

    Args:
        embeddings: (n,F).
        weights: (n,n), see `smoothing`.
        gap: frames.
    """
    goal, found = len(embeddings) - 1, []
    while goal > 0:
        away = np.linalg.norm(embeddings[: goal + 1].astype(np.float64) - embeddings[goal], axis=1)
        some = weights[: goal + 1, : goal + 1]
        smooth = some @ away / some.sum(1)
        peaks = 1 + np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] > smooth[2:]))
        peaks = peaks[(goal - peaks > gap) & (peaks > gap)]
        if not len(peaks):
            break
        goal = int(peaks[-1])
        found.append(goal)
    return found


class Uvd:
    """Evidence: embeddings (n,F)."""

    knob, usual, own = "gap", GAP, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        parts.check_lengths(episodes, LONGEST, "uvd")
        self.embedding, self.fps = EMBEDDINGS[view](episodes, "uvd"), episodes[0].fps

    def look(self, episode: Demonstration) -> Evidence:
        return self.embedding(episode)

    def setting(self, evidence: Evidence, wanted: int) -> float:
        weights = smoothing(len(evidence), self.fps)
        gaps = sorted(np.arange(len(evidence)) / self.fps, key=lambda gap: abs(gap - GAP))  # of several, the most usual
        return float(knobs.closest(lambda gap: len(subgoals(evidence, weights, gap * self.fps)), gaps, wanted))

    def select(self, evidence: Evidence, setting: float) -> Times:
        weights = smoothing(len(evidence), self.fps)
        return parts.at(subgoals(evidence, weights, setting * self.fps), len(evidence))


METHOD = Method(
    name="uvd",
    help="backwards from the end, where the distance to the goal stops falling steadily (UVD)",
    order=83,
    peers={"pixels": partial(Uvd, view=PIXELS), "signals": partial(Uvd, view=SIGNALS)},
)
