import fcntl
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keyin_cli.cli import app
from keyin_cli.datasets.pushing import gl
from keyin_cli.errors import InputError


@pytest.fixture(autouse=True)
def undecided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing was chosen yet, neither by the user nor by an earlier test; afterwards it is as if none of this had been."""
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    gl.choose.cache_clear()
    yield
    gl.choose.cache_clear()


def only(*working: str) -> dict[str, str | None]:
    return {backend: None if backend in working else f"no {backend} here" for backend in gl.BACKENDS}


def test_a_back_end_that_works_is_chosen() -> None:
    assert gl.failing(gl.choose()) is None  # by real probes


@pytest.mark.parametrize(("working", "chosen"), [(("egl", "osmesa", "glfw"), "egl"), (("osmesa", "glfw"), "osmesa")])
def test_the_first_that_works(working: tuple[str, ...], chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl, "failing", only(*working).get)
    assert gl.choose() == chosen


def test_glfw_only_with_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl, "failing", only("glfw").get)
    with pytest.raises(InputError):
        gl.choose()
    monkeypatch.setenv("DISPLAY", ":0")
    assert gl.choose() == "glfw"


@pytest.mark.parametrize("value", ["osmesa", " OSMesa "])
def test_the_users_choice_is_respected(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", value)
    with monkeypatch.context() as patch:
        patch.setattr(gl, "failing", only("egl", "osmesa").get)
        assert gl.choose() == "osmesa"
    gl.choose.cache_clear()
    monkeypatch.setattr(gl, "failing", only("egl").get)
    with pytest.raises(InputError, match=r"^cannot render with MUJOCO_GL=osmesa \(osmesa: no osmesa here\): unset it, or see"):
        gl.choose()


def test_nothing_works_and_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl, "failing", only().get)
    with pytest.raises(InputError) as raised:
        gl.choose()
    line = "cannot render without OpenGL (egl: no egl here; osmesa: no osmesa here): apt-get install libegl1 libgl1-mesa-dri"
    assert str(raised.value) == f"{line}, or see `keyin doctor`"


@pytest.mark.parametrize("value", ["off", "nonsense"])
def test_a_setting_that_renders_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", value)
    with pytest.raises(InputError, match=rf"^cannot render with MUJOCO_GL={value} \({value}: \w+Error: .+\): unset it"):
        gl.choose()


@pytest.mark.parametrize(
    ("probe", "failure"),
    [
        ("import time; time.sleep(60)", "no frame after 0.5 s"),
        ("import os; os.abort()", "exit code -6"),
        ("raise OSError('first\\nlast line')", "last line"),
        ("print(0)", "draws a black frame"),
        ("print('a driver says hello'); print(200)", None),
    ],
    ids=["hangs", "crashes", "raises", "black", "works"],
)
def test_a_probe(probe: str, failure: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl, "PROBE", probe)
    monkeypatch.setattr(gl, "SECONDS", 0.5 if "sleep" in probe else 60)
    assert gl.failing("egl") == failure


def test_doctor_tells_of_the_same_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    monkeypatch.setattr(gl, "failing", only("egl").get)
    lines = CliRunner().invoke(app, ["doctor"]).stdout.splitlines()
    assert "ok   egl      renders a frame" in lines
    assert "no   osmesa (MUJOCO_GL) no osmesa here; apt-get install libosmesa6" in lines


def test_importing_the_world_without_its_back_end_is_one_line() -> None:
    """MuJoCo's own import fails with a wrong MUJOCO_GL, even where nothing is drawn."""
    program = """
import os
os.environ["MUJOCO_GL"] = "nonsense"
from keyin_cli.errors import InputError
try:
    from keyin_cli.datasets.pushing import env
except InputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cannot render with MUJOCO_GL=nonsense (")


def test_the_probe_imports_nothing_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mujoco.py").write_text("open('imported', 'w')\n")
    monkeypatch.chdir(tmp_path)
    assert gl.failing(gl.choose()) is None
    assert [path.name for path in tmp_path.iterdir()] == ["mujoco.py"]


# ---------------------------------------------------------------- turns


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the lock lies; nobody has made it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"keyin-gl-{os.getuid()}.lock"


def free(lock: Path) -> bool:
    with lock.open() as other:
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def test_one_at_a_time(lock: Path) -> None:
    with gl.turn():
        assert not free(lock)
    assert free(lock)
    assert lock.read_text() == ""


def test_a_link_is_not_followed(lock: Path, tmp_path: Path) -> None:
    for target in (tmp_path / "precious", tmp_path / "new"):
        (tmp_path / "precious").write_text("precious")
        lock.symlink_to(target)
        with gl.turn():
            pass
        assert (tmp_path / "precious").read_text() == "precious"
        assert not (tmp_path / "new").exists()
        lock.unlink()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_does_not_keep_anybody_waiting(make: Callable[[Path], None], lock: Path) -> None:
    make(lock)
    begun = time.monotonic()
    with gl.turn():
        assert time.monotonic() - begun < 2


def test_a_held_lock_is_told_of_and_not_waited_for_endlessly(
    lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gl, "TOLD", 0.1)
    monkeypatch.setattr(gl, "SECONDS", 0.5)
    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        freed = threading.Timer(6, fcntl.flock, (other, fcntl.LOCK_UN))  # else who waits endlessly would never fail here
        freed.start()
        begun = time.monotonic()
        with gl.turn():
            assert 0.4 < time.monotonic() - begun < 5
        freed.cancel()
    assert capsys.readouterr().err == f"waiting for another process to start OpenGL, which holds {lock}\n"
