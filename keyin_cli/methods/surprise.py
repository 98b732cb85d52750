"""Surprise: the frames that SVG-FP, which predicts frame by frame, finds most surprising (Algorithm 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keyin_cli.colours import RED
from keyin_cli.discovery import knobs
from keyin_cli.discovery.selector import Frames, Inpainting, Sources, Times, batches, foundation_of
from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import trained
from keyin_cli.methods.search import INTERPOLATOR
from keyin_cli.progress import track
from keyin_cli.recipe import MethodSection, Positive, Recipe, Schedule, Section, Weight
from keyin_cli.training.spec import Material, StageSpec, Tree

if TYPE_CHECKING:
    from torch import Tensor, nn

    from keyin_cli.discovery.finding import Evidence, Read
    from keyin_cli.model.svg import Svg
    from keyin_cli.planning.proposal import Problem, Proposal
    from keyin_cli.training.stages.surprise import SurpriseStage


class SurpriseWeights(Section):
    """Weights of the terms of SVG-FP beside the error of the predicted frames, which weighs 1."""

    kl: Weight = 1.0


class Surprise(MethodSection, Schedule):
    """The baseline Surprise: SVG-FP, a stochastic prediction of every frame from the one before."""

    steps: Positive = 8_000
    weights: SurpriseWeights = SurpriseWeights()


def build(material: Material) -> list[SurpriseStage]:
    from keyin_cli.training.stages.surprise import SurpriseStage

    return [SurpriseStage(material, material.recipe.section(Surprise).weights.kl)]


def model(recipe: Recipe) -> Svg:
    from keyin_cli.model.svg import Svg

    return Svg(recipe)


def keys(tree: Tree) -> Tree:
    """The stage's section and the size of z_t, which runs from before that key do not have: theirs is 16."""
    latent = tree["model"]["latent"]
    return {"surprise": tree["surprise"]} | ({"latent": latent} if latent != 16 else {})


STAGE = StageSpec("surprise", build, model, keys, foundation=INTERPOLATOR, schedule=("surprise",))


class SurpriseSelector(Inpainting):
    """The M most surprising frames (Algorithm 3).

    A change of direction at frame t is first seen in frame t + 1, so the frame before the surprising one is the keyframe.
    """

    def select(self, frames: Frames) -> Times:
        from keyin_cli.model.surprise import peaks

        window = self.sources.recipe.window
        scores = self._scores(frames)[:, window.conditioning :]
        times = np.zeros((len(frames), window.predicted), dtype=np.bool_)
        times[:, :-1] = peaks(scores, window.keyframes)
        return times

    def predict(self, frames: Frames, times: Times) -> Frames:
        """Inpainted by stage 1 where it is there; of these weights alone, SVG-FP's own reconstruction."""
        if any(foundation_of(model) is not None for model in self.sources.models.values()):
            return super().predict(frames, times)
        from keyin_cli.discovery.inpainting import to_frames

        return to_frames(self._model.reconstruct(self.sources.images(frames)))

    @property
    def _model(self) -> Svg:
        return trained_svg(self.sources.models)

    def _scores(self, frames: Frames) -> NDArray[np.float32]:
        """Surprise of every frame after the first, (n,T+N-1), in nats."""
        svg, scores = self._model, []
        with track("surprise", len(frames)) as advance:
            for batch in batches(frames):
                scores.append(svg.surprise(self.sources.images(batch)).cpu().numpy())
                advance(len(batch))
        return np.concatenate(scores)


class NumberedSelector(SurpriseSelector):
    """As many of the most surprising frames as describe the sequence best, under the interpolator and with the search's price.

    Algorithm 3 always selects M; this row shows what it loses by that.
    """

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        self.settings = {"price": sources.price}

    def select(self, frames: Frames) -> Times:
        from keyin_cli.model.search import chain_costs
        from keyin_cli.model.surprise import peaks

        window, price = self.sources.recipe.window, self.settings["price"]
        scores = self._scores(frames)[:, window.conditioning :]
        with track("surprise: number", len(frames)) as advance:
            costs = self.sources.costs(frames, advance)
        best, length = np.zeros((len(frames), window.predicted), dtype=np.bool_), np.full(len(frames), np.inf)
        for number in range(window.predicted):
            times = np.zeros_like(best)
            times[:, :-1] = peaks(scores, number)
            lengths = chain_costs(costs, times, price)
            shorter = lengths < length
            best[shorter], length[shorter] = times[shorter], lengths[shorter]
        return best


