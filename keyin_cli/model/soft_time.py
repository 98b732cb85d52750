"""Soft time: from distributions over offsets to weights over frames (docs/spec.md, section 2, Algorithm 2). Pure functions.

delta (B,M,S): delta[:, t-1, i-1] = P(keyframe t comes i frames after keyframe t-1), i = 1…S.
tau (B,M+1,M·S+1): tau[:, t, j] = P(keyframe t stands at time j); tau[:, 0] is one-hot at time 0.
Times run from 0 (the last conditioning frame, K^0) over the N frames to predict and beyond them up to M·S.
All tensors are floats of delta's dtype; gradients reach delta through everything but `hard_times`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from keyin_cli.model.precision import float32


@float32
def keyframe_times(delta: Tensor) -> Tensor:
    """tau^t = tau^{t-1} * delta^t, a convolution (formula 1). (B,M,S) -> (B,M+1,M·S+1)."""
    batch, keyframes, longest = delta.shape
    times = [functional.one_hot(delta.new_zeros(batch, dtype=torch.long), keyframes * longest + 1).to(delta.dtype)]
    for t in range(keyframes):
        windows = functional.pad(times[-1], (longest, 0)).unfold(-1, longest + 1, 1)[..., :-1]  # [j, k] = tau_{j-S+k}
        times.append((windows * delta[:, t, None].flip(-1)).sum(-1))
    return torch.stack(times, dim=1)


@float32
def inside(tau: Tensor, frames: int) -> Tensor:
    """c^t = P(keyframe t is one of the N frames) (formula 2). (B,M+1,·) -> (B,M)."""
    return tau[:, 1:, : frames + 1].sum(-1)


@float32
def running(delta: Tensor) -> Tensor:
    """e^t_i = P(delta^t >= i), the segment has not ended before frame i (formula 4). (B,M,S) -> (B,M,S)."""
    return delta.flip(-1).cumsum(-1).flip(-1)


@float32
def frame_weights(tau: Tensor, delta: Tensor, frames: int) -> Tensor:
    """w^t_{i,j} = tau^{t-1}_{j-i} e^t_i, how much generated frame i of segment t stands at time j (formula 5).

    Returns:
        (B,M,S,N); over (t,i) it sums to P(the M segments reach frame j).
    """
    longest = delta.shape[-1]
    before = functional.pad(tau[:, :-1, :frames], (longest - 1, 0)).unfold(-1, frames, 1).flip(2)  # [t, i, j] = tau^{t-1}_{j-i}
    return before * running(delta)[..., None]


@float32
def share(weights: Tensor) -> Tensor:
    """Weights (B,M,S,N) divided by their sum over (t,i), the mixture of formula 6; zero for frames that nothing reaches."""
    total = weights.sum((1, 2), keepdim=True)
    return weights / total.clamp_min(torch.finfo(weights.dtype).tiny)


@float32
def soft_frames(shares: Tensor, generated: Tensor) -> Tensor:
    """Ĩ_j, the mixture of generated frames that stands at time j (formula 6). (B,M,S,N), (B,M,S,…) -> (B,N,…)."""
    mixed = shares.flatten(1, 2).transpose(1, 2) @ generated.flatten(3).flatten(1, 2)
    return mixed.unflatten(-1, generated.shape[3:])


@float32
def soft_targets(tau: Tensor, truth: Tensor) -> Tensor:
    """K̃^t, the true frame that keyframe t should be (formula 3). (B,M+1,·), (B,N,…) -> (B,M,…).

    The sum over the sequence is divided by c^t: the expected frame given that the keyframe is inside. Undivided it would
    fade to black as c^t falls.
    """
    frames = truth.shape[1]
    chances = tau[:, 1:, 1 : frames + 1]
    chances = chances / chances.sum(-1, keepdim=True).clamp_min(torch.finfo(tau.dtype).tiny)
    return (chances @ truth.flatten(2)).unflatten(-1, truth.shape[2:])


def hard_times(delta: Tensor, frames: int) -> Tensor:
    """Keyframes of the argmax offsets: True at the times 1…N on which one falls. (B,M,S) -> (B,N) bool."""
    times = delta.argmax(-1).add(1).cumsum(-1)
    return functional.one_hot(times.clamp_max(frames + 1), frames + 2)[..., 1 : frames + 1].sum(1).bool()
