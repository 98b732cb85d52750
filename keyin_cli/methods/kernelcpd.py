"""Kernel change points (Harchaoui & Cappé, 2007; Arlot et al., 2019), by the library ruptures: pieces of frames that are alike.

The cost of a piece of n frames is Σ k(t,t) - (1/n) ΣΣ k(s,t), its scatter in the space of a Gaussian kernel of median width. The
chosen pieces have the least sum of costs, plus a penalty for each keyframe where their number is not given.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import parts
from keyin_cli.discovery.embedding import EMBEDDINGS
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Floats, Times
from keyin_cli.errors import InputError
from keyin_cli.methods.method import Method

LEAST = 2  # frames of a piece, ruptures' usual
LONGEST = 10_000  # frames of an episode: every pair of them has a distance, and is ranked, 2 GB


def sharpness(embeddings: Floats) -> float:
    """γ of the kernel exp(-γ ‖x-y‖²): one over the median of the squared distances of all pairs of frames (n,F); 1 where that is
    0."""
    median = float(np.median(_squares(embeddings)[np.triu_indices(len(embeddings), 1)])) if len(embeddings) > 1 else 0.0
    return 1 / median if median > 0 else 1.0


def bayes(embeddings: Floats, gamma: float) -> float:
    """A penalty that needs no labels, that of the Bayesian information criterion: σ² log n for a change (Yao, 1988), where σ² is
    the scatter of an episode's n frames (n,F) in the kernel's space."""
    n = len(embeddings)
    return float((1 - np.exp(-gamma * _squares(embeddings)).mean()) * np.log(n))


def change_points(embeddings: Floats, gamma: float, count: int | None, penalty: float) -> list[int]:
    """The last frames of all pieces but the last.

    Args:
        embeddings: (n,F).
        gamma: of the kernel.
        count: how many change points; None for as many as make costs and penalties least.

    Raises:
        InputError: ruptures is not installed.
    """
    try:
        from ruptures import KernelCPD
    except ImportError:
        raise InputError("kernelcpd needs the package ruptures, which is not installed: pip install 'keyin[benchmark]'") from None
    n = len(embeddings)
    possible = n // LEAST - 1
    if possible < 1 or count == 0:
        return []
    search = KernelCPD(kernel="rbf", min_size=LEAST, params={"gamma": gamma}).fit(embeddings)
    ends = search.predict(pen=penalty) if count is None else search.predict(n_bkps=min(count, possible))
    return [end - 1 for end in ends[:-1]]


def _squares(embeddings: Floats) -> NDArray[np.float64]:
    """Squared distances of all pairs (n,n)."""
    points = embeddings.astype(np.float64)
    lengths = (points**2).sum(1)
    return np.maximum(lengths[:, None] + lengths - 2 * points @ points.T, 0)


class KernelChanges:
    """Evidence: embeddings (n,F). The penalty is in units of the one by `bayes`; below 0 it is the number of keyframes, as no
    penalty has every number."""

    knob, usual, own = "penalty", 1.0, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        parts.check_lengths(episodes, LONGEST, "kernelcpd")
        self.embedding = EMBEDDINGS[view](episodes, "kernelcpd")

    def look(self, episode: Demonstration) -> Evidence:
        return self.embedding(episode)

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return -float(wanted) if wanted else float("inf")

    def select(self, evidence: Evidence, setting: float) -> Times:
        n, gamma = len(evidence), sharpness(evidence)
        if setting == float("inf"):
            return np.zeros(n, np.bool_)
        penalty = setting * bayes(evidence, gamma)
        return parts.at(change_points(evidence, gamma, round(-setting) if setting < 0 else None, max(penalty, 1e-9)), n)


METHOD = Method(
    name="kernelcpd",
    help="pieces of frames that are alike, by a Gaussian kernel (ruptures)",
    order=84,
    peers={"pixels": partial(KernelChanges, view=PIXELS), "signals": partial(KernelChanges, view=SIGNALS)},
)
