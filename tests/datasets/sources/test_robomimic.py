import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from source_pieces import one_piece

from keyin_cli import machine
from keyin_cli.datasets.sources import arrays, minari
from keyin_cli.datasets.sources.robomimic import SOURCE
from keyin_cli.datasets.sources.source import PIECE, Piece, Wanted, open_source
from keyin_cli.errors import InputError

IMAGE, STATE = "obs/agentview_image", "obs/state"


def pictures(demo: int, frames: int) -> np.ndarray:
    return np.random.default_rng(demo).integers(0, 256, (frames, 6, 8, 3), dtype=np.uint8)


def states(demo: int, frames: int) -> np.ndarray:
    return np.arange(frames * 2, dtype=np.float64).reshape(frames, 2) + demo


def write_demos(path: Path, lengths: dict[int, int], env_args: Any = None) -> Path:
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        if env_args is not None:
            data.attrs["env_args"] = env_args
        for demo, frames in lengths.items():
            group = data.create_group(f"demo_{demo}")
            group.create_dataset(IMAGE, data=pictures(demo, frames), chunks=(min(5, frames), 6, 8, 1), compression="gzip")
            group.create_dataset("obs/wrist", data=255 - pictures(demo, frames))
            group.create_dataset(STATE, data=states(demo, frames))
            group.create_dataset("obs/gripper", data=np.arange(frames) % 2 == 0)
            group.create_dataset("obs/depth", data=np.zeros((frames, 6, 8, 1), np.float32))
            group.create_dataset("obs/note", data=["text"] * frames)
            group.create_dataset("actions", data=-states(demo, frames))
    return path


def joined(path: Path, episode: int, wanted: Wanted) -> Piece:
    """An episode in one piece."""
    return one_piece(SOURCE.open(path).read(episode, wanted))


@pytest.fixture
def demos(tmp_path: Path) -> Path:
    return write_demos(tmp_path / "demo.hdf5", {0: 4, 2: 5, 10: 2 * PIECE + 3, 1: 3})


def test_it_is_recognised_and_listed(demos: Path) -> None:
    kind, source = open_source(demos)
    assert kind is SOURCE
    assert kind.name == "robomimic"
    assert source.names == ["demo_0", "demo_1", "demo_2", "demo_10"]
    assert source.cameras == [IMAGE, "obs/wrist"]
    assert source.signals == ["obs/gripper", STATE, "actions"]
    assert source.labels(0) is None
    assert not minari.SOURCE.recognises(demos)
    assert not SOURCE.recognises(demos.parent)


def test_an_episode_comes_in_pieces(demos: Path) -> None:
    episode = joined(demos, 3, Wanted(IMAGE, (STATE, "actions", "obs/gripper")))
    n = 2 * PIECE + 3
    np.testing.assert_array_equal(episode.frames, pictures(10, n))
    np.testing.assert_array_equal(episode.numbers, np.arange(n))
    np.testing.assert_array_equal(episode.seconds, np.arange(n) / 20)
    np.testing.assert_array_equal(episode.signals[STATE], states(10, n))
    np.testing.assert_array_equal(episode.signals["actions"], -states(10, n))
    np.testing.assert_array_equal(episode.signals["obs/gripper"], (np.arange(n) % 2 == 0)[:, None])
    assert {values.dtype for values in episode.signals.values()} == {np.dtype(np.float32)}
    assert max(len(piece.frames) for piece in SOURCE.open(demos).read(3, Wanted(IMAGE))) <= PIECE
    np.testing.assert_array_equal(joined(demos, 1, Wanted("obs/wrist")).frames, 255 - pictures(1, 3))


