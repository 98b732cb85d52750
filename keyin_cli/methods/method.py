"""What there is to know of a method. A new one is one file in this folder, or in a package of yours, that assigns `METHOD`.

docs/extending.md shows a whole file. The modules here import no torch: what needs it is imported in the functions that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from keyin_cli.colours import ORANGE, Colour
from keyin_cli.recipe.section import MethodSection
from keyin_cli.registry import LAST
from keyin_cli.training.spec import StageSpec

if TYPE_CHECKING:
    from keyin_cli.discovery.finding import Finder
    from keyin_cli.discovery.peer import MakePeer
    from keyin_cli.discovery.selector import Select, Sources
    from keyin_cli.planning.proposal import Problem, Proposal


@dataclass(frozen=True)
class Method:
    """A method and its rows in the tables.

    Attributes:
        name: of the method, and of its row.
        help: one line for a list.
        order: its place in lists and in Table 1; Table 2 has the reverse order, as in the paper.
        stage: what is trained for it; None when nothing is.
        command: the command that trains it, when that is another than `keyin baseline NAME`.
        sections: sections that it adds to every recipe, by name.
        selectors: how it detects keyframes, by what is added to its name: `""` is the method itself, `"+refine"` a row more.
        finder: how it finds the keyframes of whole episodes, from what selectors are made from.
        peers: how it finds the keyframes of demonstrations without a stage of ours, by what it looks at: `pixels` or `signals`.
        proposers: how it proposes subgoals, from what selectors are made from.
        servo: the servo of its row in Table 2, when that is another than the one that all have.
        follows_demonstration: whether its subgoals are those of a task's own demonstration, which lead to no other goal.
        predicts: whether it takes part in the comparison of predictions by `keyin table`; its model has to be a `Predictor`.
        colour: of its line in a diagram.
    """

    name: str
    help: str
    order: int = LAST
    stage: StageSpec | None = None
    command: str | None = None
    sections: Mapping[str, type[MethodSection]] = field(default_factory=dict)
    selectors: Mapping[str, Select] = field(default_factory=dict)
    finder: Callable[[Sources], Finder] | None = None
    peers: Mapping[str, MakePeer] = field(default_factory=dict)
    proposers: Mapping[str, Callable[[Problem], Proposal]] = field(default_factory=dict)
    servo: str | None = None
    follows_demonstration: bool = False
    predicts: bool = False
    colour: Colour = ORANGE
