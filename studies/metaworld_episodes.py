"""Make demonstrations by Meta-World's scripted experts for `keyin import`, in an environment of its own with Meta-World's MuJoCo.

    python3 -m venv artifacts/metaworld && artifacts/metaworld/bin/pip install -r studies/metaworld-requirements.txt
    artifacts/metaworld/bin/python studies/metaworld_episodes.py --task bin-picking --seed 1 --out artifacts/bin-picking

writes episodes.npz, events.csv and made.json into a directory, and prints the `keyin import` that reads them. Episode i is a
function of the seed and i, two or three seconds each. The script imports nothing of keyin.

Events are decided here, by the state of the world alone, the same for every task:

- *grasp*: both pads of the gripper touch the thing. Less than a quarter of a second does not count, neither as a touch nor as a
  gap between two; what is grasped again counts again.
- *done*: Meta-World says success, and does until the episode ends, a drawn half to one and a half seconds later.

An event belongs to the first frame that shows it. Branches of an expert that change nothing (above a thing, above its place,
lift, across) are none; branches alone would not do, as experts switch to and fro between them. Where nothing is grasped or done
within 400 steps, or two events would be in one frame, the episode is drawn again.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

RATE, KEPT, FPS = 80, 8, 10  # Meta-World's steps a second, steps from a frame that is kept to the next, frames a second
SHORT = RATE // 4  # steps: touches and gaps between them that are shorter do not count
AFTER = (RATE // 2, 3 * RATE // 2)  # steps that success lasts at the end, from … to
SIZE = 64  # px of a frame's side
MOST, ATTEMPTS = 400, 50  # steps until success, and episodes that may fail one after another
PACE = (0.6, 1.0)  # of an episode, of the expert's own: slower ones grasp too early for their hands
NOISE = 0.1  # standard deviation, on the expert's moves in [-1, 1]
JOINTS = 7
VIEW = (0.0, 0.65, 0.12), 0.9, 225, -30  # looked at, distance, m, azimuth, elevation, degrees: Meta-World's cameras are far away
ARRAYS, EVENTS, MADE = "episodes.npz", "events.csv", "made.json"
GENERATOR = "studies/metaworld_episodes.py"
ROLES = {
    "gripper": "observation.state:3:4",
    "joint_velocities": "observation.state:11:18",
    "effector": "observation.state:0:3",
    "actions": "action",
}


class Task(NamedTuple):
    """A task of Meta-World: its expert, Sawyer…V3Policy, the body that is grasped, and what people call the two events."""

    expert: str
    body: str
    grasp: str
    done: str


TASKS = {
    "assembly": Task("Assembly", "RoundNut", "grasp the ring", "put the ring over the peg"),
    "bin-picking": Task("BinPicking", "obj", "grasp the cube", "put the cube into its bin"),
    "coffee-pull": Task("CoffeePull", "obj", "grasp the mug", "pull the mug to its place"),
    "disassemble": Task("Disassemble", "RoundNut", "grasp the ring", "lift the ring off the peg"),
    "hammer": Task("Hammer", "hammerbody", "grasp the hammer", "drive the nail in"),
    "hand-insert": Task("HandInsert", "obj", "grasp the block", "put the block into the hole"),
    "peg-insert-side": Task("PegInsertionSide", "peg", "grasp the peg", "insert the peg"),
    "peg-unplug-side": Task("PegUnplugSide", "plug1", "grasp the plug", "pull the plug out"),
    "pick-out-of-hole": Task("PickOutOfHole", "obj", "grasp the block", "bring the block to its place"),
    "pick-place": Task("PickPlace", "obj", "grasp the puck", "bring the puck to its place"),
    "pick-place-wall": Task("PickPlaceWall", "obj", "grasp the puck", "bring the puck to its place"),
    "push": Task("Push", "obj", "grasp the puck", "push the puck to its place"),
    "stick-push": Task("StickPush", "stick", "grasp the stick", "push the thermos to its place"),
}


class Event(NamedTuple):
    """What the frame shows first."""

    frame: int
    name: str


class Episode(NamedTuple):
    """An episode of n frames.

    Attributes:
        frames: (n,64,64,3) uint8.
        signals: by name (n,D) float32. `observation.state`: the hand's place (3), m; the gripper, 0 open to 1 closed; the angles
            (7), rad, and velocities (7), rad/s, of the joints. `observation.environment`: places and quaternions of things, 0
            where there are fewer (14), and the goal (3). `action`: moves and grip (4) that are sent in the frame's first step.
        events: in order, none in the first or the last frame.
        pace: see `PACE`.
        failed: attempts before this one.
    """

    frames: NDArray[np.uint8]
    signals: dict[str, NDArray[np.float32]]
    events: list[Event]
    pace: float
    failed: int


def held(touching: Sequence[bool], short: int = SHORT) -> list[int]:
    """The steps with which each time begins that a thing is held, of steps (s,) in which both pads touch it. Gaps of fewer than
    `short` steps are none, and then times of fewer are none."""
    edges = np.flatnonzero(np.diff(np.array([False, *touching, False]).astype(np.int8)))
    times: list[list[int]] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if times and begin - times[-1][1] < short:
            times[-1][1] = end
        else:
            times.append([begin, end])
    return [begin for begin, end in times if end - begin >= short]


def lasting(success: Sequence[bool]) -> int:
    """How many steps success lasts at the end."""
    return next((back for back, each in enumerate(reversed(success)) if not each), len(success))


def showing_frame(step: int) -> int:
    """The first frame that shows the state that a step, counted from 0, leads to."""
    return -(-(step + 1) // KEPT)


def events(task: Task, touching: Sequence[bool], success: Sequence[bool]) -> list[Event]:
    """The events of an episode, from what was so after each of its steps (s,); none where it has failed: nothing is grasped or
    done, two are in one frame, or one is in the last."""
    grasps, last = held(touching), lasting(success)
    if not (grasps and last):
        return []
    steps = sorted([*((step, task.grasp) for step in grasps), (len(success) - last, task.done)])
    found = [Event(showing_frame(step), name) for step, name in steps]
    frames = [*(event.frame for event in found), (len(success) - 1) // KEPT]
    return found if all(before < after for before, after in pairwise(frames)) else []


@contextmanager
def drawing(env: Any) -> Iterator[Callable[[], NDArray[np.uint8]]]:
    """Inside, a function that draws what there is now (64,64,3), without shadows and smooth edges, which take most of the
    time."""
    import mujoco

    env.model.vis.quality.shadowsize = env.model.vis.quality.offsamples = 0
    env.model.vis.global_.offwidth = env.model.vis.global_.offheight = SIZE
    camera = mujoco.MjvCamera()
    camera.lookat[:], camera.distance, camera.azimuth, camera.elevation = VIEW
    with mujoco.Renderer(env.model, SIZE, SIZE) as renderer:
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False

        def draw() -> NDArray[np.uint8]:
            renderer.update_scene(env.data, camera=camera)
            return np.array(renderer.render())

        yield draw


def attempt(name: str, seed: int, index: int, failed: int) -> Episode | None:
    """Act an episode, after so many attempts; None where this one fails as well."""
    from metaworld import policies
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS_GOAL_OBSERVABLE as WORLDS

    task, seeds = TASKS[name], np.random.SeedSequence([seed, index, failed])
    for_world, for_pace = (int(number) for number in seeds.generate_state(2))
    numbers = np.random.default_rng(for_pace)
    pace, after = float(numbers.uniform(*PACE)), int(numbers.integers(*AFTER, endpoint=True))
    env = WORLDS[f"{name}-v3-goal-observable"](seed=for_world)
    env.max_path_length = MOST + AFTER[1]
    expert, seen = getattr(policies, f"Sawyer{task.expert}V3Policy")(), env.reset()[0]
    frames, states, touching, success = [], [], list[bool](), list[bool]()
    with drawing(env) as draw:
        while lasting(success) < after:
            if len(success) - lasting(success) >= MOST:
                return None
            action = np.clip(expert.get_action(seen), -1, 1)
            action[:3] = pace * np.clip(action[:3] + numbers.normal(0, NOISE, 3), -1, 1)
            if len(success) % KEPT == 0:
                frames.append(draw())
                states.append(observed(env.data, seen, action))
            seen, *_, told = env.step(action)
            touching.append(touched(env.model, env.data, task.body))
            success.append(bool(told["success"]))
    signals = {key: np.stack([state[key] for state in states]) for key in states[0]}
    found = events(task, touching, success)
    return Episode(np.stack(frames), signals, found, pace, failed) if found else None


def observed(data: Any, seen: NDArray[np.float64], action: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The signals of a frame (see `Episode`), of the simulator's state and what Meta-World shows of it."""
    state = [seen[:3], 1 - seen[3:4], data.qpos[:JOINTS], data.qvel[:JOINTS]]
    found = {"observation.state": state, "observation.environment": [seen[4:18], seen[36:39]], "action": [action]}
    return {key: np.concatenate(parts).astype(np.float32) for key, parts in found.items()}


