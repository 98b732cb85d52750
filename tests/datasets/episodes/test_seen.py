"""What a model sees of a frame: pixels, signals, or one behind the other."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.episodes import EpisodesData
from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.datasets.loader import load_frames
from keyin_cli.datasets.opening import open_for
from keyin_cli.errors import InputError

FRAMES = np.random.default_rng(0).integers(0, 256, (20, 4, 6, 3), dtype=np.uint8)
STATE = np.arange(40, dtype=np.float32).reshape(20, 2)
ACTION = -np.arange(20, dtype=np.float32)[:, None]
IMAGE = {"height": 4, "width": 6, "channels": 3}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    group = zarr.create_group(tmp_path / "e.zarr")
    for name, values in {"frames": FRAMES, "state": STATE, "action": ACTION}.items():
        group.create_array(f"data/{name}", data=values)
    group.create_array("meta/episode_ends", data=np.array([12, 20]))
    return tmp_path / "e.zarr"


def data(path: Path, **keys: object) -> EpisodesData:
    return EpisodesData.model_validate({"kind": "episodes", "path": str(path), "frames": 5, "stride": 3} | keys)


def test_images_alone_are_bytes(path: Path) -> None:
    dataset = open_for(data(path, **IMAGE))
    assert (dataset.image, dataset.dtype) == ((4, 6, 3), np.uint8)
    assert np.array_equal(dataset.read("frames", np.array([1]))[0], FRAMES[3:8])


def test_signals_come_behind_pixels_in_the_recipe_s_order(path: Path) -> None:
    dataset = open_for(data(path, **IMAGE, signals={"action": 1, "state": 2}))
    assert (dataset.image, dataset.dtype) == ((1, 1, 75), np.float32)
    rows = dataset.read("frames", np.array([4, 0]))  # the first window of the second episode, and of the first
    assert rows.shape == (2, 5, 1, 1, 75)
    np.testing.assert_allclose(rows[0, :, 0, 0, :72], FRAMES[12:17].reshape(5, -1) / 255, rtol=1e-6)
    assert np.array_equal(rows[:, :, 0, 0, 72:], np.stack([np.hstack([ACTION, STATE])[i : i + 5] for i in (12, 0)]))


def test_some_values_of_a_signal(path: Path) -> None:
    dataset = open_for(data(path, signals={"state:1:2": 1, "action": 1}))
    assert np.array_equal(dataset.read("frames", np.array([0]))[0, :, 0, 0], np.hstack([STATE[:, 1:], ACTION])[:5])
    for wrong in ("state:1", "state:1:3", "state:2:1", "state:-1:1", "state::", "state:1:2:3"):
        with pytest.raises(InputError, match="signal"):
            open_for(data(path, signals={wrong: 1}))


def test_signals_alone(path: Path) -> None:
    dataset = open_for(data(path, signals={"state": 2}))
    assert np.array_equal(dataset.read("frames", np.array([0]))[0, :, 0, 0], STATE[:5])


@pytest.mark.parametrize("keys", [IMAGE, {"signals": {"state": 2}}, IMAGE | {"signals": {"state": 2}}], ids=str)
def test_a_file_in_the_cache_changes_nothing(path: Path, keys: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    dataset = open_for(data(path, **keys))
    plain, mapped = (load_frames(dataset, "train", 5, shared=shared) for shared in (False, True))
    assert plain.dtype == mapped.dtype == dataset.dtype
    assert np.array_equal(plain, mapped)


def test_other_signals_are_another_dataset(path: Path) -> None:
    sums = {open_for(data(path, **keys)).sha256 for keys in (IMAGE, {"signals": {"state": 2}}, {"signals": {"action": 1}})}
    assert len(sums) == 3


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"signals": {"states": 2}}, r"has no signal states, it has action \(1\), state \(2\): import it again"),
        ({"signals": {"state": 3}}, "has 2 values of the signal state, the recipe knows 3"),
        ({"height": 4, "width": 4, "channels": 3}, "has frames of 4x6x3, the recipe knows 4x4x3"),
        ({"height": 4, "width": 4, "channels": 3, "signals": {"state": 2}}, "has frames of 4x6x3, the recipe knows 4x4x3"),
    ],
    ids=str,
)
def test_what_does_not_fit(path: Path, keys: dict, line: str) -> None:
    with pytest.raises(InputError, match=line):
        open_for(data(path, **keys))


@pytest.mark.parametrize("keys", [{}, {"height": 4}, {"height": 4, "width": 6}], ids=str)
def test_a_recipe_that_sees_nothing_is_none(path: Path, keys: dict) -> None:
    with pytest.raises(ValueError, match=r"height|signals"):
        data(path, **keys)


def test_signals_that_are_no_numbers(path: Path) -> None:
    zarr.open_group(path)["data/state"][4, 1] = np.nan
    with pytest.raises(InputError, match="the signal state has values that are no numbers"):
        open_for(data(path, signals={"state": 2})).read("frames", np.array([0]))
    assert open_episodes(path).signals == {"action": 1, "state": 2}


def test_differences_from_the_episode_s_own_mean(path: Path) -> None:
    """Also in a piece that reaches over the end of an episode."""
    episodes = open_episodes(path)
    seen = open_for(data(path, **IMAGE, background="mean")).seen
    rows = seen.read(episodes, 10, 14)
    for place, frame in enumerate(range(10, 14)):
        own = FRAMES[:12] if frame < 12 else FRAMES[12:]
        expected = (FRAMES[frame] - own.mean(0)) / 2 + 127.5
        np.testing.assert_allclose(rows[place], expected, atol=0.51)
    assert rows.dtype == np.uint8
    shown = seen.shown(episodes, 0, rows[:2])
    assert np.abs(shown.astype(int) - FRAMES[10:12]).max() <= 1
    assert seen.means.keys() == {0, 1}


def test_a_background_for_signals_alone_is_none(path: Path) -> None:
    with pytest.raises(ValueError, match="background: there are no images"):
        data(path, signals={"state": 2}, background="mean")


def test_every_episode_is_in_every_split_when_none_are_kept_apart(path: Path) -> None:
    zarr.open_group(path).create_array("meta/split", data=np.array([0, 1], np.uint8))
    apart, together = (open_for(data(path, **IMAGE, split=split)) for split in (True, False))
    assert (len(apart.indices("train")), len(apart.indices("test"))) == (4, 0)
    assert len(together.indices("train")) == len(together.indices("test")) == together.n == 6
    assert apart.sha256 != together.sha256