def test_only_what_is_asked_for_is_read(demos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, Any]] = []
    get = h5py.Dataset.__getitem__
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda self, key: read.append((self.name, key)) or get(self, key))
    pieces = SOURCE.open(demos).read(3, Wanted(IMAGE, (STATE,)))
    assert read == []
    next(pieces)
    rows = slice(0, PIECE // 5 * 5)  # whole chunks
    assert read == [(f"/data/demo_10/{IMAGE}", rows), (f"/data/demo_10/{STATE}", rows)]


def test_floats_are_judged_by_the_first_episode(tmp_path: Path) -> None:
    path = write_demos(tmp_path / "demo.hdf5", {0: 2, 1: 2})
    with h5py.File(path, "r+") as file:
        file["data/demo_0/obs/float_image"] = np.full((2, 4, 4, 1), 200, np.float32)
        file["data/demo_1/obs/float_image"] = np.full((2, 4, 4, 1), 1, np.float32)
    assert joined(path, 1, Wanted("obs/float_image")).frames.max() == 1


@pytest.mark.parametrize(
    ("env_args", "fps"),
    [
        (json.dumps({"env_kwargs": {"control_freq": 10}}), 10),
        (json.dumps({"env_kwargs": {"control_freq": None}}), 20),
        (json.dumps({"env_kwargs": {}}), 20),
        ("[]", 20),
    ],
)
def test_the_rate_is_that_of_the_controller(tmp_path: Path, env_args: str, fps: float) -> None:
    path = write_demos(tmp_path / "demo.hdf5", {0: 4}, env_args)
    assert joined(path, 0, Wanted(IMAGE)).seconds.tolist() == [i / fps for i in range(4)]


@pytest.mark.parametrize(
    ("env_args", "message"),
    [
        ("{", "attribute env_args of .* is no JSON: mend or remove it"),
        ("[" * 100_000, "is no JSON"),
        (np.arange(3), "is no JSON"),
        ('{"env_kwargs": {"control_freq": "20"}}', "control_freq of .* is no number, but of type str: mend or remove it"),
        ('{"env_kwargs": {"control_freq": true}}', "is no number, but of type bool"),
        ('{"env_kwargs": {"control_freq": NaN}}', "control_freq of .* is nan, expected frames a second from 0.001 to 100000"),
        ('{"env_kwargs": {"control_freq": 0}}', "is 0, expected"),
        ('{"env_kwargs": {"control_freq": 1' + "0" * 400 + "}}", "expected frames a second"),
    ],
)
def test_a_rate_that_is_none_is_refused(tmp_path: Path, env_args: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SOURCE.open(write_demos(tmp_path / "demo.hdf5", {0: 4}, env_args))


def replace(file: h5py.File, name: str, make: Callable[[h5py.Group, str], Any]) -> None:
    del file[f"data/demo_1/{name}"]
    make(file["data/demo_1"], name)


def nan(group: h5py.Group, name: str) -> None:
    group[name] = np.array([[0.0], [np.nan], [1.0]])


def external(group: h5py.Group, name: str) -> None:
    group.create_dataset(name, (3, 6, 8, 3), np.uint8, external=[("/dev/zero", 0, 432)])


def virtual(group: h5py.Group, name: str) -> None:
    layout = h5py.VirtualLayout((3, 6, 8, 3), np.uint8)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 6, 8, 3))
    group.create_virtual_dataset(name, layout)


def shredded(group: h5py.Group, name: str) -> None:
    group.create_dataset(name, (3, 8000, 8000, 3), np.uint8, chunks=(1, 1, 1, 1))


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        (IMAGE, lambda group, name: None, "demo_1 has no array of numbers obs/agentview_image: leave it out, or choose other"),
        (IMAGE, lambda group, name: group.create_group(name), "has no array of numbers"),
        (IMAGE, lambda group, name: group.create_dataset(name, data=["a"]), "has no array of numbers"),
        (IMAGE, lambda group, name: group.create_dataset(name, data=3), "has no array of numbers"),
        (IMAGE, lambda group, name: group.create_dataset(name, data=h5py.Empty("u1")), "has no array of numbers"),
        (IMAGE, lambda group, name: group.create_dataset(name, (3, 6, 8, 5), "u1"), r"is \(3, 6, 8, 5\) uint8, expected images"),
        (
            IMAGE,
            lambda group, name: group.create_dataset(name, (3, 9000, 8, 3), "u1", chunks=True),
            "9000x8 px, at most 8192x8192",
        ),
        (IMAGE, lambda group, name: group.create_dataset(name, (2, 6, 8, 3), "u1"), "has 3 rows for 2 frames: leave it out"),
        (
            IMAGE,
            lambda group, name: group.__setitem__(name, h5py.SoftLink("/data/demo_0")),
            "agentview_image of .*demo_1 is a link",
        ),
        (IMAGE, lambda group, name: group.__setitem__(name, h5py.ExternalLink("/dev/stdin", "/")), "copy of it without links"),
        (IMAGE, external, "agentview_image of .*demo_1 is put together from other places: store it in the file itself"),
        (IMAGE, virtual, "put together from other places"),
        (
            IMAGE,
            shredded,
            r"obs/agentview_image of .*demo_1 has chunks \(1, 1, 1, 1\) .* at most 10000 a frame are read: store it in",
        ),
        (STATE, lambda group, name: group.create_dataset(name, (4, 2), "f4"), "obs/state of .*demo_1 has 4 rows for 3 frames"),
        (STATE, lambda group, name: group.create_dataset(name, (2, 2), "f4"), "obs/state of .*demo_1 has 2 rows for 3 frames"),
        (STATE, lambda group, name: group.create_dataset(name, (3, 9000), "f4"), "with D at most 8192: leave it out"),
        (STATE, lambda group, name: group.create_dataset(name, (3, 0), "f4"), "with D at most 8192: leave it out"),
        (
            STATE,
            lambda group, name: group.create_dataset(name, (3, 2, 2), "f4"),
            r"is \(3, 2, 2\) float32, expected numbers \(3,\)",
        ),
        (STATE, nan, "obs/state of .*demo_1 has values that are no numbers: leave it out"),
        (STATE, lambda group, name: group.create_dataset(name, data=np.full(3, 1e300)), "values that are no numbers"),
    ],
)
def test_what_is_wrong_with_an_episode_is_told(tmp_path: Path, name: str, make: Any, message: str) -> None:
    path = write_demos(tmp_path / "demo.hdf5", {0: 2, 1: 3})
    with h5py.File(path, "r+") as file:
        replace(file, name, make)
    with pytest.raises(InputError, match=message) as caught:
        list(SOURCE.open(path).read(1, Wanted(IMAGE, (STATE,))))
    assert "\n" not in str(caught.value)