def touched(model: Any, data: Any, body: str) -> bool:
    """Whether both pads of the gripper touch a thing."""
    bodies = model.geom_bodyid[data.contact.geom]  # (contacts,2)
    thing = model.body_rootid[bodies[:, ::-1]] == model.body(body).id
    return all(((bodies == model.body(pad).id) & thing).any() for pad in ("leftpad", "rightpad"))


def episodes(name: str, count: int, seed: int) -> Iterator[Episode]:
    """The episodes 0, 1, … of a seed, with a line on stderr that says how far it is."""
    try:
        for index in range(count):
            print(f"\r{name}: episode {index + 1} of {count}", end="", file=sys.stderr, flush=True)
            attempts = (attempt(name, seed, index, failed) for failed in range(ATTEMPTS))
            made = next((each for each in attempts if each), None)
            if made is None:
                refuse(f"episode {index}: all of {ATTEMPTS} attempts failed, give another --seed")
            yield made
    finally:
        print(file=sys.stderr)


def write(folder: Path, made: Sequence[Episode], told: dict[str, Any]) -> None:
    """Write the three files of a dataset into a directory that is there."""
    arrays: dict[str, Any] = {key: np.concatenate([each.signals[key] for each in made]) for key in made[0].signals}
    arrays["frames"] = np.concatenate([each.frames for each in made])
    np.savez(folder / ARRAYS, episode_ends=np.cumsum([len(each.frames) for each in made]), fps=FPS, **arrays)
    with (folder / EVENTS).open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["episode", "keyframe", "event"])
        rows.writerows([index, event.frame, event.name] for index, each in enumerate(made) for event in each.events)
    of_each = [{"frames": len(each.frames), "pace": round(each.pace, 4), "failed_attempts": each.failed} for each in made]
    content = {"generator": GENERATOR, **told, "fps": FPS, "roles": ROLES, "episodes": of_each}
    (folder / MADE).write_text(json.dumps(content, indent=1) + "\n")


