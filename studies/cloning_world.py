"""The world of studies/cloning.py: OGBench's puzzle without pictures, what its expert demonstrates there, and how a policy
presses the buttons that it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.ogbench.section import KEPT, STEP, ready

BUTTONS = 9
NONE = -1  # no button is told
DOWN = -0.02  # m, the place of a button at which OGBench says that it is pressed
LIMIT = 100  # steps, 5 s, in which a told button is to be pressed; OGBench's constants put the slowest press at 4.1 s
EFFECTOR, YAW, OPENING = slice(12, 15), slice(15, 17), slice(17, 18)  # of what the arm feels, see `section.STATE`
LAG = 5  # steps, of the arm at most; plans have 5 steps and more between waypoints
TESTS = 1 << 20  # of the random numbers of tests, which no demonstration uses

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Recording:
    """An episode of S steps that the expert acted, at every step, not only at those that are frames.

    Attributes:
        states: (S,19) float32, what the arm feels before each action.
        colours: (S,9) float32, 0 or 1 for each button.
        actions: (S,5) float32, in [-1, 1].
        told: (S,) int64, the button that is told, `NONE` behind the last press.
        events: the frames of the presses; frame f is step f * KEPT.
        plans: the frames in which the hand is nearest to the waypoints of the expert's plans, see `arrival`.
    """

    states: NDArray[np.float32]
    colours: NDArray[np.float32]
    actions: NDArray[np.float32]
    told: NDArray[np.int64]
    events: list[int]
    plans: list[int]

    @property
    def frames(self) -> int:
        return -(-len(self.states) // KEPT)


@dataclass(frozen=True)
class Task:
    """Buttons to press one after the other, none twice in a row, from the pose and colours that `seed` resets the world to."""

    seed: int
    buttons: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of a task: `pressed`, whether each button was pressed; `steps` that each took, `LIMIT` where it was not pressed
    in time, 0 where its turn did not come; `wrong`, how often another button was pressed."""

    pressed: tuple[bool, ...]
    steps: tuple[int, ...]
    wrong: int


# What to do, an action (5,) in [-1, 1], given what OGBench says and the button that is told.
Act = Callable[[dict[str, Any], int], Floats]


class World:
    """OGBench's 3x3 puzzle, which is never drawn."""

    def __init__(self) -> None:
        """
        Raises:
            InputError: OGBench is not installed.
        """
        ready("ogbench-puzzle")
        from keyin_cli.datasets.ogbench import acting, worlds

        self.env = worlds.PuzzleEnv(env_type="3x3", width=64, height=64, **acting.WORLD)
        self.env.get_pixel_observation = lambda: None
        self.feel: Callable[[dict[str, Any]], NDArray[np.float32]] = acting.proprioception
        self.reset(0)
        self.tops = np.array([self.env.data.site(f"btntop_{button}").xpos for button in range(BUTTONS)])  # (9,3), m
        self.span: Floats = np.asarray(self.env.action_high)  # (5,): what an action of 1 means in m, rad and openings

    def reset(self, seed: int) -> dict[str, Any]:
        info: dict[str, Any] = self.env.reset(seed=seed)[1]
        return info

    def step(self, action: Floats) -> dict[str, Any]:
        info: dict[str, Any] = self.env.step(np.asarray(action, np.float64))[-1]
        return info

    def seen(self, info: dict[str, Any], told: int) -> NDArray[np.float32]:
        """What a policy sees, see `observed`."""
        colours = np.asarray(info["button_states"], np.float32)
        return observed(self.feel(info)[None], colours[None], np.array([told]), self.tops)[0]


def observed(states: Floats, colours: Floats, told: NDArray[np.int64], tops: Floats) -> NDArray[np.float32]:
    """What a policy sees at each of S steps: what the arm feels (S,19), all colours (S,9), where the told button is, x and y in m
    of `tops` (9,3), and whether one is told: (S,31) float32."""
    some = (told != NONE)[:, None]
    return np.concatenate([states, colours, np.where(some, tops[told, :2], 0), some], axis=1).astype(np.float32)


def told_buttons(targets: Sequence[int], presses: Sequence[int | None], ends: Sequence[int]) -> NDArray[np.int64]:
    """The button that is told at each step of a demonstration: the one that the expert presses next.

    Args:
        targets: the button of each subtask.
        presses: the first step at which each is seen pressed, None where the expert failed.
        ends: the first step behind each subtask.

    Returns:
        (S,) int64, S the last of `ends`. The next button is told from the step on at which the one before is seen pressed, as in
        `perform`, or from the end of a subtask that failed; `NONE` behind the last.
    """
    told = np.full(ends[-1], NONE)
    begin = 0
    for target, press, end in zip(targets, presses, ends, strict=True):
        until = end if press is None else press
        told[begin:until] = target
        begin = until
    return told


def demonstrate(world: World, seed: int, index: int) -> Recording:
    """The episode (seed, index) of `keyin gen-data ogbench-puzzle`, by the same random numbers, with all of its steps.

    Raises:
        RuntimeError: every attempt failed.
    """
    from keyin_cli.datasets.ogbench.acting import ATTEMPTS

    for attempt in range(ATTEMPTS):
        made = _attempt(world, np.random.SeedSequence([seed, index, attempt]))
        if made is not None:
            return made
    raise RuntimeError(f"episode {index} of seed {seed}: all of {ATTEMPTS} attempts failed")


