"""A camera of a MuJoCo model, without shadows and smooth edges, which is ten times as fast as OGBench's own."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing import contexts

GEOMS = 10_000  # that are drawn at most


class Camera:
    """Draws `size` x `size` pixels of what the camera `name` sees. Holds an OpenGL context until it is closed."""

    def __init__(self, model: Any, name: str, size: int) -> None:
        """
        Raises:
            InputError: no OpenGL back end works.
            RunError: OpenGL cannot start.
        """
        model.vis.quality.shadowsize = model.vis.quality.offsamples = 0
        model.vis.global_.offwidth = model.vis.global_.offheight = size
        self._model = model
        self._area = mujoco.MjrRect(0, 0, size, size)
        self._image = np.empty((size, size, 3), dtype=np.uint8)
        self._scene = mujoco.MjvScene(model, maxgeom=GEOMS)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        self._option = mujoco.MjvOption()
        self._camera = mujoco.MjvCamera()
        self._camera.type, self._camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, model.camera(name).id
        self._gl, self._context = contexts.begin(model, size, size)

    def draw(self, data: Any) -> NDArray[np.uint8]:
        """What it sees now, (size,size,3)."""
        self._gl.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(self._model, data, self._option, None, self._camera, everything, self._scene)
        mujoco.mjr_render(self._area, self._scene, self._context)
        mujoco.mjr_readPixels(self._image, None, self._area, self._context)
        return self._image[::-1].copy()  # rows go upwards in OpenGL

    def close(self) -> None:
        self._gl.make_current()
        self._context.free()
        self._gl.free()
