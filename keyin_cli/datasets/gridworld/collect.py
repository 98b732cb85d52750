"""An agent that collects objects in a grid, as in the third world of the paper's later version (Pertsch et al., 2020).

A room of BabyAI's with objects of different kinds or colours. The bot picks them up in an order that is drawn, one after the
other; what it has picked up is gone. Where it goes next can be seen only when it goes there.
"""

from __future__ import annotations

from typing import Any

from minigrid.envs.babyai.core.roomgrid_level import RoomGridLevel
from minigrid.envs.babyai.core.verifier import ObjDesc, PickupInstr
from minigrid.utils.baby_ai_bot import BabyAIBot

from keyin_cli.datasets.gridworld.recording import Recording

ROOM = 8  # cells, walls included
OBJECTS = 6
MOST = 60  # steps from one object to the next


class Collect(RoomGridLevel):
    """A room with objects, and the order in which they are collected."""

    def __init__(self) -> None:
        super().__init__(num_rows=1, num_cols=1, room_size=ROOM, max_steps=OBJECTS * MOST + 1)

    def gen_mission(self) -> None:
        room: Any = self  # MiniGrid's methods have no types
        room.place_agent()
        there = room.add_distractors(num_distractors=OBJECTS, all_unique=True)
        room.check_objs_reachable()
        self.left: list[Any] = room._rand_subset(there, OBJECTS)
        self.aim()

    def aim(self) -> None:
        """Make the next object what is to be picked up."""
        self.instrs = PickupInstr(ObjDesc(self.left[0].type, self.left[0].color))


def played(number: int, size: int) -> Recording | None:
    """What the bot does in a room that is laid out by the number; None where it is at a loss. The last object ends the episode,
    and is no event."""
    env = Collect()
    recording = Recording(env, number, size)
    while env.left:
        env.aim()
        env.instrs.reset_verifier(env)
        if not _picked_up(env, recording):
            return None
        thing, env.carrying = env.left.pop(0), None
        recording.see(f"pick up the {thing.color} {thing.type}" if env.left else "")
    return recording


def _picked_up(env: Collect, recording: Recording) -> bool:
    """Whether the bot picks up the next object, and nothing else. What the last step leads to is not yet recorded."""
    bot, action = BabyAIBot(env), None
    for _ in range(MOST):
        try:
            action = bot.replan(action)
        except AssertionError:  # as the bot says that it is at a loss
            return False
        recording.step(action)
        if env.carrying is not None:
            return bool(env.carrying is env.left[0])
        recording.see()
    return False
