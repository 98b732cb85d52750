"""How fast the servo of `keyin plan` is, against a plain loop of `mj_step` over samples in the same run.

    python benchmarks/plan.py --out plan.json

Both choose the actions of the same episodes by the paper's CEM (Table 3: 3 times 200 sequences of 8 actions of 10 physics steps)
on the way to the demonstrator's first subgoal. Ours has all samples of all episodes in one `mujoco.batch` call, on all cores. The
plain loop plans one episode after another, one sample after another, in one thread: it puts the state back, then per action the
control, and `mj_step` per physics step. The actions must be equal bit for bit; the episodes go on with ours. Run it while nothing
else runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from gen_data import cpu
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.datasets.pushing import env
from keyin_cli.datasets.rng import stream
from keyin_cli.planning.dynamics import TrueDynamics
from keyin_cli.planning.servos.cem import Cem
from keyin_cli.planning.servos.servo import PURPOSE
from keyin_cli.planning.servos.servo import Settings as Servo
from keyin_cli.planning.tasks import make

Array = NDArray[np.floating[Any]]


class PlainServo:
    """What `servos.cem.Cem` computes, straightforwardly."""

    def __init__(self, servo: Servo, seed: int) -> None:
        self.servo, self.seed = servo, seed
        self.model = mujoco.MjModel.from_xml_path(str(env.MODEL))
        self.world = mujoco.MjData(self.model)

    def act(self, state: Array, target: Array, task: int, step: int) -> Array:
        """The next action (3,) of one episode."""
        servo = self.servo
        shape = (servo.iterations, servo.samples, servo.horizon, env.ACTION_SIZE)
        mean, deviation = np.zeros(shape[2:]), np.ones(shape[2:])
        elites = max(1, round(servo.elite_fraction * servo.samples))
        for numbers in stream(self.seed, task, PURPOSE, step).standard_normal(shape):
            samples = mean + deviation * numbers
            ends = np.stack([self.imagine(state, actions) for actions in samples])
            kept = samples[np.argsort(np.linalg.norm(ends - target, axis=-1), kind="stable")[:elites]]
            mean, deviation = kept.mean(axis=0), kept.std(axis=0)
        best: Array = kept[0, 0]
        return best

    def imagine(self, state: Array, actions: Array) -> Array:
        """Where the puck (2,) is after actions (l,3)."""
        world = self.world
        mujoco.mj_setState(self.model, world, state, mujoco.mjtState.mjSTATE_INTEGRATION)
        for action in np.clip(actions, -1, 1):
            world.ctrl[:2] = np.clip(world.qpos[2:4] + env.REACH * action[:2], -env.TABLE, env.TABLE)
            world.ctrl[2] = env.LIFT * max(action[2], 0)
            for _ in range(env.SUBSTEPS):
                mujoco.mj_step(self.model, world)
        return world.qpos[:2].copy()


def measure(servo: Servo, episodes: int, plain: int, steps: int, seed: int = 0) -> dict[str, Any]:
    """Plan `steps` actions, ours of all episodes, the plain loop of the first `plain`: rates, and whether actions are equal."""
    tasks = make(seed, np.arange(episodes))
    world = env.Simulator(episodes)
    world.reset(tasks.scene)
    targets, rows = tasks.demonstrated[:, 0], np.arange(episodes)
    ours, loop = Cem(servo, TrueDynamics(threads=0), seed, tasks.index), PlainServo(servo, seed)
    seconds, plain_seconds, equal = 0.0, 0.0, True
    for step in range(steps):
        states = world.state
        begun = time.perf_counter()
        actions = ours.act(states, targets, rows, step)
        seconds += time.perf_counter() - begun
        begun = time.perf_counter()
        same = np.stack([loop.act(states[row], targets[row], int(tasks.index[row]), step) for row in range(plain)])
        plain_seconds += time.perf_counter() - begun
        equal &= np.array_equal(actions[:plain], same)
        world.step(actions)
    rate, plain_rate = episodes * steps / seconds, plain * steps / plain_seconds
    return {
        "actions_per_second": round(rate, 2),
        "plain_actions_per_second": round(plain_rate, 2),
        "ratio": round(rate / plain_rate, 2),
        "actions": {"ours": episodes * steps, "plain": plain * steps},
        "actions_equal": bool(equal),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=10, help="episodes that ours plans at once (default: %(default)s)")
    parser.add_argument("--plain", type=int, default=2, help="of them, the plain loop plans (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=5, help="actions of each (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    given = parser.parse_args()
    busy = os.getloadavg()[0]
    result = {
        **measure(Servo(), given.episodes, given.plain, given.steps),
        "cores": os.cpu_count(),
        "cpu": cpu(),
        "load": round(busy, 2),  # processes that wanted a core when it began
        **storage.provenance(),
        "command": " ".join(["python", "benchmarks/plan.py", *sys.argv[1:]]),
    }
    print(f"ours        {result['actions_per_second']:7.2f} planned actions/s ({given.episodes} episodes at once)")
    print(f"plain loop  {result['plain_actions_per_second']:7.2f} planned actions/s")
    print(f"ratio       {result['ratio']:7.2f}")
    print(f"actions equal bit for bit: {result['actions_equal']}")
    if given.out:
        storage.write_json(given.out, result)
    if not result["actions_equal"]:
        raise SystemExit("the actions differ: this is no comparison")


if __name__ == "__main__":
    main()
