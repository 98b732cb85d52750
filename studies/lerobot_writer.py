"""Writing a LeRobot v3.0 dataset with pyarrow and av alone: one camera, vectors of numbers, subtasks.

One table and one video hold all episodes, which are written as they come. Subtasks are `language_persistent`, as LeRobot's own
tools write and show them; `keyin import` takes the frame before a subtask begins as a label.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES, TASKS = "meta/episodes/chunk-000/file-000.parquet", "meta/tasks.parquet"
STATS, INFO = "meta/stats.json", "meta/info.json"
# No B-frames, which some readers cannot place, and a picture that stands alone every second at 10 frames a second.
ENCODER = {"crf": "16", "bf": "0", "g": "10", "forced-idr": "1", "preset": "slow", "threads": "1"}
LANGUAGE = pa.list_(
    pa.struct(
        [
            ("role", pa.string()),
            ("content", pa.string()),
            ("style", pa.string()),
            ("timestamp", pa.float64()),
            ("camera", pa.string()),
            ("tool_calls", pa.list_(pa.string())),
        ]
    )
)
BOOKKEEPING = {
    "timestamp": pa.float32(),
    "frame_index": pa.int64(),
    "episode_index": pa.int64(),
    "index": pa.int64(),
    "task_index": pa.int64(),
}
PANDAS = {  # LeRobot reads the table of tasks with pandas, by which a task's text is the index
    "index_columns": ["task"],
    "column_indexes": [],
    "columns": [
        {"name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64", "metadata": None},
        {"name": "task", "field_name": "task", "pandas_type": "unicode", "numpy_type": "object", "metadata": None},
    ],
    "pandas_version": "2.2.0",
}


class Subtask(NamedTuple):
    """What is done from a frame on."""

    text: str
    begin: int


class Moments:
    """Least, largest, mean and deviation of vectors (n,D) that come in parts."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.float64]] = []  # each (5,D): number, sum, sum of squares, least, largest

    def add(self, values: NDArray[Any]) -> None:
        wide = values.astype(np.float64)
        count = np.full(wide.shape[1], float(len(wide)))
        self.parts.append(np.stack([count, wide.sum(0), (wide**2).sum(0), wide.min(0), wide.max(0)]))

    def of(self, shape: tuple[int, ...], scale: float = 1.0) -> dict[str, Any]:
        """As `meta/stats.json` has them, every vector in a shape."""
        count, total, squares = np.sum([part[:3] for part in self.parts], axis=0)
        mean = total / count
        found = {
            "min": np.min([part[3] for part in self.parts], axis=0),
            "max": np.max([part[4] for part in self.parts], axis=0),
            "mean": mean,
            "std": np.sqrt(np.maximum(squares / count - mean**2, 0)),
        }
        return {name: (values * scale).reshape(shape).tolist() for name, values in found.items()} | {"count": [int(count[0])]}


