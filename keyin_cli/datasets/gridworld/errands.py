"""An agent that goes from object to object in a room, as in the third world of the paper's later version (Pertsch et al., 2020).

The objects of a room of BabyAI's differ in kind or colour. In which order the bot wants them is drawn, and can be seen only when
it goes there. *Collect*: it picks each of them up, and what it has picked up is gone. *Visit*: it goes there and on to another,
and nothing stays of that in the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from minigrid.envs.babyai.core.roomgrid_level import RejectSampling, RoomGridLevel
from minigrid.envs.babyai.core.verifier import GoToInstr, ObjDesc, PickupInstr
from minigrid.utils.baby_ai_bot import BabyAIBot

from keyin_cli.datasets.gridworld.recording import Recording

VISITS = 10  # in an episode
APART = 5  # cells between two objects that are visited, at least
MOST = 60  # steps from one object to the next
RIGHT = 0  # MiniGrid's direction

Things = list[Any]  # MiniGrid's objects have no types


@dataclass(frozen=True)
class Errand:
    """What the bot does with objects.

    Attributes:
        verb: in the names of events.
        room: cells along a side, walls included.
        objects: in the room.
        instruction: BabyAI's, of what is wanted.
        drawn: which of the objects are wanted, one after the other.
        looks: direction that the bot is turned to before it goes to each, so that its way depends on nothing but where it is and
            where it goes: of shortest ways the bot takes the one that it looks along.
    """

    verb: str
    room: int
    objects: int
    instruction: Callable[[ObjDesc], Any]
    drawn: Callable[[Any, Things], Things]
    looks: int | None = None


def each_once(level: Any, there: Sequence[Any]) -> Things:
    """All objects, in any order."""
    order: Things = level._rand_subset(there, len(there))
    return order


def to_and_fro(level: Any, there: Sequence[Any]) -> Things:
    """Any object, then any other one, and so on.

    Raises:
        RejectSampling: two objects are too near.
    """
    for one, other in combinations(there, 2):
        if sum(abs(a - b) for a, b in zip(one.cur_pos, other.cur_pos, strict=True)) < APART:
            raise RejectSampling("two objects are too near")
    order = [level._rand_elem(there)]
    while len(order) < VISITS:
        order.append(level._rand_elem([each for each in there if each is not order[-1]]))
    return order


COLLECT = Errand("pick up", 8, 6, PickupInstr, each_once)
VISIT = Errand("go to", 10, 4, GoToInstr, to_and_fro, looks=RIGHT)


class Errands(RoomGridLevel):
    """A room with objects, and those that are still wanted, in order: `left`."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        super().__init__(num_rows=1, num_cols=1, room_size=errand.room, max_steps=max(errand.objects, VISITS) * MOST + 1)

    def gen_mission(self) -> None:
        room: Any = self  # MiniGrid's methods have no types
        room.place_agent()
        there = room.add_distractors(num_distractors=self.errand.objects, all_unique=True)
        room.check_objs_reachable()
        self.left = self.errand.drawn(room, there)
        self.aim()

    def aim(self) -> None:
        """Make the next object what is wanted."""
        self.instrs = self.errand.instruction(ObjDesc(self.left[0].type, self.left[0].color))


def played(errand: Errand, number: int, size: int, turns: bool) -> Recording | None:
    """What the bot does in a room that is laid out by the number; None where it is at a loss, or where it begins before what it
    wants. The last object ends the episode, and is no event."""
    env = Errands(errand)
    recording = Recording(env, number, size, turns)
    while env.left:
        env.aim()
        env.instrs.reset_verifier(env)
        if errand.looks is not None:
            env.agent_dir = errand.looks
        if not _fulfilled(env, recording):
            return None
        thing, env.carrying = env.left.pop(0), None
        recording.see(f"{errand.verb} the {thing.color} {thing.type}" if env.left else "")
    return recording


def _fulfilled(env: Errands, recording: Recording) -> bool:
    """Whether the bot does what is wanted, and picks up nothing else. What the last step leads to is not yet recorded."""
    bot, action = BabyAIBot(env), None
    for _ in range(MOST):
        try:
            action = bot.replan(action)
        except AssertionError:  # as the bot says that it is at a loss
            return False
        if action == env.actions.done:  # there is nothing to do
            return False
        finished, _ = recording.step(action)
        if finished or env.carrying is not None:
            return finished
        recording.see()
    return False
