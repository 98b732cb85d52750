"""Demonstrations in a LeRobot v3.0 dataset: images from its videos or tables, signals and subtasks from its tables."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keyin_cli.datasets.sources import lerobot_tables as tables
from keyin_cli.datasets.sources.source import Frames, Piece, SourceKind, Wanted, checked_size, chosen_camera
from keyin_cli.errors import InputError

LANGUAGE = "language_persistent"
ROUNDING = 1e-4  # s by which `timestamp`, a float32, may differ from the time that it stands for: LeRobot's own tolerance
PIECE_BYTES = 2**28  # of frames in a piece: large ones come in smaller pieces
LATEST = 1e9  # s in a video: more is a mistake
FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class Episode:
    """A row of the table of episodes, `where` it is in an error line, and the parquet file that has its `length` rows."""

    index: int
    where: str
    row: Mapping[str, Any]
    length: int
    file: Path


class LeRobot:
    """An opened dataset."""

    names: Sequence[str]
    cameras: Sequence[str]
    signals: Sequence[str]

    def __init__(self, root: Path) -> None:
        self.info = tables.read_info(root)
        self.table = tables.episodes(self.info)
        self.names = [f"episode {index}" for index in self.table[tables.EPISODE].to_pylist()]
        self.cameras, self.signals = list(self.info.cameras), list(self.info.signals)

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        root, widths = self.info.root, self.info.signals
        camera = chosen_camera(self, wanted.camera, root)
        assert camera is not None  # `read_info` refuses a dataset without one
        if unknown := [name for name in wanted.signals if name not in widths]:
            raise InputError(f"{root} has no signal {unknown[0]}: there are {', '.join(widths) or 'none'}")
        one = self.episode(episode)
        if self.info.cameras[camera] == "image":
            yield from self._pieces(one, wanted, camera)
            return
        begin = _seconds(one, f"videos/{camera}/from_timestamp")
        file = self._file(one.row, one.where, "video_path", f"videos/{camera}", video_key=camera)
        with closing(_decoded(file, begin)) as decoded:
            yield from self._pieces(one, wanted, camera, _Player(decoded, file, begin, 0.5 / self.info.fps))

    def labels(self, episode: int) -> NDArray[np.int64] | None:
        """Ends of subtasks: SARM's columns of the table of episodes, or else the frame before a subtask of `language_persistent`
        begins; without the episode's last frame."""
        one = self.episode(episode)
        if ends := next((one.row[name] for name in tables.END_FRAMES if one.row.get(name)), None):
            return _inner(_frame_numbers(ends, one.where), one.length)
        if not tables.has_column(one.file, LANGUAGE):
            return None
        first = next(tables.rows(one.file, one.index, [LANGUAGE]), None)
        begun = [] if first is None else _begun(first, one.file)
        if not begun:
            return None
        seconds = np.concatenate([seconds for _, _, seconds in self._timed(one, [])])
        return _inner(np.searchsorted(seconds, np.array(begun) - 0.5 / self.info.fps) - 1, one.length)

    def episode(self, episode: int) -> Episode:
        """Where an episode is, by its place in `names`.

        Raises:
            InputError: the table of episodes is damaged, or its file is not there.
        """
        with tables.reading(self.info.root / "meta" / "episodes"):
            row = self.table.slice(episode, 1).to_pylist()[0]
        where = f"{self.names[episode]} of {self.info.root}"
        length = _whole(row, "length", where)
        return Episode(row[tables.EPISODE], where, row, length, self._file(row, where, "data_path", "data"))

    def _file(self, row: Mapping[str, Any], where: str, template: str, prefix: str, **values: str) -> Path:
        """The file that a row's numbers and a template name."""
        numbers = {key: _whole(row, f"{prefix}/{key}", where) for key in ("chunk_index", "file_index")}
        return self.info.path(template, **numbers, **values)

    def _timed(self, one: Episode, columns: list[str]) -> Iterator[tuple[Any, NDArray[np.int64], NDArray[np.float64]]]:
        """The rows of an episode in batches, with the frames' numbers and seconds, which are checked."""
        count, last = 0, -math.inf
        for batch in tables.rows(one.file, one.index, [tables.FRAME, tables.TIME, *columns]):
            numbers = tables.integers(batch, tables.FRAME, one.file)
            if (numbers != np.arange(count, count + len(numbers))).any():
                raise InputError(f"{one.where}: {tables.FRAME} in {one.file} does not count up from 0: {tables.AGAIN}")
            stamps = tables.vectors(batch, tables.TIME, 1, one.file)[:, 0].astype(np.float64)
            due = numbers / self.info.fps
            seconds = np.where(np.isclose(stamps, due, rtol=1e-7, atol=ROUNDING), due, stamps)
            if not (np.isfinite(seconds).all() and (np.diff(seconds, prepend=last) > 0).all()):
                raise InputError(f"{one.where}: {tables.TIME} in {one.file} does not increase: {tables.AGAIN}")
            count, last = count + len(numbers), float(seconds[-1])
            if count > one.length:
                break
            yield batch, numbers, seconds
        if count != one.length or not count:
            rows = f"{'more than ' if count > one.length else ''}{min(count, one.length)} rows"
            raise InputError(f"{one.where} has {rows} in {one.file}, expected its length {one.length}: {tables.AGAIN}")

    def _pieces(self, one: Episode, wanted: Wanted, camera: str, player: _Player | None = None) -> Iterator[Piece]:
        """The pieces of an episode; its frames come from a video, or from a column of images."""
        shape: tuple[int, ...] | None = None
        for batch, numbers, seconds in self._timed(one, list(wanted.signals) if player else [*wanted.signals, camera]):
            signals = {name: _signal(batch, name, self.info.signals[name], one.file) for name in wanted.signals}
            cells: Any = None if player else tables.column(batch, camera, one.file)
            held: list[Frames] = []
            for row, (number, second) in enumerate(zip(numbers, seconds, strict=True)):
                where = f"{one.where}, frame {number}"
                frame = player.at(float(second), where) if player else _picture(cells[row].as_py(), where, one.file)
                shape = shape or frame.shape
                if frame.shape != shape:
                    raise InputError(f"{where} is {frame.shape}, the frames before are {shape} (height, width, colours)")
                held.append(frame)
                if row + 1 == len(numbers) or len(held) * frame.nbytes >= PIECE_BYTES:
                    part = slice(row + 1 - len(held), row + 1)
                    of = {name: values[part] for name, values in signals.items()}
                    yield Piece(np.stack(held), numbers[part], seconds[part], of)
                    held = []


