"""Algorithm 1 with a model whose keyframes are where its latents say: what is minimised is minimised, and only that counts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_pushing import SIZE, discs, models

from keyin_cli.datasets.pushing.geometry import line_clearance
from keyin_cli.planning import latents
from keyin_cli.planning.latents import OBJECTIVES, Objective
from keyin_cli.planning.proposal import Problem, Search
from keyin_cli.planning.tasks import make

PIXEL = 2.1 / SIZE
SMALL = Search(samples=50, iterations=4, elite_fraction=0.1)
CPU = torch.device("cpu")

LAST, FREE, EVERY, WALL, FREE_WALL = (OBJECTIVES[name] for name in ("last", "free", "every", "wall", "free+wall"))


def problem(n: int = 2, seed: int = 0, search: Search = SMALL) -> Problem:
    return Problem(make(0, np.arange(n)), {"keyin": models()["keyin"]}, seed, CPU, SIZE, search)


def where_told(conditioning: torch.Tensor, z: torch.Tensor, last_only: bool) -> torch.Tensor:
    """Images of pucks at 0.5 z."""
    assert conditioning.shape == (1, 1, SIZE, SIZE, 3)
    return discs((0.5 * (z[:, :, -1:] if last_only else z)).numpy().astype(np.float64))


def planned(known: Problem, objective: Objective, keyframes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    images, where = latents.best(known, where_told, (keyframes, 2), 1, objective)
    assert images.shape == (len(where), keyframes, SIZE, SIZE, 3)
    return where, latents.stop(where, known, objective)


def test_the_last_keyframe_reaches_the_goal_of_every_task() -> None:
    known = problem(3)
    where, last = planned(known, LAST)
    assert (np.linalg.norm(where[:, -1] - known.tasks.scene.goal, axis=1) < 3 * PIXEL).all()
    assert (last == 1).all()


def test_a_task_does_not_depend_on_its_neighbours_but_on_the_seed() -> None:
    together, _ = planned(problem(3), LAST)
    alone, _ = planned(Problem(make(0, np.array([1])), {"keyin": models()["keyin"]}, 0, CPU, SIZE, SMALL), LAST)
    other, _ = planned(problem(3, seed=1), LAST)
    np.testing.assert_array_equal(together[1], alone[0])
    assert not np.array_equal(together, other)


def test_free_ends_with_the_keyframe_that_reaches_the_goal() -> None:
    known = problem(2)
    where, last = planned(known, FREE, keyframes=3)
    distances = np.linalg.norm(where - known.goal[:, None], axis=-1)
    np.testing.assert_array_equal(last, np.nanargmin(distances, axis=1))
    assert (np.nanmin(distances, axis=1) < 3 * PIXEL).all()


def test_every_keyframe_comes_near() -> None:
    known = problem(1, search=replace(SMALL, samples=120, iterations=6))
    where, _ = planned(known, EVERY)
    assert (np.linalg.norm(where - known.tasks.scene.goal[:, None], axis=-1) < 6 * PIXEL).all()


@pytest.mark.parametrize("objective", [WALL, FREE_WALL])
def test_plans_lead_around_the_wall(objective: Objective) -> None:
    known = problem(2, search=replace(SMALL, samples=200))
    where, last = planned(known, objective)
    scene = known.tasks.scene
    stops = np.concatenate([scene.start[:, None], where], axis=1)
    for row, end in enumerate(last):
        line = np.concatenate([stops[row, : end + 2], scene.goal[row : row + 1]])
        assert line_clearance(line[:-1], line[1:], scene.wall[row]).min() > -1.5 * PIXEL


def test_the_cost_of_the_wall_is_how_deep_the_lines_go() -> None:
    known = problem(1)
    wall = known.tasks.scene.wall[0]
    around, through = (wall + np.array([[x, -0.3], [x, 0.3]]) for x in (0.75, 0.0))
    pucks = np.stack([around, through])[None]
    extra = latents.around_wall(pucks, known) - latents.distance(pucks, known)
    assert extra[0, 0] == pytest.approx([extra[0, 0, 0], 0], abs=0.2)  # all around it; after one keyframe the rest is straight
    assert extra[0, 1, 1] == pytest.approx(1.0)  # one line right through: STEEP x PUCK_RADIUS


def test_the_last_keyframe_alone_decides_when_an_objective_says_so() -> None:
    known = problem(1)
    rng = np.random.default_rng(0)
    pucks = rng.uniform(-1, 1, (1, 5, 6, 2))
    whole, last = LAST.costs(pucks, known), LAST.costs(pucks[:, :, -1:], known)
    np.testing.assert_array_equal(whole[..., -1:], last)
    assert not any(objective.last_only for objective in (FREE, EVERY, WALL, FREE_WALL))


def test_an_image_without_a_puck_is_far_from_any_goal_and_no_subgoal() -> None:
    known = problem(1)
    where = np.array([[[0.5, 0.5], [np.nan, np.nan], [0.2, 0.1], [-0.5, 0.5]]])
    assert latents.distance(where[:, None], known)[0, 0, 1] == latents.UNSEEN > 2 * np.sqrt(2)
    assert np.isfinite(latents.around_wall(where[:, None], known)).all()
    images = discs(where)
    proposal = latents.proposal(known, images, latents.pucks(images), np.array([[True, True, True, False]]))
    goal = known.tasks.scene.goal[0]
    np.testing.assert_allclose(proposal.subgoals[0], [[0.5, 0.5], [0.2, 0.1], goal, goal, goal], atol=PIXEL / 4)
    np.testing.assert_array_equal(proposal.subgoals[0, 2:], [goal] * 3)
    assert proposal.images is not None
    np.testing.assert_array_equal(proposal.images[0, 1], (255 * images[0, 2]).round().byte().numpy())
    np.testing.assert_array_equal(proposal.images[0, 3], known.views.goal[0])
