"""Roles that people give: read from texts, checked against the dataset, and kept in one file of it."""

import json
from pathlib import Path

import demonstration_pieces as pieces
import pytest

from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.discovery.assigning import assign, parsed
from keyin_cli.discovery.demonstrations import roles
from keyin_cli.errors import InputError

SIGNALS = ("observation.state", "action")


def test_texts_are_signals_by_role() -> None:
    assert parsed([], SIGNALS) == {}
    found = parsed(["effector=observation.state:0:3", "actions=action"], SIGNALS)
    assert found == {"effector": "observation.state:0:3", "actions": "action"}


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["effector"], "--role effector: expected ROLE=SIGNAL or ROLE=SIGNAL:FROM:TO, such as effector=observation.state:0:3"),
        (["=action"], "--role =action: expected ROLE=SIGNAL or ROLE=SIGNAL:FROM:TO, such as effector=observation.state:0:3"),
        (["actions="], "--role actions=: expected ROLE=SIGNAL or ROLE=SIGNAL:FROM:TO, such as effector=observation.state:0:3"),
        (["hand=action"], "--role hand=action: no role hand, there are gripper, joint_velocities, effector, actions"),
        (["actions=action", "actions=action:0:1"], "--role actions=action:0:1: the role actions is given twice, give it once"),
        (
            ["gripper=grip"],
            "--role gripper=grip: no such signal is imported (observation.state, action), give its name to --signals too",
        ),
        (
            ["gripper=action:3"],
            "the signal action:3: expected NAME or NAME:FROM:TO, such as action:0:3 for its first three values",
        ),
        (
            ["gr\x1bip=action"],
            "--role 'gr\\x1bip=action': no role 'gr\\x1bip', there are gripper, joint_velocities, effector, actions",
        ),
    ],
)
def test_texts_that_are_none(texts: list[str], line: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(texts, SIGNALS)
    assert str(caught.value) == line


def test_a_dataset_gets_roles_instead_of_those_it_has(tmp_path: Path) -> None:
    path = pieces.turns(tmp_path / "t.zarr")
    before, content = open_episodes(path).attributes, {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    made = assign(path, {"effector": "observation.state", "actions": "action"})
    assert roles(made) == {"effector": ("observation.state", range(3)), "actions": ("action", range(made.signals["action"]))}
    assert {**made.attributes, "roles": None} == {**before, "roles": None}
    after = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert {file for file in content | after if content.get(file) != after.get(file)} == {path / "zarr.json"}
    assert list(made.verify()) == list(open_episodes(path).verify())


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"gripper": "observation.state"}, "the role gripper has 3 values, expected 1: give it columns"),
        ({"actions": "action:0:99"}, "has no signal action:0:99, it has action"),
    ],
)
def test_roles_that_do_not_fit_change_nothing(given: dict[str, str], part: str, tmp_path: Path) -> None:
    path = pieces.turns(tmp_path / "t.zarr")
    before = json.loads((path / "zarr.json").read_text())
    with pytest.raises(InputError, match=f"^--role: .*{part}"):
        assign(path, given)
    assert json.loads((path / "zarr.json").read_text()) == before
