"""A group of Zarr that nobody vouches for: what is not there, too large or not ours to decode is one line, at whatever layout."""

import gzip
import json
import shutil
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.groups import headers
from keyin_cli.datasets.groups.group import Group
from keyin_cli.errors import InputError

SETTINGS = {"chunk_shape": [1, 1, 1], "codecs": ["bytes"], "index_codecs": []}  # of shards without an index
VALUES = np.arange(1, 10 * 3 * 4 + 1, dtype=np.uint8).reshape(10, 3, 4)
LAYOUTS: dict[str, dict[str, Any]] = {
    "Zarr 2": {"zarr_format": 2},
    "Zarr 3": {"zarr_format": 3},
    "shards": {"zarr_format": 3, "shards": (4, 3, 4)},
    "shards, index first": {"zarr_format": 3, "shards": {"shape": (4, 3, 4), "index_location": "start"}},
}


def make(path: Path, values: Any = VALUES, zarr_format: Any = 3, **more: Any) -> Path:
    group = zarr.create_group(path, zarr_format=zarr_format, attributes={"fps": 5})
    group.create_array("a/x", data=values, chunks=(2, 3, 2), **more)
    return path


@pytest.fixture(params=LAYOUTS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make(tmp_path / "g.zarr", **LAYOUTS[request.param])


def files(path: Path) -> list[Path]:
    return sorted(
        file for file in (path / "a/x").rglob("*") if file.is_file() and file.name not in (".zattrs", *headers.METADATA)
    )


def test_it_is_read(made: Path) -> None:
    group = Group(made)
    assert group.attributes == {"fps": 5}
    assert "a/x" in group
    assert "a/y" not in group
    assert "x" in group.names("a")
    for rows in (None, 0, 3, 10):
        np.testing.assert_array_equal(group.array("a/x", rows)[:], VALUES)
        np.testing.assert_array_equal(group.array("a/x", rows)[3:5, 1, 1:], VALUES[3:5, 1, 1:])
    with pytest.raises(InputError, match=r"g.zarr has no array a/y: copy or download it again"):
        group.array("a/y")


def test_a_zip_is_read(tmp_path: Path) -> None:
    path = make(tmp_path / "g.zarr", zarr_format=2)
    packed = tmp_path / "g.zip"
    kept = [file for file in sorted(path.rglob("*")) if file.name != "4.0.1"]
    for content, rows in ((sorted(path.rglob("*")), 10), (kept, 8), (kept, 10)):
        with zipfile.ZipFile(packed, "w") as archive:
            for file in content:
                archive.write(file, file.relative_to(path))
        if content is kept and rows == 10:
            with pytest.raises(
                InputError, match=r"a/x of .*g.zip has 9 of 10 files of chunks, what is missing would be read as 0"
            ):
                Group(packed).array("a/x", rows)
        else:
            np.testing.assert_array_equal(Group(packed).array("a/x", rows)[:8], VALUES[:8])


def test_a_lost_file_is_missed(made: Path) -> None:
    there = files(made)
    there[0].unlink()
    lost = f"has {len(there) - 1} of {len(there)} files of chunks, what is missing would be read as 0: copy or download it again"
    with pytest.raises(InputError, match=lost):
        Group(made).array("a/x", 10)
    assert Group(made).array("a/x")[0, 0, 0] == 0  # as Zarr has it, where nothing tells that it has to be there
    for i in range(3):
        (there[0].parent / f"other{i}").write_text("x")  # other files do not stand for it
    with pytest.raises(InputError, match=r"a/x of .*g.zarr: its file a/x/[c0/.]+ is missing, what is missing would"):
        Group(made).array("a/x", 10)[0]


@pytest.mark.parametrize("location", ["end", "start"])
def test_a_lost_chunk_in_a_shard_is_missed(tmp_path: Path, location: Any) -> None:
    values = VALUES.copy()
    values[2:4, :, 2:] = 0  # of zeros, which Zarr leaves out of the shard
    path = make(tmp_path / "g.zarr", values, shards={"shape": (4, 3, 4), "index_location": location})
    np.testing.assert_array_equal(Group(path).array("a/x")[:], values)
    np.testing.assert_array_equal(Group(path).array("a/x", 2)[:], values)
    for part in (slice(None), slice(3, 4), slice(0, 1)):
        with pytest.raises(InputError, match=r"a chunk is missing in its file a/x/c/0/0/0, what is missing would be read as 0"):
            Group(path).array("a/x", 10)[part]
    np.testing.assert_array_equal(Group(path).array("a/x", 10)[4:], values[4:])


def test_bombs_are_not_decoded(made: Path, tmp_path: Path) -> None:
    huge = b"\x28\xb5\x2f\xfd\xe0" + (1 << 40).to_bytes(8, "little") + b"\1\0\0"
    if made.joinpath("a/x/.zarray").exists():
        told = json.loads((made / "a/x/.zarray").read_text())
        (made / "a/x/.zarray").write_text(json.dumps(told | {"compressor": {"id": "gzip", "level": 1}}))
        huge = gzip.compress(bytes(1 << 27))
    for file in files(made):
        data = bytearray(file.read_bytes())
        shards = json.loads((made / "a/x/zarr.json").read_text()) if (made / "a/x/zarr.json").exists() else {"codecs": [{}]}
        if shards["codecs"][0].get("name") != "sharding_indexed":
            file.write_bytes(huge)
            continue
        index = 4 * 16 if file.name else 0
        first = shards["codecs"][0]["configuration"]["index_location"] == "start"
        table = np.frombuffer(data[:index] if first else data[-index - 4 : -4], "<u8").reshape(-1, 2)
        for begin, size in table.tolist():
            if begin < 1 << 62 and size >= len(huge):
                data[begin : begin + len(huge)] = huge
        file.write_bytes(data)
    with pytest.raises(InputError, match=r"what is compressed in its file a/x/.* takes more than \d+ bytes, or is damaged"):
        Group(made).array("a/x")[:]
    with pytest.raises(InputError, match="what is compressed in its file"):
        Group(made).array("a/x")[0, 0, 0]


def test_a_file_that_is_too_large_is_not_read(made: Path) -> None:
    with files(made)[0].open("r+b") as file:
        file.truncate(1 << 34)  # takes no room on the disk
    with pytest.raises(
        InputError, match=r"(its file a/x/.* has 17179869184 bytes, more than can be in it|cannot be read|damaged)"
    ):
        Group(made).array("a/x")[:]


def test_links_are_not_followed(made: Path, tmp_path: Path) -> None:
    moved = tmp_path / "away"
    file = files(made)[0]
    shutil.move(file, moved)
    file.symlink_to(moved)
    with pytest.raises(InputError, match="is a link or no file, which is not followed"):
        Group(made).array("a/x")


def test_a_link_to_the_whole_is_one_s_own(made: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(made)
    np.testing.assert_array_equal(Group(tmp_path / "link").array("a/x")[:], VALUES)


@pytest.mark.parametrize(
    ("codecs", "line"),
    [
        ([{"name": "numcodecs.pickle"}], "is stored with 'numcodecs.pickle', only blosc"),
        ([{"name": "bytes"}, {"name": "zstd"}, {"name": "gzip"}], "is compressed more than once"),
        ([{"name": "bytes"}] * 9, "is stored with 9 codecs, at most 8"),
        ([{"name": "sharding_indexed", "configuration": SETTINGS}], "layout of shards"),
        ([], "cannot be read"),
    ],
)  # fmt: skip
def test_codecs_that_are_not_decoded(codecs: list[Any], line: str, tmp_path: Path) -> None:
    path = make(tmp_path / "g.zarr")
    told = json.loads((path / "a/x/zarr.json").read_text())
    (path / "a/x/zarr.json").write_text(json.dumps(told | {"codecs": codecs}))
    with pytest.raises(InputError, match=line):
        Group(path).array("a/x")


@pytest.mark.parametrize("name", ["pickle", "json2", "msgpack2", "vlen-utf8", "no such"])
@pytest.mark.parametrize("key", ["compressor", "filters"])
def test_codecs_of_zarr_2_that_are_not_decoded(key: str, name: str, tmp_path: Path) -> None:
    """Pickle runs code, and those of objects give what are no numbers."""
    path = make(tmp_path / "g.zarr", zarr_format=2)
    codec = {"id": name}
    told = json.loads((path / "a/x/.zarray").read_text())
    (path / "a/x/.zarray").write_text(json.dumps(told | {key: [codec] if key == "filters" else codec}))
    with pytest.raises(InputError, match=f"is stored with '{name}', only "):
        Group(path).array("a/x")


@pytest.mark.parametrize("told", [{}, {"zarr_format": 3}, {"zarr_format": 3, "node_type": "array"}, {"zarr_format": 2}])
def test_metadata_of_no_group(told: dict[str, Any], tmp_path: Path) -> None:
    path = make(tmp_path / "g.zarr")
    (path / "zarr.json").write_text(json.dumps({"attributes": {"fps": 5}, **told}))
    with pytest.raises(InputError, match=r"zarr\.json is no metadata of a group of Zarr 3: copy or download it again"):
        _ = Group(path).attributes


def test_attributes_that_are_none(tmp_path: Path) -> None:
    path = make(tmp_path / "g.zarr")
    (path / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": [1]}')
    with pytest.raises(InputError, match="has attributes that are none"):
        _ = Group(path).attributes
    (path / "zarr.json").unlink()
    assert Group(path).attributes == {}


def test_attributes_may_have_a_record_for_each_of_many_episodes(tmp_path: Path) -> None:
    record = {"name": "episode", "sha256": {f"data/{name}": "0" * 64 for name in "abcde"}}
    zarr.create_group(tmp_path / "many.zarr", attributes={"episodes": [record] * 50_000})
    assert len(Group(tmp_path / "many.zarr").attributes["episodes"]) == 50_000


def test_numcodecs_is_no_older_than_what_runs_no_pickle() -> None:
    """Before 0.16.6 an array of Zarr 2 could name `pickle` as its filter. It is refused here too."""
    required = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["dependencies"]
    assert "numcodecs>=0.16.6" in required
