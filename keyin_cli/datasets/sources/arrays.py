"""What formats of arrays share, whatever library slices them along their first axis (NumPy, HDF5, Zarr): checks before anything
is read, and an episode in pieces."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources.source import LARGEST, PIECE, Piece, brightest, checked_size, to_uint8
from keyin_cli.errors import InputError
from keyin_cli.machine import check_room

BLOCK = 1 << 28  # bytes, about, that are read at once at most
MOST = 10_000_000  # frames of an episode, or episodes: more is a mistake, or an attack
COPIES = 4  # of a chunk that are in memory at a time, at most: packed, decoded, put in order, handed on
PARTS = 10_000  # chunks that one frame is spread over at most
METADATA, RECORDS = 1 << 24, 1 << 28  # bytes at most of metadata, and of those that say something of every episode


@contextmanager
def decoding(where: object) -> Iterator[None]:
    """Turn whatever a library raises for damaged data, of which there is no list, into one line.

    Raises:
        InputError: anything failed inside.
    """
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{where} takes more memory than is free: it is damaged, or made to do so; else free some") from None
    except Exception as error:
        told = "".join(char for char in " ".join(f"{type(error).__name__}: {error}".split()) if char.isprintable())[:120]
        raise InputError(f"{where} cannot be read ({told}): it is damaged or cut short, copy or download it again") from None


def plain(name: str, where: object) -> str:
    """A name that can be shown and typed.

    Raises:
        InputError: it has other characters.
    """
    if not name.isprintable():
        raise InputError(f"{where} has a name with characters that cannot be shown, {name!a}: rename it")
    return name


def is_signal(dtype: np.dtype[Any], dimensions: int) -> bool:
    """Whether an array can be a signal: one or D numbers a frame."""
    return dtype.kind in "buif" and dimensions in (1, 2)


def checked_rate(value: object, where: object) -> float:
    """Frames a second, from metadata.

    Raises:
        InputError: it is none.
    """
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        raise InputError(f"{where} is no number, but of type {type(value).__name__}: mend or remove it")
    if not 1e-3 <= value <= 1e5:
        raise InputError(f"{where} is {str(value)[:40]}, expected frames a second from 0.001 to 100000: mend or remove it")
    return float(value)


def checked_chunks(shape: Sequence[int], chunks: Sequence[int], itemsize: int, where: object) -> None:
    """Check the chunks of an array before one is decoded, which takes the memory of all its values however few are wanted.

    Raises:
        InputError: one is too large, or a frame has too many.
    """
    size = math.prod(chunks) * itemsize
    parts = math.prod(-(-side // max(1, part)) for side, part in zip(shape[1:], chunks[1:], strict=False))
    if len(chunks) != len(shape) or min(chunks, default=1) < 1 or parts > PARTS:
        what = f"{where} has chunks {tuple(chunks)} of values {tuple(shape)}"
        raise InputError(f"{what}, at most {PARTS} a frame are read: store it in others")
    check_room(COPIES * size, f"a chunk {tuple(chunks)} of {where}", "store it in smaller ones, or end other programs")


def spans(ends: NDArray[Any], where: object) -> list[tuple[int, int]]:
    """The rows [begin, end) of every episode, from where each ends (n,) int.

    Raises:
        InputError: no episode can end there.
    """
    if ends.ndim != 1 or ends.dtype.kind not in "ui" or len(ends) > MOST:
        raise InputError(f"{where} is {ends.shape} {ends.dtype}, expected at most {MOST} integers (episodes,)")
    last = ends.astype(np.int64)  # what has no place in it becomes negative
    lengths = np.diff(last, prepend=0)
    if (last <= 0).any() or (lengths <= 0).any() or (lengths > MOST).any():
        raise InputError(f"{where} does not increase from 0 by 1 to {MOST} frames an episode: mend it")
    return list(zip([0, *last[:-1].tolist()], last.tolist(), strict=False))


def checked_images(images: Any, where: object) -> None:
    """Check an array of any library without reading it.

    Raises:
        InputError: it is none of images (frames,H,W) or (frames,H,W,C).
    """
    shape, dtype = tuple(images.shape), images.dtype
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)) or dtype.kind not in "uif":
        raise InputError(f"{where} is {shape} {dtype}, expected images (frames, height, width, 1, 3 or 4)")
    checked_size(shape[1], shape[2], where)


def block(images: Any) -> int:
    """How many rows of images are read at once: whole chunks of about `PIECE` frames or a larger one, at most `BLOCK` bytes."""
    rows = (getattr(images, "chunks", None) or (1,))[0]
    most = BLOCK // max(1, math.prod(images.shape[1:]) * images.dtype.itemsize)
    return int(max(1, min(rows * max(1, PIECE // rows), 16 * PIECE, most)))


def white_of(images: Any, where: object) -> float:
    """The value of a white pixel of an array of any library, judged by its first frames.

    Raises:
        InputError: it has no images.
    """
    checked_images(images, where)
    return brightest(np.asarray(images[: block(images)])) if images.dtype.kind == "f" else 255.0


def stream(
    images: Any, signals: Mapping[str, Any], span: tuple[int, int], fps: float, white: float, where: object
) -> Iterator[Piece]:
    """An episode of constant rate as pieces.

    Args:
        images: (rows,H,W) or (rows,H,W,C) numbers, sliced along rows.
        signals: by name (rows,) or (rows,D) numbers.
        span: the rows [begin, end) of the episode.
        white: see `brightest`.
        where: it is from, for the errors.

    Raises:
        InputError: something has another shape or type than that, or values that are no numbers.
    """
    begin, end = span
    checked_images(images, where)
    for name, array in signals.items():
        sizes = array.shape[1:] or (1,)
        if not is_signal(array.dtype, len(array.shape)) or array.shape[0] < end or not 0 < sizes[0] <= LARGEST:
            what = f"{name} of {where} is {tuple(array.shape)} {array.dtype}"
            raise InputError(f"{what}, expected numbers ({end},) or ({end},D) with D at most {LARGEST}: leave it out")
    if images.shape[0] < end or end - begin > MOST:
        raise InputError(f"{where} has {images.shape[0]} images for rows {begin} to {end}, at most {MOST} are read: split it")
    step = block(images)
    while begin < end:
        until = min(end, (begin // step + 1) * step)
        frames = np.asarray(images[begin:until])
        rows = {name: _rows(array[begin:until], f"{name} of {where}") for name, array in signals.items()}
        for first in range(0, until - begin, PIECE):
            part = slice(first, min(first + PIECE, until - begin))
            numbers = np.arange(begin + part.start, begin + part.stop) - span[0]
            parts = {name: values[part] for name, values in rows.items()}
            yield Piece(to_uint8(frames[part], white, where), numbers, numbers / fps, parts)
        begin = until


def _rows(values: Any, where: object) -> NDArray[np.float32]:
    """Values (k,) or (k,D) as (k,D) float32.

    Raises:
        InputError: one is no number, or none that float32 has.
    """
    with np.errstate(over="ignore"):
        rows = np.asarray(values).astype(np.float32)
    if not np.isfinite(rows).all():
        raise InputError(f"{where} has values that are no numbers: leave it out")
    return rows.reshape(len(rows), -1) if rows.ndim == 1 else rows


def json_of(text: Any, where: object) -> Any:
    """What a text in JSON says.

    Raises:
        InputError: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise InputError(f"{where} is no JSON: mend or remove it") from None


def json_file(file: Any, where: object, most: int = METADATA) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        file: a `Path`, or one in a zip.
        most: bytes.

    Raises:
        InputError: there is none in it.
    """
    with decoding(where), file.open("rb") as opened_file:
        text = opened_file.read(most + 1)
    told = json_of(text, where) if len(text) <= most else None
    if not isinstance(told, dict):
        raise InputError(f"{where} is no JSON object of at most {most} bytes: copy or download it again")
    return told
