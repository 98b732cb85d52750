"""What models draw, beneath one another: reconstructions of several (Fig. 4), samples of one (Fig. 5 and 10)."""

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
from keyin_cli.model.predictor import KeyframeSampler, Predictor


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


def continuations(
    path: Path,
    model: KeyframeSampler,
    frames: Frames,
    lines: Sequence[Mapping[str, Any]],
    method: str,
    device: torch.device,
    rng: np.random.Generator,
) -> None:
    """Draw whole sequences in one image each: truth, reconstruction, and two samples from the prior.

    Args:
        model: of `method`, on `device`.
        frames: the sequences to show (n,T+N,H,W,C).
        lines: theirs, of `sequences.jsonl`.
    """
    images, count = to_images(frames, device), model.recipe.window.predicted
    times = [[_marked(times, count) for times in (line.get("true", []), line["keyframes"][method])] for line in lines]
    sampled = [model.sample_with_times(images[:, :-count], rng) for _ in range(2)]
    rows = [
        figures.Whole("truth", frames[:, -count:], [true for true, _ in times], RED),
        figures.Whole("reconstruction", to_frames(model.reconstruct(images)), [detected for _, detected in times], BLUE),
        *(figures.Whole("sample", to_frames(drawn), list(marked.cpu().numpy()), BLUE) for drawn, marked in sampled),
    ]
    figures.whole_sequences(path, rows, f"{method}: true changes red, keyframes of the model blue")


def _marked(times: Sequence[int], count: int) -> Times:
    """Times among 1…N -> (N,) bool."""
    return np.isin(np.arange(1, count + 1), times)
