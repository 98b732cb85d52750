"""The metadata and the tables of a LeRobot v3.0 dataset: `meta/info.json`, the table of episodes, the rows of an episode.

A parquet file holds many episodes. It is read in batches of a few rows and of the columns wanted, so that no number in the
metadata decides how much memory is needed. The `lerobot` package is not used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources.source import PIECE
from keyin_cli.errors import InputError

INFO = "meta/info.json"
EPISODE, FRAME, TIME = "episode_index", "frame_index", "timestamp"
BOOKKEEPING = {EPISODE, FRAME, TIME, "index", "task_index"}
END_FRAMES = ("dense_subtask_end_frames", "sparse_subtask_end_frames", "subtask_end_frames")  # the last: of older annotations
NUMBERS = {"bool", "float16", "float32", "float64"} | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
FIELD = re.compile(r"\{(\w+)(?::0?(\d)d)?\}")  # of a template; `str.format` would also fill {x:9999999999}
LONGEST_INFO = 2**24  # bytes
MOST_EPISODES = 10**6  # more is a mistake, or an attack
MOST_ROWS = 10**8  # of a file: a few bytes can repeat a number so often
BUFFER = 2**20  # bytes of a column that are read at once
AGAIN = "download the dataset again"


@dataclass(frozen=True)
class Info:
    """What `meta/info.json` says.

    Attributes:
        root: the dataset's directory.
        fps: frames a second.
        cameras: "video" or "image" by name of the feature; maps of depth are left out.
        signals: the length of a vector by name of the feature, 1 for a scalar.
        templates: of paths, by "data_path" and "video_path".
    """

    root: Path
    fps: float
    cameras: Mapping[str, str]
    signals: Mapping[str, int]
    templates: Mapping[str, str]

    def path(self, template: str, **values: object) -> Path:
        """The file that a template names.

        Raises:
            InputError: there is no such template, it is odd, or its file is missing or outside the dataset.
        """
        text = self.templates.get(template)
        filled = FIELD.sub(lambda field: str(values.get(field[1], field[0])).zfill(int(field[2] or 0)), text or "")
        if not text or "{" in filled or "}" in filled:
            raise InputError(f"{self.root / INFO}: its {template} is {short(text)}, which names no file: {AGAIN}")
        return inside(self.root, filled)


def read_info(root: Path) -> Info:
    """What `meta/info.json` of a dataset says.

    Raises:
        InputError: it is missing, damaged or of another version; there is no camera.
    """
    file = inside(root, INFO)
    try:
        if file.stat().st_size > LONGEST_INFO:
            raise ValueError(f"longer than {LONGEST_INFO} bytes")
        info = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} cannot be read ({line(error)}): {AGAIN}") from None
    if not isinstance(info, dict):
        raise InputError(f"{file} is no JSON object: {AGAIN}")
    if (version := info.get("codebase_version")) != "v3.0":
        raise _other_version(root, version)
    fps, features = info.get("fps"), info.get("features")
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps < 1e6:
        raise InputError(f"{file}: fps is {short(fps)}, expected frames a second: {AGAIN}")
    if not isinstance(features, dict) or not all(isinstance(feature, dict) for feature in features.values()):
        raise InputError(f"{file} has no dictionary of features: {AGAIN}")
    if odd := [name for name in features if not name.isprintable()]:
        raise InputError(f"{file}: the feature {short(odd[0])} has characters that no name has: rename it")
    cameras = {name: kind for name, feature in features.items() if (kind := _camera(feature))}
    if not cameras:
        raise InputError(f"{root} has no camera, no feature in {INFO} is of dtype video or image: keyframes are found in images")
    signals = {name: width for name, feature in features.items() if name not in BOOKKEEPING and (width := _width(feature))}
    templates = {key: info[key] for key in ("data_path", "video_path") if isinstance(info.get(key), str)}
    return Info(root, float(fps), cameras, signals, templates)


def inside(root: Path, name: str) -> Path:
    """The file of that name in a dataset, resolved.

    Raises:
        InputError: there is none, or it is outside the dataset's directory.
    """
    missing = InputError(f"{root} has no file {short(name)}: the dataset is incomplete, {AGAIN}")
    if not name.isprintable():  # an error line shows the name
        raise missing
    try:
        home, file = root.resolve(), (root / name).resolve()
        there = file.is_file()
    except (OSError, ValueError, RuntimeError):  # a loop of links, or a name that is too long
        raise missing from None
    # the cache of the Hugging Face Hub has links in snapshots/REVISION to files in blobs
    homes = [home, home.parent.parent / "blobs"] if home.parent.name == "snapshots" else [home]
    if not any(file.is_relative_to(each) for each in homes):
        raise InputError(f"{root}: {short(name)} is outside the dataset's directory and is not read: copy the file into it")
    if not there:
        raise missing
    return file


def episodes(info: Info) -> Any:
    """The table of episodes, a `pyarrow.Table` in the order of `episode_index`, which is unique. Statistics are left out.

    Raises:
        InputError: a file of it is missing or damaged.
    """
    pyarrow = arrow()
    wanted = {EPISODE, "length", "data/chunk_index", "data/file_index", *END_FRAMES}
    wanted |= {f"videos/{name}/{key}" for name in info.cameras for key in ("chunk_index", "file_index", "from_timestamp")}
    folder = info.root / "meta" / "episodes"
    tables, count = [], 0
    for found in sorted(folder.glob("*/*.parquet")):
        with opened(inside(info.root, str(found.relative_to(info.root)))) as file:
            columns = [name for name in file.schema_arrow.names if name in wanted]
            for batch in file.iter_batches(columns=columns, use_threads=False):
                count += len(batch)
                if count > MOST_EPISODES:
                    raise InputError(f"{folder} has more than {MOST_EPISODES} episodes: split the dataset")
                integers(batch, EPISODE, found)
                tables.append(pyarrow.Table.from_batches([batch.select(columns)]))
    if not tables:
        raise InputError(f"{folder} has no episodes: {AGAIN}")
    with reading(folder):
        table = pyarrow.concat_tables(tables, promote_options="permissive").combine_chunks()
        indices = table[EPISODE].to_numpy()
        if len(np.unique(indices)) < len(indices) or indices.min() < 0:
            raise InputError(f"{folder} has an episode twice, or with a negative number: {AGAIN}")
        return table.take(pyarrow.array(np.argsort(indices)))


def rows(file: Path, episode: int, columns: Sequence[str]) -> Iterator[Any]:
    """The rows of an episode in a parquet file of many: batches (`pyarrow.RecordBatch`) of 1 to `PIECE` rows.

    Raises:
        InputError: the file is damaged, or a column is missing.
    """
    pyarrow = arrow()
    names = [EPISODE, *columns]
    with opened(file) as table:
        if absent := [name for name in names if name not in table.schema_arrow.names]:
            raise InputError(f"{file} has no column {absent[0]}, which {INFO} names: {AGAIN}")
        groups, begun = list(_groups(table, episode, file)), False
        for batch in table.iter_batches(batch_size=PIECE, row_groups=groups, columns=names, use_threads=False):
            held = integers(batch, EPISODE, file) == episode
            if held.any():
                begun = True
                yield batch.filter(pyarrow.array(held))
            elif begun:
                return


def has_column(file: Path, name: str) -> bool:
    """Whether a parquet file has a column."""
    with opened(file) as table:
        return name in table.schema_arrow.names


def column(batch: Any, name: str, file: Path) -> Any:
    """Raises:
    InputError: the batch has no column (`pyarrow.Array`) of that name, or several.
    """
    found = batch.schema.get_all_field_indices(name)
    if len(found) != 1:
        raise InputError(f"{file} has {len(found)} columns {name}, expected one: {AGAIN}")
    return batch.column(found[0])


def vectors(batch: Any, name: str, width: int, file: Path) -> NDArray[Any]:
    """A column of numbers as (k,width) of their type; scalars where `width` is 1.

    Raises:
        InputError: it has something else.
    """
    types = arrow().types
    values = column(batch, name, file)
    kind = values.type
    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    wrong = values.null_count or (any(len(value) != width for value in values) if is_list else width != 1)
    values = values.flatten() if is_list and not wrong else values
    is_number = types.is_integer(values.type) or types.is_floating(values.type) or types.is_boolean(values.type)
    if wrong or not is_number or values.null_count:
        raise InputError(f"{file}: column {name} is {line(kind)}, expected {width} numbers in every row: {AGAIN}")
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(-1, width)


def integers(batch: Any, name: str, file: Path) -> NDArray[np.int64]:
    """A column of integers as (k,) int64.

    Raises:
        InputError: it has something else.
    """
    values = vectors(batch, name, 1, file)
    if values.dtype.kind not in "ui":
        raise InputError(f"{file}: column {name} is {values.dtype}, expected integers: {AGAIN}")
    return values[:, 0].astype(np.int64)


def arrow() -> ModuleType:
    """The package pyarrow.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("LeRobot datasets are read with pyarrow, which is missing: pip install 'keyin[lerobot]'") from None
    module: ModuleType = pyarrow
    return module


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """A `pyarrow.parquet.ParquetFile`; what fails while it is open is an InputError that names it."""
    with reading(file), arrow().parquet.ParquetFile(str(file), buffer_size=BUFFER, pre_buffer=False) as table:
        if (count := table.metadata.num_rows) > MOST_ROWS:
            raise InputError(f"{file} has {count} rows, at most {MOST_ROWS} are read: {AGAIN}")
        yield table


