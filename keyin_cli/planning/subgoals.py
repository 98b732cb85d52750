"""Every way to propose subgoals, behind one signature: what a planner knows (`Context`) -> `Proposal`.

A new method is one function here (or one file) and one line in `PROPOSERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.errors import InputError
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.surprise import peaks
from keyin_cli.model.svg import Svg
from keyin_cli.model.tap import Tap
from keyin_cli.planning import latents
from keyin_cli.planning.latents import EVERY, FREE, FREE_WALL, LAST, WALL, Objective
from keyin_cli.planning.proposal import Context, Proposal

DEPTH = 2  # of TAP's recursion: 3 subgoals

Proposer = Callable[[Context], Proposal]


def none(context: Context) -> Proposal:
    """Straight to the goal. The method random has this too: its actions heed no subgoal."""
    return Proposal(context.tasks.scene.goal[:, None])


def oracle(context: Context) -> Proposal:
    """The demonstrator's subgoals: what the servo can do when the subgoals are right."""
    return Proposal(context.tasks.demonstrated)


def keyframes(context: Context, stage: str, objective: Objective) -> Proposal:
    """The keyframes of KeyIn, or of a baseline that is trained like it, that end nearest to the goal (Algorithm 1)."""
    model = context.models[stage]
    assert isinstance(model, KeyIn)
    window = model.recipe.window
    shape = window.keyframes, model.keyframes.latent
    images, where = latents.best(context, model.imagine, shape, window.conditioning, objective)
    last = latents.stop(where, context, objective)
    return latents.proposal(context, images, where, np.arange(window.keyframes) <= last[:, None])


def surprise(context: Context) -> Proposal:
    """The most surprising frames (Algorithm 3) of a video of SVG-FP, sampled from its prior, that ends nearest to the goal.

    As in `discovery.selectors`, the keyframe is the frame before the surprising one.
    """
    model = context.models["surprise"]
    assert isinstance(model, Svg)
    window = model.recipe.window

    def draw(conditioning: Tensor, z: Tensor, last_only: bool) -> Tensor:
        images = model.imagine(conditioning, z)
        return images[:, :, -1:] if last_only else images

    shape = window.conditioning - 1 + window.predicted, model.latent
    images, where = latents.best(context, draw, shape, window.conditioning, LAST)
    first = to_images(context.views.start, context.device)[:, None].expand(-1, window.conditioning, -1, -1, -1)
    whole = torch.cat([first, images.to(context.device)], dim=1)
    scores = torch.cat([model.surprise(sequence[None]) for sequence in whole]).cpu().numpy()
    times = np.zeros(where.shape[:2], dtype=np.bool_)
    times[:, :-1] = peaks(scores[:, window.conditioning :], window.keyframes)
    chosen = np.argsort(~times, axis=1, kind="stable")[:, : window.keyframes]
    tasks = np.arange(len(where))[:, None]
    return latents.proposal(context, images[tasks, chosen], where[tasks, chosen], times[tasks, chosen])


def tap(context: Context) -> Proposal:
    """TAP's bottleneck between start and goal, and by recursion those between it and either.

    `copies_goal` notes whether the first of them has the puck where the goal image has it.
    """
    model = context.models["tap"]
    assert isinstance(model, Tap)

    def between(start: Tensor, goal: Tensor, depth: int) -> list[Tensor]:
        middle = model.bottleneck(start, goal)
        return [*between(start, middle, depth - 1), middle, *between(middle, goal, depth - 1)] if depth else []

    views = to_images(np.stack([context.views.start, context.views.goal]), context.device)
    rows = [torch.stack(between(start[None], goal[None], DEPTH), dim=1) for start, goal in zip(*views, strict=True)]
    images = torch.cat(rows).cpu()
    where = latents.pucks(images)
    copies = np.linalg.norm(where[:, where.shape[1] // 2] - context.goal, axis=-1) <= PUCK_RADIUS
    return replace(latents.proposal(context, images, where, np.ones(where.shape[:2], np.bool_)), notes={"copies_goal": copies})


PROPOSERS: dict[str, Proposer] = {
    "random": none,
    "none": none,
    "tap": tap,
    "surprise": surprise,
    "jumpy": partial(keyframes, stage="jumpy", objective=LAST),
    "keyin": partial(keyframes, stage="keyin", objective=LAST),
    "keyin+free": partial(keyframes, stage="keyin", objective=FREE),
    "keyin+every": partial(keyframes, stage="keyin", objective=EVERY),
    "keyin+wall": partial(keyframes, stage="keyin", objective=WALL),
    "keyin+free+wall": partial(keyframes, stage="keyin", objective=FREE_WALL),
    "oracle": oracle,
}
UNTRAINED = ("random", "none", "oracle")


def stage(method: str) -> str | None:
    """The stage whose weights a method needs; None when it needs none."""
    return None if method in UNTRAINED else method.partition("+")[0]


def needed(method: str, stages: Collection[str]) -> str | None:
    """`stage`, after checking that its weights are among those of `stages`.

    Raises:
        InputError: they are not.
    """
    wanted = stage(method)
    if wanted is not None and wanted not in stages:
        command = "train" if wanted == "keyin" else f"baseline {wanted}"
        raise InputError(f"{method} needs weights of `keyin {command}`: give --ckpt a run directory that has {wanted}/")
    return wanted
