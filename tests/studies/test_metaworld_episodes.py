"""studies/metaworld_episodes.py: what counts as an event, the files that `keyin import` reads, and what is refused."""

import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from keyin_cli.datasets.sources.npz import SOURCE
from keyin_cli.datasets.sources.source import Wanted
from keyin_cli.discovery import labels, peer

SIZES = {"observation.state": 18, "observation.environment": 17, "action": 4}


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module("metaworld_episodes")


def during(count: int, *spans: tuple[int, int]) -> list[bool]:
    """Of so many steps those from … to before … ."""
    return [any(begin <= step < end for begin, end in spans) for step in range(count)]


def episode(study: ModuleType, length: int, *frames: int) -> object:
    signals = {name: np.full((length, size), length, np.float32) for name, size in SIZES.items()}
    found = [study.Event(frame, f"what, {frame}") for frame in frames]
    return study.Episode(np.full((length, 64, 64, 3), length, np.uint8), signals, found, 0.75, 2)


@pytest.mark.parametrize(
    ("spans", "begins"),
    [
        ([], []),
        ([(3, 8)], [3]),
        ([(3, 7)], []),  # too short
        ([(0, 5), (15, 20)], [0, 15]),  # from the first step on, and to the last
        ([(2, 7), (12, 17)], [2, 12]),  # a gap of as many steps is one
        ([(2, 7), (11, 17)], [2]),  # a shorter one is none
        ([(2, 4), (5, 8)], [2]),  # what a gap parts may be short
        ([(2, 4), (9, 14)], [9]),
    ],
)
def test_when_something_is_held(study: ModuleType, spans: list[tuple[int, int]], begins: list[int]) -> None:
    assert study.held(during(20, *spans), short=5) == begins


@pytest.mark.parametrize(
    ("success", "steps"), [([], 0), ([True], 1), ([True, False], 0), ([True, False, True, True], 2), ([True, True], 2)]
)
def test_how_long_success_lasts(study: ModuleType, success: list[bool], steps: int) -> None:
    assert study.lasting(success) == steps


def test_the_first_frame_that_shows_it(study: ModuleType) -> None:
    """Frame f is drawn before step f * KEPT, so it shows what that step finds, and not what it does."""
    kept = study.KEPT
    assert kept * study.FPS == study.RATE
    assert [study.showing_frame(step) for step in (0, kept - 1, kept, 2 * kept - 1, 2 * kept)] == [1, 1, 2, 2, 3]


def test_events_are_grasps_and_the_last_success(study: ModuleType) -> None:
    task = study.TASKS["bin-picking"]
    touching, success = during(400, (40, 100), (160, 400)), during(400, (100, 130), (300, 400))
    found = study.events(task, touching, success)
    assert [event.name for event in found] == [task.grasp, task.grasp, task.done]
    assert [event.frame for event in found] == [study.showing_frame(step) for step in (40, 160, 300)]


@pytest.mark.parametrize(
    ("touching", "success"),
    [
        (during(400), during(400, (300, 400))),  # nothing is grasped
        (during(400, (40, 400)), during(400, (100, 300))),  # or done in the end
        (during(400, (299, 400)), during(400, (300, 400))),  # both are in one frame
        (during(400, (40, 400)), during(400, (392, 400))),  # one is in no frame
        (during(400, (40, 400)), during(400, (384, 400))),  # or in the last
    ],
)
def test_an_episode_that_failed_has_no_events(study: ModuleType, touching: list[bool], success: list[bool]) -> None:
    assert study.events(study.TASKS["bin-picking"], touching, success) == []


def test_success_lasts_long_enough_to_be_scored(study: ModuleType) -> None:
    last = study.AFTER[0]
    assert study.events(study.TASKS["push"], during(300, (40, 300)), during(300, (300 - last, 300)))


def test_both_pads_have_to_touch_the_thing(study: ModuleType) -> None:
    bodies = {"leftpad": 1, "rightpad": 2, "obj": 3}  # 4 is a part of 3, 5 another thing; geoms have the numbers of bodies
    model = SimpleNamespace(
        geom_bodyid=np.arange(6), body_rootid=np.array([0, 1, 1, 3, 3, 5]), body=lambda name: SimpleNamespace(id=bodies[name])
    )

    def touched(*pairs: tuple[int, int]) -> bool:
        contact = SimpleNamespace(geom=np.array(pairs, np.int32).reshape(-1, 2))
        return study.touched(model, SimpleNamespace(contact=contact), "obj")

    assert touched((1, 4), (3, 2))
    assert not touched()
    assert not touched((1, 4))
    assert not touched((1, 4), (4, 1))
    assert not touched((1, 4), (2, 5))
    assert not touched((1, 2), (3, 5))


