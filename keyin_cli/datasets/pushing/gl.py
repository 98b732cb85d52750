"""Which OpenGL back end renders: the user's `MUJOCO_GL`, else EGL, else OSMesa, else GLFW where there is a display.

A back end is tried in a process of its own, so that one that is missing, crashes or hangs is only a line here; it imports nothing
from the working directory. Imports no mujoco.
"""

from __future__ import annotations

import faulthandler
import fcntl
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from keyin_cli.errors import InputError
from keyin_cli.progress import say

BACKENDS = {
    "egl": "apt-get install libegl1 libgl1-mesa-dri",
    "osmesa": "apt-get install libosmesa6",
    "glfw": "needs a display (DISPLAY is unset on a server; egl or osmesa do without)",
}
SECONDS = 60  # for a context to start and draw a frame
TOLD, POLL = 3.0, 0.05  # seconds of waiting for another process until it is said, and between two looks
PROBE = """
import mujoco
xml = '<mujoco><worldbody><light pos="0 0 2"/><geom size=".3" rgba="1 0 0 1"/></worldbody></mujoco>'
model = mujoco.MjModel.from_xml_string(xml)
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 64, 64) as renderer:
    renderer.update_scene(data)
    print(renderer.render().max())
"""


@lru_cache(maxsize=1)
def choose() -> str:
    """The first back end that renders a frame.

    Raises:
        InputError: none does; one line says why and what to install.
    """
    wanted = os.environ.get("MUJOCO_GL", "").strip().lower()
    usual = [backend for backend in BACKENDS if backend != "glfw" or os.environ.get("DISPLAY")]
    failures = {}
    for backend in [wanted] if wanted else usual:
        if (failure := failing(backend)) is None:
            return backend
        failures[backend] = failure
    reasons = "; ".join(f"{backend}: {failure}" for backend, failure in failures.items())
    if wanted:
        raise InputError(f"cannot render with MUJOCO_GL={wanted} ({reasons}): unset it, or see `keyin doctor`")
    raise InputError(f"cannot render without OpenGL ({reasons}): {BACKENDS['egl']}, or see `keyin doctor`")


def failing(backend: str) -> str | None:
    """Why a back end cannot render a frame; None when it can."""
    environment = {**os.environ, "MUJOCO_GL": backend}
    try:
        command = [sys.executable, "-P", "-c", PROBE]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"no frame after {SECONDS} s"
    if done.returncode == 0:
        return None if int(done.stdout.split()[-1]) > 0 else "draws a black frame"
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:100]


@contextmanager
def starting() -> Iterator[None]:
    """Contexts start inside, one after another among all processes of a user: many at once have been seen to hang.

    A start that hangs all the same ends the process with its traceback on stderr.

    Raises:
        InputError: see `choose`.
    """
    choose()
    with turn():
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)  # sys.stderr may be no file
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@contextmanager
def turn() -> Iterator[None]:
    """Inside, no other process of this user starts a context.

    A caution only: where the lock cannot be used, or is held for longer than a start may take, contexts start without it. It lies
    in a directory that others may write to, so it is neither followed as a link nor believed when it is another user's, and
    nothing is written to it.
    """
    path = Path(tempfile.gettempdir(), f"keyin-gl-{os.getuid()}.lock")
    lock = None
    with suppress(OSError):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        if lock is not None:
            _wait(lock, path)
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _wait(lock: int, path: Path) -> None:
    """Take the lock, or wait no longer."""
    there, begun, told = os.fstat(lock), time.monotonic(), False
    if not stat.S_ISREG(there.st_mode) or there.st_uid != os.getuid():
        return
    while time.monotonic() - begun < SECONDS:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if not told and time.monotonic() - begun > TOLD:
            told = True
            say(f"waiting for another process to start OpenGL, which holds {path}")
        time.sleep(POLL)
