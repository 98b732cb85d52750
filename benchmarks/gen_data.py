"""How fast `keyin gen-data pushing` is, against a plain loop over MuJoCo in the same run.

    python benchmarks/gen_data.py --out gen_data.json

Ours is the whole command: worker processes started, demonstrations simulated and drawn, arrays compressed and written to disk.
The plain loop makes the same sequences one after another in one process: `mj_step` per physics step, the rule's action per
control step, `mujoco.Renderer` per saved frame. It writes nothing, which is in its favour. Its states must equal ours bit for
bit; it draws them before they are rounded to float32, so a few pixels at edges differ. Run it while nothing else runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.datasets import store
from keyin_cli.datasets.generate import generate
from keyin_cli.datasets.pushing import gl
from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.rng import uniform

Arrays = dict[str, NDArray[Any]]


class PlainLoop:
    """The same demonstrations as `keyin_cli.datasets.pushing.sequences`, straightforwardly."""

    def __init__(self, data: PushingData) -> None:
        import mujoco

        from keyin_cli.datasets.pushing import env, render

        self.data = data
        self.model = mujoco.MjModel.from_xml_path(str(env.MODEL))
        self.world = mujoco.MjData(self.model)
        self.renderer = mujoco.Renderer(self.model, data.size, data.size)
        self.option = mujoco.MjvOption()
        self.option.geomgroup[:] = render.DRAWN
        for flag in render.OFF:
            self.renderer.scene.flags[getattr(mujoco.mjtRndFlag, f"mjRND_{flag}")] = 0

    def sequence(self, index: int) -> Arrays:
        """The states (T,10), frames (T,H,W,3) and goal image of a sequence."""
        from keyin_cli.datasets.pushing import demonstrator, scenes, sequences

        data = self.data
        for attempt in range(sequences.ATTEMPTS):
            count = 1 + scenes.NUMBERS + demonstrator.numbers(data.pushes)
            numbers = uniform(data.seed, np.array([index]), count, sequences.DATA, attempt)
            scene = scenes.sample(numbers[:, 1 : 1 + scenes.NUMBERS])
            route = demonstrator.plan(scene, numbers[:, 1 + scenes.NUMBERS :], data.pushes, data.push_frames, data.frames - 1)
            if route.feasible[0]:
                made = self._perform(scene, route)
                if np.linalg.norm(made["states"][-1, :2] - scene.goal[0]) <= sequences.REACHED:
                    self.world.qpos[:] = np.concatenate([scene.goal[0], made["states"][0, 2:5]])
                    return made | {"goal_image": self._frame()}
        raise RuntimeError(f"sequence {index} failed")

    def _perform(self, scene: Any, route: Any) -> Arrays:
        import mujoco

        from keyin_cli.datasets.pushing import demonstrator, env

        world = self.world
        mujoco.mj_resetData(self.model, world)
        world.mocap_pos[0, :2] = scene.wall[0]
        world.qpos[:2] = scene.start[0]
        world.qpos[4] = world.ctrl[2] = env.LIFT
        states, frames = [self._state()], [self._frame()]
        for step in range(demonstrator.SKIP * (self.data.frames - 1)):
            action = demonstrator.action(route, step, world.qpos[None, :2], world.qpos[None, 2:])[0]
            world.ctrl[:2] = np.clip(world.qpos[2:4] + env.REACH * action[:2], -env.TABLE, env.TABLE)
            world.ctrl[2] = env.LIFT * max(action[2], 0)
            for _ in range(env.SUBSTEPS):
                mujoco.mj_step(self.model, world)
            if (step + 1) % demonstrator.SKIP == 0:
                states.append(self._state())
                frames.append(self._frame())
        return {"states": np.stack(states), "frames": np.stack(frames)}

    def _state(self) -> NDArray[np.float32]:
        return np.concatenate([self.world.qpos, self.world.qvel]).astype(np.float32)

    def _frame(self) -> NDArray[np.uint8]:
        import mujoco

        mujoco.mj_kinematics(self.model, self.world)  # mj_step leaves positions of the step before
        mujoco.mj_camlight(self.model, self.world)
        self.renderer.update_scene(self.world, camera="top", scene_option=self.option)
        return self.renderer.render()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=6000, help="sequences that the command makes (default: %(default)s)")
    parser.add_argument("--plain", type=int, default=200, help="sequences that the plain loop makes (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the command (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    given = parser.parse_args()
    data = PushingData(n=given.n)
    os.environ["MUJOCO_GL"] = gl.choose()  # mujoco.Renderer takes no other hint

    begun = time.perf_counter()
    loop = PlainLoop(data)
    plain = [loop.sequence(index) for index in range(min(given.plain, given.n))]
    plain_seconds = time.perf_counter() - begun

    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        generate(data, Path(folder) / "pushing.zarr", given.workers)
        seconds = time.perf_counter() - begun
        dataset = store.open_dataset(Path(folder) / "pushing.zarr")
        ours = {name: dataset.read(name, np.arange(len(plain))) for name in plain[0]}

    same = {name: np.stack([sequence[name] for sequence in plain]) for name in ours}
    difference = np.abs(ours["frames"].astype(np.int16) - same["frames"]).max(axis=-1)
    rate, plain_rate = given.n / seconds, len(plain) / plain_seconds
    result = {
        "sequences_per_second": round(rate, 1),
        "plain_sequences_per_second": round(plain_rate, 1),
        "ratio": round(rate / plain_rate, 2),
        "sequences": {"ours": given.n, "plain": len(plain)},
        "workers": given.workers,
        "gl": gl.choose(),
        "states_equal": np.array_equal(ours["states"], same["states"]),
        "share_of_pixels_that_differ": float(np.mean(difference > 0)),
        "largest_difference_of_255": int(difference.max()),
        "cpu": cpu(),
        **storage.provenance(),
        "command": " ".join(["python", "benchmarks/gen_data.py", *sys.argv[1:]]),
    }
    print(f"ours        {rate:7.1f} sequences/s ({given.n} sequences, {given.workers} workers, written to disk)")
    print(f"plain loop  {plain_rate:7.1f} sequences/s ({len(plain)} sequences, not written)")
    print(f"ratio       {rate / plain_rate:7.2f}")
    print(f"states equal bit for bit: {result['states_equal']}")
    print(f"pixels that differ: {np.mean(difference > 0):.1e} of all, by {difference.max()} of 255 at most")
    if given.out:
        storage.write_json(given.out, result)
    if not result["states_equal"]:
        raise SystemExit("the states differ: this is no comparison")


def cpu() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
