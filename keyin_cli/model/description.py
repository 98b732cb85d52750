"""Description lengths over all chains of segments, as functions of soft offsets; exact search takes the cheapest chain.

δ says how likely every chain is. The expected length is what chains cost on average, linear in every δ^t; the marginal length is
what a sequence costs when its chain need not be told. Nothing is decoded: the costs of all segments are known. Pure functions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from keyin_cli.model.precision import float32

NEVER = -1e30  # the logarithm of a chance of zero, far below any length; minus infinity has no gradient


@float32
def closed_costs(costs: Tensor, horizon: int) -> Tensor:
    """Costs of segments that end where the horizon does, at the latest.

    Args:
        costs: nats (B,N+1,S) of the segments (i, i+L) at [:, i, L-1], see `search.segment_costs`.
        horizon: of the N frames, how many count; at most N.

    Returns:
        (B,horizon,S): at [:, j, d-1] the nats of the segment from j to the earlier of j+d and the horizon.
    """
    longest = costs.shape[-1]
    starts = torch.arange(horizon, device=costs.device)[:, None]
    lengths = torch.arange(1, longest + 1, device=costs.device).minimum(horizon - starts)
    return costs[:, :horizon].gather(-1, (lengths - 1).expand(len(costs), -1, -1))


@float32
def rest_costs(costs: Tensor, price: float, horizon: int) -> Tensor:
    """What it costs to go on to the horizon frame by frame: every frame a segment of its own, keyframes before the horizon at the
    price. It describes what M segments do not reach, so that no chain gains by stopping early.

    Returns:
        (B,horizon): from each of the times 0 … horizon-1 on.
    """
    alone = costs[:, :horizon, 0].flip(1).cumsum(1).flip(1)
    keyframes = torch.arange(horizon - 1, -1, -1, device=costs.device, dtype=costs.dtype)
    return alone + price * keyframes


def chain_tables(costs: Tensor, price: float, horizon: int, earlier: int = 0) -> tuple[Tensor, Tensor]:
    """What chains are made of, where every keyframe stands some frames before the end of its segment.

    With `earlier` 1 the keyframe is the last frame of an old motion where the segment ends with the first of the new one. So the
    segment after a keyframe at j begins at j+1, and the first one is a frame longer than its offset; where that is more than S,
    the frames after S follow one by one, each at the price, as if with a keyframe of its own. A keyframe in the last `earlier`
    frames is at the price too, though its segment ends behind the horizon; none stands for a boundary in the first `earlier`.

    Args:
        costs: (B,N+1,S), as for `closed_costs`.
        earlier: frames, 0 or more (the recipe's `discovery.shift` with the other sign).

    Returns:
        `closed_costs` and `rest_costs` of keyframes so placed: (B,horizon,S) and (B,horizon).
    """
    segments, rest = closed_costs(costs, horizon), rest_costs(costs, price, horizon)
    if not earlier:
        return segments, rest
    longest = costs.shape[-1]
    behind = earlier + max(0, longest + 1 - horizon)  # the horizon, where nothing is left
    on = pad(rest + price, (0, behind))  # with the keyframe from which it goes on
    alone = on[:, longest, None] - on[:, longest + 1 : longest + earlier + 1]
    first = torch.cat([segments[:, 0], segments[:, 0, -1:] + alone], dim=-1)[:, earlier:]
    later = pad(segments, (0, 0, 0, earlier))[:, 1 + earlier :]
    return torch.cat([first[:, None], later], dim=1), pad(rest, (0, earlier))[:, earlier:]


@float32
def expected_length(tau: Tensor, delta: Tensor, costs: Tensor, price: float, horizon: int, earlier: int = 0) -> Tensor:
    """Nats that a sequence takes on average: its segments, a price for every keyframe before the horizon, and what the M segments
    do not reach (`rest_costs`).

    Σ_t Σ_j τ^{t-1}_j Σ_d δ^t_d cost(j,d) + price Σ_t P(0 < keyframe t < horizon) + Σ_{j<horizon} τ^M_j rest_j

    Args:
        tau: (B,M+1,M·S+1), see `soft_time.keyframe_times`.
        delta: (B,M,S).
        costs, earlier: as for `chain_tables`.

    Returns:
        (B,). Of one-hot offsets that reach the horizon it is `search.chain_costs`.
    """
    segments, rest = chain_tables(costs, price, horizon, earlier)
    described = ((tau[:, :-1, :horizon] @ segments) * delta).sum((1, 2))
    inside = tau[:, 1:, 1:horizon].sum((1, 2))
    return described + price * inside + (tau[:, -1, :horizon] * rest).sum(-1)


@float32
def marginal_length(logits: Tensor, costs: Tensor, price: float, horizon: int, earlier: int = 0) -> Tensor:
    """Nats of a sequence when its keyframes are not told: −log Σ over chains of the chance that δ gives to one · e^−its length.

    The forward algorithm: α^0 is 1 at time 0, and before the horizon α^t_j = e^−price Σ_d α^{t-1}_{j-d} δ^t_d e^−cost(j-d,d).
    What leads to it or past it ends the chain; what M segments do not reach is described by `rest_costs`. By Jensen's inequality
    it is at most `expected_length`. Its gradient is that of the cross-entropy of δ with the posterior over chains, whose mode is
    what search finds.

    Args:
        logits: of δ (B,M,S).
        costs, earlier: as for `chain_tables`.

    Returns:
        (B,).
    """
    logs, (closed, rest) = logits.log_softmax(-1), chain_tables(costs, price, horizon, earlier)
    longest = logs.shape[-1]
    times, offsets = torch.arange(horizon, device=logs.device), torch.arange(1, longest + 1, device=logs.device)
    ends = times[:, None] + offsets >= horizon
    starts = times[:, None] - offsets  # of the segments that end at each time
    alpha = torch.where(times == 0, 0.0, NEVER).expand(len(logs), -1)
    finished = []
    for t in range(logs.shape[1]):
        step = alpha[..., None] + logs[:, t, None] - closed  # at [:, j, d-1]: keyframe t-1 at j, t at j+d
        finished.append(step.masked_fill(~ends, NEVER).flatten(1).logsumexp(-1))
        arriving = step[:, starts.clamp_min(0), offsets - 1].masked_fill(starts < 0, NEVER)
        alpha = (arriving.logsumexp(-1) - price).clamp_min(NEVER)
    finished.append((alpha - rest).logsumexp(-1))
    return -torch.stack(finished, dim=-1).logsumexp(-1)
