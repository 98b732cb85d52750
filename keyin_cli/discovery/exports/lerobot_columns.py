"""Subtasks as columns of the tables of a LeRobot v3.0 dataset.

    frames     language_persistent    list of (role, content, style, timestamp, camera, tool_calls): in every row of an episode
                                      the same; a subtask lasts from its `timestamp` to the next one's
    episodes   dense_subtask_{names,start_frames,end_frames,start_times,end_times}    lists: SARM's fine subtasks; both ends are
                                      in them
               sparse_subtask_…       the whole episode as one, "task", as lerobot does where only fine ones are known

Tables are written again group of rows by group of rows. What their schema says beside is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from keyin_cli.datasets.sources import lerobot_tables as tables
from keyin_cli.datasets.sources.lerobot import LANGUAGE

SUBTASK = "subtask"
WHOLE = "task"  # what lerobot calls an episode as one subtask
OLD = ""  # the prefix of older annotations, which are as the sparse ones


@dataclass(frozen=True)
class Subtasks:
    """The subtasks of an episode: names, and of each its first and last frame, and the seconds of these."""

    names: list[str]
    start_frames: list[int]
    end_frames: list[int]
    start_times: list[float]
    end_times: list[float]

    @property
    def whole(self) -> Subtasks:
        """The episode as one."""
        ends = (self.start_frames[:1], self.end_frames[-1:], self.start_times[:1], self.end_times[-1:])
        return Subtasks([WHOLE], *ends)


KEYS = ("names", "start_frames", "end_frames", "start_times", "end_times")


def proportions(subtasks: Iterable[Subtasks], prefix: str) -> dict[str, float]:
    """SARM's share of each subtask in the time of an episode, on average over the episodes that have it; they add up to 1."""
    shares: dict[str, list[float]] = {}
    for each in subtasks:
        one = each.whole if prefix == "sparse" else each
        for name, begin, end in zip(one.names, one.start_frames, one.end_frames, strict=True):
            shares.setdefault(name, []).append((end - begin + 1) / (one.end_frames[-1] + 1))
    means = {name: fmean(values) for name, values in shares.items()}
    return {name: mean / sum(means.values()) for name, mean in means.items()}


def write_frames(file: Path, target: Path, subtasks: Mapping[int, Subtasks]) -> None:
    """Write a table of frames again, with subtasks by `episode_index`.

    Raises:
        InputError: it is damaged.
    """
    pyarrow = tables.arrow()
    json_type = pyarrow.json_() if hasattr(pyarrow, "json_") else pyarrow.string()
    entries = {index: _entries(each) for index, each in subtasks.items()}

    def language(group: Any) -> dict[str, Any]:
        kept = group[LANGUAGE].to_pylist() if LANGUAGE in group.column_names else [None] * len(group)
        rows = zip(group[tables.EPISODE].to_pylist(), kept, strict=True)
        values, counts = [], []
        for (index, others), alike in groupby(rows):  # neighbours say the same: one is made, and repeated
            mine = entries.get(index, [])
            values.append(sorted([*_others(others), *mine], key=lambda entry: float(entry["timestamp"])))
            counts.append(sum(1 for _ in alike))
        distinct = pyarrow.array(values, _language(pyarrow.string()))
        places = pyarrow.array([place for place, count in enumerate(counts) for _ in range(count)], pyarrow.int64())
        return {LANGUAGE: distinct.take(places).cast(_language(json_type))}

    _write_again(file, target, {LANGUAGE: _language(json_type)}, language)


def write_episodes(file: Path, target: Path, subtasks: Mapping[int, Subtasks]) -> None:
    """Write a table of episodes again, with subtasks by `episode_index`.

    Raises:
        InputError: it is damaged.
    """
    pyarrow = tables.arrow()
    prefixes = {"sparse_": True, "dense_": False} | ({OLD: True} if tables.has_column(file, _column(OLD, "end_frames")) else {})
    items = {"names": pyarrow.string(), "frames": pyarrow.int64(), "times": pyarrow.float64()}
    types = {_column(prefix, key): pyarrow.list_(items[key.split("_")[-1]]) for prefix in prefixes for key in KEYS}

    def annotated(group: Any) -> dict[str, Any]:
        found = {}
        each = [subtasks.get(index) for index in group[tables.EPISODE].to_pylist()]
        for prefix, whole in prefixes.items():
            for key in KEYS:
                values = [None if one is None else getattr(one.whole if whole else one, key) for one in each]
                found[_column(prefix, key)] = pyarrow.array(values, types[_column(prefix, key)])
        return found

    _write_again(file, target, types, annotated)


def _column(prefix: str, key: str) -> str:
    return f"{prefix}subtask_{key}"


def _language(json_type: Any) -> Any:
    """The type of `language_persistent`; arrays are made with text where lerobot has JSON, which is stored as text."""
    pyarrow = tables.arrow()
    fields = [
        pyarrow.field("role", pyarrow.string(), nullable=False),
        pyarrow.field("content", pyarrow.string()),
        pyarrow.field("style", pyarrow.string()),
        pyarrow.field("timestamp", pyarrow.float32(), nullable=False),
        pyarrow.field("camera", pyarrow.string()),
        pyarrow.field("tool_calls", pyarrow.list_(json_type)),
    ]
    return pyarrow.list_(pyarrow.struct(fields))


def _entry(role: Any, content: Any, style: Any, timestamp: Any, camera: Any = None, tool_calls: Any = None) -> dict[str, Any]:
    calls = None if tool_calls is None else [call if isinstance(call, str) else json.dumps(call) for call in tool_calls]
    return {"role": role, "content": content, "style": style, "timestamp": timestamp, "camera": camera, "tool_calls": calls}


def _entries(subtasks: Subtasks) -> list[dict[str, Any]]:
    named = zip(subtasks.names, subtasks.start_times, strict=True)
    return [_entry("assistant", name, SUBTASK, time) for name, time in named]


def _others(entries: Any) -> list[dict[str, Any]]:
    """What else than subtasks a row says: plans and memories, for example."""
    return [_entry(**entry) for entry in entries or () if entry["style"] != SUBTASK]


def _write_again(file: Path, target: Path, types: Mapping[str, Any], made: Callable[[Any], Mapping[str, Any]]) -> None:
    """Write a table with columns of some types that are `made` from its groups of rows; one that is there is replaced.

    Raises:
        InputError: the table is damaged.
    """
    pyarrow = tables.arrow()
    with tables.opened(file) as table:
        before = table.schema_arrow
    with tables.reading(file):
        new = {name: pyarrow.field(name, kind) for name, kind in types.items()}
        added = [field for name, field in new.items() if name not in before.names]
        schema = pyarrow.schema([*(new.get(field.name, field) for field in before), *added], metadata=before.metadata)
    with pyarrow.parquet.ParquetWriter(str(target), schema) as writer:
        for group in _groups(file, schema, made):  # what fails while it is written is no damage of the source
            writer.write_table(group)


def _groups(file: Path, schema: Any, made: Callable[[Any], Mapping[str, Any]]) -> Iterator[Any]:
    """The groups of rows of a table with all columns of a schema."""
    pyarrow = tables.arrow()
    with tables.opened(file) as table:
        for number in range(table.num_row_groups):
            group = table.read_row_group(number, use_threads=False)
            columns = made(group)
            arrays = [columns[name] if name in columns else group[name] for name in schema.names]
            yield pyarrow.Table.from_arrays(arrays, schema=schema)
