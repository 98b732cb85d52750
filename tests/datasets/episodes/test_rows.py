import numpy as np
import pytest

from keyin_cli.datasets.episodes.rows import EpisodeRows, Event


def rows(*times: int, count: int = 6, state: np.ndarray | None = None) -> EpisodeRows:
    state = np.zeros((count, 2), np.float32) if state is None else state
    return EpisodeRows(
        np.zeros((count, 4, 4, 3), np.uint8), {"observation.state": state}, [Event(time, "an event") for time in times]
    )


def test_keyframes_are_where_events_are() -> None:
    assert rows(1, 4).keyframes.tolist() == [False, True, False, False, True, False]
    assert not rows().keyframes.any()


@pytest.mark.parametrize("times", [(0,), (5,), (3, 3), (4, 2), (-1,)])
def test_events_that_cannot_be_are_refused(times: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected increasing ones between first and last"):
        rows(*times)


def test_no_events_in_the_shortest_episode() -> None:
    assert len(rows(count=1).keyframes) == 1


@pytest.mark.parametrize("state", [np.zeros((5, 2), np.float32), np.zeros(6, np.float32), np.zeros((6, 2))])
def test_signals_have_a_row_for_each_frame(state: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected \(6,D\) float32"):
        rows(state=state)


def test_frames_are_bytes() -> None:
    with pytest.raises(ValueError, match=r"expected \(n,H,W,C\) uint8"):
        EpisodeRows(np.zeros((6, 4, 4, 3)), {}, [])  # type: ignore[arg-type]
