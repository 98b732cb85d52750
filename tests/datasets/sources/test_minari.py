import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from source_pieces import one_piece

from keyin_cli.datasets.sources import robomimic
from keyin_cli.datasets.sources.minari import SOURCE
from keyin_cli.datasets.sources.source import PIECE, Piece, Wanted, open_source
from keyin_cli.errors import InputError

IMAGE, STATE = "observations/camera/front", "observations/_index_1"


def pictures(episode: int, frames: int) -> np.ndarray:
    return np.random.default_rng(episode).integers(0, 256, (frames, 6, 8, 3), dtype=np.uint8)


def write_episodes(folder: Path, steps: dict[int, int]) -> Path:
    """`data/main_data.hdf5` as Minari writes it, of episodes of so many steps."""
    (folder / "data").mkdir(parents=True)
    with h5py.File(folder / "data" / "main_data.hdf5", "w", track_order=True) as file:
        for episode, count in steps.items():
            group = file.create_group(f"episode_{episode}")
            frames = count + 1
            group.create_dataset(IMAGE, data=pictures(episode, frames), chunks=True, maxshape=(None, 6, 8, 3))
            group.create_dataset(STATE, data=np.arange(frames * 3.0).reshape(frames, 3))
            group.create_dataset("observations/mission", data=["go"] * frames)
            group.create_dataset("actions", data=np.arange(count) + 10)
            group.create_dataset("rewards", data=np.ones(count))
            group.create_dataset("infos/step", data=np.arange(frames))
    return folder


def joined(path: Path, episode: int, wanted: Wanted) -> Piece:
    """An episode in one piece."""
    return one_piece(SOURCE.open(path).read(episode, wanted))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write_episodes(tmp_path / "door-human-v2", {0: 3, 1: PIECE, 10: 2, 2: 4})


def test_it_is_recognised_and_listed(made: Path) -> None:
    for path in (made, made / "data", made / "data" / "main_data.hdf5"):
        kind, source = open_source(path)
        assert kind is SOURCE
        assert kind.name == "minari"
        assert source.names == ["episode_0", "episode_1", "episode_2", "episode_10"]
        assert source.cameras == [IMAGE]
        assert source.signals == [STATE, "actions"]
        assert source.labels(0) is None
    assert not robomimic.SOURCE.recognises(made / "data" / "main_data.hdf5")
    assert not robomimic.SOURCE.recognises(made)
    assert not SOURCE.recognises(made.parent)


@pytest.mark.parametrize(("episode", "number", "steps"), [(0, 0, 3), (1, 1, PIECE), (2, 2, 4), (3, 10, 2)])
def test_the_last_action_is_repeated(made: Path, episode: int, number: int, steps: int) -> None:
    read = joined(made, episode, Wanted(IMAGE, ("actions", STATE)))
    np.testing.assert_array_equal(read.frames, pictures(number, steps + 1))
    np.testing.assert_array_equal(read.numbers, np.arange(steps + 1))
    np.testing.assert_array_equal(read.seconds, np.arange(steps + 1) / 20)
    assert read.signals["actions"].tolist() == [[10.0 + min(i, steps - 1)] for i in range(steps + 1)]
    np.testing.assert_array_equal(read.signals[STATE], np.arange((steps + 1) * 3.0).reshape(-1, 3))
    assert {values.dtype for values in read.signals.values()} == {np.dtype(np.float32)}


def test_observations_may_be_images_alone(tmp_path: Path) -> None:
    path = tmp_path / "main_data.hdf5"
    with h5py.File(path, "w") as file:
        file["episode_0/observations"] = pictures(0, 4)
        file["episode_0/actions/arm"] = np.zeros((3, 2))
        file["episode_0/actions/base"] = np.zeros(3)
    source = SOURCE.open(path)
    assert source.cameras == ["observations"]
    assert source.signals == ["actions/arm", "actions/base"]
    np.testing.assert_array_equal(joined(path, 0, Wanted()).frames, pictures(0, 4))


