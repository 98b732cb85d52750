"""KeyIn with another start: taught the chains that exact search finds, then the paper's loss."""

from __future__ import annotations

from keyin_cli.colours import TEAL
from keyin_cli.methods.keyin import keyframe_stage
from keyin_cli.methods.method import Method
from keyin_cli.methods.variants import select
from keyin_cli.recipe import MethodSection, Recipe, Train, TrainPhase, check
from keyin_cli.recipe.training import SUMMED, TrainWeights


class KeyInSearch(MethodSection, Train):
    """Phases as in `train`. The objective `search` is among them."""

    phases: tuple[TrainPhase, ...] = (
        TrainPhase(objective="search", steps=8000, weights=TrainWeights(offsets=5, keyframe_embeddings=10, sequence=10)),
        TrainPhase(objective="soft-pixels", steps=2000, lr=4e-4, decay=0.7, clip=100),
    )

    def problems_in(self, recipe: Recipe) -> list[str]:
        if recipe.discovery.shift > 0 and any(phase.objective in SUMMED for phase in self.phases):
            return [f"phases: discovery.shift is 0 or negative with the objectives {' and '.join(SUMMED)}"]
        if any(phase.objective == "search" for phase in self.phases):
            return []
        return ["phases: one has the objective search; without it, it is `train` that says how KeyIn is trained"]


def variant(recipe: Recipe) -> Recipe:
    tree = recipe.model_dump(mode="json")
    return check(tree | {"train": tree["keyin_search"]}, source=recipe.name)


METHOD = Method(
    name="keyin-search",
    help="KeyIn taught by exact search before the paper's loss, as the recipe's section `keyin_search` says",
    order=15,
    stage=keyframe_stage("keyin-search", variant, ("keyin_search", "phases", 0)),
    sections={"keyin_search": KeyInSearch},
    selectors={"": select("keyin-search")},
    colour=TEAL,
)
