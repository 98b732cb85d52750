"""The pushing world as a Gymnasium environment (needs the extra gym), on the simulator that all else stands on.

    env = gymnasium.make("keyin_cli.datasets.pushing.gym:keyin/Pushing-v0", render_mode="rgb_array")

The part before the colon is imported, which registers the environment.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from keyin_cli.datasets.pushing import env, scenes
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, shortest_path

STEPS = 60  # until an episode is truncated
SIZE = 64  # pixels
POSITION, VELOCITY = 2.0, 10.0  # bounds of the observation space, never reached

Observation = NDArray[np.float32]
Action = NDArray[np.float32]


class PushingEnv(gymnasium.Env[Observation, Action]):
    """Push the puck around the wall to the goal.

    Observation: (14,) float32, what a dataset keeps of a state (puck x y, finger x y z, their velocities in the same order), then
    wall x y and goal x y; table units and seconds. Action: (3,) float32 in [-1, 1], (dx, dy, lift), see `env`; 0.1 s.
    Reward: minus the shortest path of the puck around the wall to the goal. Terminated when that is at most one puck diameter.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 (as Gymnasium declares it)

    def __init__(self, render_mode: str | None = None) -> None:
        bound = np.array([POSITION] * 5 + [VELOCITY] * 5 + [POSITION] * 4, dtype=np.float32)
        self.observation_space = spaces.Box(-bound, bound, dtype=np.float32)
        self.action_space = spaces.Box(-1, 1, (env.ACTION_SIZE,), dtype=np.float32)
        self.render_mode = render_mode
        self._simulator = env.Simulator(1, threads=1)
        self._goal = np.zeros((1, 2))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Begin in a random scene, or in `options["scene"]`, an `env.Scene` of one row. Returns observation and info."""
        super().reset(seed=seed)
        scene = (options or {}).get("scene") or scenes.sample(self.np_random.random((1, scenes.NUMBERS)))
        self._simulator.reset(scene)
        self._goal = np.array(scene.goal, dtype=np.float64)
        return self._observation(), {}

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One action. Returns observation, reward, terminated, truncated (False: `gymnasium.make` adds the limit) and info."""
        self._simulator.step(np.asarray(action, dtype=np.float64)[None])
        remaining = float(shortest_path(self._simulator.puck, self._goal, self._simulator.wall)[0])
        return self._observation(), -remaining, remaining <= 2 * PUCK_RADIUS, False, {}

    def render(self) -> NDArray[np.uint8] | None:
        """The present frame (64,64,3) uint8; None without `render_mode="rgb_array"`.

        Raises:
            InputError: no OpenGL back end works.
        """
        if self.render_mode is None:
            return None
        from keyin_cli.datasets.pushing.render import shared

        return shared(SIZE).frames(self._simulator.motion, self._simulator.wall)[0]

    def get_state(self) -> NDArray[np.float64]:
        """All that the next steps depend on (S,), wall and goal included; not how many steps were made."""
        return np.concatenate([self._simulator.state[0], self._goal[0]])

    def set_state(self, state: NDArray[np.float64]) -> None:
        """Put back what `get_state` returned, of this environment or another: the same actions give the same bits."""
        self._simulator.state, self._goal = state[None, :-2], state[None, -2:].copy()

    def _observation(self) -> Observation:
        simulator = self._simulator
        return np.concatenate([simulator.motion, simulator.wall, self._goal], axis=1)[0].astype(np.float32)


gymnasium.register(id="keyin/Pushing-v0", entry_point=f"{__name__}:PushingEnv", max_episode_steps=STEPS)
