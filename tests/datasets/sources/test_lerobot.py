import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lerobot_files as files
import numpy as np
import pytest
from lerobot_files import EPISODES, FRONT, FRONT_IMAGES, MOVIE, STATE, TABLE, change, picture, png, write_dataset
from source_pieces import one_piece

from keyin_cli.datasets.sources.lerobot import SOURCE, LeRobot
from keyin_cli.datasets.sources.source import PIECE, Piece, Wanted, open_source
from keyin_cli.errors import InputError

ANYTHING = Wanted()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of a video camera, that no test changes."""
    return write_dataset(tmp_path_factory.mktemp("made") / "cubes")


def joined(root: Path, episode: int, wanted: Wanted = ANYTHING) -> Piece:
    """An episode in one piece."""
    return one_piece(LeRobot(root).read(episode, wanted))


def assert_is(piece: Piece, episode: int, length: int, tolerance: int = 0) -> None:
    expected = np.stack([picture(episode, frame) for frame in range(length)]).astype(int)
    away = np.abs(piece.frames - expected)
    away[:, :, files.WIDTH // 2 - 8 : files.WIDTH // 2 + 8] = 0  # videos blur the edge
    assert away.max() <= tolerance
    np.testing.assert_array_equal(piece.numbers, np.arange(length))
    np.testing.assert_array_equal(piece.seconds, np.arange(length) / 10)
    assert piece.frames.dtype == np.uint8
    assert piece.numbers.dtype == np.int64


def test_it_is_recognised(made: Path, tmp_path: Path) -> None:
    kind, source = open_source(made)
    assert kind is SOURCE
    assert kind.name == "lerobot"
    assert source.names == ["episode 0", "episode 1", "episode 2"]
    assert source.cameras == [FRONT]
    assert source.signals == ["observation.state", "next.reward"]
    assert not SOURCE.recognises(tmp_path)
    assert not SOURCE.recognises(made / "meta" / "info.json")


@pytest.mark.parametrize("how", [{}, {"group": 3}, {"bf": 2}])
def test_episodes_that_share_a_table_and_a_video(tmp_path: Path, how: dict[str, int]) -> None:
    root = write_dataset(tmp_path, **how)
    for episode, length in enumerate((5, 7, 4)):
        piece = joined(root, episode, Wanted(FRONT, ["next.reward", "observation.state"]))
        assert_is(piece, episode, length, tolerance=3)
        state = np.stack([np.full(length, episode), np.arange(length)], axis=1)
        np.testing.assert_array_equal(piece.signals["observation.state"], state)
        np.testing.assert_array_equal(piece.signals["next.reward"], np.arange(length)[:, None] / 4)
        assert {values.dtype for values in piece.signals.values()} == {np.dtype(np.float32)}


def test_images_in_the_tables(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, cameras={FRONT: "image", "observation.images.wrist": "video"})
    assert_is(joined(root, 1, Wanted(FRONT)), 1, 7)
    assert_is(joined(root, 1, Wanted("observation.images.wrist")), 1, 7, tolerance=3)
    with pytest.raises(InputError, match=r"has several cameras: choose one with --camera \(observation.images.front, "):
        joined(root, 1)


def test_grey_images_have_one_colour(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[2]], FRONT_IMAGES)
    change(root / TABLE, FRONT, [{"bytes": png(np.full((4, 6), value, np.uint8)), "path": None} for value in (7, 9)])
    np.testing.assert_array_equal(joined(root, 0).frames, np.array([7, 9])[:, None, None, None] * np.ones((1, 4, 6, 1)))


def test_a_long_episode_comes_in_pieces_when_they_are_asked_for(tmp_path: Path) -> None:
    length = 2 * PIECE + 5
    root = write_dataset(tmp_path, [[3, length]], FRONT_IMAGES)
    columns = files.rows([(0, frame) for frame in range(3)] + [(1, frame) for frame in range(length)], [FRONT])
    columns[FRONT][-1]["bytes"] = b"no image"
    files.write_table(root / TABLE, columns)
    pieces = LeRobot(root).read(1, ANYTHING)
    first = next(pieces)
    assert_is(first, 1, len(first.numbers))
    assert len(first.numbers) <= PIECE
    with pytest.raises(InputError, match=rf"episode 1 of .*, frame {length - 1}: the image in .* cannot be read"):
        list(pieces)


def test_large_frames_come_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyin_cli.datasets.sources.lerobot.PIECE_BYTES", 3 * files.HEIGHT * files.WIDTH * 3)
    pieces = list(LeRobot(write_dataset(tmp_path, [[7]], FRONT_IMAGES)).read(0, Wanted(None, ["next.reward"])))
    assert [piece.numbers.tolist() for piece in pieces] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [piece.signals["next.reward"][0, 0] for piece in pieces] == [0, 0.75, 1.5]


def test_times_are_exact_although_they_are_stored_as_float32(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[3]], FRONT_IMAGES)
    assert joined(root, 0).seconds.tolist() == [0.0, 0.1, 0.2]
    change(root / TABLE, "timestamp", np.array([0, 0.12, 0.31]))
    assert joined(root, 0).seconds.tolist() == [0.0, 0.12, 0.31]


def test_the_nearest_frame_of_a_video_is_taken(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[4, 3]])
    change(root / TABLE, "timestamp", np.array([0.04, 0.13, 0.17, 0.34, 0, 0.1, 0.2]))
    colours = [picture(0, frame)[0, -1] for frame in (0, 1, 2, 3)]
    np.testing.assert_allclose(joined(root, 0).frames[:, 0, -1], colours, atol=3)


def test_maps_of_depth_are_no_camera(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[2]])
    info = json.loads((root / "meta/info.json").read_text())
    info["features"]["observation.images.depth"] = {"dtype": "video", "shape": [4, 4, 1], "info": {"video.is_depth_map": True}}
    files.write_info(root, features=info["features"])
    assert LeRobot(root).cameras == [FRONT]


@pytest.mark.parametrize(
    ("columns", "labels"),
    [
        ({}, [None, None, None]),
        ({"dense_subtask_end_frames": [[1, 4], [2, 5, 6], None]}, [[1], [2, 5], None]),
        ({"sparse_subtask_end_frames": [[5], [3, 7], [2, 2]]}, [[], [3], [2]]),
        ({"subtask_end_frames": [[3.0], [1.0, 6.0], None]}, [[3], [1], None]),
        ({"dense_subtask_end_frames": [[2], [], None], "sparse_subtask_end_frames": [[1], [3, 6], [0]]}, [[2], [3], [0]]),
    ],
)
def test_ends_of_subtasks_in_the_table_of_episodes(tmp_path: Path, columns: dict[str, Any], labels: list[Any]) -> None:
    source = LeRobot(write_dataset(tmp_path, cameras=FRONT_IMAGES, episodes=columns))
    found = [source.labels(episode) for episode in range(3)]
    assert [None if frames is None else frames.tolist() for frames in found] == labels
    assert all(frames is None or frames.dtype == np.int64 for frames in found)


def test_the_frame_before_a_subtask_begins_is_labelled(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[5, 7, 6, 3]], FRONT_IMAGES)
    said = [files.subtasks(0, 0.3)] * 5 + [files.subtasks(0.6, 0.2, 0.2, 0)] * 7 + [files.subtasks()] * 6 + [None] * 3
    change(root / TABLE, "language_persistent", said)
    found = [LeRobot(root).labels(episode) for episode in range(4)]
    assert [None if frames is None else frames.tolist() for frames in found] == [[2], [1, 5], None, None]


def test_ends_of_subtasks_come_before_language(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[5, 5]], FRONT_IMAGES, {"dense_subtask_end_frames": [[1], None]})
    change(root / TABLE, "language_persistent", [files.subtasks(0, 0.3)] * 10)
    assert [LeRobot(root).labels(episode).tolist() for episode in range(2)] == [[1], [2]]


def test_episodes_in_several_tables_are_in_order(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[2, 3]], FRONT_IMAGES)
    late = {"episode_index": [7, 1], "length": [1, 3], "data/chunk_index": [0, 0], "data/file_index": [0, 0]}
    files.write_table(root / EPISODES, late)
    first = {name: values[:1] for name, values in late.items()} | {"episode_index": [0], "length": [2]}
    files.write_table(root / "meta/episodes/chunk-001/file-000.parquet", first | {"dense_subtask_end_frames": [[0]]})
    source = LeRobot(root)
    assert source.names == ["episode 0", "episode 1", "episode 7"]
    assert source.labels(0).tolist() == [0]
    assert source.labels(1) is None
    assert_is(joined(root, 1), 1, 3)
    with pytest.raises(InputError, match=r"episode 7 of .* has 0 rows in .*, expected its length 1"):
        joined(root, 2)


def test_files_in_the_cache_of_the_hub(tmp_path: Path) -> None:
    made = write_dataset(tmp_path / "made")
    root, blobs = tmp_path / "datasets--me--cubes" / "snapshots" / "abc", tmp_path / "datasets--me--cubes" / "blobs"
    blobs.mkdir(parents=True)
    for number, file in enumerate(file for file in made.rglob("*") if file.is_file()):
        link = root / file.relative_to(made)
        link.parent.mkdir(parents=True, exist_ok=True)
        file.rename(blobs / str(number))
        link.symlink_to(os.path.relpath(blobs / str(number), link.parent))
    assert_is(joined(root, 2), 2, 4, tolerance=3)


def test_without_pyarrow(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"read with pyarrow, which is missing: pip install 'keyin\[lerobot\]'"):
        LeRobot(made)


def test_what_is_not_there(made: Path) -> None:
    with pytest.raises(InputError, match=r"has no camera left: there are observation.images.front"):
        joined(made, 0, Wanted("left"))
    with pytest.raises(InputError, match=r"has no signal action: there are observation.state, next.reward"):
        joined(made, 0, Wanted(FRONT, ["action"]))


@pytest.mark.parametrize(("changes", "error"), files.DAMAGED_INFO)
def test_metadata_that_cannot_be_used(tmp_path: Path, changes: dict[str, Any], error: str) -> None:
    root = write_dataset(tmp_path, [[2]])
    files.write_info(root, **changes)
    assert_refused(root, error)


def assert_refused(root: Path, error: str, wanted: Wanted = ANYTHING) -> None:
    with pytest.raises(InputError, match=error) as caught:
        joined(root, 0, wanted)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 10_000, b"[]", b"null"])
def test_info_that_is_none(tmp_path: Path, text: bytes) -> None:
    root = write_dataset(tmp_path, [[2]])
    (root / "meta/info.json").write_bytes(text)
    assert_refused(root, r"info.json (cannot be read|is no JSON object).*: download the dataset again")


@pytest.mark.parametrize(("name", "values", "error"), files.DAMAGED_EPISODES)
def test_a_damaged_table_of_episodes(tmp_path: Path, name: str, values: Any, error: str | None) -> None:
    root = write_dataset(tmp_path, [[2, 3]])
    change(root / EPISODES, name, values)
    if error is None:
        assert len(joined(root, 0).frames) == 2
    else:
        assert_refused(root, error)


@pytest.mark.parametrize(("values", "error"), files.DAMAGED_ENDS)
def test_damaged_ends_of_subtasks(tmp_path: Path, values: Any, error: str) -> None:
    root = write_dataset(tmp_path, [[3]], FRONT_IMAGES, {"dense_subtask_end_frames": values})
    with pytest.raises(InputError, match=error):
        LeRobot(root).labels(0)


@pytest.mark.parametrize(("said", "error"), files.DAMAGED_LANGUAGE)
def test_damaged_language(tmp_path: Path, said: Any, error: str) -> None:
    root = write_dataset(tmp_path, [[3]], FRONT_IMAGES)
    change(root / TABLE, "language_persistent", [said] * 3)
    with pytest.raises(InputError, match=rf"file-000.parquet:? {error}"):
        LeRobot(root).labels(0)


@pytest.mark.parametrize(("name", "values", "error"), files.DAMAGED_FRAMES)
def test_a_damaged_table_of_frames(tmp_path: Path, name: str, values: Any, error: str | None) -> None:
    root = write_dataset(tmp_path, [[3]], FRONT_IMAGES)
    change(root / TABLE, name, values)
    wanted = Wanted(FRONT, [STATE])
    if error is None:
        assert_is(joined(root, 0, wanted), 0, 3)
    else:
        assert_refused(root, error, wanted)


@pytest.mark.parametrize("width", [8193, 12_000, 100_000])
def test_an_image_that_is_too_large(tmp_path: Path, width: int) -> None:
    root = write_dataset(tmp_path, [[1]], FRONT_IMAGES)
    change(root / TABLE, FRONT, [files.bomb(width)])
    assert_refused(root, r"frame 0")


@pytest.mark.parametrize("spoil", [files.cut, files.empty, files.playlist])
@pytest.mark.parametrize(("file", "error"), [(MOVIE, "decoded"), (TABLE, "read"), (EPISODES, "read"), ("meta/info.json", "read")])
def test_damaged_files(tmp_path: Path, spoil: Callable[[Path], None], file: str, error: str) -> None:
    root = write_dataset(tmp_path, [[2]])
    spoil(root / file)
    assert_refused(root, rf"{Path(file).name} cannot be {error} \(.*\): download the dataset again")


@pytest.mark.parametrize("file", [MOVIE, TABLE, EPISODES, "meta/info.json"])
@pytest.mark.parametrize("link", [False, True])
def test_files_that_are_missing_or_elsewhere(tmp_path: Path, file: str, link: bool) -> None:
    root = write_dataset(tmp_path / "made", [[2]])
    (root / file).rename(tmp_path / "elsewhere")
    if link:
        (root / file).symlink_to(tmp_path / "elsewhere")
    assert_refused(root, "is outside the dataset's directory" if link else "is incomplete, download|has no episodes")


def test_a_video_that_is_too_short(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[2]])
    files.write_video(root / MOVIE, [picture(0, 0)])
    assert_refused(root, r"episode 0 of .*, frame 1 is missing in .*mp4, where it is due at 0.100 s: download")


def test_a_video_that_is_damaged_in_the_middle(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [[6]])
    noise = np.random.default_rng(0).integers(0, 256, (6, files.HEIGHT, files.WIDTH, 3), dtype=np.uint8)
    files.write_video(root / MOVIE, noise)
    data = bytearray((root / MOVIE).read_bytes())
    begin = data.find(b"mdat") + 2000
    data[begin : begin + 2000] = bytes(2000)
    (root / MOVIE).write_bytes(data)
    assert_refused(root, r"episode 0 of .*, frame \d is damaged in .*mp4|mp4 cannot be decoded")
