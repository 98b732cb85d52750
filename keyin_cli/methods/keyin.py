"""KeyIn: the keyframe model on the frozen interpolator, by itself and refined by the search's cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from keyin_cli.colours import BLUE
from keyin_cli.discovery.selector import Costs, Frames, Inpainting, Sources, Times, batches
from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import trained
from keyin_cli.methods.search import INTERPOLATOR
from keyin_cli.progress import track
from keyin_cli.recipe import Recipe
from keyin_cli.training.spec import Material, StageSpec, Tree, unchanged

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.discovery.finding import Finder
    from keyin_cli.model.keyin import KeyIn
    from keyin_cli.planning.proposal import Problem, Proposal
    from keyin_cli.training.phase import Phase


def build(material: Material, name: str) -> Sequence[Phase]:
    from keyin_cli.training.stages.keyin import keyframe_phases

    return keyframe_phases(material, name)


def model(recipe: Recipe) -> KeyIn:
    from keyin_cli.model.keyin import KeyIn

    return KeyIn(recipe)


def keys(tree: Tree) -> Tree:
    """All of `model`, stage 2, and what the search is told. Keys that older runs do not have count only when they are set."""
    told = tree["discovery"]
    discovery = {"price": told["price"]} | ({"shift": told["shift"]} if told["shift"] else {})
    model = {key: value for key, value in tree["model"].items() if (key, value) != ("prior", "fixed")}
    return {"model": model, "train": tree["train"], "discovery": discovery}


def keyframe_stage(
    name: str, variant: Callable[[Recipe], Recipe] = unchanged, schedule: tuple[str | int, ...] = ("train", "phases", 0)
) -> StageSpec:
    """A stage that trains a keyframe model: KeyIn's, or one of its variants, whose `schedule` may lie elsewhere in a recipe."""
    return StageSpec(name, partial(build, name=name), model, keys, INTERPOLATOR, variant, schedule)


class KeyframeSelector:
    """Argmax offsets of a trained keyframe model, KeyIn's or a variant's, at the posterior's mean (docs/spec.md, section 5)."""

    def __init__(self, sources: Sources, stage: str = "keyin") -> None:
        self.stage, self.model = stage, _model(sources.models, stage)
        self.sources, self.settings = sources, dict[str, float]()

    def select(self, frames: Frames) -> Times:
        times = []
        with track(self.stage, len(frames)) as advance:
            for batch in batches(frames):
                times.append(self.model.detect(self.sources.images(batch)).cpu().numpy())
                advance(len(batch))
        return np.concatenate(times)

    def probability(self, frames: Frames) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        """The chance that each of the times 1…N is a keyframe: (n,N) float32."""
        return np.concatenate([self.model.probability(self.sources.images(batch)).cpu().numpy() for batch in batches(frames)])

    def predict(self, frames: Frames, times: Times) -> Frames:
        from keyin_cli.discovery.inpainting import to_frames

        return to_frames(self.model.reconstruct(self.sources.images(frames)))


def finder(sources: Sources, stage: str = "keyin") -> Finder:
    """The keyframe model moved along whole episodes."""
    from keyin_cli.discovery.finding import ModelFinder

    return ModelFinder(sources, _model(sources.models, stage))


class RefinedSelector(Inpainting):
    """KeyIn's keyframes, each moved frame by frame for as long as that shortens the description (see `model.search`)."""

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        self.unrefined, self.settings = KeyframeSelector(sources), {"price": sources.price}

    def select(self, frames: Frames) -> Times:
        from keyin_cli.model.search import shifted

        selected, shift = self.unrefined.select(frames), self.sources.recipe.discovery.shift
        with track("refining", len(frames)) as advance:
            costs = self.sources.costs(frames, advance)
        refined = shifted(refine(costs, shifted(selected, -shift)), shift)
        lost = selected & ~shifted(shifted(selected, -shift), shift)  # the search would find them outside of the sequence
        return refined | lost


def refine(costs: Costs, times: Times) -> Times:
    """Local search from keyframes (n,N) over segment costs (n,N+1,S): the best move of one keyframe by a frame, over and over."""
    from keyin_cli.model.search import chain_costs

    times = times.copy()
    for row, cost in enumerate(costs):
        length = chain_costs(cost[None], times[row : row + 1], 0.0)[0]
        improved = True
        while improved:
            tried = (moved(times[row], int(at), by) for at, by in product(np.flatnonzero(times[row]), (-1, 1)))
            moves = [move for move in tried if move is not None]
            if not moves:
                break
            lengths = chain_costs(np.broadcast_to(cost, (len(moves), *cost.shape)), np.stack(moves), 0.0)
            improved = bool(lengths.min() < length)
            if improved:
                times[row], length = moves[int(lengths.argmin())], lengths.min()
    return times


def moved(times: Times, at: int, by: int) -> Times | None:
    """Keyframes (N,) with the one at index `at` moved; None where it would leave the sequence or meet another."""
    if not 0 <= at + by < len(times) or times[at + by]:
        return None
    new = times.copy()
    new[[at, at + by]] = False, True
    return new


def propose(problem: Problem, objective: str, stage: str = "keyin") -> Proposal:
    """The keyframes of a keyframe model that end nearest to the goal (Algorithm 1), as `latents.OBJECTIVES` judge it."""
    from keyin_cli.planning import latents

    model, judged = _model(problem.models, stage), latents.OBJECTIVES[objective]
    window = model.recipe.window
    shape = window.keyframes, model.keyframes.latent
    images, where = latents.best(problem, model.imagine, shape, window.conditioning, judged)
    last = latents.stop(where, problem, judged)
    return latents.proposal(problem, images, where, np.arange(window.keyframes) <= last[:, None])


def _model(models: Mapping[str, nn.Module], stage: str) -> KeyIn:
    from keyin_cli.model.keyin import KeyIn

    return trained(models, stage, KeyIn)


METHOD = Method(
    name="keyin",
    help="the keyframe model, trained as the recipe's section `train` says",
    order=10,
    stage=keyframe_stage("keyin"),
    command="train",
    selectors={"": KeyframeSelector, "+refine": RefinedSelector},
    finder=finder,
    proposers={
        "": partial(propose, objective="last"),
        "+free": partial(propose, objective="free"),
        "+every": partial(propose, objective="every"),
        "+wall": partial(propose, objective="wall"),
        "+free+wall": partial(propose, objective="free+wall"),
    },
    predicts=True,
    colour=BLUE,
)
