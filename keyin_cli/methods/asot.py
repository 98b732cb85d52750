"""Action segmentation by optimal transport (ASOT; Xu & Gould, 2024): frames are sent to clusters, neighbours to the same one.

Their network is not trained here: frames are principal components, clusters those of k-means of one episode.
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

# ASOT's settings, but for PRIOR, which it chooses anew for every dataset, between 0.1 and 0.25.
ALPHA = 0.3  # weight of the order in time, against that of likeness
RADIUS = 0.04  # of an episode, in which neighbours are to have one cluster
ENTROPY, BALANCE, PRIOR = 0.07, 0.05, 0.2
STEPS = 25  # of mirror descent
FIRST = 4.0  # size of the first step, over the largest entry of the gradient there
ROUNDS = 50  # of k-means, at most
TINY = 1e-12
LONGEST = 3000  # frames of an episode: which are near is (n,n), 72 MB then, and every number of clusters goes through it 25 times

Matrix = NDArray[np.float64]


def centres(embeddings: Floats, count: int) -> Matrix:
    """Centres (K,F) of k-means on frames (n,F), in the order of the mean time of their frames.

    It begins with the means of K pieces of equal length, thus is deterministic. A cluster that loses all frames keeps its centre.
    """
    points = embeddings.astype(np.float64)
    owners = np.arange(len(points)) * count // len(points)
    found = np.zeros((count, points.shape[1]))
    for _ in range(ROUNDS):
        for k in np.unique(owners):
            found[k] = points[owners == k].mean(0)
        before, owners = owners, ((points[:, None] - found) ** 2).sum(2).argmin(1)
        if (before == owners).all():
            break
    times = [np.flatnonzero(owners == k).mean() if (owners == k).any() else (k + 0.5) * len(points) / count for k in range(count)]
    return found[np.argsort(times, kind="stable")]


def costs(embeddings: Floats, clusters: Matrix) -> Matrix:
    """1 - cos(z, A) + PRIOR |t/n - k/K| of sending frame t to cluster k: (n,K)."""
    points, count = embeddings.astype(np.float64), len(clusters)
    lengths = np.linalg.norm(points, axis=1)[:, None] * np.linalg.norm(clusters, axis=1)
    alike = points @ clusters.T / np.maximum(lengths, TINY)
    times = np.arange(len(points))[:, None] / len(points)
    return 1 - alike + PRIOR * np.abs(times - np.arange(count) / count)


def near(n: int) -> Matrix:
    """1/r for two different frames at most r n apart, else 0: (n,n), r = `RADIUS`. At least neighbours are near."""
    apart = np.abs(np.arange(n)[:, None] - np.arange(n))
    return np.where((apart > 0) & (apart <= max(int(RADIUS * n), 1)), 1 / RADIUS, 0.0)


def plan(cost: Matrix) -> Matrix:
    """How much of each frame goes to each cluster, (n,K), every row 1/n together.

    Mirror descent on (1-α)⟨C,T⟩ + α GW + λ KL(Tᵀ1 ‖ 1/K) - ε H(T), T ← T exp(-s ∇) with rows normalised again. GW, half of
    Σ near(s,t) [k≠l] T(s,k) T(t,l), charges near frames that go to different clusters.
    """
    n, count = cost.shape
    neighbours, sent, size = near(n), np.full((n, count), 1 / (n * count)), None
    for _ in range(STEPS):
        elsewhere = sent.sum(1, keepdims=True) - sent
        slope = (1 - ALPHA) * cost + ALPHA * neighbours @ elsewhere
        slope += BALANCE * (np.log(sent.sum(0) * count + TINY) + 1) + ENTROPY * (np.log(sent + TINY) + 1)
        size = size or FIRST / max(np.abs(slope).max(), TINY)
        slope -= slope.min(1, keepdims=True)  # the same for a row, which is normalised: no exponential is 0 everywhere
        sent = sent * np.exp(-size * slope)
        sent /= n * sent.sum(1, keepdims=True)
    return sent


def changes(embeddings: Floats, count: int) -> list[int]:
    """The last frames of runs of frames (n,F) that go to one of `count` clusters, but of the last run."""
    if len(embeddings) < 2:
        return []
    owners = plan(costs(embeddings, centres(embeddings, count))).argmax(1)
    return np.flatnonzero(owners[1:] != owners[:-1]).tolist()


class Asot:
    """Evidence: embeddings (n,F)."""

    knob, usual, own = "clusters", 8.0, False

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        parts.check_lengths(episodes, LONGEST, "asot")
        self.embedding = EMBEDDINGS[view](episodes, "asot")

    def look(self, episode: Demonstration) -> Evidence:
        return self.embedding(episode)

    def setting(self, evidence: Evidence, wanted: int) -> float:
        # A cluster may have several runs or none: one more than keyframes is tried first, then others, the nearest first.
        tried = sorted(range(1, min(2 * wanted + 2, len(evidence)) + 1), key=lambda count: abs(count - wanted - 1))
        return float(knobs.closest(lambda count: len(changes(evidence, int(count))), tried, wanted))

    def select(self, evidence: Evidence, setting: float) -> Times:
        return parts.at(changes(evidence, int(setting)), len(evidence))


METHOD = Method(
    name="asot",
    help="clusters of frames that neighbours share, by optimal transport (ASOT); it is told how many keyframes there are",
    order=85,
    peers={"pixels": partial(Asot, view=PIXELS), "signals": partial(Asot, view=SIGNALS)},
)