@pytest.mark.parametrize(
    ("metadata", "fps"),
    [
        ({"control_freq": 10}, 10),
        ({"render_fps": 25.0}, 25),
        ({"env_spec": json.dumps({"id": "Door-v1", "kwargs": {"control_freq": 50}})}, 50),
        ({"env_spec": json.dumps({"id": "Door-v1", "kwargs": {"render_fps": 30}}), "render_fps": 5}, 5),
        ({"env_spec": json.dumps({"id": "Door-v1", "kwargs": {}}), "total_steps": 3}, 20),
        ({"env_spec": "[]"}, 20),
    ],
)
def test_the_rate_is_in_the_metadata_or_attributes(tmp_path: Path, metadata: dict[str, Any], fps: float) -> None:
    beside, inside = write_episodes(tmp_path / "a", {0: 3}), write_episodes(tmp_path / "b", {0: 3})
    (beside / "data" / "metadata.json").write_text(json.dumps(metadata))
    with h5py.File(inside / "data" / "main_data.hdf5", "r+") as file:
        file.attrs.update(metadata)
    for path in (beside, inside):
        assert joined(path, 0, Wanted()).seconds.tolist() == [i / fps for i in range(4)]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("{", "metadata.json is no JSON: mend or remove it"),
        ("[]", "metadata.json is no JSON object of at most 16777216 bytes: copy or download it again"),
        (" " * (1 << 24) + "{}", "metadata.json is no JSON object of at most"),
        ('{"control_freq": "x"}', "control_freq of .*metadata.json is no number, but of type str"),
        ('{"render_fps": -1}', "render_fps of .*metadata.json is -1, expected frames a second"),
        ('{"env_spec": "{"}', "env_spec of .*metadata.json is no JSON"),
    ],
)
def test_metadata_that_is_damaged_is_refused(made: Path, metadata: str, message: str) -> None:
    (made / "data" / "metadata.json").write_text(metadata)
    with pytest.raises(InputError, match=message) as caught:
        SOURCE.open(made)
    assert "\n" not in str(caught.value)


def test_actions_have_to_fit(made: Path) -> None:
    with h5py.File(made / "data" / "main_data.hdf5", "r+") as file:
        for episode, rows in ((0, 2), (1, 0), (2, 6)):
            del file[f"episode_{episode}/actions"]
            file[f"episode_{episode}/actions"] = np.zeros(rows)
        file["episode_3/observations/camera/front"] = pictures(0, 1)
        file["episode_3/actions"] = np.zeros(0)
    source = SOURCE.open(made)
    for episode, rows, frames in ((0, 2, 4), (1, 0, PIECE + 1), (2, 6, 5), (3, 0, 1)):
        with pytest.raises(InputError, match=f"actions of .*episode_{episode} has {rows} rows for {frames} frames: leave it out"):
            list(source.read(episode, Wanted(IMAGE, ("actions",))))


def test_what_is_wrong_with_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no main_data.hdf5: give the directory of a Minari dataset of format hdf5"):
        SOURCE.open(tmp_path)
    path = tmp_path / "main_data.hdf5"
    with h5py.File(path, "w") as file:
        file["episode_x"] = 1
    assert not SOURCE.recognises(tmp_path)
    with pytest.raises(InputError, match="has no groups episode_0 and so on: give a file of Minari, or another --format"):
        SOURCE.open(tmp_path)
    with h5py.File(path, "w") as file:
        file["episode_0"] = h5py.ExternalLink("additional_data_0.hdf5", "/episode_0")
    assert SOURCE.recognises(tmp_path)
    with pytest.raises(
        InputError, match=r"episode_0 of .* is a link, and only what is stored in the file itself is read: make a copy"
    ):
        SOURCE.open(tmp_path)
    for thing in (1, np.zeros((3, 4))):
        with h5py.File(path, "w") as file:
            file["episode_0/observations"] = thing
        with pytest.raises(InputError, match=r"episode_0 has no images: expected uint8 .* in observations"):
            SOURCE.open(tmp_path)
    with h5py.File(path, "w") as file:
        file["episode_0"] = 1
    with pytest.raises(InputError, match="episode_0 has no images"):
        SOURCE.open(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"main_data.hdf5 cannot be read .*damaged or cut short"):
        open_source(tmp_path)
