"""The expected description length: what search minimises over chains of segments, as a function of soft offsets.

Exact search (`search`) takes the cheapest chain. Here δ says how likely every chain is, and the loss is what they cost on
average, linear in every δ^t. Nothing is decoded: the costs of all segments are known. Pure functions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from keyin_cli.model.precision import float32


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
def expected_length(tau: Tensor, delta: Tensor, costs: Tensor, price: float, horizon: int) -> Tensor:
    """Nats that a sequence takes on average: its segments, a price for every keyframe before the horizon, and the same price for
    every frame that the M segments do not reach.

    Σ_t Σ_j τ^{t-1}_j Σ_d δ^t_d cost(j,d) + price Σ_t P(0 < keyframe t < horizon) + price Σ_{j≤horizon} P(keyframe M before j)

    Args:
        tau: (B,M+1,M·S+1), see `soft_time.keyframe_times`.
        delta: (B,M,S).
        costs: (B,N+1,S), as for `closed_costs`.

    Returns:
        (B,). Of one-hot offsets that reach the horizon it is `search.chain_costs`.
    """
    segments = ((tau[:, :-1, :horizon] @ closed_costs(costs, horizon)) * delta).sum((1, 2))
    inside = tau[:, 1:, 1:horizon].sum((1, 2))
    left = torch.arange(horizon, 0, -1, device=tau.device, dtype=tau.dtype)  # frames after times 0 … horizon-1
    return segments + price * (inside + tau[:, -1, :horizon] @ left)
