"""An agent that collects things in a room, as in the third world of the paper's later version (Pertsch et al., 2020).

Boxes of different colours stand in a room, in each a ball of a colour other than the box's. The bot goes from box to box in an
order that is drawn; it opens a box, in whose place the ball is for one frame, and takes the ball. A way depends only on where it
begins and ends and on the boxes in between, so what no frame before or afterwards tells is the colour of the ball.
"""

from __future__ import annotations

from typing import Any

from minigrid.core.constants import COLOR_NAMES
from minigrid.core.world_object import Ball
from minigrid.envs.babyai.core.roomgrid_level import RoomGridLevel
from minigrid.envs.babyai.core.verifier import GoToInstr, ObjDesc

from keyin_cli.datasets.gridworld.bot import MOST, drive
from keyin_cli.datasets.gridworld.recording import Recording

ROOM = 8  # cells along a side, walls included
BOXES = len(COLOR_NAMES)
BALLS = [name for name in COLOR_NAMES if name != "grey"]  # which is the colour of the disc, and of walls
RIGHT = 0  # MiniGrid's direction; of ways of the same length the bot takes the one that it looks along


class Unpack(RoomGridLevel):
    """A room with closed boxes, and those that are still closed, in the order in which they are to be opened: `left`."""

    def __init__(self) -> None:
        super().__init__(num_rows=1, num_cols=1, room_size=ROOM, max_steps=BOXES * MOST)

    def gen_mission(self) -> None:
        room: Any = self  # MiniGrid's methods have no types
        room.place_agent()
        self.left: list[Any] = []
        for colour in room._rand_subset(COLOR_NAMES, BOXES):
            box, _ = room.add_object(0, 0, "box", colour)
            box.contains = Ball(room._rand_elem([ball for ball in BALLS if ball != colour]))
            self.left.append(box)
        room.check_objs_reachable()
        self.aim()

    def aim(self) -> None:
        """Make the next box what is wanted, and turn the bot to the right."""
        self.instrs = GoToInstr(ObjDesc("box", self.left[0].color))
        self.instrs.reset_verifier(self)
        self.agent_dir = RIGHT


def played(number: int, size: int, turns: bool) -> Recording | None:
    """What the bot does in a room that is laid out by the number; None where it is at a loss, and where it has no way to go since
    the next box is to the right of it. The last box ends the episode, and is no event."""
    env = Unpack()
    recording = Recording(env, number, size, turns)
    while drive(env, recording):
        recording.see()
        recording.step(env.actions.toggle)
        box = env.left.pop(0)
        if not env.left:
            recording.see()
            return recording
        recording.see(f"open the {box.color} box")
        recording.step(env.actions.pickup)
        env.carrying = None
        recording.see()
        env.aim()
    return None
