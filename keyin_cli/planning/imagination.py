"""All that planning asks of trained models: images in, images out. A model that changes is adapted here and nowhere else.

Images are float32 in [0,1] on the model's device. n tasks with m latents each; T conditioning frames, M keyframes, N frames.
"""

from __future__ import annotations

import torch
from torch import Tensor

from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.losses import kl_to_prior
from keyin_cli.model.svg import Svg
from keyin_cli.model.tap import Tap


@torch.no_grad()
def imagine(model: KeyIn, conditioning: Tensor, z: Tensor, last_only: bool = False) -> Tensor:
    """Keyframes of a keyframe model, all samples in one batch.

    Args:
        conditioning: (n,T,H,W,3).
        z: latents (n,m,M,Z).
        last_only: draw the last keyframe only, most of the work being the drawing.

    Returns:
        (n,m,M,H,W,3), or (n,m,1,H,W,3).
    """
    samples = z.shape[1]
    embeddings = model.foundation.encoder(conditioning).repeat_interleave(samples, dim=0)
    keyframes = model.keyframes(embeddings, z=z.flatten(0, 1)).embeddings
    keyframes = (keyframes[:, -1:] if last_only else keyframes).unflatten(0, (len(conditioning), samples))
    images: Tensor = model.foundation.decoder(keyframes, conditioning[:, -1, None, None]).sigmoid()
    return images


@torch.no_grad()
def imagine_frames(model: Svg, conditioning: Tensor, z: Tensor) -> Tensor:
    """Frames of SVG-FP from conditioning frames (n,T,H,W,3) and latents (n,m,T-1+N,Z): (n,m,N,H,W,3)."""
    samples = z.shape[1]
    embeddings = model.encoder(conditioning).repeat_interleave(samples, dim=0)
    background = conditioning[:, -1].repeat_interleave(samples, dim=0)
    return model.generate(embeddings, background, z.flatten(0, 1)).unflatten(0, (len(conditioning), samples))


@torch.no_grad()
def bottlenecks(model: Tap, start: Tensor, goal: Tensor) -> Tensor:
    """The frame of TAP between images (n,H,W,3): (n,H,W,3)."""
    logits: Tensor = model(start, goal)
    return logits.sigmoid()


@torch.no_grad()
def surprises(model: Svg, images: Tensor) -> Tensor:
    """Surprise, in nats, of every frame of sequences (n,L,H,W,3) after the first: (n,L-1)."""
    return kl_to_prior(*model.infer(model.encoder(images)))
