"""The pushing world's dynamics (docs/spec.md, section 4), many copies at once: the one implementation that all else stands on.

An action is (dx, dy, lift) in [-1, 1]: the finger is sent `REACH` * (dx, dy) from where it is, at a height of
`LIFT` * lift, 0 for a negative one. It lasts `SUBSTEPS` physics steps, 0.1 s. A state is MuJoCo's full integration state, wall
included: putting one back and repeating actions gives the same states, bit for bit, in any copy of any simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing import gl
from keyin_cli.machine import cores

try:
    import mujoco
    from mujoco.batch import Batch
except Exception:  # it imports what MUJOCO_GL names, which fails in as many ways as there are back ends
    gl.choose()  # says why
    raise

MODEL = Path(__file__).with_name("model.xml")
SUBSTEPS = 10
REACH = 0.2  # table units that the finger is sent by a full action
LIFT = 0.25
TABLE = 1.0  # the finger's targets stay on the table, whose half side this is
ACTION_SIZE = 3

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Scene:
    """n scenes: `wall` (n,2), its centre; `start` and `goal` (n,2) of the puck's centre. float64, table units."""

    wall: Array
    start: Array
    goal: Array


@lru_cache(maxsize=1)
def load_model() -> mujoco.MjModel:
    """The compiled MJCF, shared: nothing here writes to it."""
    return mujoco.MjModel.from_xml_path(str(MODEL))


def controls(finger: Array, actions: Array) -> Array:
    """Where actions (n,3) send fingers that are at (n,2): what the servos are told (n,3)."""
    bounded = np.clip(actions, -1, 1)
    along = np.clip(finger + REACH * bounded[:, :2], -TABLE, TABLE)
    return np.concatenate([along, LIFT * np.maximum(bounded[:, 2:], 0)], axis=1)


class Simulator:
    """`n` copies of the world on a pool of `threads` threads (0: one per core); results do not depend on the threads.

    `position`, `velocity` and `acceleration` (n,5) are live views: puck x y, finger x y z; the last is that of the last physics
    step, where MuJoCo's solver begins.
    """

    def __init__(self, n: int, threads: int = 0) -> None:
        self.n = n
        self._batch = Batch(load_model(), n, threads or cores())
        self.position = self._batch.bind("qpos")
        self.velocity = self._batch.bind("qvel")
        self.acceleration = self._batch.bind("qacc_warmstart")
        self._control = self._batch.bind("ctrl")
        self._wall = self._batch.bind("mocap_pos")

    def reset(self, scene: Scene) -> None:
        """Put walls and pucks (n) in place, at rest, the finger raised at the centre of the table."""
        self._batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
        self._wall[:, 0, :2] = scene.wall
        self.position[:, :2] = scene.start
        self.position[:, 4] = self._control[:, 2] = LIFT

    def step(self, actions: Array, copies: NDArray[np.integer[Any]] | None = None) -> None:
        """One action (n,3) in every copy, or (m,3) in the `copies` (m,), increasing, while the others stand still."""
        chosen = slice(None) if copies is None else copies
        self._control[chosen] = controls(self.finger[chosen, :2], actions)
        self._batch.step(copies, nstep=SUBSTEPS)

    @property
    def state(self) -> NDArray[np.float64]:
        """A copy of all states: (n,S) float64."""
        return self._batch.state.copy()

    @state.setter
    def state(self, state: NDArray[np.float64]) -> None:
        self._batch.state[:] = state

    @property
    def puck(self) -> NDArray[np.float64]:
        """Centres of the pucks: a live view (n,2)."""
        return self.position[:, :2]

    @property
    def finger(self) -> NDArray[np.float64]:
        """Tips of the fingers, z above the lowered height: a live view (n,3)."""
        return self.position[:, 2:]

    @property
    def wall(self) -> NDArray[np.float64]:
        """Centres of the walls: a live view (n,2)."""
        return self._wall[:, 0, :2]

    @property
    def motion(self) -> NDArray[np.float32]:
        """What a dataset keeps of the states: (n,10) float32, puck x y, finger x y z, and their velocities."""
        return np.concatenate([self.position, self.velocity], axis=1).astype(np.float32)
