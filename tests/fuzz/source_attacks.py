"""What is done to demonstrations on purpose."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lerobot_files as lerobot
import numpy as np

from fuzz.recordings import arrays, pictures

Attack = Callable[[Path], Any]


def saved(**changes: Any) -> Attack:
    return lambda path: np.savez_compressed(path, **{key: each for key, each in (arrays() | changes).items() if each is not None})


def pickled(path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.system, ("touch pickled",)

    np.savez(path, frames=pictures(5), state=np.array([Harm()], dtype=object), keyframes=np.array([Harm()], dtype=object))


def pickled_frames(path: Path) -> None:
    np.save(path, np.array([{}] * 3, dtype=object), allow_pickle=True)


def header(shape: str, descr: str = "'|u1'", size: int = 60) -> Attack:
    """A `.npy` whose header says anything."""

    def attack(path: Path) -> None:
        text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        path.write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text + bytes(size))

    return attack


def zip_bomb(path: Path) -> None:
    """An array of 20 GB in 20 MB is too slow to make here: the directory of a zip says so of 60 kB."""
    np.savez_compressed(path, **arrays() | {"frames": np.zeros((20, 16, 16, 3), np.uint8)})
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (20_000_000, 32, 32, 1)})
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(head.getvalue()) + packed.compress(bytes(1 << 26)) + packed.flush()
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("frames.npy")
        archive.writestr(entry, data)
    raw = path.read_bytes()
    size = struct.pack("<I", 20_000_000 * 1024 & 0xFFFFFFFF)
    raw = raw.replace(b"PK\x03\x04\x14\0\0\0\0\0", b"PK\x03\x04\x14\0\0\0\x08\0")
    at = raw.index(b"PK\x01\x02")
    entry_ = bytearray(raw[at:])
    entry_[10:12], entry_[24:28] = b"\x08\0", size
    path.write_bytes(raw[:at] + bytes(entry_))


def of_hdf5(change: Callable[[Any], Any]) -> Attack:
    def attack(path: Path) -> None:
        import h5py

        with h5py.File(path, "r+") as file:
            change(file)

    return attack


IMAGE = "data/demo_0/obs/front_image"


def external_link(file: Any) -> None:
    import h5py

    del file[IMAGE]
    file[IMAGE] = h5py.ExternalLink("elsewhere.hdf5", "/x")


def soft_link(file: Any) -> None:
    import h5py

    del file[IMAGE]
    file[IMAGE] = h5py.SoftLink("/data/demo_1/obs/front_image")


def external_storage(file: Any) -> None:
    del file[IMAGE]
    file.create_dataset(IMAGE, (9, 16, 16, 3), np.uint8, external=[("/etc/passwd", 0, 9 * 16 * 16 * 3)])


def virtual(file: Any) -> None:
    import h5py

    del file[IMAGE]
    layout = h5py.VirtualLayout((9, 16, 16, 3), np.uint8)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (9, 16, 16, 3))
    file.create_virtual_dataset(IMAGE, layout)


def raw_chunk(data: Callable[[], bytes], chunks: tuple[int, ...] = (3, 16, 16, 3)) -> Callable[[Any], None]:
    """A chunk that was written as if it was compressed."""

    def change(file: Any) -> None:
        for number in range(2):
            name = f"data/demo_{number}/obs/front_image"
            del file[name]
            made = file.create_dataset(name, (9, 16, 16, 3), np.uint8, chunks=chunks, compression="gzip")
            made.id.write_direct_chunk((0, 0, 0, 0), data())

    return change


def inflated() -> bytes:
    packed = zlib.compressobj(1)
    return b"".join(packed.compress(bytes(1 << 24)) for _ in range(6)) + packed.flush()


def other_filter(file: Any) -> None:
    import h5py

    del file[IMAGE]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3, 16, 16, 3))
    plist.set_scaleoffset(h5py.h5z.SO_INT, 0)
    space = h5py.h5s.create_simple((9, 16, 16, 3))
    made = h5py.h5d.create(file.id, IMAGE.encode(), h5py.h5t.STD_U8LE, space, plist)
    h5py.Dataset(made)[...] = pictures(9)


def giant(file: Any) -> None:
    del file[IMAGE]
    file.create_dataset(IMAGE, (10**9, 16, 16, 3), np.uint8, chunks=(10**6, 16, 16, 3))


def info(**changes: Any) -> Attack:
    return lambda path: lerobot.write_info(path, **changes)


def table(name: str, values: Any) -> Attack:
    return lambda path: lerobot.change(path / lerobot.TABLE, name, values)


def episodes(name: str, values: Any) -> Attack:
    return lambda path: lerobot.change(path / lerobot.EPISODES, name, values)


def column_bomb(path: Path) -> None:
    """4 10^6 rows in a few kB: one row, and how often it comes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    one = pq.read_table(path / lerobot.TABLE).slice(0, 1)
    with pq.ParquetWriter(path / lerobot.TABLE, one.schema) as writer:
        many = one.take(pa.array(np.zeros(2 * 10**6, np.int32)))
        for _ in range(2):
            writer.write_table(many, row_group_size=2 * 10**6)


def image_bomb(path: Path) -> None:
    """12 images of 300 MB of zeros, which are once in the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    there = pq.read_table(path / lerobot.TABLE)
    images = pa.DictionaryArray.from_arrays(pa.array(np.zeros(12, np.int32)), pa.array([bytes(300 << 20)], pa.binary()))
    columns = {name: there[name] for name in there.column_names if name != lerobot.FRONT}
    pq.write_table(pa.table({**columns, lerobot.FRONT: images}), path / lerobot.TABLE, store_schema=False)


def wide_bomb(path: Path) -> None:
    """A row with a list of 10^7 numbers."""
    import pyarrow as pa

    lists = pa.ListArray.from_arrays(np.array([0, *[10**7 * (i + 1) // 12 for i in range(12)]], np.int32), np.zeros(10**7))
    lerobot.change(path / lerobot.TABLE, lerobot.STATE, lists)


def linked(name: str) -> Attack:
    def attack(path: Path) -> None:
        outside = path.with_name("outside")
        shutil.move(path / name, outside)
        (path / name).symlink_to(outside)

    return attack


def text(words: str, name: str = "") -> Attack:
    return lambda path: (path / name if name else path).write_text(words)


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '/etc/passwd'\n"


def large_gif(path: Path) -> None:
    side = b"\xff\xff\xff\xff"
    path.write_bytes(b"GIF89a" + side + b"\x80\0\0" + b"\0" * 6 + b",\0\0\0\0" + side + b"\0\x02\x02\x44\x01\0;")
