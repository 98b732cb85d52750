"""Shares of sampled paths, and `keyin table` on the pushing world, which draws them."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from PIL import Image

from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, WALL_HALF
from keyin_cli.discovery.paths import row

WALL = np.array([0.1, -0.05])


def around(side: float) -> np.ndarray:
    """A path (5,2) past one end of the wall (-1 left, 1 right), far from it."""
    return WALL + np.array([[0, -0.5], [side * 0.9, -0.3], [side * 0.9, 0.3], [side * 0.4, 0.5], [0, 0.5]])


def test_shares_of_paths() -> None:
    through = WALL + np.array([[0, -0.5], [0, -0.2], [0, 0], [0, 0.1], [0, 0.5]])
    back = WALL + np.array([[0, -0.5], [0.6, -0.3], [0.2, -0.4], [0.1, -0.4], [0, -0.5]])
    unseen = around(-1)
    unseen[3] = np.nan
    touching = around(1)
    touching[1] = WALL + np.array([WALL_HALF[0] + 0.7 * PUCK_RADIUS, 0])
    found = row("some", np.stack([around(-1), unseen, around(1), touching, through, back]), np.tile(WALL, (6, 1)))
    counted = {"left": 2 / 6, "right": 3 / 6, "inside_wall": 1 / 29, "overlapping_wall": 3 / 29, "unseen": 1 / 30}
    assert found == {"method": "some", "n": 6, **{name: pytest.approx(share) for name, share in counted.items()}}


def test_the_table_of_the_pushing_world_has_paths(keyin: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    few = ("--seeds", "1", "--sequences", "2", "--samples", "2", "--baseline", "surprise", "--set", "data.n=60")
    done = keyin("table", "recipes/tiny/pushing.yaml", *few, "--out", "released", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    demonstrations, *sampled = result["paths"]
    assert [each["method"] for each in sampled] == ["keyin", "surprise"]
    assert demonstrations["left"] + demonstrations["right"] == 1
    assert demonstrations["inside_wall"] == demonstrations["overlapping_wall"] == demonstrations["unseen"] == 0
    assert result["figures"][-1] == "released/paths.png"
    with Image.open(tmp_path / "released/paths.png") as picture:
        assert picture.width > 1.5 * picture.height
    done = keyin("table", "recipes/tiny/pushing.yaml", *few, "--out", "released", cwd=tmp_path)
    assert "| paths | left | right |" in done.stdout
