"""Planning without subgoals: straight to the goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyin_cli.methods.method import Method

if TYPE_CHECKING:
    from keyin_cli.planning.proposal import Problem, Proposal


def propose(problem: Problem) -> Proposal:
    from keyin_cli.planning.proposal import straight

    return straight(problem)


METHOD = Method(name="none", help="for planning: no subgoals, straight to the goal", order=95, proposers={"": propose})