class SurpriseFinder:
    """SVG-FP moved along whole episodes: frames that are more surprising than both neighbours, by `nats` or more. Unless told, as
    many nats as M peaks of a training window reach on average, as Algorithm 3 selects M of each."""

    knob = "nats"

    def __init__(self, sources: Sources) -> None:
        self.sources, self.svg = sources, trained_svg(sources.models)
        windows = [self._peaks(sequence) for sequence in sources.training()]
        self.usual = knobs.threshold_for(windows, sources.recipe.window.keyframes)

    def look(self, read: Read, count: int) -> Evidence:
        """How surprising (n,) the frame after each is, where that is a peak; else 0."""
        return self._peaks(read(0, count))

    def setting(self, evidence: Sequence[Evidence], wanted: float) -> float:
        return knobs.threshold_for(evidence, wanted)

    def select(self, evidence: Evidence, setting: float) -> tuple[Times, NDArray[np.float64] | None]:
        return (evidence >= setting) & (evidence > 0), None

    def _peaks(self, frames: Frames) -> NDArray[np.float64]:
        from keyin_cli.discovery.finding import PLACES
        from keyin_cli.discovery.whole import averaged

        window = self.sources.recipe.window
        scores = averaged(self._scores, window, frames, PLACES, self.sources.device)
        padded = np.pad(scores, 1)
        return np.where((scores > padded[:-2]) & (scores > padded[2:]), scores, 0.0)

    def _scores(self, images: Tensor) -> Tensor:
        """Surprise of the frame after each of those that are predicted but the last: (k,T+N,H,W,C) -> (k,N-1)."""
        return self.svg.surprise(images)[:, self.sources.recipe.window.conditioning :]


def trained_svg(models: Mapping[str, nn.Module]) -> Svg:
    from keyin_cli.model.svg import Svg

    return trained(models, "surprise", Svg)


def propose(problem: Problem) -> Proposal:
    """The most surprising frames of a video of SVG-FP, sampled from its prior, that ends nearest to the goal.

    As in `SurpriseSelector`, the keyframe is the frame before the surprising one.
    """
    import torch

    from keyin_cli.model.encoder import to_images
    from keyin_cli.model.surprise import peaks
    from keyin_cli.planning import latents

    svg = trained_svg(problem.models)
    window = svg.recipe.window

    def draw(conditioning: Tensor, z: Tensor, last_only: bool) -> Tensor:
        images = svg.imagine(conditioning, z)
        return images[:, :, -1:] if last_only else images

    shape = window.conditioning - 1 + window.predicted, svg.latent
    images, where = latents.best(problem, draw, shape, window.conditioning, latents.OBJECTIVES["last"])
    first = to_images(problem.views.start, problem.device)[:, None].expand(-1, window.conditioning, -1, -1, -1)
    videos = torch.cat([first, images.to(problem.device)], dim=1)
    scores = torch.cat([svg.surprise(sequence[None]) for sequence in videos]).cpu().numpy()
    times = np.zeros(where.shape[:2], dtype=np.bool_)
    times[:, :-1] = peaks(scores[:, window.conditioning :], window.keyframes)
    chosen = np.argsort(~times, axis=1, kind="stable")[:, : window.keyframes]
    tasks = np.arange(len(where))[:, None]
    return latents.proposal(problem, images[tasks, chosen], where[tasks, chosen], times[tasks, chosen])


METHOD = Method(
    name="surprise",
    help="the most surprising frames of SVG-FP, a model that predicts frame by frame",
    order=30,
    stage=STAGE,
    sections={"surprise": Surprise},
    selectors={"": SurpriseSelector, "+number": NumberedSelector},
    finder=SurpriseFinder,
    proposers={"": propose},
    predicts=True,
    colour=RED,
)
