"""Frames as sheets of WebP in data URIs, made small enough: of lower quality, smaller, at last fewer of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from keyin_cli import machine
from keyin_cli.report.page import Frames

PER_SHEET = 64  # frames, at most
SHEET = 2_000_000  # px of a sheet, at most: what a browser decodes at once when one of its frames is shown
CRISP = 96  # px of the longer side, up to which frames are shown pixel by pixel and a loss would be seen
LOSSLESS = 0.25  # share of the budget in which frames without a loss have to fit: no page is large for their sake alone
SMALLEST = (30, 48)
RUNGS = ((100, 96, 1), (88, 320, 1), (75, 256, 1), (60, 192, 1), (50, 128, 1), (45, 96, 1), (40, 80, 2), (40, 64, 4))
KINDS = {".png": "image/png", ".mp4": "video/mp4"}


@dataclass(frozen=True)
class Sheets:
    """Frames 0, `step`, 2·`step`, … of an episode, `columns` in a row and `per_sheet` on a sheet, each of `width` x `height`
    px. `sheets` are base64 of WebP."""

    sheets: list[str]
    width: int
    height: int
    columns: int
    per_sheet: int
    step: int

    @property
    def bytes(self) -> int:
        return sum(map(len, self.sheets))


def sheets(frames: Frames, budget: int) -> Sheets:
    """Sheets of frames (n,H,W,C) of `budget` bytes at most; of one frame where even that is not enough."""
    crisp = max(frames.shape[1:3]) <= CRISP
    for quality, side, step in _rungs(len(frames)):
        if quality == 100 and not crisp:
            continue
        bound = budget * LOSSLESS if quality == 100 else budget
        columns, per_sheet, width, height = _layout(frames.shape[1], frames.shape[2], side)
        groups = [frames[::step][begin : begin + per_sheet] for begin in range(0, -(-len(frames) // step), per_sheet)]
        first = _encoded(groups[0], columns, width, height, quality)
        last = step >= len(frames)
        if len(first) * (len(frames) / step) / len(groups[0]) > bound and not last:
            continue
        with ThreadPoolExecutor(machine.cores()) as pool:
            rest = pool.map(lambda group: _encoded(group, columns, width, height, quality), groups[1:])  # noqa: B023 (used at once)
            made = Sheets([first, *rest], width, height, columns, per_sheet, step)
        if made.bytes <= bound or last:
            return made
    raise AssertionError("the last rung always fits")


def picture(path: Path) -> tuple[str, str]:
    """The kind, `image` or `video`, and the data URI of a file."""
    kind = KINDS[path.suffix]
    return kind.partition("/")[0], f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _rungs(count: int) -> Iterator[tuple[int, int, int]]:
    """Quality (100: without a loss), longer side in px and step, ever smaller; the last one shows one frame."""
    yield from RUNGS
    step = RUNGS[-1][2]
    while step < count:
        step *= 2
        yield *SMALLEST, step


def _layout(height: int, width: int, side: int) -> tuple[int, int, int, int]:
    """Columns, frames on a sheet, and width and height of a frame on it."""
    scale = min(1.0, side / max(height, width))
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    per_sheet = int(np.clip(SHEET // (width * height), 1, PER_SHEET))
    return int(np.ceil(np.sqrt(per_sheet))), per_sheet, width, height


def _encoded(frames: Frames, columns: int, width: int, height: int, quality: int) -> str:
    """Base64 of a sheet of some frames (k,H,W,C)."""
    sheet = Image.new("RGB", (min(columns, len(frames)) * width, -(-len(frames) // columns) * height))
    for place, frame in enumerate(frames):
        image = Image.fromarray(frame if frame.shape[2] == 3 else frame[..., 0])
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(image, (place % columns * width, place // columns * height))
    file = io.BytesIO()
    sheet.save(file, "WEBP", lossless=quality == 100, quality=quality, method=1)  # as small as slower ones
    return base64.b64encode(file.getvalue()).decode()
