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
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.rows import ACTION, STATE, EpisodeRows, Event

ACTIONS = 7


class Recording:
    """A frame for each action, of `size` x `size` px, and one behind the last. `events`: those that an episode has."""

    def __init__(self, env: Any, number: int, size: int) -> None:
        """Begins with the environment laid out by a number."""
        with redirect_stdout(StringIO()):  # MiniGrid prints a line for each layout that it rejects
            env.reset(seed=number)
        self.env, self.size = env, size
        self.frames, self.states = [picture(env, size)], [state(env)]
        self.actions: list[NDArray[np.float32]] = []
        self.events: list[Event] = []

    def step(self, action: Any) -> tuple[bool, bool]:
        """Take an action. Returns whether the level is done, and whether it was cut off."""
        _, _, finished, cut, _ = self.env.step(action)
        self.actions.append(one_hot(int(action)))
        return bool(finished), bool(cut)

    def see(self, event: str = "") -> None:
        """Record what the step before led to, and in words what it did, where that is an event."""
        if event:
            self.events.append(Event(len(self.frames), event))
        self.frames.append(picture(self.env, self.size))
        self.states.append(state(self.env))

    def rows(self, told: Mapping[str, Any]) -> EpisodeRows:
        actions = [*self.actions, one_hot(int(self.env.actions.done))]
        signals = {STATE: np.stack(self.states), ACTION: np.stack(actions)}
        return EpisodeRows(np.stack(self.frames), signals, self.events, told)


def state(env: Any) -> NDArray[np.float32]:
    """Where the bot is, where it looks, whether it carries something: (5,)."""
    return np.array([*env.agent_pos, *env.dir_vec, env.carrying is not None], dtype=np.float32)


def picture(env: Any, size: int) -> NDArray[np.uint8]:
    """The whole grid in the middle of a black image (size,size,3), in cells of as many px as go into it."""
    drawn = env.get_frame(highlight=False, tile_size=size // max(env.width, env.height))
    image = np.zeros((size, size, 3), dtype=np.uint8)
    top, left = ((size - side) // 2 for side in drawn.shape[:2])
    image[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return image


def one_hot(action: int) -> NDArray[np.float32]:
    return np.eye(ACTIONS, dtype=np.float32)[action]
