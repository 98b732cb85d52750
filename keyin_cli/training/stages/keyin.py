"""Stage 2: the keyframe model on the foundation of stage 1, phase after phase (docs/spec.md, section 2)."""

from __future__ import annotations

from collections.abc import Callable

from keyin_cli.training.objectives.common import Common
from keyin_cli.training.objectives.description import DescriptionPhase, MarginalPhase
from keyin_cli.training.objectives.phase import KeyframePhase
from keyin_cli.training.objectives.search import SearchPhase
from keyin_cli.training.objectives.soft import SoftEmbeddings, SoftPixels
from keyin_cli.training.spec import Material

OBJECTIVES: dict[str, Callable[[Common, int], KeyframePhase]] = {
    "search": SearchPhase,
    "description": DescriptionPhase,
    "marginal": MarginalPhase,
    "soft-embeddings": SoftEmbeddings,
    "soft-pixels": SoftPixels,
}


def keyframe_phases(material: Material, name: str = "keyin") -> list[KeyframePhase]:
    """The phases of the recipe's section `train`, which share one model with fresh weights.

    Args:
        name: of the stage, `keyin` or that of a method that is trained like it.
    """
    common = Common(material, name)
    return [OBJECTIVES[phase.objective](common, number) for number, phase in enumerate(material.recipe.train.phases)]
