"""How well stage 1 inpaints frames of held-out episodes: PSNR of the frames between two that are so many frames apart.

    python studies/inpainting.py RUN --out FILE.json

Beside it stand the mean of both ends at their shares, and the frame itself drawn from its own embedding.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.datasets.opening import open_for
from keyin_cli.devices import pick_device
from keyin_cli.discovery.selector import foundation_of
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation

LENGTHS = (5, 10, 20)  # frames between both ends
SEQUENCES = 64


def psnr(drawn: torch.Tensor, truth: torch.Tensor, half: bool) -> float:
    """dB, from the mean squared error over all pixels of images in [0,1]; `half`: these are half the differences from a mean."""
    return float(-10 * ((2 if half else 1) * (drawn - truth)).square().mean().log10())


@torch.no_grad()
def measured(
    foundation: Foundation, frames: NDArray[np.uint8], length: int, half: bool, device: torch.device
) -> dict[str, float]:
    """PSNR of the frames 1 … length-1 of sequences (n,T,H,W,C), from the first and the one `length` later."""
    images = to_images(frames[:, : length + 1], device)
    decoder, embeddings = foundation.decoder, foundation.encoder(images)
    generated = foundation.inpaint(embeddings[:, 0], embeddings[:, length], torch.full((len(images),), length), length)[:, :-1]
    truth, background = images[:, 1:-1], images[:, :1]
    shares = torch.linspace(0, 1, length + 1)[1:-1, None, None, None]
    return {
        "inpainted": psnr(decoder.draw(decoder(generated, background)), truth, half),
        "faded": psnr((1 - shares) * images[:, :1] + shares * images[:, -1:], truth, half),
        "own": psnr(decoder.draw(decoder(embeddings[:, 1:-1], background)), truth, half),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run directory, or weights")
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        result = _run(chosen.run, chosen.split)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    for length, row in result["psnr"].items():
        print(f"{length:>3} frames apart: " + ", ".join(f"{name} {value:.2f} dB" for name, value in row.items()))
    if chosen.out:
        storage.write_json(chosen.out, result)
    return 0


def _run(run: Path, split: str) -> dict[str, Any]:
    checkpoint = checkpoints.load(run)
    recipe = checkpoint.recipe
    foundation = next(found for model in checkpoint.models.values() if (found := foundation_of(model)) is not None)
    dataset = open_for(recipe.data)
    indices = dataset.indices(split)
    some = indices[np.linspace(0, len(indices) - 1, min(SEQUENCES, len(indices))).astype(int)]
    frames, device = dataset.read("frames", some), pick_device("cpu")
    longest = foundation.interpolator.max_offset
    half = getattr(recipe.data, "background", None) is not None
    rows = {str(length): measured(foundation, frames, length, half, device) for length in LENGTHS if length <= longest}
    stage = next(iter(checkpoint.files.values())).parent
    manifest = storage.read_json(stage / storage.MANIFEST) if (stage / storage.MANIFEST).is_file() else {}
    return {
        "codec": recipe.model.codec.model_dump(),
        "split": split,
        "windows": len(some),
        "steps": manifest.get("steps"),
        "seconds": manifest.get("seconds"),
        "dataset": dataset.sha256,
        "psnr": rows,
        "manifest": storage.provenance(),
    }


if __name__ == "__main__":
    raise SystemExit(main())
