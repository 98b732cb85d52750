"""OGBench's worlds and experts. Whoever imports this tells dm_control, which OGBench imports, where to draw."""

from __future__ import annotations

import os

from keyin_cli.datasets.pushing import gl

_before = os.environ.get("MUJOCO_GL")
os.environ["MUJOCO_GL"] = gl.choose()  # else it tries all of them, and complains where there is no display
try:
    from ogbench.manipspace.envs.cube_env import CubeEnv
    from ogbench.manipspace.envs.puzzle_env import PuzzleEnv
    from ogbench.manipspace.envs.scene_env import SceneEnv
    from ogbench.manipspace.oracles.markov.cube_markov import CubeMarkovOracle
    from ogbench.manipspace.oracles.plan.button_plan import ButtonPlanOracle
    from ogbench.manipspace.oracles.plan.cube_plan import CubePlanOracle
    from ogbench.manipspace.oracles.plan.drawer_plan import DrawerPlanOracle
    from ogbench.manipspace.oracles.plan.window_plan import WindowPlanOracle
finally:
    if _before is None:
        del os.environ["MUJOCO_GL"]
    else:
        os.environ["MUJOCO_GL"] = _before

__all__ = [
    "ButtonPlanOracle",
    "CubeEnv",
    "CubeMarkovOracle",
    "CubePlanOracle",
    "DrawerPlanOracle",
    "PuzzleEnv",
    "SceneEnv",
    "WindowPlanOracle",
]
