"""Scores of whole episodes: of each its own length, nothing in its last frame, chance with the true number."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.discovery import scoring
from keyin_cli.discovery.found import Found, FoundEpisode
from keyin_cli.errors import InputError

LENGTHS = np.array([6, 10])


@pytest.fixture
def episodes(tmp_path: Path) -> Episodes:
    """Two episodes, 7 and 3 of their source, of which every second frame is kept; labels at 2, 5 and at 0, 4."""
    group = zarr.create_group(tmp_path / "e.zarr")
    group.create_array("data/frames", data=np.ones((16, 4, 4, 3), np.uint8))
    group.create_array("data/source_frame", data=np.concatenate([np.arange(0, 2 * n, 2) for n in LENGTHS]))
    group.create_array("data/keyframes", data=np.isin(np.arange(16), [2, 5, 6, 10]))
    group.create_array("meta/episode_ends", data=LENGTHS.cumsum())
    group.attrs.put({"fps": 10, "episodes": [{"name": "a", "source": 7}, {"name": "b", "source": 3}]})
    return open_episodes(tmp_path / "e.zarr")


def found(**keyframes: list[int]) -> Found:
    return Found(episodes=[FoundEpisode(episode=int(number[1:]), keyframes=each) for number, each in keyframes.items()])


def at(times: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in times]


def test_keyframes_are_compared_by_the_numbers_of_the_source(episodes: Episodes) -> None:
    detected, true, lengths, indices = scoring.compared(episodes, found(e3=[0, 9, 18], e7=[4]))
    assert (at(detected), at(true)) == ([[0, 4], [2]], [[0, 4], [2]])  # 9 was not kept; 18 and a label are in last frames
    assert (lengths.tolist(), indices) == ([10, 6], [1, 0])


def test_episodes_that_were_not_looked_at_do_not_count(episodes: Episodes) -> None:
    detected, true, _, _ = scoring.compared(episodes, found(e7=[]))
    assert (at(detected), at(true)) == ([[]], [[2]])


def test_what_does_not_fit_is_refused(episodes: Episodes) -> None:
    with pytest.raises(InputError, match="has no episode 5 of its source: give the dataset with --data"):
        scoring.compared(episodes, found(e7=[], e5=[]))
    with pytest.raises(InputError, match="the file has no episodes"):
        scoring.compared(episodes, found())


def test_a_dataset_without_labels_is_refused(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "e.zarr")
    group.create_array("data/frames", data=np.ones((4, 4, 4, 3), np.uint8))
    group.create_array("meta/episode_ends", data=np.array([4]))
    with pytest.raises(InputError, match="has no labels to score against: import it with --labels"):
        scoring.compared(open_episodes(tmp_path / "e.zarr"), found(e0=[1]))


def test_chance_has_the_true_number_of_every_episode() -> None:
    lengths = np.array([11, 5])
    true = np.zeros((2, 11), np.bool_)
    true[0, [1, 2, 3, 4]] = true[1, 3] = True
    assert at(scoring.uniform(true, lengths)) == [[2, 4, 6, 8], [2]]
    rng = np.random.default_rng(0)
    drawn = np.stack([scoring.random(true, lengths, rng) for _ in range(200)])
    assert (drawn.sum(2) == true.sum(1)).all()
    assert at(drawn.any(0)) == [list(range(10)), [0, 1, 2, 3]]
