"""What is seen and recorded of an environment of MiniGrid, step by step.

The state of a frame is the bot's cell (x, y), the direction that it faces (x, y), and whether it carries something. The action is
one of MiniGrid's seven, of which the last, `done`, stands at the last frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
from minigrid.utils.rendering import downsample, fill_coords, point_in_circle
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.rows import ACTION, STATE, EpisodeRows, Event

ACTIONS = 7
DISC, RADIUS, FINE = (100, 100, 100), 0.4, 3  # MiniGrid's grey, cells, and how many times finer it is drawn


class Recording:
    """A frame for each action, of `size` x `size` px, and one behind the last. `events`: those that an episode has.

    Without `turns` a bot that turns on its cell is not seen: there is a frame for each other action, and a disc, which does not
    say where it looks.
    """

    def __init__(self, env: Any, number: int, size: int, turns: bool) -> None:
        """Begins with the environment laid out by a number."""
        with redirect_stdout(StringIO()):  # MiniGrid prints a line for each layout that it rejects
            env.reset(seed=number)
        self.env, self.size, self.turns, self.seen = env, size, turns, True
        self.frames, self.states = [picture(env, size, turns)], [state(env)]
        self.actions: list[NDArray[np.float32]] = []
        self.events: list[Event] = []

    def step(self, action: Any) -> tuple[bool, bool]:
        """Take an action. Returns whether the level is done, and whether it was cut off."""
        _, _, finished, cut, _ = self.env.step(action)
        self.seen = self.turns or action not in (self.env.actions.left, self.env.actions.right)
        if self.seen:
            self.actions.append(one_hot(int(action)))
        return bool(finished), bool(cut)

    def see(self, event: str = "") -> None:
        """Record what the step before led to, and in words what it did, where that is an event; no turn is one."""
        if not self.seen:
            return
        self.frames.append(picture(self.env, self.size, self.turns))
        self.states.append(state(self.env))
        if event:
            self.events.append(Event(len(self.frames) - 1, event))

    def rows(self, told: Mapping[str, Any]) -> EpisodeRows:
        actions = [*self.actions, one_hot(int(self.env.actions.done))]
        signals = {STATE: np.stack(self.states), ACTION: np.stack(actions)}
        return EpisodeRows(np.stack(self.frames), signals, self.events, told)


def state(env: Any) -> NDArray[np.float32]:
    """Where the bot is, where it looks, whether it carries something: (5,)."""
    return np.array([*env.agent_pos, *env.dir_vec, env.carrying is not None], dtype=np.float32)


def picture(env: Any, size: int, turns: bool) -> NDArray[np.uint8]:
    """The whole grid in the middle of a black image (size,size,3), in cells of as many px as go into it."""
    tile = size // max(env.width, env.height)
    drawn = env.get_frame(highlight=False, tile_size=tile) if turns else _with_disc(env, tile)
    image = np.zeros((size, size, 3), dtype=np.uint8)
    top, left = ((size - side) // 2 for side in drawn.shape[:2])
    image[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return image


def one_hot(action: int) -> NDArray[np.float32]:
    return np.eye(ACTIONS, dtype=np.float32)[action]


def _with_disc(env: Any, tile: int) -> NDArray[np.uint8]:
    """The grid in cells of `tile` px, and a disc where the bot is."""
    drawn: NDArray[np.uint8] = env.grid.render(tile, agent_pos=(-1, -1))
    column, row = (slice(at * tile, (at + 1) * tile) for at in env.agent_pos)
    fine = drawn[row, column].repeat(FINE, 0).repeat(FINE, 1)
    drawn[row, column] = downsample(fill_coords(fine, point_in_circle(0.5, 0.5, RADIUS), DISC), FINE)
    return drawn
