"""A recipe for episodes, made from nothing but their lengths, images and signals; `keyin find` writes it for people to edit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from keyin_cli.datasets.episodes.layout import Episodes
from keyin_cli.datasets.episodes.seen import chosen
from keyin_cli.errors import InputError

SHORTEST, LONGEST = 8, 61  # frames of a window
SEGMENT = 25  # frames between two keyframes, at most
SHORT = 10  # per cent of the episodes may be shorter than a window
OVERLAP = 2  # windows that a frame is in, about
VISITS = 180  # times that training comes by a frame: after that held-out episodes are inpainted worse (RESULTS.md, 2026-11-28)
LEAST = 1000  # steps: before that no frame is drawn well
BATCH = 64
EMBEDDING = COMPONENTS = 128


def tree(episodes: Episodes, name: str, signals: Sequence[str], images: bool) -> dict[str, Any]:
    """The plain tree of a recipe.

    Args:
        name: of the recipe, where it can be one.
        signals: names of those that are seen.
        images: whether the images are seen, too.

    Raises:
        InputError: a signal is not there; the episodes are too short.
    """
    sizes = {each: chosen(each, episodes) for each in signals}
    frames = int(np.clip(np.percentile(episodes.lengths, SHORT, method="lower"), SHORTEST, LONGEST))
    if episodes.lengths.max() < frames:
        most = f"{episodes.path} has episodes of at most {episodes.lengths.max()} frames, {frames} are needed"
        raise InputError(f"{most}: import more frames a second with --fps, or longer ones")
    longest = min(SEGMENT, frames - 1)
    height, width, channels = episodes.image
    return {
        "name": re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-") or "episodes",
        "data": {
            "kind": "episodes",
            "path": str(episodes.path),
            "frames": frames,
            **({"height": height, "width": width, "channels": channels, "background": "mean"} if images else {}),
            **({"signals": {each: len(columns) for each, (_, columns) in sizes.items()}} if signals else {}),
            "stride": max(1, frames // OVERLAP),
            "split": False,  # what is searched is learned, too: no label is
        },
        "window": {
            "conditioning": 1,
            "predicted": frames - 1,
            "keyframes": max(4, -(-(frames - 1) // (longest // 3 or 1))),
            "max_offset": longest,
        },
        "model": {
            "codec": {"kind": "components", "embedding": EMBEDDING, "components": COMPONENTS},
            "interpolator": {"kind": "straight"},
        },
        "pretrain": {"batch": BATCH, "lengths": [1, longest], "steps": most_steps(episodes.total, longest)},
        "train": {
            "phases": [
                {"objective": "marginal", "steps": 4000, "weights": {"description": 1, "keyframe_embeddings": 2.5, "kl": 0.2}}
            ]
        },
    }


def most_steps(total: int, longest: int) -> int:
    """Steps of stage 1 after which every one of `total` frames was seen often enough; more would learn them by heart."""
    return max(LEAST, VISITS * total // (BATCH * (longest + 1) // 2))
