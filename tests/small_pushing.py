"""Untrained models of the pushing world, small enough to be run by the hundred, and images as trained ones would draw them."""

from pathlib import Path

import numpy as np
import torch

from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.model.tap import Tap
from keyin_cli.model.weights import Model, save_weights

# TODO variant
from keyin_cli.recipe import Recipe, check

SIZE = 64
CODEC = {"kind": "layers", "embedding": 8, "channels": 2, "hidden": [8], "layers": 2}
RECIPE = check(
    {
        "name": "small-pushing",
        "data": {"kind": "pushing", "size": SIZE},
        "window": {"conditioning": 1, "predicted": 30, "keyframes": 6, "max_offset": 6},
        "model": {"codec": CODEC, "lstm": {"units": 8}, "latent": 3},
        "pretrain": {"lengths": [1, 6]},
    }
)
KINDS: dict[str, type[KeyIn] | type[Svg] | type[Tap]] = {"keyin": KeyIn, "jumpy": KeyIn, "surprise": Svg, "tap": Tap}


def model(stage: str, recipe: Recipe = RECIPE) -> Model:
    torch.manual_seed(0)
    return KINDS[stage](variant(recipe, stage)).eval()


def models() -> dict[str, Model]:
    return {stage: model(stage) for stage in KINDS}


def save(run: Path) -> Path:
    """A run directory in which every stage that plans has weights."""
    for stage in KINDS:
        save_weights(run / stage / "weights.safetensors", model(stage), stage, variant(RECIPE, stage))
    return run


def discs(pucks: np.ndarray) -> torch.Tensor:
    """Images (...,64,64,3) in [0,1] of pucks (...,2) on an empty table; of none where a coordinate is NaN."""
    pixel = np.stack(np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5), axis=-1)
    away = pixel.astype(np.float32) - segment.project(pucks, SIZE).astype(np.float32)[..., None, None, :]
    distance = np.nan_to_num(np.hypot(away[..., 0], away[..., 1]), nan=99.0)
    share = np.clip(PUCK_RADIUS * SIZE / (2 * segment.VIEW) + 0.5 - distance, 0, 1)[..., None]
    table, puck = np.array([0.87, 0.87, 0.83], np.float32), np.array([0.85, 0.15, 0.15], np.float32)
    return torch.from_numpy(table + share * (puck - table))
