"""How well sequences are predicted: PSNR and SSIM of reconstructions and of the best of many samples, and how samples differ.

Shapes: n sequences of N predicted frames, images (n,N,H,W,C) float32 in [0,1].
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from keyin_cli.datasets.loader import step_rng
from keyin_cli.discovery.selector import Frames
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.progress import track

BATCH = 10  # sequences at once, each with all of its samples


@torch.no_grad()
def quality(method: str, model: KeyIn | Svg, frames: Frames, samples: int, device: torch.device, seed: int) -> dict[str, Any]:
    """Figures of one model on sequences (n,T+N,H,W,C) uint8, averaged over frames and sequences.

    Returns:
        `reconstruction`: PSNR (dB) and SSIM of the sequence drawn from the posterior's mean. `best`: of that of `samples` samples
        from the prior with the highest PSNR. `diversity`: mean PSNR (dB) between two samples: lower is more diverse.
    """
    count = model.recipe.window.conditioning
    rows = []
    with track(f"sampling {method}", len(frames)) as advance:
        for begin in range(0, len(frames), BATCH):
            images = to_images(frames[begin : begin + BATCH], device)
            truth, rng = images[:, count:], step_rng(seed, begin)
            best, difference = compare_samples((sample(model, images[:, :count], rng) for _ in range(samples)), truth)
            rows.append([*_both(reconstruct(model, images), truth), *_both(best, truth), difference])
            advance(len(images))
    mean = [float(torch.cat(column).mean()) for column in zip(*rows, strict=True)]
    reconstruction, best_of = ({"psnr": pair[0], "ssim": pair[1]} for pair in (mean[:2], mean[2:4]))
    return {"method": method, "samples": samples, "reconstruction": reconstruction, "best": best_of, "diversity": mean[4]}


def compare_samples(samples: Iterable[Tensor], truth: Tensor) -> tuple[Tensor, Tensor]:
    """Compare samples with the truth and with each other; at most four of them are kept at a time.

    Args:
        samples: at least two, each (n,N,H,W,C).
        truth: (n,N,H,W,C).

    Returns:
        Of every sequence the sample with the highest PSNR, the first of equals, (n,N,H,W,C); and the PSNR in dB between the first
        two samples (n,).

    Raises:
        ValueError: there are fewer than two samples.
    """
    drawn = iter(samples)
    try:
        first, second = next(drawn), next(drawn)
    except StopIteration:
        raise ValueError("samples can only be compared when there are at least two") from None
    best, highest = first, psnr(first, truth)
    for each in chain((second,), drawn):
        highest, better = torch.stack([highest, psnr(each, truth)]).max(0)
        best = torch.where(better.bool().view(-1, *[1] * (each.ndim - 1)), each, best)
    return best, psnr(first, second)


def reconstruct(model: KeyIn | Svg, images: Tensor) -> Tensor:
    """Draw sequences (n,T+N,H,W,C) from the posterior's mean: (n,N,H,W,C)."""
    count = model.recipe.window.conditioning
    background = images[:, count - 1]
    if isinstance(model, Svg):
        embeddings = model.encoder(images)
        return model.generate(embeddings[:, :count], background, model.infer(embeddings)[0])
    sequence = model.foundation.encoder(images)
    return model.compose(sequence[:, count - 1], background, model.keyframes(sequence))


def sample(model: KeyIn | Svg, conditioning: Tensor, rng: np.random.Generator) -> Tensor:
    """Continue conditioning frames (n,T,H,W,C) with latents from the prior: (n,N,H,W,C)."""
    n, window = len(conditioning), model.recipe.window
    if isinstance(model, Svg):
        embeddings = model.encoder(conditioning)
        z = model.infer(embeddings)[0]
        future = _normal(rng, (n, window.predicted, model.latent), z)
        return model.generate(embeddings, conditioning[:, -1], torch.cat([z, future], dim=1))
    embeddings = model.foundation.encoder(conditioning)
    z = _normal(rng, (n, window.keyframes, model.keyframes.latent), embeddings)
    return model.compose(embeddings[:, -1], conditioning[:, -1], model.keyframes(embeddings, z=z))


def psnr(images: Tensor, truth: Tensor) -> Tensor:
    """Mean over frames of the PSNR in dB: (n,N,H,W,C) twice -> (n,). A perfect frame counts 60 dB."""
    first, second = (each.flatten(0, 1) for each in (images, truth))
    ratios = peak_signal_noise_ratio(first, second, data_range=1.0, reduction="none", dim=(1, 2, 3))
    return ratios.clamp_max(60).unflatten(0, images.shape[:2]).mean(1)


def ssim(images: Tensor, truth: Tensor) -> Tensor:
    """Mean over frames of the SSIM: (n,N,H,W,C) twice -> (n,)."""
    first, second = (each.flatten(0, 1).movedim(-1, 1) for each in (images, truth))
    similarity = structural_similarity_index_measure(first, second, data_range=1.0, reduction="none")
    assert isinstance(similarity, Tensor)
    return similarity.unflatten(0, images.shape[:2]).mean(1)


def _both(images: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    return psnr(images, truth), ssim(images, truth)


def _normal(rng: np.random.Generator, shape: tuple[int, ...], like: Tensor) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)).to(like)
