"""What speaks for the keyframes that were found: how well the frames between them are inpainted, and the chance of each frame.

It lies beside keyframes.json, for pages that show it: by number of the dataset's episode i `cost/i` (n,) float32, nats of every
frame inpainted between its two keyframes; `probability/i` (n,) float32, of methods that have it; and of the first episodes
`inpainted/i` (n,H,W,C) uint8.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from keyin_cli import storage
from keyin_cli.datasets.episodes.layout import Episodes
from keyin_cli.datasets.episodes.seen import Seen
from keyin_cli.discovery.finding import frames_of
from keyin_cli.discovery.found import FILE, Found, frame_times
from keyin_cli.discovery.inpainting import chain_nodes, to_frames
from keyin_cli.errors import InputError, shown
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation
from keyin_cli.progress import track

GENERATOR = "keyin find"  # as the file says
DRAWN = 12  # episodes whose inpainted frames are kept
LONGEST = 2000  # frames of an episode up to which they are


def write(
    path: Path,
    foundation: Foundation,
    episodes: Episodes,
    view: Seen | None,
    found: Found,
    probability: Sequence[NDArray[np.float64] | None],
    device: torch.device,
) -> None:
    """Write the evidence for keyframes of all episodes, in the dataset's order."""
    tensors: dict[str, NDArray[Any]] = {}
    with track("inpainting", episodes.total) as advance:
        for index, each in enumerate(found.episodes):
            begin, end = int(episodes.begins[index]), int(episodes.ends[index])
            read = partial(frames_of, episodes, view, begin)
            draws = index < DRAWN and end - begin <= LONGEST and episodes.image == foundation.decoder.image
            tensors[f"cost/{index}"], drawn = inpainted(
                foundation, read, end - begin, frame_times(episodes, index, each), draws, device
            )
            if drawn is not None:
                tensors[f"inpainted/{index}"] = view.shown(episodes, index, drawn) if view else drawn
            if (chances := probability[index]) is not None:
                tensors[f"probability/{index}"] = chances.astype(np.float32)
            advance(end - begin)
    storage.replace(path, storage.usual_mode(partial(save_file, tensors, metadata={"generator": GENERATOR})))


def check_free(path: Path) -> None:
    """Raises:
    InputError: something else than evidence is at a path, without keyframes of ours beside it: it is never replaced.
    """
    if not os.path.lexists(path) or path.with_name(FILE).is_file():
        return
    try:
        if not os.path.isfile(path):  # a named pipe would never end
            raise FileNotFoundError(path)
        with safe_open(path, "numpy") as file:
            ours = (file.metadata() or {}).get("generator") == GENERATOR
    except (OSError, SafetensorError):
        ours = False
    if not ours:
        raise InputError(f"{shown(path)} was not made by keyin find, it is left alone: give another --out")


@torch.no_grad()
def inpainted(
    foundation: Foundation, read: Any, count: int, keyframes: NDArray[np.int64], draws: bool, device: torch.device
) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
    """An episode from its keyframes and both ends.

    Args:
        read: what is seen of the frames `begin` … `end - 1`.
        count: n, frames of the episode.
        keyframes: increasing numbers of frames.
        draws: whether images are drawn.

    Returns:
        Nats (n,) of every frame, 0 of the first, and the drawn images (n,H,W,C), of the first frame itself.
    """
    costs = np.zeros(count, np.float32)
    if count < 2:
        return costs, None
    decoder, longest = foundation.decoder, foundation.interpolator.max_offset
    times = np.zeros(count - 1, np.bool_)
    times[keyframes[(keyframes > 0) & (keyframes < count - 1)] - 1] = True
    images = None
    for begin, end in pairwise(chain_nodes(times, longest).tolist()):
        frames = to_images(read(begin, end + 1), device)
        ends = foundation.encoder(frames[[0, -1]])
        length = torch.tensor([end - begin], device=device)
        outputs = decoder(foundation.inpaint(ends[:1], ends[1:], length, end - begin)[0], frames[:1])
        costs[begin + 1 : end + 1] = decoder.error(outputs, frames[1:], "sum").cpu().numpy()
        if draws:
            drawn = to_frames(decoder.draw(outputs))
            if images is None:
                images = np.zeros((count, *drawn.shape[1:]), np.uint8)
                images[0] = to_frames(decoder.draw(decoder(ends[:1], frames[:1])))[0]
            images[begin + 1 : end + 1] = drawn
    return costs, images
