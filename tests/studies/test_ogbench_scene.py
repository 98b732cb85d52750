"""studies/ogbench_scene.py: events become subtasks, and with OGBench installed, an episode is a function of (seed, index)."""

import importlib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("pyarrow")


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module("ogbench_scene")


def events(*frames: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(frame=frame, text=f"until {frame}") for frame in frames]


def test_a_subtask_begins_behind_the_event_before_it(study: ModuleType) -> None:
    made = study.subtasks(events(0, 4, 9), 10)
    assert [tuple(each) for each in made] == [("until 0", 0), ("until 4", 1), ("until 9", 5)]


def test_nothing_begins_behind_the_last_frame(study: ModuleType) -> None:
    assert [each.begin for each in study.subtasks(events(4, 9, 12), 10)] == [0, 5]


def test_two_events_at_one_frame_are_refused(study: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"\[3, 3\], which do not increase"):
        study.subtasks(events(3, 3), 10)


@pytest.mark.parametrize("given", [["--episodes", "0"], ["--seed", "-1"], ["--size", "63"], ["--size", "8"]])
def test_options_that_are_none_are_refused(
    study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["ogbench_scene.py", "--out", str(tmp_path / "made"), *given])
    with pytest.raises(SystemExit, match="2"):
        study.main()
    assert not (tmp_path / "made").exists()


def test_what_is_there_is_left_alone(
    study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["ogbench_scene.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        study.main()
    assert "is there already: give another --out" in capsys.readouterr().err


@pytest.fixture
def episodes(study: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("ogbench")  # the extra `demonstrations`
    from keyin_cli.datasets.pushing import gl

    monkeypatch.setenv("MUJOCO_GL", gl.choose())
    return importlib.import_module("ogbench_episodes")


def test_the_frame_nearest_to_a_time(episodes: ModuleType) -> None:
    assert [episodes.frame_of(seconds, 20) for seconds in (0.0, 0.04, 0.06, 1.24, 1.26, 5.0)] == [0, 0, 1, 12, 13, 19]


def test_an_episode_depends_on_seed_and_index_alone(episodes: ModuleType) -> None:
    one = episodes.demonstrate(5, 3, 16)
    other = episodes.demonstrate(5, 4, 16)
    again = episodes.demonstrate(5, 3, 16)
    for name in ("frames", "states", "actions"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert one.events == again.events
    assert one.segment_dt == again.segment_dt != other.segment_dt
    assert len(one.frames) == len(one.states) == len(one.actions)
    assert [event.frame for event in one.events] == sorted({event.frame for event in one.events})
    assert one.events[-1].frame == len(one.frames) - 1


def test_what_fails_is_drawn_again(episodes: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, ...]] = []

    def attempt(seeds: np.random.SeedSequence, failed: int, size: int) -> str:
        drawn.append(tuple(seeds.entropy))
        if failed < 2:
            raise episodes.Failed
        return "made"

    monkeypatch.setattr(episodes, "_attempt", attempt)
    assert episodes.demonstrate(1, 7, 16) == "made"
    assert drawn == [(1, 7, 0), (1, 7, 1), (1, 7, 2)]
