import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from source_pieces import one_piece
from zarr.storage import ZipStore

from keyin_cli import machine
from keyin_cli.datasets.groups import group as groups
from keyin_cli.datasets.groups.headers import COMPRESSORS
from keyin_cli.datasets.sources.replay_buffer import SOURCE
from keyin_cli.datasets.sources.source import PIECE, Piece, Wanted, open_source
from keyin_cli.errors import InputError

ENDS = np.array([4, 2 * PIECE + 9, 2 * PIECE + 12])
TOTAL = int(ENDS[-1])
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (TOTAL, 6, 8, 3), dtype=np.uint8)
STATES = RANDOM.normal(size=(TOTAL, 2))
LABELS = np.arange(TOTAL) % 5 == 0
ANYTHING = Wanted("img", ("state",))


def write_buffer(store: Any, version: int = 2, attributes: dict[str, Any] | None = None, **more: Any) -> Any:
    group = zarr.create_group(store, zarr_format=version, attributes=attributes)  # type: ignore[arg-type]
    data = group.create_group("data")
    data.create_array("img", data=IMAGES, chunks=(7, 6, 8, 3))
    data.create_array("depth", data=np.zeros((TOTAL, 6, 8, 2), np.uint8))
    data.create_array("state", data=STATES, chunks=(100, 2))
    data.create_array("reward", data=np.arange(TOTAL))
    for name, array in more.items():
        data.create_array(name, data=array)
    group.create_group("meta").create_array("episode_ends", data=ENDS)
    return store


def joined(path: Path, episode: int, wanted: Wanted) -> Piece:
    """An episode in one piece."""
    pieces = list(SOURCE.open(path).read(episode, wanted))
    assert max(len(piece.frames) for piece in pieces) <= PIECE
    return one_piece(pieces)


