"""Skills as codes and their description length (LOVE; Jiang et al., 2022, section 4). Pure functions."""

from __future__ import annotations

from torch import Tensor

TINY = 1e-10  # of a code's chance: its logarithm is finite


def usage(chances: Tensor, begins: Tensor) -> Tensor:
    """p̄(z), the posterior (B,L,C) averaged over the frames at which segments begin (B,L): (C,). Their number has no gradient."""
    return (chances * begins[..., None]).sum((0, 1)) / begins.sum().detach()


def description(chances: Tensor, begins: Tensor) -> Tensor:
    """H(p̄(z)) E[boundaries] of a sequence (equation 6): (), in nats.

    Args:
        chances: (B,L,C), the posterior of the code of a segment that would begin at each frame.
        begins: (B,L), 1 where a segment begins, else 0.
    """
    marginal = usage(chances, begins)
    entropy = -(marginal * (marginal + TINY).log()).sum()
    return entropy * begins.sum(1).mean()
