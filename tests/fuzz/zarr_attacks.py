"""What is done to datasets in Zarr on purpose."""

from __future__ import annotations

import json
import os
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zarr

from fuzz import damage

METADATA = ("zarr.json", ".zarray", ".zattrs", ".zgroup")
Attack = Callable[[Path], Any]


def edit(file: str, *way_and_value: Any) -> Attack:
    return lambda path: damage.edit(path / file, way_and_value[:-1], way_and_value[-1])


def chunk(path: Path, name: str) -> Path:
    """The largest file of an array."""
    return max(damage.files(path / name, lambda file: file.name not in METADATA), key=lambda file: file.stat().st_size)


def delete(name: str) -> Attack:
    return lambda path: chunk(path, name).unlink()


def stored(name: str, values: Any, **more: Any) -> Attack:
    return lambda path: zarr.open_group(path, mode="r+").create_array(name, data=values, overwrite=True, **more)


def giant(*sizes: int) -> Attack:
    def attack(path: Path) -> None:
        file = path / "frames/zarr.json" if (path / "frames/zarr.json").exists() else path / "frames/.zarray"
        shape = json.loads(file.read_text())["shape"]
        damage.edit(file, ["shape"], [*sizes, *shape[len(sizes) :]])

    return attack


def bomb(name: str, codec: str) -> Attack:
    """A chunk of 8 GB of zeros in some kB."""

    def attack(path: Path) -> None:
        file = chunk(path, name)
        if codec == "zstd":  # a frame of 2^16 blocks, of a byte each that is repeated 131,071 times
            block = (1 << 20 | 1 << 1 | 0).to_bytes(3, "little") + b"\0"
            head = 0xFD2FB528.to_bytes(4, "little") + b"\x00\x70"
            file.write_bytes(head + block * 65536 + (1 << 20 | 1 << 1 | 1).to_bytes(3, "little") + b"\0")
            return
        metadata = json.loads((path / name / ".zarray").read_text())
        metadata["compressor"] = {"id": codec, "level": 9}
        damage.write(path / name / ".zarray", metadata)
        packed = zlib.compressobj(9, zlib.DEFLATED, 31 if codec == "gzip" else 15)
        data = b"".join(packed.compress(bytes(1 << 24)) for _ in range(16)) + packed.flush()
        for file in damage.files(path / name, lambda file: file.name not in METADATA):
            file.write_bytes(data if codec == "zlib" else data * 32)

    return attack


def claims(path: Path) -> None:
    """A chunk of Zstandard that says that it becomes 2^60 bytes."""
    chunk(path, "frames").write_bytes(0xFD2FB528.to_bytes(4, "little") + b"\xe0" + (1 << 60).to_bytes(8, "little") + b"\x01\0\0")


def pickled(path: Path) -> None:
    damage.edit(path / "frames/.zarray", ["filters"], [{"id": "pickle"}])
    chunk(path, "frames").write_bytes(b"cos\nsystem\n(S'touch pickled'\ntR.")


def linked(name: str, absolute: bool) -> Attack:
    def attack(path: Path) -> None:
        outside = path.with_name("outside")
        shutil.move(path / name, outside)
        (path / name).symlink_to(outside if absolute else os.path.relpath(outside, (path / name).parent))

    return attack


def written(array: str, value: Any, name: str = "") -> Attack:
    def attack(path: Path) -> None:
        zarr.open_group(path, mode="r+")[array][...] = value

    return attack


def flipped(number: int) -> Attack:
    return lambda path: damage.flip(random.Random(number), chunk(path, "frames"))
