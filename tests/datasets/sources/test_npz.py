import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from source_pieces import one_piece

from keyin_cli.datasets.sources import npz, replay_buffer
from keyin_cli.datasets.sources.npz import SOURCE
from keyin_cli.datasets.sources.source import PIECE, Piece, Source, Wanted, open_source
from keyin_cli.errors import InputError

RANDOM = np.random.default_rng(0)
FRAMES = RANDOM.integers(0, 256, (3, PIECE + 6, 6, 8, 3), dtype=np.uint8)
STATES = RANDOM.normal(size=(3, PIECE + 6, 2))
SAVED = [np.savez, np.savez_compressed]


def joined(source: Source, episode: int, *signals: str) -> Piece:
    """An episode in one piece."""
    pieces = list(source.read(episode, Wanted(None, signals)))
    assert max(len(piece.frames) for piece in pieces) <= PIECE
    return one_piece(pieces)


@pytest.mark.parametrize("save", SAVED)
def test_episodes_of_one_length(tmp_path: Path, save: Any) -> None:
    labels = np.zeros(FRAMES.shape[:2], bool)
    labels[1, [3, 65]] = True
    arrays = {"state": STATES, "reward": STATES[..., 0], "image": FRAMES, "names": np.array(["a", "b", "c"])}
    save(tmp_path / "own.npz", frames=FRAMES, keyframes=labels, fps=4, other=np.zeros((4, 5)), **arrays)
    kind, source = open_source(tmp_path / "own.npz")
    assert kind is SOURCE
    assert kind.name == "npz"
    assert source.names == ["episode 0", "episode 1", "episode 2"]
    assert source.cameras == ()
    assert source.signals == ["state", "reward"]
    episode = joined(source, 1, "state", "reward")
    np.testing.assert_array_equal(episode.frames, FRAMES[1])
    np.testing.assert_array_equal(episode.numbers, np.arange(PIECE + 6))
    np.testing.assert_array_equal(episode.seconds, np.arange(PIECE + 6) / 4)
    np.testing.assert_array_equal(episode.signals["state"], STATES[1].astype(np.float32))
    np.testing.assert_array_equal(episode.signals["reward"], STATES[1, :, :1].astype(np.float32))
    assert [source.labels(i).tolist() for i in range(3)] == [[], [3, 65], []]  # type: ignore[union-attr]


@pytest.mark.parametrize("save", SAVED)
def test_episodes_one_after_another(tmp_path: Path, save: Any) -> None:
    ends, labels = np.array([2, PIECE + 5], np.int32), np.arange(PIECE + 6) % 3 == 0
    save(tmp_path / "own.npz", frames=FRAMES[0], episode_ends=ends, keyframes=labels, state=STATES[0])
    source = SOURCE.open(tmp_path / "own.npz")
    assert source.names == ["episode 0", "episode 1"]
    for i, rows in enumerate((slice(0, 2), slice(2, PIECE + 5))):
        episode = joined(source, i, "state")
        n = rows.stop - rows.start
        np.testing.assert_array_equal(episode.frames, FRAMES[0, rows])
        np.testing.assert_array_equal(episode.signals["state"], STATES[0, rows].astype(np.float32))
        np.testing.assert_array_equal(episode.numbers, np.arange(n))
        np.testing.assert_array_equal(episode.seconds, np.arange(n) / 10)
        np.testing.assert_array_equal(source.labels(i), np.flatnonzero(labels[rows]))


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_alone(tmp_path: Path, order: Any) -> None:
    for name, array in {"many": FRAMES, "one": FRAMES[0], "grey": FRAMES[..., 0]}.items():
        np.save(tmp_path / f"{name}.npy", np.asarray(array, order=order))
    many, one, grey = (open_source(tmp_path / f"{name}.npy")[1] for name in ("many", "one", "grey"))
    assert (len(many.names), len(one.names), len(grey.names)) == (3, 1, 3)
    np.testing.assert_array_equal(joined(many, 2).frames, FRAMES[2])
    np.testing.assert_array_equal(joined(one, 0).frames, FRAMES[0])
    np.testing.assert_array_equal(joined(grey, 1).frames, FRAMES[1, ..., :1])
    assert many.signals == []
    assert many.labels(0) is None