def is_ours(path: Path) -> bool:
    """Whether a directory has what this script wrote, and nothing else."""
    if not path.is_dir() or path.is_symlink() or {each.name for each in path.iterdir()} != {ARRAYS, EVENTS, MADE}:
        return False
    return json.dumps({"generator": GENERATOR})[1:-1] in (path / MADE).read_text(errors="replace")


def refuse(line: str) -> NoReturn:
    print(f"metaworld_episodes: {line}", file=sys.stderr)
    raise SystemExit(2)


def ready() -> None:
    """Refuses to begin where Meta-World is not installed, or OpenGL cannot start."""
    os.environ.setdefault("MUJOCO_GL", "egl")  # read when MuJoCo is imported
    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's software renderer: a small picture is no work for many
    try:
        importlib.import_module("metaworld")
        mujoco = importlib.import_module("mujoco")
        mujoco.Renderer(mujoco.MjModel.from_xml_string("<mujoco/>"), SIZE, SIZE).close()
    except ModuleNotFoundError as error:
        refuse(f"{error}: pip install -r studies/metaworld-requirements.txt, in an environment of its own")
    except Exception as error:  # whatever it is that libraries of OpenGL raise
        refuse(f"OpenGL cannot start with MUJOCO_GL={os.environ['MUJOCO_GL']} ({error}): see `keyin doctor` for what to install")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=sorted(TASKS), required=True, help="of Meta-World")
    parser.add_argument("--out", type=Path, required=True, help="a directory for the dataset")
    parser.add_argument("--episodes", type=int, default=60, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace what this script wrote at --out")
    given = parser.parse_args(argv)
    for name, least, most in (("episodes", 1, 10**6), ("seed", 0, 2**32 - 1)):
        if not least <= getattr(given, name) <= most:
            parser.error(f"--{name}: a number from {least} to {most}")
    if os.path.lexists(given.out) and not (given.overwrite and is_ours(given.out)):
        way = "give --overwrite to replace it" if is_ours(given.out) else "it is left alone, give another --out"
        refuse(f"{str(given.out)!a} is there already: {way}")
    ready()
    warnings.filterwarnings("ignore", message="Constant")  # of experts, whose moves are clipped
    try:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{given.out.name}.", dir=given.out.parent) as folder:
            beside = Path(folder, "made")
            beside.mkdir()
            made = list(episodes(given.task, given.episodes, given.seed))
            write(beside, made, {"task": given.task, "seed": given.seed})
            if is_ours(given.out):
                shutil.rmtree(given.out)
            beside.rename(given.out)
    except (OSError, KeyboardInterrupt) as error:
        refuse(f"{str(error) or 'stopped'}: nothing was written")
    roles = " ".join(f"--role {role}={signal}" for role, signal in ROLES.items())
    options = f"--labels {given.out / EVENTS} --signals observation.state,observation.environment,action {roles}"
    print(f"keyin import {given.out / ARRAYS} {options} --out {given.out}.zarr")


if __name__ == "__main__":
    main()
