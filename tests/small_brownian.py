"""Untrained models of Brownian motion, small enough to be run by the hundred, and sequences of it."""

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.recipe import Recipe, check

MODEL = {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4}


def recipe(*overrides: str) -> Recipe:
    return check({"name": "small", "model": MODEL}, overrides)


def frames(n: int) -> NDArray[np.uint8]:
    """The first n sequences (n,35,32,32,1) of the default dataset."""
    return draw(BrownianData(), simulate(BrownianData(), np.arange(n)).states)
