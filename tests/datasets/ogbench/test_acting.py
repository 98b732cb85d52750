"""What OGBench's experts act. An episode of one subtask is enough here; OGBench builds its world anew for each."""

import numpy as np
import pytest

pytest.importorskip("ogbench")  # the extra `benchmark`

from keyin_cli.datasets.ogbench import acting, cube, puzzle, scene
from keyin_cli.datasets.ogbench.acting import Demonstration, Event
from keyin_cli.datasets.ogbench.section import STATE

SIZE = 32
OPENING, CONTACT = STATE.index("gripper_opening"), STATE.index("gripper_contact")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "SUBTASKS", 1)
    monkeypatch.setattr(cube, "SUBTASKS", (1, 1))
    monkeypatch.setattr(puzzle, "PRESSES", (1, 1))


@pytest.mark.parametrize("world", [scene, puzzle, cube], ids=["scene", "puzzle", "cube"])
def test_an_episode_depends_on_seed_and_index_alone(world: object) -> None:
    one, again, other = (world.demonstrate(5, index, SIZE) for index in (3, 3, 4))  # type: ignore[attr-defined]
    for name in ("frames", "states", "actions"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert (one.events, one.told) == (again.events, again.told)
    assert one.states.shape[1:] == (len(STATE),)
    assert len(one.frames) == len(one.states) == len(one.actions)
    assert one.frames.shape[1:] == (SIZE, SIZE, 3)
    assert one.frames[0].std() > 5  # something is seen
    assert other.states.shape != one.states.shape or (other.states != one.states).any()


def test_a_scene_ends_with_an_event_that_its_dataset_leaves_out() -> None:
    one = scene.demonstrate(5, 3, SIZE)
    assert one.events[-1].frame == len(one.frames) - 1
    assert [tuple(event) for event in one.rows().events] == [(event.frame, event.text) for event in one.events[:-1]]


def test_colours_change_at_the_frame_of_a_press() -> None:
    one = puzzle.demonstrate(5, 3, 64)
    (event,) = one.events
    changes = np.abs(np.diff(one.frames.astype(int), axis=0)).sum((1, 2, 3))
    assert changes.argmax() + 1 == event.frame


def test_a_hand_holds_something_between_grasp_and_release() -> None:
    one = cube.demonstrate(5, 3, SIZE)
    grasp, release = one.events[0].frame, one.events[1].frame
    assert [event.name for event in one.events[:2]] == ["grasp", "release"]
    assert (one.states[grasp : release - 1, CONTACT] > 0.1).all()
    assert one.states[grasp - 2, CONTACT] < 0.5 < one.states[grasp + 1, CONTACT]
    assert one.states[release, CONTACT] < 0.1
    assert one.states[grasp - 4, OPENING] < 0.3 < one.states[grasp + 1, OPENING]  # open, then around a cube


def test_what_fails_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, ...]] = []

    def attempt(make: object, act: object, seeds: np.random.SeedSequence, failed: int, size: int) -> str:
        drawn.append(tuple(seeds.entropy))  # type: ignore[arg-type]
        if failed < 2:
            raise acting.Failed
        return "made"

    monkeypatch.setattr(acting, "_attempt", attempt)
    assert scene.demonstrate(1, 7, 16) == "made"
    assert drawn == [(1, 7, 0), (1, 7, 1), (1, 7, 2)]
    monkeypatch.setattr(acting, "ATTEMPTS", 2)
    with pytest.raises(RuntimeError, match="episode 7 of seed 1: all of 2 attempts failed"):
        scene.demonstrate(1, 7, 16)


def test_an_expert_that_does_not_finish_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "MOST", 3)
    monkeypatch.setattr(acting, "ATTEMPTS", 1)
    with pytest.raises(RuntimeError, match="attempts failed"):
        puzzle.demonstrate(5, 3, 16)


def test_frames_of_times_and_of_steps() -> None:
    times = (0.0, 0.04, 0.06, 1.24, 1.26, 5.0)
    assert [acting.nearest_frame(seconds, 20) for seconds in times] == [0, 0, 1, 12, 13, 19]
    assert [acting.showing_frame(steps) for steps in (0, 1, 2, 3, 4)] == [0, 1, 1, 2, 2]  # every second state has a frame
    assert acting.happened("press", "button", "press a button", 5) == Event("press", "button", "press a button", 0.25, 3, True)


@pytest.mark.parametrize(
    ("phases", "times"),
    [
        ("1122233344456666678899", [(8, 18)]),
        ("11223344422233344455678899", [(15, 22)]),  # what slips after three steps was not held
        ("1134455567882334445567899", [(3, 10), (15, 22)]),  # put down beside its place, and grasped again
        ("112233444556", []),  # not let go of in the end
        ("112233", []),
    ],
)
def test_when_a_cube_is_held(phases: str, times: list[tuple[int, int]]) -> None:
    assert cube.held([int(phase) for phase in phases]) == times


def test_rows_of_an_episode() -> None:
    frames = np.zeros((6, 4, 4, 3), np.uint8)
    events = [Event("press", "button", "press a button", 0.2, 2, True), Event("final", "button", "move away", 0.5, 5, True)]
    rows = Demonstration(frames, np.zeros((6, 19), np.float32), np.zeros((6, 5), np.float32), events, 3, {"pace": 1}).rows()
    assert [tuple(event) for event in rows.events] == [(2, "press a button")]
    assert rows.told == {"pace": 1, "failed_attempts": 3}


@pytest.mark.parametrize(("frames", "failed"), [((1, 2, 4), False), ((1, 1, 3), True), ((1, 5, 5), False)])
def test_two_events_in_one_frame_are_a_failure(frames: tuple[int, ...], failed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """But in the last one, where nothing is scored: else the same episode would never be made."""
    made = Demonstration(
        np.zeros((6, 4, 4, 3), np.uint8),
        np.zeros((6, 19), np.float32),
        np.zeros((6, 5), np.float32),
        [Event("press", "button", "press a button", frame / 10, frame, True) for frame in frames],
        0,
    )
    monkeypatch.setattr(acting.Recorder, "recorded", lambda *_, **__: made)
    monkeypatch.setattr(acting, "ATTEMPTS", 1)
    if failed:
        with pytest.raises(RuntimeError, match="attempts failed"):
            puzzle.demonstrate(5, 3, 16)
    else:
        assert [event.frame for event in puzzle.demonstrate(5, 3, 16).rows().events] == [frame for frame in frames if frame < 5]