class _Player:
    """Frames of a video by their time, which has to increase from call to call."""

    def __init__(self, decoded: Iterator[tuple[float, Any]], file: Path, begin: float, tolerance: float) -> None:
        """`decoded` frames (see `_decoded`) of a `file`; s of the video where the episode begins, and that a frame may be off."""
        from av.video.reformatter import VideoReformatter

        self.decoded, self.file, self.begin, self.tolerance = decoded, file, begin, tolerance
        self.converter = VideoReformatter()  # one for all: `frame.to_ndarray` makes its own, which is many times slower
        self.here, self.ahead = next(decoded, None), next(decoded, None)

    def at(self, second: float, where: str) -> Frames:
        """The frame (H,W,3) that is nearest to a time in s of the episode.

        Raises:
            InputError: there is none within the tolerance, or it is damaged.
        """
        due = self.begin + second
        while self.here and self.ahead and abs(self.ahead[0] - due) < abs(self.here[0] - due):
            self.here, self.ahead = self.ahead, next(self.decoded, None)
        if self.here is None or abs(self.here[0] - due) > self.tolerance:
            raise InputError(f"{where} is missing in {self.file}, where it is due at {due:.3f} s: {tables.AGAIN}")
        if self.here[1].is_corrupt:
            raise InputError(f"{where} is damaged in {self.file}: {tables.AGAIN}")
        frame: Frames = np.asarray(self.converter.reformat(self.here[1], format="rgb24").to_ndarray(), dtype=np.uint8)
        return frame


