"""One video file: MP4, MOV, MKV, WebM, AVI or GIF, of which the first video stream is read; sound and cover pictures are not.

Frames are as they are stored: a rotation or a shape of pixels that is noted beside them is ignored, transparency is dropped.
A file is opened here and handed to FFmpeg with the format that its first bytes say, so neither its name nor a playlist in it
can make FFmpeg open anything else. FFmpeg passes over a missing end: whether a file is as long as it says is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources.containers import AVI, format_of, is_cut
from keyin_cli.datasets.sources.source import LARGEST, PIECE, Frames, Piece, SourceKind, Wanted, checked_size
from keyin_cli.errors import InputError, shown

SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif")
PIECE_BYTES = 2**24  # of a piece: of large frames it has fewer
STEP = 1e-6  # s from a frame to the next that has the same timestamp
LATEST = 1e9  # s in a video: more is a mistake
OPTIONS = {"protocol_whitelist": "none", "max_pixels": str(LARGEST**2)}  # no other file, no network, no bomb
CUT = "the file is cut off"
AGAIN = "copy or encode it again, or leave it out"


class Videos:
    """Files, one episode each."""

    cameras: Sequence[str] = ()
    signals: Sequence[str] = ()

    def __init__(self, paths: Sequence[Path], names: Sequence[str]) -> None:
        """Opens nothing; the names are data and may have any character."""
        self.paths, self.names = paths, names

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        """Pieces of RGB frames (k,H,W,3), numbered as they are decoded.

        Raises:
            InputError: the file is no video, damaged or cut off, or its frames are too large or of several sizes.
        """
        seconds, frames, begin = list[float](), list[Frames](), 0
        for second, frame in _decoded(self.paths[episode]):
            seconds.append(second)
            frames.append(frame)
            if len(frames) == PIECE or len(frames) * frame.nbytes >= PIECE_BYTES:
                yield _piece(seconds, frames, begin)
                seconds, frames, begin = [], [], begin + len(frames)
        if frames:
            yield _piece(seconds, frames, begin)

    def labels(self, episode: int) -> NDArray[np.int64] | None:
        return None


class Clock:
    """Seconds of consecutive frames since the first, increasing: those of the timestamps, but a frame that has the timestamp of
    the one before comes `STEP` after it."""

    def __init__(self, unit: Fraction) -> None:
        """`unit` of the timestamps in s."""
        self.unit, self.last = unit, -STEP
        self.first: int | None = None
        self.latest = 0

    def next(self, stamp: int | None) -> float:
        """The seconds of the next frame.

        Raises:
            ValueError: it has no timestamp, or one before the last, or an absurdly late one.
        """
        if stamp is None:
            raise ValueError("a frame has no timestamp")
        if self.first is None:
            self.first = self.latest = stamp
        due = float((stamp - self.first) * self.unit)
        if stamp < self.latest or due > LATEST:
            raise ValueError(f"the timestamp of a frame is wrong, {due:.6g} s")
        self.latest, self.last = stamp, max(due, self.last + STEP)
        return self.last


def _piece(seconds: list[float], frames: list[Frames], begin: int) -> Piece:
    numbers = np.arange(begin, begin + len(frames), dtype=np.int64)
    return Piece(np.stack(frames), numbers, np.array(seconds, dtype=np.float64))


def _decoded(path: Path) -> Iterator[tuple[float, Frames]]:
    """Seconds and images (H,W,3) of all frames.

    Raises:
        InputError: see `Videos.read`.
    """
    import av
    from av.video.reformatter import VideoReformatter

    count, size, cut, name = 0, None, False, shown(path)
    try:
        with path.open("rb") as file:
            kind = format_of(file)
            if kind is None:
                raise InputError(f"{name} is no MP4, MOV, MKV, WebM, AVI or GIF: give a video of one of these formats")
            cut = is_cut(file, kind)
            file.seek(0)
            with av.open(file, format=kind, options=OPTIONS, metadata_errors="ignore") as container:
                stream = _stream(container, name, cut)
                clock = Clock(_unit(stream, kind))
                converter = VideoReformatter()  # one for all: `frame.to_ndarray` makes its own, which is ten times slower
                for frame in _frames(container, stream):
                    checked_size(frame.height, frame.width, name)
                    size = size or (frame.height, frame.width)
                    if size != (frame.height, frame.width):
                        raise ValueError(f"the size changes from {size[0]}x{size[1]} to {frame.height}x{frame.width} px")
                    second = clock.next(count if kind == AVI else frame.pts)
                    yield second, np.asarray(converter.reformat(frame, format="rgb24").to_ndarray(), dtype=np.uint8)
                    count += 1
        if cut:
            raise ValueError(CUT)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = CUT if cut and isinstance(error, av.FFmpegError) else getattr(error, "strerror", None) or error
        raise InputError(f"{name} breaks after {count} frames ({shown(reason)}): {AGAIN}") from None
    if not count:
        raise InputError(f"{name} has no frames: {AGAIN}")


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames (`av.VideoFrame`).

    Raises:
        ValueError: a frame is damaged, of which FFmpeg would show a part.
        av.FFmpegError: it is damaged.
    """
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise ValueError("a frame is incomplete")
        for frame in packet.decode():
            if frame.is_corrupt:
                raise ValueError("a frame is damaged")
            yield frame


def _stream(container: Any, name: str, cut: bool) -> Any:
    """The first video stream (`av.VideoStream`), set up for decoding.

    Raises:
        ValueError: what describes it is cut off.
        InputError: there is none, its codec is not known, or its frames are too large.
    """
    import av

    pictures = av.stream.Disposition.attached_pic
    stream = next((stream for stream in container.streams.video if not stream.disposition & pictures), None)
    if cut and (stream is None or stream.codec_context is None):
        raise ValueError(CUT)
    if stream is None:
        raise InputError(f"{name} has no video stream: give a video")
    if stream.codec_context is None:
        raise InputError(f"{name} is encoded in a way that FFmpeg does not know: encode it again, as H.264 for example")
    if stream.height and stream.width:  # else a decoder tells
        checked_size(stream.height, stream.width, name)
    stream.codec_context.options = OPTIONS
    # a decoder of several threads needs more memory, and says later than after the broken frame that it is broken
    stream.thread_count = 1
    return stream


def _unit(stream: Any, kind: str) -> Fraction:
    """The unit of timestamps in s; of an AVI, which has none, that of frame numbers. What FFmpeg makes up for its timestamps is
    wrong where a codec changes the order of frames.

    Raises:
        ValueError: it is not known.
    """
    rate: Fraction | None = stream.average_rate
    unit: Fraction | None = stream.time_base if kind != AVI else 1 / rate if rate else None
    if not unit:
        raise ValueError("neither timestamps nor a frame rate")
    return unit


def recognises(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def open_video(path: Path) -> Videos:
    """Raises:
    InputError: it is no file.
    """
    if not path.is_file():  # a pipe would never end
        raise InputError(f"{shown(path)} is no file: give a video")
    return Videos([path], [path.stem])


SOURCE = SourceKind(
    name="video",
    help="one video file: MP4, MOV, MKV, WebM, AVI or GIF",
    recognises=recognises,
    open=open_video,
    order=10,
)
