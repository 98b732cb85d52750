"""Reconstructions of several models beneath one another (Fig. 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from keyin_cli import figures
from keyin_cli.colours import BLUE, RED
from keyin_cli.discovery.inpainting import to_frames
from keyin_cli.discovery.selector import Frames, Times
from keyin_cli.model.encoder import to_images
from keyin_cli.model.predictor import Predictor


def compare(
    path: Path, models: Mapping[str, Predictor], frames: Frames, lines: Sequence[Mapping[str, Any]], device: torch.device
) -> None:
    """Draw truth and the reconstruction of every model, from the posterior's mean.

    Args:
        models: by method; on `device`.
        frames: the sequences to show (n,T+N,H,W,C).
        lines: theirs, of `sequences.jsonl`.
    """
    drawn = {method: to_frames(model.reconstruct(to_images(frames, device))) for method, model in models.items()}
    count = next(iter(drawn.values())).shape[1]
    sequences = []
    for row, line in enumerate(lines):
        truth = figures.Strip("truth", frames[row, -count:], _marked(line.get("true", []), count), RED)
        predictions = [
            figures.Strip(method, images[row], _marked(line["keyframes"][method], count), BLUE)
            for method, images in drawn.items()
        ]
        sequences.append([truth, *predictions])
    figures.strips(path, sequences, "reconstructions")


def _marked(times: Sequence[int], count: int) -> Times:
    """Times among 1…N -> (N,) bool."""
    return np.isin(np.arange(1, count + 1), times)
