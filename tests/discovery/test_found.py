"""keyframes.json: written, read again, edited, and refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.discovery.found import Found, FoundEpisode, found_episode, read, write
from keyin_cli.errors import InputError


@pytest.fixture
def episodes(tmp_path: Path) -> Episodes:
    """Two episodes of every third frame of their source, the fourth and the seventh of its episodes."""
    group = zarr.create_group(tmp_path / "e.zarr")
    group.create_array("data/frames", data=np.ones((9, 2, 2, 1), np.uint8))
    group.create_array("data/source_frame", data=np.array([0, 3, 6, 9, 0, 3, 6, 9, 12]))
    group.create_array("data/seconds", data=np.array([0, 3, 6, 9, 0, 3, 6, 9, 12]) / 30)
    group.create_array("meta/episode_ends", data=np.array([4, 9]))
    group.attrs.put({"fps": 10, "episodes": [{"name": "a", "source": 4}, {"name": "<b>", "source": 7}]})
    return open_episodes(tmp_path / "e.zarr")


def test_numbers_are_those_of_the_source(episodes: Episodes) -> None:
    times, chances = np.array([0, 0, 1, 0, 1], bool), np.array([0, 0, 0.75, 0.5, 1.5])
    found = found_episode(episodes, 1, times, chances)
    expected = {"episode": 7, "name": "<b>", "frames": 13, "keyframes": [6, 12], "times": [0.2, 0.4], "probability": [0.75, 1.0]}
    assert found.model_dump() == expected
    assert found_episode(episodes, 0, np.array([0, 1, 0, 0], bool)).probability == [1.0]


KEYFRAMES = st.lists(st.integers(0, 999), unique=True).map(sorted)


@given(st.dictionaries(st.integers(0, 50), KEYFRAMES), st.text())
def test_written_and_read_is_the_same(tmp_path_factory: pytest.TempPathFactory, listed: dict[int, list[int]], name: str) -> None:
    path = tmp_path_factory.mktemp("found") / "keyframes.json"
    episodes = [
        FoundEpisode(
            episode=number, name=name, frames=1000, keyframes=at, times=[t / 30 for t in at], probability=[0.5] * len(at)
        )
        for number, at in listed.items()
    ]
    found = Found(source="x", dataset="y", fps=12.5, method="search", settings={"price": 3.0}, episodes=episodes)
    write(path, found)
    assert read(path) == found


def test_what_a_person_writes_is_enough(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"episodes": [{"episode": 3, "keyframes": [1, 20]}], "comment": "by hand"}')
    (episode,) = read(tmp_path / "mine.json").episodes
    assert episode.seconds(10) == [0.1, 2.0]


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        ([], "it: Input should be"),
        ({}, "episodes: Field required"),
        ({"episodes": {}}, "episodes: Input should be a valid list"),
        ({"episodes": [{"episode": -1, "keyframes": []}]}, "episodes.0.episode: Input should be greater than or equal to 0"),
        ({"episodes": [{"episode": True, "keyframes": []}]}, "episodes.0.episode: Input should be a valid integer"),
        ({"episodes": [{"episode": 0, "keyframes": [3, 3]}]}, "episodes.0: keyframes do not increase"),
        ({"episodes": [{"episode": 0, "keyframes": ["3"]}]}, "episodes.0.keyframes.0: Input should be a valid integer"),
        ({"episodes": [{"episode": 0, "keyframes": [3], "frames": 3}]}, "episodes.0: keyframe 3 is behind the last of 3 frames"),
        ({"episodes": [{"episode": 0, "keyframes": [3], "times": [1.0, 2.0]}]}, "episodes.0: times and probability need one"),
        (
            {"episodes": [{"episode": 0, "keyframes": [3], "times": [float("nan")]}]},
            "episodes.0.times.0: Input should be a finite",
        ),
        ({"episodes": [{"episode": 1, "keyframes": []}] * 2}, "it: two episodes have the same number"),
        ({"episodes": [], "fps": 0}, "fps: Input should be greater than 0"),
    ],
)
def test_what_holds_no_keyframes(tree: object, line: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(tree))
    with pytest.raises(InputError) as raised:
        read(tmp_path / "x.json")
    assert f"x.json holds no keyframes: {line}" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