def test_floats_are_judged_by_the_first_episode(tmp_path: Path) -> None:
    for white, expected in ((1.0, [255, 128]), (255.0, [255, 1])):
        np.save(tmp_path / "own.npy", np.stack([np.full((2, 4, 4, 3), white), np.full((2, 4, 4, 3), 0.5 if white == 1 else 1)]))
        source = SOURCE.open(tmp_path / "own.npy")
        assert [joined(source, i).frames.max() for i in range(2)] == expected


def test_stored_arrays_are_mapped_and_compressed_ones_read_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "stored.npz", frames=FRAMES, state=STATES)
    np.savez_compressed(tmp_path / "compressed.npz", frames=FRAMES, state=STATES)
    stored, compressed = (npz.Arrays(tmp_path / f"{name}.npz") for name in ("stored", "compressed"))
    assert "values" not in vars(stored.arrays["frames"]) | vars(compressed.arrays["frames"])
    next(stored.read(0, Wanted()))
    assert isinstance(stored.arrays["frames"].values, np.memmap)
    assert "values" not in vars(stored.arrays["state"])
    monkeypatch.setattr(npz, "free_memory", lambda: 4 * FRAMES.nbytes - 1)
    what = r"frames.npy of .* is compressed and takes [0-9.]+ k?B of memory, at most [0-9.]+ k?B are taken: store it uncompressed"
    with pytest.raises(InputError, match=what):
        next(compressed.read(0, Wanted()))
    monkeypatch.setattr(npz, "free_memory", lambda: 4 * FRAMES.nbytes)
    next(compressed.read(0, Wanted()))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "has no array frames, but nothing: write it with numpy.savez"),
        ({"arr_0": FRAMES}, "has no array frames, but arr_0: write it with"),
        (
            {"frames": FRAMES[0, 0]},
            r"frames.npy of .* is \(6, 8, 3\), expected frames \(n,T,H,W,C\), \(T,H,W,C\), or .*: write it so",
        ),
        ({"frames": np.array(3)}, r"is \(\), expected frames"),
        ({"frames": FRAMES, "episode_ends": [3]}, "expected frames"),
        ({"frames": FRAMES[..., :2]}, "expected images"),
        ({"frames": FRAMES[:, :0, :0]}, "frames of 0x8 px"),
        ({"frames": np.zeros((1, 1, 8193, 1, 1), np.uint8)}, "frames of 8193x1 px, at most 8192x8192 are read"),
        ({"frames": FRAMES.astype(complex)}, "complex128, expected images"),
        ({"frames": np.zeros((10_000_001, 0, 1, 1, 1))}, "and at most 10000000 episodes are read: split it"),
        (
            {"frames": np.zeros((10_000_001, 1, 1, 1), bool).view("u1")},
            "has 10000001 images for rows 0 to 10000001, at most 10000000",
        ),
        ({"frames": np.full((2, 4, 4, 3), np.nan)}, "has values that are no numbers"),
        ({"frames": FRAMES[0], "episode_ends": [3, 99]}, "has 70 frames, but episode_ends up to 99: mend it"),
        (
            {"frames": FRAMES[0], "episode_ends": [3, 3]},
            "episode_ends.npy of .* does not increase from 0 by 1 to 10000000 frames an",
        ),
        ({"frames": FRAMES[0], "episode_ends": [0, 3]}, "does not increase"),
        ({"frames": FRAMES[0], "episode_ends": [-3, 3]}, "does not increase"),
        ({"frames": FRAMES[0], "episode_ends": np.array([2**63 + 5], np.uint64)}, "does not increase"),
        ({"frames": FRAMES[0], "episode_ends": [3.0]}, r"is \(1,\) float64, expected at most 10000000 integers \(episodes,\)"),
        ({"frames": FRAMES[0], "episode_ends": 3}, r"is \(\) int64, expected"),
        (
            {"frames": FRAMES, "keyframes": np.zeros((3, 2), bool)},
            r"keyframes.npy of .* is \(3, 2\) bool, expected \(3, 70\) bool",
        ),
        ({"frames": FRAMES, "keyframes": np.zeros((3, 70))}, r"is \(3, 70\) float64, expected \(3, 70\) bool: mend or remove it"),
        ({"frames": FRAMES, "fps": [1, 2]}, r"fps.npy of .* is \(2,\) int64, expected one number: mend or remove it"),
        ({"frames": FRAMES, "fps": "10"}, "expected one number"),
        ({"frames": FRAMES, "fps": np.nan}, "fps.npy of .* is nan, expected frames a second from 0.001 to 100000"),
        ({"frames": FRAMES, "fps": 0}, "is 0, expected frames a second"),
        ({"frames": FRAMES.astype(object)}, "frames.npy of .* object, expected images"),
        ({"frames": FRAMES, "fps": np.array(None)}, r"is \(\) object, expected one number"),
        (
            {"frames": FRAMES[0], "episode_ends": np.array([3], object)},
            "episode_ends.npy of .* is of type object, expected numbers",
        ),
        ({"frames": FRAMES, "a\nb": np.zeros(3)}, "has a name with characters that cannot be shown"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(InputError, match=message) as caught:
        list(SOURCE.open(tmp_path / "own.npz").read(0, Wanted()))
    assert "\n" not in str(caught.value)


def test_signals_have_to_be_numbers(tmp_path: Path) -> None:
    objects = np.full(FRAMES.shape[:2], None)
    np.savez(tmp_path / "own.npz", frames=FRAMES, wide=np.zeros((3, 70, 9000)), bad=np.full((3, 70), np.inf), objects=objects)
    source = SOURCE.open(tmp_path / "own.npz")
    assert source.signals == ["wide", "bad"]
    with pytest.raises(
        InputError, match=r"wide of .*own.npz: episode 0 is \(70, 9000\) float64, .* D at most 8192: leave it out"
    ):
        next(source.read(0, Wanted(None, ("wide",))))
    with pytest.raises(InputError, match=r"bad of .*own.npz: episode 1 has values that are no numbers"):
        next(source.read(1, Wanted(None, ("bad",))))


def header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00",
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100,
        header("(1, 1000000000000, 64, 64, 3)"),
        header("(1, -1, 4, 4, 3)") + b"0" * 99,
        header("(99999999999999999999, 0, 4, 4, 3)"),
        header("(1, 2, 4, 4, 3)", "'|O'") + b"\x80\x04K\x01." * 20,
        header("(1, 2, 4, 4, 3)", "[('a', '|u1')]") + b"0" * 99,
        header("(1, 2, 4, 4, 3)", "('|u1', (1000000,))") + b"0" * 99,
        header("(True, 2, 4, 4, 3)", "__import__('os').getpid()") + b"0" * 99,
        header("'x'"),
        b"PK",
        b"PK\x05\x06" + b"\xff" * 18,
    ],
)
def test_hostile_arrays_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "own.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("frames.npy", content)
    for name in ("own.npy", "own.npz"):
        assert SOURCE.recognises(tmp_path / name)
        with pytest.raises(InputError, match=r"cannot be read|cut short|expected|at most") as caught:
            list(SOURCE.open(tmp_path / name).read(0, Wanted()))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("save", SAVED)
def test_files_that_are_cut_short_or_damaged_are_refused(tmp_path: Path, save: Any) -> None:
    path = tmp_path / "own.npz"
    save(path, frames=FRAMES)
    whole = path.read_bytes()
    for content in (whole[:40], whole[: len(whole) // 2], whole[:-1], whole[: len(whole) // 2] + whole[len(whole) // 2 + 50 :]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"own.npz.*cannot be read .*damaged or cut short, copy or download it again"):
            list(SOURCE.open(path).read(2, Wanted()))


def test_only_files_of_that_name_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "own.npz").mkdir()
    os.mkfifo(tmp_path / "own.npy")
    np.savez(tmp_path / "frames.zip.npz", frames=FRAMES)
    assert not SOURCE.recognises(tmp_path / "own.npz")
    assert not SOURCE.recognises(tmp_path / "own.npy")
    assert not replay_buffer.SOURCE.recognises(tmp_path / "frames.zip.npz")
    with pytest.raises(InputError, match=r"own.npz is no file: give a .npz or .npy, or another --format"):
        SOURCE.open(tmp_path / "own.npz")