def _decoded(file: Path, begin: float) -> Generator[tuple[float, Any]]:
    """Times in s and frames (`av.VideoFrame`) of a video, from the last before `begin` that can be decoded without others."""
    import av

    try:
        # no other demuxer: playlists name files elsewhere
        with av.open(str(file), format="mp4") as container:
            if not container.streams.video:
                raise ValueError("no video in it")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise ValueError("of a codec that is not known")
            checked_size(stream.height, stream.width, file)
            stream.thread_type = "AUTO"
            if begin > 0 and stream.time_base:
                container.seek(int(begin / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                checked_size(frame.height, frame.width, file)
                if frame.time is None:
                    raise ValueError("frames without a time")
                yield frame.time, frame
    except (av.FFmpegError, OSError, ValueError, OverflowError) as error:
        raise InputError(f"{file} cannot be decoded ({tables.line(error)}): {tables.AGAIN}") from None


def _picture(cell: Any, where: str, file: Path) -> Frames:
    """The image (H,W,1 or 3) in a cell of a table: the bytes of a file, alone or as `bytes` of a struct.

    Raises:
        InputError: there is none, or it is damaged, too large or none of eight bits.
    """
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(data, bytes):
        raise InputError(f"{where}: {file} has no bytes of an image: write the dataset with the images in its tables")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # sizes are checked below
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        checked_size(image.height, image.width, where)
        if image.mode[0] in "IF":
            raise ValueError(f"mode {image.mode}, more than 8 bits")
        frame = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    except InputError:
        raise
    except Exception as error:  # Pillow's plugins raise all sorts when an image is damaged
        raise InputError(f"{where}: the image in {file} cannot be read ({tables.line(error)}): {tables.AGAIN}") from None
    return frame if frame.ndim == 3 else frame[..., None]


def _signal(batch: Any, name: str, width: int, file: Path) -> NDArray[np.float32]:
    """A signal (k,width) of a batch.

    Raises:
        InputError: it has something else than numbers that a float32 can be.
    """
    with np.errstate(over="ignore"):
        values = tables.vectors(batch, name, width, file).astype(np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"{file}: column {name} has values that are no numbers: leave the signal out, or mend it")
    return values


def _begun(batch: Any, file: Path) -> list[float]:
    """When subtasks begin, in s: from the first row of `language_persistent`, as every row of an episode says the same."""
    with tables.reading(file):
        entries = tables.column(batch, LANGUAGE, file)[0].as_py() or []
        times = [float(entry["timestamp"]) for entry in entries if entry["style"] == "subtask"]
    if not all(map(math.isfinite, times)):
        raise InputError(f"{file}: column {LANGUAGE} has a subtask at no time: {tables.AGAIN}")
    return times


def _frame_numbers(ends: Any, where: str) -> NDArray[np.int64]:
    """Frame numbers (k,) of the table of episodes; pandas may have made floats of them."""
    if not (isinstance(ends, list) and all(isinstance(end, int | float) and 0 <= end < 2**53 and end % 1 == 0 for end in ends)):
        raise InputError(f"{where}: ends of subtasks are {tables.short(ends)}, expected frame numbers: annotate it again")
    return np.array(ends, dtype=np.int64)


def _inner(frames: NDArray[np.integer[Any]], length: int) -> NDArray[np.int64]:
    """Frame numbers in order, each once, without those before the episode, its last, and those after."""
    return np.unique(frames[(frames >= 0) & (frames < length - 1)]).astype(np.int64)


def _whole(row: Mapping[str, Any], key: str, where: str) -> int:
    value = row.get(key)
    if type(value) is not int or value < 0:
        raise InputError(f"{where}: {key} is {tables.short(value)} in meta/episodes, expected an integer from 0: {tables.AGAIN}")
    return value


def _seconds(one: Episode, key: str) -> float:
    value = one.row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LATEST:
        raise InputError(f"{one.where}: {key} is {tables.short(value)} in meta/episodes, expected seconds: {tables.AGAIN}")
    return float(value)


def recognises(path: Path) -> bool:
    return os.path.isfile(path / tables.INFO)


SOURCE = SourceKind(
    name="lerobot",
    help="directory of a LeRobot v3.0 dataset",
    recognises=recognises,
    open=LeRobot,
    order=20,
)