@contextmanager
def reading(where: object) -> Iterator[None]:
    """What is done with a table and fails is an InputError that says where."""
    try:
        yield
    except (arrow().ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError, MemoryError) as error:
        raise InputError(f"{where} cannot be read ({line(error)}): {AGAIN}") from None


def line(error: object) -> str:
    """What an object says, in one short line."""
    said = "it takes more memory than is free" if isinstance(error, MemoryError) else str(error)[:1000]
    text = "".join(character if character.isprintable() else " " for character in said)
    return " ".join(text.split())[:200] or type(error).__name__


def short(value: object) -> str:
    """A value of the metadata as an error line shows it."""
    return ascii(value)[:120]


def _other_version(root: Path, version: object) -> InputError:
    advice, script = "update KeyIn, or write the dataset as v3.0", "python -m lerobot.scripts.convert_dataset_v21_to_v30"
    if version in ("v2.0", "v2.1"):
        older = "first to v2.1 with the script convert_dataset_v20_to_v21 of an older lerobot, then " * (version == "v2.0")
        settings = "--repo-id=NAME --root=COPY --push-to-hub=false"
        advice = f"convert a copy of it {older}with lerobot's own script, {script} {settings}"
    return InputError(f"{root} is a LeRobot dataset of version {short(version)}, KeyIn reads v3.0: {advice}")


