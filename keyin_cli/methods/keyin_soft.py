"""KeyIn without search for a cheapest chain: from random weights by soft losses alone, phase after phase."""

from __future__ import annotations

from keyin_cli.colours import TEAL
from keyin_cli.methods.keyin import keyframe_stage
from keyin_cli.methods.method import Method
from keyin_cli.methods.variants import select
from keyin_cli.recipe import MethodSection, Recipe, Train, TrainPhase, check
from keyin_cli.recipe.training import TrainWeights


class KeyInSoft(MethodSection, Train):
    """Phases as in `train`. The objective `search` is not among them."""

    phases: tuple[TrainPhase, ...] = (
        TrainPhase(objective="marginal", steps=8000, weights=TrainWeights(description=5, keyframe_embeddings=10)),
        TrainPhase(objective="soft-pixels", steps=2500, lr=4e-4, decay=0.7, clip=100),
    )

    def problems_in(self, recipe: Recipe) -> list[str]:
        searched = [number for number, phase in enumerate(self.phases) if phase.objective == "search"]
        return [f"phases.{number}.objective: search is what `keyin train` may learn from" for number in searched]


def variant(recipe: Recipe) -> Recipe:
    tree = recipe.model_dump(mode="json")
    return check(tree | {"train": tree["keyin_soft"]}, source=recipe.name)


METHOD = Method(
    name="keyin-soft",
    help="KeyIn from random weights by soft losses alone, as the recipe's section `keyin_soft` says",
    order=15,
    stage=keyframe_stage("keyin-soft", variant),
    sections={"keyin_soft": KeyInSoft},
    selectors={"": select("keyin-soft")},
    colour=TEAL,
)
