"""Planning with the demonstrator's own subgoals: what the servo can do when the subgoals are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyin_cli.methods.method import Method

if TYPE_CHECKING:
    from keyin_cli.planning.proposal import Problem, Proposal


def propose(problem: Problem) -> Proposal:
    from keyin_cli.planning.proposal import Proposal

    return Proposal(problem.tasks.demonstrated)


METHOD = Method(
    name="oracle",
    help="for planning: the demonstrator's own subgoals",
    order=5,
    proposers={"": propose},
    follows_demonstration=True,
)