def test_chunks_that_take_too_much_memory_are_not_decoded(demos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_memory", lambda: 4 * 5 * 6 * 8 - 1)
    with pytest.raises(InputError, match=r"a chunk \(5, 6, 8, 1\) of .* needs [0-9.]+ k?B of memory"):
        list(SOURCE.open(demos).read(3, Wanted(IMAGE)))


def test_what_is_wrong_with_a_file_is_told(tmp_path: Path) -> None:
    path = write_demos(tmp_path / "demo.hdf5", {0: 2})
    with h5py.File(path, "r+") as file:
        del file[f"data/demo_0/{IMAGE}"], file["data/demo_0/obs/wrist"]
    with pytest.raises(InputError, match=r"demo_0 has no images: expected uint8 \(frames,height,width,3\) in obs, import a file"):
        SOURCE.open(path)
    with h5py.File(path, "r+") as file:
        file["data/demo_0/obs/a\nb"] = 1
    with pytest.raises(InputError, match=r"has a name with characters that cannot be shown, 'a\\nb': rename it"):
        SOURCE.open(path)
    with h5py.File(path, "w") as file:
        file["data"] = 1
    assert not SOURCE.recognises(path)
    with pytest.raises(InputError, match="has no groups data/demo_0 and so on: give a file of robomimic, or another --format"):
        SOURCE.open(path)
    with h5py.File(path, "w") as file:
        file["data"] = h5py.ExternalLink("other.hdf5", "/")
    with pytest.raises(InputError, match=r"data of .* is a link"):
        SOURCE.open(path)
    path.write_bytes(b"PK")
    assert not SOURCE.recognises(path)
    for other in (path, tmp_path):
        with pytest.raises(InputError, match="is no HDF5 file: give one, or another --format"):
            SOURCE.open(other)


def test_groups_within_themselves_are_seen_once(tmp_path: Path) -> None:
    path = write_demos(tmp_path / "demo.hdf5", {0: 2})
    with h5py.File(path, "r+") as file:
        file["data/demo_0/obs/again"] = file["data/demo_0/obs"]
        deepest = file["data/demo_0/obs"]
        for _ in range(200):
            deepest = deepest.create_group("deeper")
    assert SOURCE.open(path).cameras == [IMAGE, "obs/wrist"]


def test_a_file_that_is_cut_short_is_refused(demos: Path) -> None:
    whole = demos.read_bytes()
    for size in (9, 100, len(whole) // 2, len(whole) - 1):
        demos.write_bytes(whole[:size])
        assert SOURCE.recognises(demos)
        with pytest.raises(InputError, match=r"cannot be read .*damaged or cut short, copy or download it again") as caught:
            SOURCE.open(demos)
        assert "\n" not in str(caught.value)


def test_damaged_chunks_are_refused(tmp_path: Path) -> None:
    path = write_demos(tmp_path / "demo.hdf5", {0: 20})
    with h5py.File(path) as file:
        where = file[f"data/demo_0/{IMAGE}"].id.get_chunk_info(2).byte_offset
    damaged = bytearray(path.read_bytes())
    damaged[where : where + 20] = b"x" * 20
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"demo.hdf5 cannot be read"):
        list(SOURCE.open(path).read(0, Wanted(IMAGE)))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "demo.hdf5")
    assert not SOURCE.recognises(tmp_path / "demo.hdf5")


def test_without_h5py_the_extra_is_named(demos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"needs the package h5py, which is not installed: pip install 'keyin\[hdf5\]'"):
        open_source(demos)


def test_blocks_of_large_frames_are_small() -> None:
    class Large:
        shape, dtype, chunks = (10, 8192, 8192, 3), np.dtype(np.uint8), (4, 64, 64, 3)

    assert arrays.block(Large()) == 1