def _attempt(world: World, seeds: np.random.SeedSequence) -> Recording | None:
    """None where two presses are in one frame, or an expert does not finish."""
    from keyin_cli.datasets.ogbench import acting, puzzle, scene, worlds

    for_world, for_experts, for_pace = (int(number) for number in seeds.generate_state(3))
    np.random.seed(for_experts)  # OGBench's experts draw from NumPy's global numbers
    info, numbers = world.reset(for_world), np.random.default_rng(for_pace)
    paces = numbers.uniform(*scene.SEGMENT_DT, size=numbers.integers(puzzle.PRESSES[0], puzzle.PRESSES[1] + 1))
    states: list[NDArray[np.float32]] = []
    colours: list[NDArray[np.float32]] = []
    actions: list[NDArray[np.float32]] = []
    targets: list[int] = []
    presses: list[int | None] = []
    ends: list[int] = []
    events: list[int] = []
    planned: list[tuple[int, Floats]] = []
    for number, pace in enumerate(paces):
        if number:
            info = world.env.set_new_target()[1]
        targets.append(int(info["privileged/target_button"]))
        presses.append(None)
        expert = worlds.ButtonPlanOracle(env=world.env, segment_dt=float(pace), gripper_always_closed=True)
        times, places = plan(expert, info)
        begin = len(states)
        planned += [(begin + round(time / STEP), places[name].translation()) for name, time in times.items() if name != "initial"]
        while not expert.done:
            if len(states) - begin == acting.MOST:
                return None
            states.append(world.feel(info))
            colours.append(np.array(info["button_states"], np.float32))
            action = expert.select_action(None, info)
            actions.append(np.asarray(action, np.float32))
            before, info = info, world.step(action)
            if presses[-1] is None and pressed(before, info)[targets[-1]]:
                presses[-1] = len(states)
            if (info["button_states"] != info["prev_button_states"]).any():
                events.append(acting.showing_frame(len(states)))
        ends.append(len(states))
    last = -(-len(states) // KEPT) - 1
    inner = [frame for frame in events if frame < last]  # as the dataset has them
    if len(set(inner)) < len(inner):
        return None
    hands = np.stack(states)[:, EFFECTOR]
    arrivals = {-(-arrival(hands, time, place) // KEPT) for time, place in planned}
    plans = sorted(frame for frame in arrivals if 0 < frame < last)
    told = told_buttons(targets, presses, ends)
    return Recording(np.stack(states), np.stack(colours), np.stack(actions), told, inner, plans)


def arrival(hands: Floats, time: int, place: Floats) -> int:
    """The step at which the hand, (S,3), is nearest to where it was planned to be at a time, among that and the `LAG` steps after
    it: the arm follows a plan some steps later."""
    near = np.linalg.norm(hands[time : time + LAG + 1] - place, axis=1)
    return min(time, len(hands) - 1) + (int(near.argmin()) if len(near) else 0)


def plan(expert: Any, info: dict[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """Let an expert plan: the times in s since now, and the poses, of its waypoints by their names."""
    noted: list[tuple[dict[str, float], dict[str, Any]]] = []
    compute = expert.compute_keyframes

    def noting(plan_input: Any) -> Any:
        found = compute(plan_input)
        noted.append((dict(found[0]), dict(found[1])))
        return found

    expert.compute_keyframes = noting
    expert.reset(None, info)
    return noted[-1]


def pressed(before: dict[str, Any], after: dict[str, Any]) -> NDArray[np.bool_]:
    """The buttons (9,) that went down in a step, by OGBench's own bound."""
    was, now = (
        np.array([float(info[f"privileged/button_{button}_pos"][0]) for button in range(BUTTONS)]) for info in (before, after)
    )
    return (was > DOWN) & (now <= DOWN)


def tasks(count: int, presses: int, seed: int) -> list[Task]:
    """Tasks of so many presses; task i is a function of (seed, i)."""
    found = []
    for index in range(count):
        numbers = np.random.default_rng([seed, index, TESTS])
        buttons = [int(numbers.integers(BUTTONS))]
        while len(buttons) < presses:
            buttons.append(int((buttons[-1] + numbers.integers(1, BUTTONS)) % BUTTONS))  # any other
        found.append(Task(int(numbers.integers(2**31)), tuple(buttons)))
    return found


def perform(world: World, act: Act, task: Task) -> Outcome:
    """Let a policy do a task. The next button is told when the one before is pressed; the task ends with one that is not pressed
    within `LIMIT` steps, as chains of CALVIN do (Mees et al., 2022)."""
    info = world.reset(task.seed)
    count, wrong = len(task.buttons), 0
    done, steps = [False] * count, [0] * count
    for place, button in enumerate(task.buttons):
        while not done[place] and steps[place] < LIMIT:
            before, info = info, world.step(act(info, button))
            down = pressed(before, info)
            done[place] = bool(down[button])
            wrong += int(down.sum() - down[button])
            steps[place] += 1
        if not done[place]:
            break
    return Outcome(tuple(done), tuple(steps), wrong)
