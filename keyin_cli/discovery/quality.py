"""How well sequences are predicted: PSNR and SSIM of reconstructions and of the best of many samples, and how samples differ.

Shapes: n sequences of N predicted frames, images (n,N,H,W,C) float32 in [0,1].
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from keyin_cli.datasets.loader import step_rng
from keyin_cli.discovery.selector import Frames
from keyin_cli.model.encoder import to_images
from keyin_cli.model.predictor import Predictor
from keyin_cli.progress import track

BATCH = 10  # sequences at once, each with all of its samples


@torch.no_grad()
def quality(method: str, model: Predictor, frames: Frames, samples: int, device: torch.device, seed: int) -> dict[str, Any]:
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
            best, difference = compare_samples((model.sample(images[:, :count], rng) for _ in range(samples)), truth)
            rows.append([*_both(model.reconstruct(images), truth), *_both(best, truth), difference])
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
    rest = iter(samples)
    try:
        first, second = next(rest), next(rest)
    except StopIteration:
        raise ValueError("samples can only be compared when there are at least two") from None
    best, highest = first, psnr(first, truth)
    for each in chain((second,), rest):
        highest, better = torch.stack([highest, psnr(each, truth)]).max(0)
        best = torch.where(better.bool().view(-1, *[1] * (each.ndim - 1)), each, best)
    return best, psnr(first, second)


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