class LeRobotWriter:
    """Writes into a directory; use it as a context, which is finished when nothing was raised.

    Args:
        root: a directory that is made.
        fps: frames a second.
        camera: `observation.images.NAME`.
        size: (height, width) of the frames, even numbers.
        vectors: the names of the entries of every vector, by its name.
        task: what the episodes show.
        robot: what acts.
    """

    def __init__(
        self,
        root: Path,
        fps: int,
        camera: str,
        size: tuple[int, int],
        vectors: Mapping[str, Sequence[str]],
        task: str,
        robot: str,
    ) -> None:
        self.root, self.fps, self.camera, self.size = root, fps, camera, size
        self.vectors, self.task, self.robot = vectors, task, robot
        self.table: list[dict[str, Any]] = []
        self.total = 0
        self.moments = {name: Moments() for name in (*vectors, camera)}
        columns = {name: pa.list_(pa.float32(), len(entries)) for name, entries in vectors.items()}
        self.schema = pa.schema({**columns, **BOOKKEEPING, "language_persistent": LANGUAGE})
        data, video = (self._made(template.format(chunk_index=0, file_index=0, video_key=camera)) for template in (DATA, VIDEO))
        self.rows = pq.ParquetWriter(data, self.schema)
        self.container = av.open(str(video), "w", format="mp4")
        self.stream: Any = self.container.add_stream("libx264", rate=fps, options=ENCODER)
        self.stream.height, self.stream.width = size
        self.stream.pix_fmt = "yuv420p"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.container.mux(self.stream.encode())
        self.container.close()
        self.rows.close()
        if kind is None:
            self._finish()

    def add(self, frames: NDArray[np.uint8], vectors: Mapping[str, NDArray[np.float32]], subtasks: Sequence[Subtask]) -> None:
        """Append an episode: frames (n,H,W,3), vectors (n,D), and the subtasks from the first frame on.

        Raises:
            ValueError: they do not fit each other, or what was declared.
        """
        count, begins = len(frames), [each.begin for each in subtasks]
        if not count or any(vectors[name].shape != (count, len(entries)) for name, entries in self.vectors.items()):
            raise ValueError(f"{count} frames with vectors {[(name, values.shape) for name, values in vectors.items()]}")
        if begins != sorted({*begins}) or begins[:1] != [0] or begins[-1] >= count:
            raise ValueError(f"subtasks begin at {begins}, expected increasing frames from 0, of {count}")
        self._encode(frames)
        said = [self._said(each) for each in subtasks]
        episode, numbers = len(self.table), np.arange(count)
        columns: dict[str, Any] = {
            name: pa.FixedSizeListArray.from_arrays(pa.array(vectors[name].ravel(), pa.float32()), len(entries))
            for name, entries in self.vectors.items()
        }
        columns |= {
            "timestamp": (numbers / self.fps).astype(np.float32),
            "frame_index": numbers,
            "episode_index": np.full(count, episode),
            "index": self.total + numbers,
            "task_index": np.zeros(count, np.int64),
            "language_persistent": [said] * count,
        }
        self.rows.write_table(pa.table(columns, schema=self.schema))
        for name in self.vectors:
            self.moments[name].add(vectors[name])
        self.moments[self.camera].add(frames.reshape(-1, 3))
        self.table.append(self._entry(episode, count))
        self.total += count

    def _encode(self, frames: NDArray[np.uint8]) -> None:
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if not number:  # an episode can be decoded without the one before
                frame.pict_type = av.video.frame.PictureType.I
            self.container.mux(self.stream.encode(frame))

    def _said(self, subtask: Subtask) -> dict[str, Any]:
        seconds = subtask.begin / self.fps
        empty = {"camera": None, "tool_calls": None}
        return {"role": "assistant", "content": subtask.text, "style": "subtask", "timestamp": seconds, **empty}

    def _entry(self, episode: int, count: int) -> dict[str, Any]:
        places = {f"{what}/{part}": 0 for what in ("data", f"videos/{self.camera}") for part in ("chunk_index", "file_index")}
        return {
            "episode_index": episode,
            "tasks": [self.task],
            "length": count,
            "dataset_from_index": self.total,
            "dataset_to_index": self.total + count,
            **places,
            f"videos/{self.camera}/from_timestamp": self.total / self.fps,
            f"videos/{self.camera}/to_timestamp": (self.total + count) / self.fps,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }

    def _finish(self) -> None:
        pq.write_table(pa.Table.from_pylist(self.table), self._made(EPISODES))
        tasks = pa.table({"task_index": pa.array([0], pa.int64()), "task": pa.array([self.task])})
        pq.write_table(tasks.replace_schema_metadata({"pandas": json.dumps(PANDAS)}), self._made(TASKS))
        stats = {name: self.moments[name].of((len(entries),)) for name, entries in self.vectors.items()}
        stats[self.camera] = self.moments[self.camera].of((3, 1, 1), 1 / 255)
        self._made(STATS).write_text(json.dumps(stats, indent=2) + "\n")
        self._made(INFO).write_text(json.dumps(self._info(), indent=2) + "\n")

    def _info(self) -> dict[str, Any]:
        height, width = self.size
        video = {"video.height": height, "video.width": width, "video.codec": "h264", "video.pix_fmt": "yuv420p"}
        video |= {"video.is_depth_map": False, "video.fps": self.fps, "video.channels": 3, "has_audio": False}
        features: dict[str, Any] = {
            name: {"dtype": "float32", "shape": [len(entries)], "names": list(entries)} for name, entries in self.vectors.items()
        }
        names = ["height", "width", "channels"]
        features[self.camera] = {"dtype": "video", "shape": [height, width, 3], "names": names, "info": video}
        features |= {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in _dtypes().items()}
        return {
            "codebase_version": "v3.0",
            "robot_type": self.robot,
            "total_episodes": len(self.table),
            "total_frames": self.total,
            "total_tasks": 1,
            "chunks_size": 1000,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "fps": self.fps,
            "splits": {"train": f"0:{len(self.table)}"},
            "data_path": DATA,
            "video_path": VIDEO,
            "features": features,
        }

    def _made(self, name: str) -> Path:
        """A file's path, in a directory that is there."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _dtypes() -> dict[str, str]:
    """The types of the other columns as `info.json` calls them."""
    numbers = {name: "float32" if kind == pa.float32() else "int64" for name, kind in BOOKKEEPING.items()}
    return {**numbers, "language_persistent": "language"}
