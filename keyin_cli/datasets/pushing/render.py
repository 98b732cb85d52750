"""Frames of the pushing world: MuJoCo's renderer, straight from above, many frames in one image.

One large image is read back for GRID x GRID frames at a time: several times faster with a software renderer. Pixels may differ
between graphics drivers; states never do.
"""

from __future__ import annotations

import threading
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing import contexts
from keyin_cli.datasets.pushing.env import load_model

GRID = 4
DRAWN = [0, 1, 0, 0, 0, 0]  # geom groups that are seen
OFF = ("SHADOW", "REFLECTION", "SKYBOX", "FOG", "HAZE")


class Renderer:
    """Draws frames of `size` x `size` RGB pixels. Holds an OpenGL context: one per thread is enough, see `shared`."""

    def __init__(self, size: int) -> None:
        model = load_model()
        self.size = size
        self._grid = max(1, min(GRID, int(model.vis.global_.offwidth) // size))
        self._data = mujoco.MjData(model)
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 10)
        for flag in OFF:
            self._scene.flags[getattr(mujoco.mjtRndFlag, f"mjRND_{flag}")] = 0
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = DRAWN
        self._camera = mujoco.MjvCamera()
        self._camera.type, self._camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
        side = self._grid * size
        self._gl, self._context = contexts.begin(model, side, side)
        self._image = np.empty((side, side, 3), dtype=np.uint8)

    def frames(self, motion: NDArray[np.floating[Any]], wall: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
        """Draw n states.

        Args:
            motion: (n,5 or more), puck x y and finger x y z first (as in `env.Simulator.motion`).
            wall: (n,2), their centres.

        Returns:
            (n,size,size,3) uint8.
        """
        self._gl.make_current()
        frames = np.empty((len(motion), self.size, self.size, 3), dtype=np.uint8)
        batch = self._grid**2
        for begin in range(0, len(motion), batch):
            end = min(begin + batch, len(motion))
            for index in range(begin, end):
                self._draw(index - begin, motion[index], wall[index])
            frames[begin:end] = self._read()[: end - begin]
        return frames

    def _draw(self, place: int, motion: NDArray[np.floating[Any]], wall: NDArray[np.floating[Any]]) -> None:
        """Draw one state at a place of the large image; rows go upwards, as in OpenGL."""
        model, data = load_model(), self._data
        data.qpos[:] = motion[: model.nq]
        data.mocap_pos[0, :2] = wall
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        mujoco.mjv_updateScene(model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL.value, self._scene)
        row, column = divmod(place, self._grid)
        area = mujoco.MjrRect(column * self.size, row * self.size, self.size, self.size)
        mujoco.mjr_render(area, self._scene, self._context)

    def _read(self) -> NDArray[np.uint8]:
        """The frames of the large image, (GRID * GRID,size,size,3), top row first."""
        side = self._grid * self.size
        mujoco.mjr_readPixels(self._image, None, mujoco.MjrRect(0, 0, side, side), self._context)
        tiles = self._image.reshape(self._grid, self.size, self._grid, self.size, 3)[:, ::-1]
        return tiles.transpose(0, 2, 1, 3, 4).reshape(-1, self.size, self.size, 3)


_renderers: dict[tuple[int, int], Renderer] = {}  # by thread and size: a context serves one thread


def shared(size: int) -> Renderer:
    """This thread's renderer for a size, made on first use.

    Raises:
        InputError: no OpenGL back end works.
    """
    key = threading.get_ident(), size
    if key not in _renderers:
        _renderers[key] = Renderer(size)
    return _renderers[key]
