"""Exact search over the interpolator of stage 1: no keyframe model and no label (see `model.search`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyin_cli.colours import GREY
from keyin_cli.discovery.selector import Frames, Inpainting, Sources, Times
from keyin_cli.methods.method import Method
from keyin_cli.progress import track
from keyin_cli.recipe import Recipe
from keyin_cli.training.spec import Material, StageSpec, Tree

if TYPE_CHECKING:
    from keyin_cli.discovery.finding import Finder
    from keyin_cli.model.keyin import Foundation
    from keyin_cli.training.stages.interpolator import InterpolatorStage


def build(material: Material) -> list[InterpolatorStage]:
    from keyin_cli.training.stages.interpolator import InterpolatorStage

    return [InterpolatorStage(material)]


def model(recipe: Recipe) -> Foundation:
    from keyin_cli.model.keyin import Foundation

    return Foundation(recipe)


def keys(tree: Tree) -> Tree:
    """None beyond those of stage 1: it is stage 1."""
    return {}


THEN = "keyin eval-f1 --ckpt {run} --selector search"
INTERPOLATOR = StageSpec("interpolator", build, model, keys, schedule=("pretrain",), then=THEN)


class SearchSelector(Inpainting):
    """The chain of segments with the shortest description; keyframes are where two of them meet."""

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        self.settings = {"price": sources.price}

    def select(self, frames: Frames) -> Times:
        from keyin_cli.model.search import cheapest_chain

        with track("search", len(frames)) as advance:
            costs = self.sources.costs(frames, advance)
        return cheapest_chain(costs, self.settings["price"])


def finder(sources: Sources) -> Finder:
    from keyin_cli.discovery.finding import SearchFinder

    return SearchFinder(sources)


METHOD = Method(
    name="search",
    help="exact search for the keyframes from which stage 1 inpaints a sequence best",
    order=20,
    stage=INTERPOLATOR,
    command="pretrain-interp",
    selectors={"": SearchSelector},
    finder=finder,
    colour=GREY,
)