def test_what_is_observed(study: ModuleType) -> None:
    data = SimpleNamespace(qpos=np.arange(16) + 100, qvel=np.arange(15) + 200)
    found = study.observed(data, np.arange(39) / 100, np.zeros(4, np.float32))
    assert {name: len(values) for name, values in found.items()} == SIZES
    roles = {role: signal.split(":") for role, signal in study.ROLES.items()}
    assert set(roles) == set(peer.ROLES)

    def values(role: str) -> list[float]:
        name, *extent = roles[role]
        return found[name][slice(*map(int, extent))].tolist()

    assert values("gripper") == pytest.approx([0.97])  # 0 is open; Meta-World's 1 is
    assert values("effector") == pytest.approx([0, 0.01, 0.02])
    assert values("joint_velocities") == list(range(200, 207))


def test_keyin_reads_what_is_written(study: ModuleType, tmp_path: Path) -> None:
    study.write(tmp_path, [episode(study, 9, 2, 7), episode(study, 5, 3)], {"task": "push", "seed": 4})
    source = SOURCE.open(tmp_path / study.ARRAYS)
    assert SOURCE.recognises(tmp_path / study.ARRAYS)
    assert (len(source.names), source.fps, set(source.signals)) == (2, 10, set(SIZES))
    (piece,) = source.read(1, Wanted(None, tuple(SIZES)))
    assert piece.frames.shape == (5, 64, 64, 3)
    assert {name: values.shape for name, values in piece.signals.items()} == {name: (5, size) for name, size in SIZES.items()}
    read = labels.read(tmp_path / study.EVENTS)
    assert read.keyframes == {0: [2, 7], 1: [3]}
    assert read.events == {0: {2: "what, 2", 7: "what, 7"}, 1: {3: "what, 3"}}
    told = json.loads((tmp_path / study.MADE).read_text())
    assert (told["task"], told["seed"], told["episodes"][1]) == ("push", 4, {"frames": 5, "pace": 0.75, "failed_attempts": 2})


def test_only_what_it_made_is_replaced(study: ModuleType, tmp_path: Path) -> None:
    assert not study.is_ours(tmp_path)
    study.write(tmp_path, [episode(study, 5, 3)], {})
    assert study.is_ours(tmp_path)
    (tmp_path / "notes.txt").touch()
    assert not study.is_ours(tmp_path)
    (tmp_path / "notes.txt").unlink()
    for content in ("", "[]", '{"generator": "another"}'):
        (tmp_path / study.MADE).write_text(content)
        assert not study.is_ours(tmp_path)


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_what_is_there_is_left_alone(
    study: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], overwrite: list[str]
) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SystemExit, match="2"):
        study.main(["--task", "push", "--out", str(tmp_path), *overwrite])
    assert capsys.readouterr().err.endswith("is there already: it is left alone, give another --out\n")
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("given", [["--episodes", "0"], ["--seed", "-1"], ["--seed", str(2**32)], ["--task", "reach"]])
def test_options_that_are_none_are_refused(study: ModuleType, tmp_path: Path, given: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        study.main(["--task", "push", "--out", str(tmp_path / "made"), *given])
    assert not (tmp_path / "made").exists()


def test_without_meta_world_it_says_what_to_install(
    study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("MUJOCO_GL", "LP_NUM_THREADS"):
        monkeypatch.setenv(name, "egl" if name == "MUJOCO_GL" else "1")  # the script may set them
    monkeypatch.setitem(study.sys.modules, "metaworld", None)
    with pytest.raises(SystemExit, match="2"):
        study.main(["--task", "push", "--out", str(tmp_path / "made")])
    assert "pip install -r studies/metaworld-requirements.txt" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_episode_is_a_function_of_the_seed_and_its_number(study: ModuleType) -> None:
    pytest.importorskip("metaworld")
    (first, second), (again, _) = (list(study.episodes("pick-place", 2, 3)) for _ in range(2))
    assert np.array_equal(first.frames, again.frames)
    assert all(np.array_equal(first.signals[name], again.signals[name]) for name in SIZES)
    assert first.events == again.events
    assert not np.array_equal(first.signals["action"][:5], second.signals["action"][:5])
    alone = study.attempt("pick-place", 3, 1, second.failed)
    assert alone is not None
    assert np.array_equal(alone.frames, second.frames)
