"""Random numbers for samples: NumPy makes them, so that they are the same on every device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def normal(rng: np.random.Generator, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Standard normal numbers with the device and dtype of `like`; made as float32."""
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)).to(like)
