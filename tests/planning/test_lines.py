from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.planning.lines import LINES, read_episodes
from keyin_cli.planning.tasks import Tasks, make

TASKS = make(0, np.arange(3))


def line(task: int) -> dict[str, Any]:
    wall, goal = (part[task].tolist() for part in (TASKS.scene.wall, TASKS.scene.goal))
    return {
        "task": task,
        "success": False,
        "error": 1.5,
        "initial": 2.0,
        "steps": 1,
        "seconds": 0.1,
        "wall": wall,
        "goal": goal,
        "subgoals": [[0.1, 0.2], goal],
        "path": [[0.0, 0.0], [0.1, 0.1]],
        "finger": [[0.0, 0.0, 0.1], [0.1, 0.1, 0.1]],
        "current": [0],
    }


def read(folder: Path, rows: list[dict[str, Any]], tasks: Tasks = TASKS) -> list[dict[str, Any]]:
    storage.write_lines(folder / LINES, rows)
    return read_episodes(folder, tasks)


def test_episodes_come_back_also_more_than_there_are_tasks(tmp_path: Path) -> None:
    rows = [line(task) for task in range(3)]
    assert read(tmp_path, rows) == rows
    assert read(tmp_path, rows, make(0, np.arange(1))) == rows
    assert read(tmp_path, []) == []


@pytest.mark.parametrize("order", [[0, 0], [0, 1, 1], [1, 0], [1], [0, 2], [0, 1, 2, 0, 1, 2]])
def test_every_task_once_and_in_order(order: list[int], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"episodes.jsonl: line \d: it is of task \d, expected \d: --overwrite plans all again"):
        read(tmp_path, [line(task) for task in order])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"task": "1"}, "task: "),
        ({"success": 1}, "success: "),
        ({"success": True}, "its parts do not fit together"),
        ({"error": float("nan")}, "error: "),
        ({"error": -1.0}, "error: "),
        ({"initial": None}, "initial: "),
        ({"steps": 10**9}, "its parts do not fit together"),
        ({"seconds": float("inf")}, "seconds: "),
        ({"goal": [0.0, 0.0]}, "it is of another task of that number"),
        ({"wall": [0.0, 0.0]}, "it is of another task of that number"),
        ({"path": [[0.0, 0.0]]}, "its parts do not fit together"),
        ({"path": [[0.0], [0.1]]}, "path.0: "),
        ({"finger": []}, "its parts do not fit together"),
        ({"current": [5]}, "its parts do not fit together"),
        ({"current": [-1]}, "current.0: "),
        ({"subgoals": []}, "subgoals: "),
        ({"copies_goal": True}, "its parts do not fit together"),
    ],
)
def test_damaged_lines_are_not_counted(change: dict[str, Any], what: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2: ") as error:
        read(tmp_path, [line(0), line(1) | change])
    assert what in str(error.value)


@pytest.mark.parametrize("key", list(line(0)))
def test_every_key_is_needed(key: str, tmp_path: Path) -> None:
    short = {name: value for name, value in line(1).items() if name != key}
    with pytest.raises(InputError, match="line 2: "):
        read(tmp_path, [line(0), short])
