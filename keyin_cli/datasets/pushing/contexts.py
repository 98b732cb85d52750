"""The beginning of an OpenGL context that draws a MuJoCo model without a window, the same for every world."""

from __future__ import annotations

import importlib
import os
from typing import Any

import mujoco

from keyin_cli.datasets.pushing import gl
from keyin_cli.errors import RunError


def begin(model: Any, width: int, height: int) -> tuple[Any, Any]:
    """Start OpenGL's context, which is current then, and MuJoCo's in it, which draws off the screen. Who draws frees both.

    Args:
        width, height: px, of what is drawn at most.

    Raises:
        InputError: no OpenGL back end works.
        RunError: OpenGL cannot start.
    """
    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's software renderer: processes, not threads, share the cores
    with gl.starting():
        window = importlib.import_module(f"mujoco.{gl.choose()}").GLContext(width, height)
        window.make_current()
        try:
            context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        except mujoco.FatalError as error:
            raise RunError(f"OpenGL cannot start ({error}): free some memory, or see `keyin doctor`") from None
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, context)
    return window, context
