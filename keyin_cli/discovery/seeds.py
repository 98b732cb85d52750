"""Scores of a method over several training seeds: each seed's, their mean, and its interval over seeds and sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keyin_cli.discovery.f1 import TOLERANCES, mean_over_seeds, without_last
from keyin_cli.discovery.selector import Times
from keyin_cli.model.search import shifted


def over_seeds(detected: Sequence[Times], true: Times, shift: int) -> dict[str, Any]:
    """What a row of the table says of its training seeds.

    Args:
        detected: of each seed, keyframes (n,N) of the same sequences.
        true: their labels (n,N).
        shift: the method's, see `alignment`.

    Returns:
        `n` seeds; `f1` and `aligned`, by tolerance `each`, `mean`, `std` (of a sample; None of one seed) and `ci95`; and
        `keyframes_per_sequence`.
    """
    return {
        "n": len(detected),
        "f1": _scores(detected, true),
        "aligned": _scores([shifted(each, shift) for each in detected], true),
        "keyframes_per_sequence": float(np.mean([each.sum(1).mean() for each in detected])),
    }


def _scores(detected: Sequence[Times], true: Times) -> dict[str, Any]:
    scores = {}
    for tolerance in TOLERANCES:
        each, interval = mean_over_seeds([without_last(times) for times in detected], true, tolerance)
        std = float(np.std(each, ddof=1)) if len(each) > 1 else None
        scores[str(tolerance)] = {"each": each, "mean": float(np.mean(each)), "std": std, "ci95": interval}
    return scores
