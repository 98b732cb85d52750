"""TAP (Jayaraman et al. 2019), for planning: one frame between two others, and by recursion those between it and either."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import trained
from keyin_cli.methods.search import INTERPOLATOR
from keyin_cli.recipe import MethodSection, Positive, Recipe, Schedule
from keyin_cli.training.spec import Material, StageSpec, Tree

if TYPE_CHECKING:
    from torch import Tensor

    from keyin_cli.model import tap as networks
    from keyin_cli.planning.proposal import Problem, Proposal
    from keyin_cli.training.stages.tap import TapStage

DEPTH = 2  # of the recursion: 3 subgoals


class Tap(MethodSection, Schedule):
    """The baseline TAP, for planning: a frame between two others, chosen by the model."""

    steps: Positive = 8_000
    margin: int = Field(2, ge=0)  # frames next to start and goal, on either side, that the model may not choose


def build(material: Material) -> list[TapStage]:
    from keyin_cli.training.stages.tap import TapStage

    return [TapStage(material, material.recipe.section(Tap).margin)]


def model(recipe: Recipe) -> networks.Tap:
    from keyin_cli.model import tap as networks

    return networks.Tap(recipe)


def keys(tree: Tree) -> Tree:
    return {"tap": tree["tap"]}


PLAN = "keyin plan --ckpt {run} --method tap"
STAGE = StageSpec("tap", build, model, keys, foundation=INTERPOLATOR, schedule=("tap",), then=PLAN)


def propose(problem: Problem) -> Proposal:
    """The bottleneck between start and goal, and by recursion those between it and either.

    `copies_goal` notes whether the first of them has the puck where the goal image has it.
    """
    import torch

    from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
    from keyin_cli.model import tap as networks
    from keyin_cli.model.encoder import to_images
    from keyin_cli.planning import latents

    tap = trained(problem.models, "tap", networks.Tap)

    def between(start: Tensor, goal: Tensor, depth: int) -> list[Tensor]:
        middle = tap.bottleneck(start, goal)
        return [*between(start, middle, depth - 1), middle, *between(middle, goal, depth - 1)] if depth else []

    views = to_images(np.stack([problem.views.start, problem.views.goal]), problem.device)
    rows = [torch.stack(between(start[None], goal[None], DEPTH), dim=1) for start, goal in zip(*views, strict=True)]
    images = torch.cat(rows).cpu()
    where = latents.pucks(images)
    copies = np.linalg.norm(where[:, where.shape[1] // 2] - problem.goal, axis=-1) <= PUCK_RADIUS
    proposal = latents.proposal(problem, images, where, np.ones(where.shape[:2], np.bool_))
    return replace(proposal, notes={"copies_goal": copies})


METHOD = Method(
    name="tap",
    help="for planning: a frame between two others, whichever is easiest to predict",
    order=80,
    stage=STAGE,
    sections={"tap": Tap},
    proposers={"": propose},
)
