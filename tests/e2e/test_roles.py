"""`keyin import --role`: which signals are the gripper, the hand or the actions, by the real command."""

import json
from pathlib import Path

import numpy as np
import pytest
from processes import Keyin, complaint, printed

IMPORT = ("import", "d.npz", "--size", "16", "--signals", "hand/state,action", "--out", "d.zarr", "--json")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory with two episodes of a hand's place and grip, and its actions."""
    signals = {"hand/state": np.random.default_rng(0).random((60, 4)), "action": np.zeros((60, 2))}
    np.savez(tmp_path / "d.npz", frames=np.zeros((60, 16, 16, 3), np.uint8), episode_ends=np.array([25, 60]), **signals)
    return tmp_path


def test_roles_are_kept_and_replaced(here: Keyin, path: Path) -> None:
    given = ("--role", "gripper=hand.state:3:4", "--role", "effector=hand.state:0:3")
    first = printed(here(*IMPORT, *given, cwd=path))
    assert first["roles"] == {"gripper": "hand.state:3:4", "effector": "hand.state:0:3"}
    done = here(*IMPORT[:-1], cwd=path)  # the same without roles changes nothing
    assert "roles: gripper hand.state:3:4, effector hand.state:0:3" in done.stdout
    second = printed(here(*IMPORT, "--role", "actions=action", cwd=path))
    assert (second["roles"], second["sha256"]) == ({"actions": "action"}, first["sha256"])
    assert printed(here("info", "d.zarr", "--verify", "--json", cwd=path))["verified"]
    (path / "labels.csv").write_text("episode,keyframe\n0,3\n")
    both = printed(here(*IMPORT, "--labels", "labels.csv", "--role", "gripper=action:0:1", cwd=path))
    assert (both["roles"], both["labels"]) == ({"gripper": "action:0:1"}, True)


def test_roles_that_are_none(here: Keyin, path: Path) -> None:
    complaint(
        here(*IMPORT, "--role", "hand=action", cwd=path), "no role hand, there are gripper, joint_velocities, effector, actions"
    )
    complaint(here(*IMPORT, "--role", "gripper=grip", cwd=path), "no such signal is imported (hand.state, action)")
    assert not (path / "d.zarr").exists()  # nothing was read
    complaint(here(*IMPORT, "--role", "gripper=action", cwd=path), "--role: d.zarr: the role gripper has 2 values, expected 1")
    assert "roles" not in json.loads((path / "d.zarr" / "zarr.json").read_text())["attributes"]
