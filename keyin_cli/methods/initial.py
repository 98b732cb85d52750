"""What is to be done: the error of a puck that is not moved. A row of Table 2, as in the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyin_cli.methods.method import Method

if TYPE_CHECKING:
    from keyin_cli.planning.proposal import Problem, Proposal


def propose(problem: Problem) -> Proposal:
    """Straight to the goal, on which nobody sets out."""
    from keyin_cli.planning.proposal import straight

    return straight(problem)


METHOD = Method(
    name="initial",
    help="for planning: the puck stays where it is",
    order=110,
    proposers={"": propose},
    servo="still",
)
