"""Subgoals by planning in the latent space of a video model (Algorithm 1): CEM over z from N(0, I).

Shapes: n tasks, m samples, L latents of size Z, K images that a sample is drawn as. Positions are puck centres in table units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.geometry import line_clearance
from keyin_cli.model.encoder import to_images
from keyin_cli.planning import cem
from keyin_cli.planning.proposal import Problem, Proposal

Array = NDArray[np.floating[Any]]
Draw = Callable[[Tensor, Tensor, bool], Tensor]  # conditioning (1,T,H,W,3), z (1,m,L,Z), only the last image? -> (1,m,K,H,W,3)
Costs = Callable[[Array, Problem], Array]  # (n,m,K,2) -> (n,m,K), the cost of a plan that ends with its k-th image

UNSEEN = 3.0  # distance of an image without a puck from the goal: more than the table is wide, diagonally
STEEP = 10.0  # cost of a puck's overlap with the wall, per table unit of depth; a line right through it costs 1


@dataclass(frozen=True)
class Objective:
    """What is minimised: `costs`, those of the plan's last image, or of whichever image is best when `free`.

    `last_only`: the costs of the last image do not depend on the others.
    """

    costs: Costs
    free: bool = False
    last_only: bool = False


def distance(pucks: Array, problem: Problem) -> Array:
    """From the puck to where the goal image shows it, straight: the paper's cost."""
    straight = np.linalg.norm(pucks - problem.goal[:, None, None], axis=-1)
    return np.where(np.isnan(straight), UNSEEN, straight)


def every_distance(pucks: Array, problem: Problem) -> Array:
    """Mean distance of all images: plans that come near to the goal early are cheaper."""
    mean = distance(pucks, problem).mean(axis=-1, keepdims=True)
    return np.broadcast_to(mean, pucks.shape[:-1])


def around_wall(pucks: Array, problem: Problem) -> Array:
    """Distance, and how deep the puck would go into the wall on straight lines from image to image and on to the goal.

    The wall is found by its colour in the start image. An image without a puck is passed over.
    """
    wall, goal = problem.wall[:, None, None], problem.goal[:, None, None]
    stops = np.concatenate([np.broadcast_to(problem.start[:, None, None], (*pucks.shape[:2], 1, 2)), pucks], axis=2)
    for k in range(1, stops.shape[2]):
        stops[:, :, k] = np.where(np.isnan(stops[:, :, k]), stops[:, :, k - 1], stops[:, :, k])
    between, on = (
        np.maximum(0, -line_clearance(begin, end, wall))
        for begin, end in ((stops[:, :, :-1], stops[:, :, 1:]), (stops[:, :, 1:], goal))
    )
    return distance(pucks, problem) + STEEP * (between.cumsum(axis=-1) + on)


OBJECTIVES = {
    "last": Objective(distance, last_only=True),
    "free": Objective(distance, free=True),
    "every": Objective(every_distance),
    "wall": Objective(around_wall),
    "free+wall": Objective(around_wall, free=True),
}


def best(problem: Problem, draw: Draw, shape: tuple[int, int], conditioning: int, objective: Objective) -> tuple[Tensor, Array]:
    """The images of the best sample of CEM's last iteration for every task, and where they show the puck.

    Args:
        shape: (L,Z).
        conditioning: T frames, which are all alike: nothing moves before an episode.

    Returns:
        (n,K,H,W,3) in [0,1] on the CPU, and (n,K,2) with NaN where no puck is seen.
    """
    first = to_images(problem.views.start, problem.device)[:, None].expand(-1, conditioning, -1, -1, -1)

    def drawn(task: int, z: Array, last_only: bool) -> Tensor:
        """One batch per task, of one size: neighbours cannot change how its numbers are rounded."""
        latents = torch.from_numpy(z[task : task + 1].astype(np.float32)).to(problem.device)
        return draw(first[task : task + 1], latents, last_only).cpu()

    def cost(z: Array) -> Array:
        where = np.concatenate([pucks(drawn(task, z, objective.last_only)) for task in range(len(z))])
        costs = objective.costs(where, problem)
        return costs.min(axis=-1) if objective.free else costs[..., -1]

    search = problem.search
    chosen = cem.minimise(cost, problem.normal(search.iterations, search.samples, *shape), search.elites)[:, None]
    images = torch.cat([drawn(task, chosen, False) for task in range(len(chosen))])[:, 0]
    return images, pucks(images)


def pucks(images: Tensor) -> Array:
    """Where images (...,H,H,3) in [0,1] show the puck, in table units (...,2); NaN where they do not."""
    return segment.unproject(segment.puck_centre(255 * images.numpy()), images.shape[-2])


def stop(where: Array, problem: Problem, objective: Objective) -> NDArray[np.int64]:
    """The image (n,) that a plan, images at (n,K,2), ends with: the last, or the cheapest when the objective is free."""
    if not objective.free:
        return np.full(len(where), where.shape[1] - 1)
    return objective.costs(where[:, None], problem)[:, 0].argmin(axis=-1)


def proposal(problem: Problem, images: Tensor, where: Array, kept: NDArray[np.bool_]) -> Proposal:
    """Subgoals from imagined images (n,K,H,W,3): those `kept` (n,K) that show a puck, in order, then the goal."""
    kept = kept & ~np.isnan(where).any(axis=-1)
    order = np.argsort(~kept, axis=1, kind="stable")
    used = np.take_along_axis(kept, order, axis=1)
    goal, frames = problem.tasks.scene.goal[:, None], (255 * images).round().to(torch.uint8).numpy()
    ordered, pictures = (
        np.take_along_axis(each, order.reshape(*order.shape, *[1] * (each.ndim - 2)), 1) for each in (where, frames)
    )
    subgoals = np.concatenate([np.where(used[..., None], ordered, goal), goal], axis=1)
    return Proposal(subgoals, np.where(used[..., None, None, None], pictures, problem.views.goal[:, None]))
