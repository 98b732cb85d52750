"""What is drawn beneath what: which frames, which keyframes, and that samples are drawn from the conditioning frames alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from keyin_cli import figures
from keyin_cli.discovery.reconstructions import continuations

N, T = 6, 2


class Model:
    """Reconstructs white frames; samples are black and have a keyframe at time 4."""

    recipe = SimpleNamespace(window=SimpleNamespace(predicted=N))

    def __init__(self) -> None:
        self.given: list[Tensor] = []

    def reconstruct(self, images: Tensor) -> Tensor:
        return torch.ones_like(images[:, -N:])

    def sample_with_times(self, conditioning: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        self.given.append(conditioning)
        times = torch.zeros(len(conditioning), N, dtype=torch.bool)
        times[:, 3] = True
        return torch.zeros(len(conditioning), N, *conditioning.shape[2:]), times


def test_rows_of_a_continuation(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr(figures, "whole_sequences", lambda path, rows, title: drawn.update(path=path, rows=rows, title=title))
    frames = np.random.default_rng(0).integers(0, 256, (1, T + N, 4, 4, 1), dtype=np.uint8)
    lines, model = [{"true": [1, 6], "keyframes": {"mine": [2]}}], Model()
    continuations(Path("x.png"), model, frames, lines, "mine", torch.device("cpu"), np.random.default_rng(0))
    truth, reconstruction, *samples = drawn["rows"]
    assert [row.name for row in drawn["rows"]] == ["truth", "reconstruction", "sample", "sample"]
    np.testing.assert_array_equal(truth.frames, frames[:, T:])
    assert [np.flatnonzero(row.times[0]).tolist() for row in (truth, reconstruction, *samples)] == [[0, 5], [1], [3], [3]]
    assert reconstruction.frames.min() == 255
    assert all(sample.frames.max() == 0 for sample in samples)
    for given in model.given:  # the frames that are to be predicted are not shown to what samples
        torch.testing.assert_close(given, torch.from_numpy(frames[:, :T]).float() / 255)


def test_without_labels_truth_has_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Any] = []
    monkeypatch.setattr(figures, "whole_sequences", lambda path, given, title: rows.extend(given))
    frames = np.zeros((1, T + N, 4, 4, 1), dtype=np.uint8)
    lines, rng = [{"keyframes": {"mine": []}}], np.random.default_rng(0)
    continuations(Path("x.png"), Model(), frames, lines, "mine", torch.device("cpu"), rng)
    assert not rows[0].times[0].any()
