"""The data section of all kinds that OGBench's experts act, and the parts that their signals have. Imports neither OGBench nor
MuJoCo."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from keyin_cli.datasets import extras
from keyin_cli.datasets.kind import Demonstrator
from keyin_cli.datasets.pushing import gl
from keyin_cli.recipe.data import GeneratedEpisodes
from keyin_cli.registry import resolve

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.rows import EpisodeRows

STEP = 0.05  # s that an action lasts
KEPT = 2  # steps from a frame that is kept to the next
FPS = round(1 / (STEP * KEPT))
STATE = (
    *(f"joint_pos_{joint}" for joint in range(6)),
    *(f"joint_vel_{joint}" for joint in range(6)),
    *(f"effector_pos_{axis}" for axis in "xyz"),
    "effector_yaw_cos",
    "effector_yaw_sin",
    "gripper_opening",  # 0 is open, 1 closed
    "gripper_contact",
)
ACTION = ("x", "y", "z", "yaw", "gripper")
ROLES = {
    "gripper": "observation.state:17:18",
    "joint_velocities": "observation.state:6:12",
    "effector": "observation.state:12:15",
    "actions": "action",
}


class OGBenchData(GeneratedEpisodes):
    """Episodes of `size` x `size` RGB pixels, ten frames a second."""

    size: int = Field(64, ge=16, le=1024)

    @property
    def image(self) -> tuple[int, int, int]:
        return self.size, self.size, 3


def demonstrator(kind: str, world: str) -> Demonstrator:
    """What makes the episodes of a kind with `demonstrate(seed, index, size)` of the module `world` of this folder."""

    def episode(data: OGBenchData, index: int) -> EpisodeRows:
        demonstrate = resolve(f"keyin_cli.datasets.ogbench.{world}:demonstrate")
        return demonstrate(data.seed, index, data.size).rows()

    return Demonstrator(episode=episode, fps=FPS, ready=partial(ready, kind), roles=ROLES)


def ready(kind: str) -> None:
    """Raises:
    InputError: OGBench is not installed, or nothing can be drawn.
    """
    extras.check(kind, "ogbench")
    gl.choose()
