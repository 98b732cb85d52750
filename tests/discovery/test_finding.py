"""Keyframes of all episodes: what a finder is shown, how many are found, and in whose numbers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.discovery.finding import Read, find
from keyin_cli.discovery.selector import Sources
from keyin_cli.errors import InputError


@pytest.fixture
def episodes(tmp_path: Path) -> Episodes:
    """30, 5 and 70 frames, every second one of the source, each as bright as its number in the episode."""
    numbers = np.concatenate([np.arange(length) for length in (30, 5, 70)])
    group = zarr.create_group(tmp_path / "e.zarr")
    group.create_array("data/frames", data=np.broadcast_to(numbers[:, None, None, None], (105, 2, 2, 1)).astype(np.uint8))
    group.create_array("data/source_frame", data=2 * numbers)
    group.create_array("meta/episode_ends", data=np.array([30, 35, 105]))
    return open_episodes(tmp_path / "e.zarr")


class Tenths:
    """Says that every tenth frame is a keyframe, or as many as its knob says of every tenth."""

    knob, usual = "share", 1.0
    sources: Sources

    def look(self, read: Read, count: int) -> np.ndarray:
        frames = np.concatenate([read(begin, min(begin + 7, count)) for begin in range(0, count, 7)])
        return frames[:, 0, 0, 0].astype(np.float64)

    def setting(self, evidence: Sequence[np.ndarray], wanted: float) -> float:
        return max(0.5, wanted / np.mean([(each % 10 == 9).sum() for each in evidence]))

    def select(self, evidence: np.ndarray, setting: float) -> tuple[np.ndarray, np.ndarray | None]:
        times = np.flatnonzero(evidence % 10 == 9)
        return np.isin(np.arange(len(evidence)), times[: round(setting * len(times))]), evidence / 100


def test_every_episode_is_looked_at_from_its_beginning(episodes: Episodes) -> None:
    found, chances = find(Tenths(), "tenths", episodes)
    assert chances[0] is not None
    assert chances[0].shape == (30,)
    assert [each.keyframes for each in found.episodes] == [[18, 38, 58], [], [18, 38, 58, 78, 98, 118, 138]]
    assert found.episodes[0].probability == [0.09, 0.19, 0.29]
    assert (found.method, found.settings, found.dataset) == ("tenths", {"share": 1.0}, str(episodes.path))


def test_a_setting_or_a_number(episodes: Episodes) -> None:
    assert find(Tenths(), "tenths", episodes, setting=0.34)[0].settings == {"share": 0.34}
    fewer, _ = find(Tenths(), "tenths", episodes, wanted=2)
    assert sum(len(each.keyframes) for each in fewer.episodes) <= 6
    with pytest.raises(InputError, match=r"tenths finds at least 2.0 keyframes an episode here, .* ask for more than 1"):
        find(Tenths(), "tenths", episodes, wanted=1)