def assert_told(path: Path, message: str, wanted: Wanted = ANYTHING, episode: int = 0) -> None:
    with pytest.raises(InputError, match=message) as caught:
        joined(path, episode, wanted)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A buffer of either format, that no test changes."""
    return {version: write_buffer(tmp_path_factory.mktemp("original") / "own.zarr", version) for version in (2, 3)}


@pytest.fixture(params=[2, 3])
def made(request: pytest.FixtureRequest, originals: dict[int, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(originals[request.param], tmp_path / "own.zarr"))


made_2 = pytest.fixture(lambda originals, tmp_path: Path(shutil.copytree(originals[2], tmp_path / "own.zarr")))
made_3 = pytest.fixture(lambda originals, tmp_path: Path(shutil.copytree(originals[3], tmp_path / "own.zarr")))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("packed", [False, True])
def test_a_buffer_is_recognised_and_read(tmp_path: Path, version: int, packed: bool) -> None:
    path = tmp_path / ("cup.zarr.zip" if packed else "pusht.zarr")
    store = ZipStore(path, mode="w") if packed else path
    write_buffer(store, version, keyframes=LABELS)
    if packed:
        store.close()
    kind, source = open_source(path)
    assert kind is SOURCE
    assert kind.name == "replay-buffer"
    assert source.names == ["episode 0", "episode 1", "episode 2"]
    assert source.cameras == ["img"]
    assert source.signals == ["reward", "state"]
    for i, (begin, end) in enumerate(zip([0, *ENDS[:-1]], ENDS, strict=True)):
        episode = joined(path, i, Wanted("img", ("state", "reward")))
        np.testing.assert_array_equal(episode.frames, IMAGES[begin:end])
        np.testing.assert_array_equal(episode.numbers, np.arange(end - begin))
        np.testing.assert_array_equal(episode.seconds, np.arange(end - begin) / 10)
        np.testing.assert_array_equal(episode.signals["state"], STATES[begin:end].astype(np.float32))
        np.testing.assert_array_equal(episode.signals["reward"], np.arange(begin, end)[:, None])
        np.testing.assert_array_equal(source.labels(i), np.flatnonzero(LABELS[begin:end]))


@pytest.mark.parametrize(("white", "seen"), [(1.0, 128), (255.0, 1)])
def test_floats_and_rates_and_longer_arrays(tmp_path: Path, white: float, seen: int) -> None:
    images = np.full((TOTAL + 7, 4, 4, 1), white, np.float32)
    images[-20:] = 0.5 if white == 1 else 1
    path = write_buffer(tmp_path / "own.zarr", 3, {"fps": 4}, grey=images)
    source = SOURCE.open(path)
    assert source.cameras == ["grey", "img"]
    assert source.labels(0) is None
    assert [joined(path, i, Wanted("grey")).frames.max() for i in (0, 2)] == [255, seen]
    assert joined(path, 0, Wanted("grey")).seconds.tolist() == [0, 0.25, 0.5, 0.75]


def test_only_the_chunks_of_a_piece_are_decoded(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    get = zarr.Array.__getitem__
    source = SOURCE.open(made)
    monkeypatch.setattr(zarr.Array, "__getitem__", lambda self, key: read.append((self.path, key)) or get(self, key))
    pieces = source.read(1, Wanted("img", ("state",)))
    assert read == []
    assert len(next(pieces).frames) == 63 - 4  # up to a boundary of chunks
    assert read == [("data/img", slice(4, 63)), ("data/state", slice(4, 63))]
    next(pieces)
    assert read[2:] == [("data/img", slice(63, 126)), ("data/state", slice(63, 126))]


def test_compressors_and_filters_of_zarr_2(made_2: Path) -> None:
    filters = [numcodecs.FixedScaleOffset(0, 1e6, "<f8", "<f8"), numcodecs.Delta("<f8"), numcodecs.Shuffle(8), numcodecs.CRC32()]
    group = zarr.open_group(made_2 / "data")
    for codec in COMPRESSORS:
        group.create_array(codec, data=STATES, compressors=numcodecs.get_codec({"id": codec}), filters=filters)
    for values in joined(made_2, 0, Wanted("img", COMPRESSORS)).signals.values():
        np.testing.assert_allclose(values, STATES[:4], atol=1e-6)


def test_shards_of_zarr_3(made_3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zarr.open_group(made_3 / "data").create_array("own", data=IMAGES, chunks=(5, 6, 8, 3), shards=(100, 6, 8, 3))
    monkeypatch.setattr(machine, "free_memory", lambda: 4 * 10 * 6 * 8 * 3)  # a chunk, no shard
    np.testing.assert_array_equal(joined(made_3, 1, Wanted("own")).frames, IMAGES[4:-3])
    assert_told(made_3, r"a chunk \(100, 2\) of data/state of .* needs [0-9.]+ k?B of memory", Wanted("own", ("state",)))


def metadata(folder: Path) -> Path:
    return next(file for name in (".zarray", "zarr.json") if (file := folder / name).is_file())


def change(folder: Path, edit: dict[str, Any]) -> None:
    metadata(folder).write_text(json.dumps(json.loads(metadata(folder).read_text()) | edit))


CODEC_2 = "is stored with .*, only blosc, bz2, .* are decoded: store it with one"
CODEC_3 = "is stored with .*, only blosc, bytes,"
LAYOUT = "data/img of .* has a layout of chunks that is not read: store it in a regular grid"
SHARDED = {"name": "sharding_indexed", "configuration": {"chunk_shape": [1], "codecs": ["bytes"], "index_codecs": ["bytes"]}}
OF_ZARR_2: list[tuple[str, dict[str, Any], str]] = [
    ("data/state", {"compressor": {"id": "pickle"}}, f"data/state of .*own.zarr {CODEC_2}"),
    ("meta/episode_ends", {"compressor": {"id": "pickle"}}, f"meta/episode_ends of .*own.zarr {CODEC_2}"),
    ("data/img", {"compressor": "blosc"}, CODEC_2),
    ("data/img", {"filters": [{"id": "delta", "dtype": "<f8"}, {"id": "json2"}]}, "is stored with 'json2', only adler32, crc32"),
    ("meta/episode_ends", {"filters": [{"id": "msgpack2"}]}, "is stored with 'msgpack2', only"),
    ("data/img", {"filters": {"id": "pickle"}}, "is stored with 'None', only"),
    ("data/img", {"filters": [{}]}, "is stored with 'None', only"),
    ("data/img", {"filters": [{"id": "delta", "dtype": "|O"}]}, "data/img of .* has a filter to a type that is not of numbers"),
    ("data/img", {"filters": [{"id": "fixedscaleoffset", "dtype": "<f8", "astype": "O"}]}, "filter to a type"),
    ("data/img", {"filters": [{"id": "delta"}]}, "cannot be read .TypeError"),
    (
        "data/img",
        {"chunks": [1 << 40, 6, 8, 3]},
        r"a chunk \(1099511627776, 6, 8, 3\) of .* GB of memory, .*: store it in smaller ones",
    ),
    ("data/img", {"chunks": [0, 6, 8, 3]}, "has chunks"),
    ("data/img", {"chunks": [7, 6, 8, -3]}, "has no sizes of chunks in its metadata: copy or download it again"),
    ("data/img", {"chunks": None}, "has no sizes of chunks"),
    ("data/img", {"shape": [TOTAL - 1, 6, 8, 3]}, "episode 2 has 139 images for rows 137 to 140"),
    ("data/img", {"shape": [TOTAL, 8192, 8192, 3], "chunks": [7, 1, 1, 3]}, "at most 10000 a frame are read"),
    ("data/img", {"shape": [TOTAL, 9000, 8, 3], "chunks": [7, 900, 8, 3]}, "frames of 9000x8 px, at most 8192x8192"),
    ("data/img", {"dtype": "<f8"}, "episode 2 cannot be read"),
    ("data/img", {"compressor": {"id": "zlib", "level": "x", "more": 1}}, "cannot be read .TypeError"),
    ("data/img", {"fill_value": "x"}, "cannot be read"),
    ("data/img", {"dimension_separator": "/../"}, "cannot be read"),
    ("data/img", {"shape": [TOTAL, 6, 8, 10**30]}, r"img/.zarray is no metadata of an array of Zarr 2: copy or download it"),
    ("data/img", {"zarr_format": 3}, "is no metadata of an array"),
    ("data/img", {"dtype": "|O"}, "has no images"),
    ("data/img", {"dtype": [["a", "<i4"]]}, "has no images"),
    ("data/state", {"shape": [TOTAL, 9000], "chunks": [7, 9000]}, "state of .*: episode 2 is .* at most 8192: leave it out"),
    ("data/state", {"shape": [TOTAL - 1, 2]}, r"state of .*: episode 2 is \(139, 2\) float64, expected numbers \(140,\)"),
    ("meta/episode_ends", {"dtype": "<f8"}, r"is \(3,\) float64, expected at most 10000000 integers"),
    ("meta/episode_ends", {"dtype": "|O"}, "meta/episode_ends of .* is not of numbers: leave it out"),
    ("meta/episode_ends", {"shape": [1 << 50]}, r"is \(1125899906842624,\), expected at most 10000000 integers"),
    ("meta/episode_ends", {"shape": []}, r"is \(\), expected at most 10000000 integers"),
]
OF_ZARR_3: list[tuple[dict[str, Any], str]] = [
    ({"codecs": [{"name": "numcodecs.pickle"}]}, f"data/img of .*own.zarr {CODEC_3}"),
    ({"codecs": ["vlen-utf8", 3]}, CODEC_3),
    ({"codecs": [{"name": "bytes"}, {"name": "numcodecs.zlib", "configuration": {}}]}, CODEC_3),
    ({"codecs": "bytes"}, CODEC_3),
    ({"codecs": [{**SHARDED, "configuration": {"codecs": ["trap"], "index_codecs": ["bytes"]}}]}, CODEC_3),
    ({"codecs": [{**SHARDED, "configuration": {"codecs": ["bytes"], "index_codecs": ["trap"]}}]}, CODEC_3),
    ({"codecs": [SHARDED]}, "has chunks .1,. of values"),
    ({"codecs": [{"name": "sharding_indexed"}]}, CODEC_3),
    ({"chunk_grid": {"name": "rectilinear"}}, LAYOUT),
    ({"chunk_grid": None}, LAYOUT),
    ({"chunk_key_encoding": {"name": "own"}}, LAYOUT),
    ({"chunk_key_encoding": {"name": "default", "configuration": {"separator": "/../"}}}, LAYOUT),
    ({"storage_transformers": [{"name": "x"}]}, "cannot be read"),
]


@pytest.mark.parametrize(("array", "edit", "message"), OF_ZARR_2)
def test_damaged_metadata_is_told(made_2: Path, array: str, edit: dict[str, Any], message: str) -> None:
    change(made_2 / array, edit)
    assert_told(made_2, message, episode=2)


@pytest.mark.parametrize(("edit", "message"), OF_ZARR_3)
def test_damaged_metadata_of_zarr_3_is_told(made_3: Path, edit: dict[str, Any], message: str) -> None:
    change(made_3 / "data/img", edit)
    assert_told(made_3, message)


def test_consolidated_metadata_is_not_believed(made_2: Path) -> None:
    zarr.consolidate_metadata(made_2, zarr_format=2)
    told = json.loads((made_2 / ".zmetadata").read_text())
    told["metadata"]["data/img/.zarray"]["compressor"] = {"id": "pickle"}
    (made_2 / ".zmetadata").write_text(json.dumps(told))
    np.testing.assert_array_equal(joined(made_2, 0, Wanted("img")).frames, IMAGES[:4])


def test_arrays_have_to_fit(made_3: Path) -> None:
    group = zarr.open_group(made_3)
    for labels in (LABELS[:-1], LABELS.astype(np.uint8), LABELS[:, None]):
        group.create_array("data/keyframes", data=labels, overwrite=True)
        assert_told(made_3, r"data/keyframes of .* is .*, expected \(140,\) bool: mend or remove it")
    group.create_array("data/bad", data=np.full(TOTAL, np.nan))
    group.create_array("data/nan", data=np.full((TOTAL, 4, 4, 3), np.nan))
    del group["data/keyframes"]
    assert_told(made_3, "episode 0 has values that are no numbers", Wanted("nan"))
    assert_told(made_3, "bad of .*: episode 0 has values that are no numbers: leave it out", Wanted("img", ("bad",)))
    for ends in ([0, 4], [4, 4], [5, 3], [-1, 4]):
        group.create_array("meta/episode_ends", data=np.array(ends), overwrite=True)
        assert_told(made_3, "meta/episode_ends of .*own.zarr does not increase from 0 by 1 to 10000000 frames an episode")


def test_a_rate_that_is_none_is_refused(made: Path) -> None:
    for fps in (0, "10", [10]):
        zarr.open_group(made).attrs["fps"] = fps
        assert_told(made, r"fps of .*own.zarr is .*: mend or remove it")


def link(path: Path) -> None:
    path.rename(path.with_name("away"))
    path.symlink_to("away")


@pytest.mark.parametrize("what", ["data", "data/img", "meta", "meta/episode_ends"])
def test_links_of_folders_are_not_followed(made: Path, what: str) -> None:
    link(made / what)
    assert_told(made, f"{what} is a link, which is not followed: make a copy without links, with cp -rL")


def test_links_of_files_are_not_followed(made: Path) -> None:
    chunk = max((file for file in (made / "data/img").rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    link(chunk)
    assert_told(made, "is a link or no file, which is not followed: make a copy without links, with cp -rL")
    chunk.unlink()
    os.mkfifo(chunk)
    assert_told(made, "is a link or no file")
    link(metadata(made / "data/state"))
    assert_told(made, "state/(.zarray|zarr.json) is a link, which is not followed")


def test_damaged_files_are_refused(made: Path) -> None:
    for content in (b"", b"x", b"\xff" * 1000):
        for file in (made / "data/img").rglob("*"):
            if file.is_file() and file.name not in (".zarray", "zarr.json", ".zattrs"):
                file.write_bytes(content)
        assert_told(made, "own.zarr: .*(is damaged|or damaged).*: copy|cannot be read .*cut short, copy", episode=1)
    for content in ("", "{", "[]", "[" * 100_000, "\0"):
        metadata(made / "data/img").write_text(content)
        assert_told(made, "img/(.zarray|zarr.json) is no JSON")


def test_zips_are_checked(made_2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made_2.with_name("own.zarr.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(made_2.rglob("*")):
            archive.write(file, file.relative_to(made_2))
    np.testing.assert_array_equal(joined(path, 1, Wanted("img")).frames, IMAGES[4:-3])
    monkeypatch.setattr(groups, "free_memory", lambda: 100)
    assert_told(path, "of .*own.zarr.zip takes [0-9.]+ k?B of memory, at most [0-9.]+ k?B are taken: unpack it")
    path.write_bytes(path.read_bytes()[:-30])
    assert not SOURCE.recognises(path)
    assert_told(path, "own.zarr.zip cannot be read .*damaged or cut short")


def test_what_is_no_buffer_is_told(tmp_path: Path) -> None:
    assert not SOURCE.recognises(tmp_path)
    assert_told(tmp_path, "has no array meta/episode_ends: give a replay buffer of diffusion_policy, or another --format")
    path = tmp_path / "own.zarr"
    group = zarr.create_group(path)
    group.create_array("meta/episode_ends", data=ENDS)
    assert_told(path, "own.zarr cannot be read .FileNotFoundError")
    group.create_array("data/state", data=STATES)
    assert_told(path, r"own.zarr has no images: expected uint8 or floats \(total,height,width,3\) in data, import one that has")
    (path / "data/a\nb").mkdir()
    assert_told(path, "has a name with characters that cannot be shown")
