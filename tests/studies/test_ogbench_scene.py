"""studies/ogbench_scene.py: events become subtasks."""

import importlib
from pathlib import Path
from types import ModuleType, SimpleNamespace

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


def test_a_dataset_of_one_episode(study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ogbench")  # the extra `demonstrations`
    from keyin_cli.datasets.ogbench import scene

    monkeypatch.setattr(scene, "SUBTASKS", 1)
    made = study.make(tmp_path / "made", episodes=1, seed=5, size=16)
    (told,) = made["episodes"]
    assert told["events"][-1]["frame"] == told["frames"] - 1
    assert scene.SEGMENT_DT[0] <= told["segment_dt"] <= scene.SEGMENT_DT[1]
    assert (tmp_path / "made" / "meta" / "info.json").is_file()
