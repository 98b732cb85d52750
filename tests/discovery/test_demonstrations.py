"""Episodes as methods of the benchmark see them: parts of signals by role, and everything but actions side by side."""

from pathlib import Path

import demonstration_pieces as pieces
import numpy as np
import pytest
import zarr

from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.discovery.demonstrations import demonstration, observed, roles
from keyin_cli.errors import InputError


def test_parts_are_the_columns_that_the_dataset_names(tmp_path: Path) -> None:
    episodes = open_episodes(pieces.turns(tmp_path / "t.zarr"))
    made = demonstration(episodes, 3)
    begin, end = int(episodes.begins[3]), int(episodes.ends[3])
    state = episodes.read("data/observation.state", begin, end)
    assert len(made) == end - begin == len(made.frames)
    assert made.fps == 10
    assert np.array_equal(made.signals, state)
    assert np.array_equal(made.roles["gripper"], state[:, 2:3])
    assert np.array_equal(made.roles["joint_velocities"], state[:, 1:2])
    assert np.array_equal(made.roles["actions"], episodes.read("data/action", begin, end))
    assert set(made.roles) == {"gripper", "joint_velocities", "actions"}


def test_actions_are_never_among_the_signals(tmp_path: Path) -> None:
    middle = open_episodes(pieces.turns(tmp_path / "m.zarr", roles={"actions": "observation.state:1:2"}))
    assert observed(middle) == ["observation.state:0:1", "observation.state:2:3"]
    state = middle.episode(0, "data/observation.state")
    assert np.array_equal(demonstration(middle, 0).signals, state[:, [0, 2]])
    unsaid = open_episodes(pieces.turns(tmp_path / "u.zarr", roles=None))
    assert observed(unsaid) == ["observation.state"]
    assert list(roles(unsaid)) == ["actions"]
    nothing = open_episodes(pieces.turns(tmp_path / "n.zarr", roles={}))
    assert (observed(nothing), roles(nothing)) == (["observation.state"], {})  # what is called action is none all the same
    some = open_episodes(pieces.turns(tmp_path / "s.zarr", roles={"gripper": "observation.state:2:3"}))
    assert observed(some) == ["observation.state"]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("gripper", "its attribute roles is damaged"),
        ({"gripper": 3}, "its attribute roles is damaged"),
        ({"hand": "action"}, "no role hand: there are gripper, joint_velocities, effector, actions"),
        ({"gripper": "observation.state"}, "the role gripper has 3 values, expected 1"),
        ({"effector": "observation.state:0:2"}, "the role effector has 2 values, expected 3"),
        ({"actions": "speed"}, "has no signal speed"),
        ({"actions": "action:0:9"}, "has no signal action:0:9"),
        ({"actions": "action:" + "0" * 5000 + ":1"}, "the signal action:0000.*expected NAME or NAME:FROM:TO, such as action:0:3"),
    ],
)
def test_roles_that_are_none(given: object, part: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=part):
        demonstration(open_episodes(pieces.turns(tmp_path / "t.zarr", roles=given)), 0)


def test_a_signal_that_is_no_number(tmp_path: Path) -> None:
    path = pieces.turns(tmp_path / "t.zarr")
    zarr.open_group(path)["data/observation.state"][5, 1] = np.nan
    with pytest.raises(InputError, match="values that are no numbers: import it again without it"):
        demonstration(open_episodes(path), 0)
    made = demonstration(open_episodes(path), 0, signals=False)  # as methods see it that look at pixels
    assert (made.signals.shape, set(made.roles)) == ((len(made), 0), {"actions"})