def _camera(feature: Mapping[str, Any]) -> str | None:
    """How a feature's images are stored; None where it has none, or distances, which are no image to look at."""
    about = [part for part in (feature.get("info"), feature.get("video_info")) if isinstance(part, dict)]
    is_depth = any(part.get(key) is True for part in about for key in ("is_depth_map", "video.is_depth_map"))
    return str(feature["dtype"]) if feature.get("dtype") in ("video", "image") and not is_depth else None


def _width(feature: Mapping[str, Any]) -> int | None:
    """The length of a feature that is a vector of numbers, or None."""
    shape, dtype = feature.get("shape"), feature.get("dtype")
    if not (isinstance(dtype, str) and dtype in NUMBERS and isinstance(shape, list) and len(shape) <= 1):
        return None
    width = shape[0] if shape else 1
    return width if type(width) is int and width > 0 else None


def _groups(table: Any, episode: int, file: Path) -> Iterator[int]:
    """The groups of rows, one after the other, that have rows of an episode. Statistics would be quicker, but pyarrow aborts the
    process when those of a damaged file do not fit."""
    begun = False
    for group in range(table.num_row_groups):
        batches = table.iter_batches(row_groups=[group], columns=[EPISODE], use_threads=False)
        if any((integers(batch, EPISODE, file) == episode).any() for batch in batches):
            begun = True
            yield group
        elif begun:
            return
