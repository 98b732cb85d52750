"""What can be told of a dataset without decoding it (its layout is in `store`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli.datasets.groups import headers
from keyin_cli.datasets.groups.group import Group
from keyin_cli.datasets.shards import SHARD, damaged_files, is_shard
from keyin_cli.datasets.sources import arrays
from keyin_cli.datasets.sources.source import LARGEST
from keyin_cli.errors import InputError, shown
from keyin_cli.recipe import digest


def attributes(path: Path) -> dict[str, Any]:
    """A dataset's attributes; empty when there is no Zarr group, or a damaged one."""
    try:
        return headers.attributes(path) or {}
    except InputError as error:
        if isinstance(error.__context__, MemoryError):
            raise
        return {}


def is_finished(path: Path) -> bool:
    """Whether every shard was made. A dataset that was not made here has no shards to finish."""
    there = attributes(path)
    return "generator" not in there or {"shards", "sha256"} <= there.keys()


def checked(path: Path) -> Group:
    """The group of a finished dataset: its layout is right, and every shard's file is there and has the recorded size.

    Raises:
        InputError: with the next command, when anything is missing or damaged.
    """
    where = shown(path)
    group = Group(path) if path.is_dir() else None
    said, frames = (group.attributes, group.header("frames")) if group else ({}, None)
    if group is None or frames is None:
        raise InputError(f"{where} is not a dataset: expected a Zarr group with frames (n,T,H,W,C) uint8")
    if frames.shape[:1] == (0,):
        raise InputError(f"{where} has no sequences: give another dataset")
    if len(frames.shape) != 5 or frames.dtype != np.uint8 or 0 in frames.shape:
        raise InputError(f"{where}: frames are {frames.shape} {frames.dtype}, expected (n,T,H,W,C) uint8")
    n, length, height, width, channels = frames.shape
    if max(n, length) > arrays.MOST or max(height, width, channels) > LARGEST:
        most = f"{arrays.MOST} sequences or frames, and {LARGEST} px or channels"
        raise InputError(f"{where}: frames are {frames.shape}, at most {most} are read: split it")
    for name, inner, kind in (("keyframes", (length,), np.bool_), ("split", (), np.uint8)):
        array = group.header(name)
        if array and (array.shape != (n, *inner) or array.dtype != kind):
            found, expected = f"{array.shape} {array.dtype}", f"{(n, *inner)} {np.dtype(kind)}"
            raise InputError(f"{where}: {name} are {found}, expected {expected}: convert or remove it")
    if "generator" in said:
        _check_generated(path, group, n)
    return group


def _check_generated(path: Path, group: Group, n: int) -> None:
    """Check that a dataset that was made here is finished, and all files of its shards are there.

    Raises:
        InputError: it is not.
    """
    if not is_finished(path):
        raise InputError(
            f"{path} is unfinished: give `keyin gen-data` the options or recipe that it was begun with, it continues"
        )
    said = group.attributes
    shards, recipe = said["shards"], said.get("recipe")
    if not isinstance(shards, list) or not all(map(is_shard, shards)) or len(shards) != -(-n // SHARD):
        raise InputError(f"{shown(path)}: its list of shards is damaged: make it again with `keyin gen-data --overwrite`")
    if said["sha256"] != digest([shard["sha256"] for shard in shards]) or not isinstance(recipe, dict):
        raise InputError(f"{shown(path)}: its attributes are damaged: make it again with `keyin gen-data --overwrite`")
    if lost := [name for shard in shards for name in shard["bytes"] if name not in group]:
        raise InputError(f"{path} has lost its {lost[0]}: make it again with `keyin gen-data --overwrite`")
    for index, shard in enumerate(shards):
        if damaged := damaged_files(path, group, index, shard):
            raise InputError(f"{damaged[0]} is truncated or missing: {rebuild(path)}")


def again(path: Path, said: dict[str, Any]) -> str:
    """The next step after damage, as the end of an error line, by the attributes of what is damaged."""
    return rebuild(path) if "generator" in said else "copy or make it again"


def rebuild(path: Path) -> str:
    """The next step after damage, as the end of an error line."""
    return f"give `keyin gen-data` the options or recipe that {path.name} was made with, it rebuilds only what is damaged"
