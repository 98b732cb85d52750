"""Tasks: fixed by (seed, number), unseen in any dataset, solvable."""

import numpy as np

from keyin_cli.datasets.pushing.geometry import line_clearance
from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.pushing.sequences import DATA, demonstrate
from keyin_cli.planning import tasks


def test_a_task_depends_on_seed_and_number_alone() -> None:
    together, alone = tasks.make(3, np.arange(6)), tasks.make(3, np.array([4]))
    np.testing.assert_array_equal(together.scene.goal[4], alone.scene.goal[0])
    np.testing.assert_array_equal(together.demonstrated[4], alone.demonstrated[0])


def test_the_hash_tells_task_lists_apart() -> None:
    hashes = {tasks.make(seed, np.arange(n)).sha256() for seed, n in ((0, 5), (1, 5), (0, 6))}
    assert len(hashes) == 3
    assert tasks.make(0, np.arange(5)).sha256() in hashes


def test_no_dataset_of_the_same_seed_holds_a_task() -> None:
    seen = demonstrate(PushingData(seed=0), np.arange(50), DATA)
    made = tasks.make(0, np.arange(50))
    assert not np.isin(made.scene.start, seen.scene.start).any()


def test_subgoals_end_at_the_goal_and_lead_around_the_wall() -> None:
    made = tasks.make(0, np.arange(20))
    np.testing.assert_array_equal(made.demonstrated[:, -1], made.scene.goal)
    corners = np.concatenate([made.scene.start[:, None], made.demonstrated], axis=1)
    assert (line_clearance(corners[:, :-1], corners[:, 1:], made.scene.wall[:, None]) > 0).all()
    assert (line_clearance(made.scene.start, made.scene.goal, made.scene.wall) < 0).all()
