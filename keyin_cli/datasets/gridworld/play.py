"""What the BabyAI bot does in a level, one frame for each of its actions and one behind the last.

The bot has a stack of subgoals. Those that change the world are to pick something up, to drop it, to open a door and to close
one; when one of them is done there is an event. To go somewhere and to look around change nothing but where the bot is.

The state of a frame is the bot's cell (x, y), the direction that it faces (x, y), and whether it carries something. The action is
one of MiniGrid's seven, of which the last, `done`, stands at the last frame.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # MiniGrid imports pygame, which else prints a line on stdout

from minigrid.envs.babyai.other import KeyCorridor
from minigrid.envs.babyai.unlock import UnlockPickup
from minigrid.utils.baby_ai_bot import BabyAIBot

from keyin_cli.datasets.episodes.rows import ACTION, STATE, EpisodeRows, Event

LEVELS: dict[str, Callable[[], Any]] = {
    "KeyCorridorS3R2": lambda: KeyCorridor(room_size=3, num_rows=2),
    "UnlockPickup": UnlockPickup,
}
DONE = {"PickupSubgoal": "pick up", "DropSubgoal": "drop", "OpenSubgoal": "open", "CloseSubgoal": "close"}
ACTIONS = 7
MOST = 500  # steps
ATTEMPTS = 20


class Failed(Exception):
    """The bot did not get to its goal."""


def episode(seed: int, index: int, size: int, levels: Sequence[str] = tuple(LEVELS)) -> EpisodeRows:
    """The episode of (seed, index): one of the levels, in turn, in frames of `size` px. One that the bot does not finish is drawn
    again.

    Raises:
        RuntimeError: it finishes none.
    """
    level = levels[index % len(levels)]
    for attempt in range(ATTEMPTS):
        number = int(np.random.SeedSequence([seed, index, attempt]).generate_state(1)[0])
        try:
            frames, states, actions, events = _played(LEVELS[level](), number, size)
        except Failed:
            continue
        told = {"level": level, "failed_attempts": attempt}
        return EpisodeRows(np.stack(frames), {STATE: np.stack(states), ACTION: np.stack(actions)}, events, told)
    raise RuntimeError(f"episode {index} of seed {seed}: all of {ATTEMPTS} attempts failed")


Played = tuple[list[NDArray[np.uint8]], list[NDArray[np.float32]], list[NDArray[np.float32]], list[Event]]


def _played(env: Any, number: int, size: int) -> Played:
    """Frames, states, actions and events of a level that is laid out by the number; none of the event with which it ends.

    Raises:
        Failed: see `Failed`.
    """
    env.reset(seed=number)
    bot = BabyAIBot(env)
    frames, states = [picture(env, size)], [state(env)]
    actions: list[NDArray[np.float32]] = []
    events: list[Event] = []
    action = None
    for step in range(MOST):
        try:
            action = bot.replan(action)
        except AssertionError:  # as the bot says that it is at a loss
            raise Failed from None
        text = _done(bot, env, action)
        _, _, finished, cut, _ = env.step(action)
        actions.append(_one_hot(int(action)))
        frames.append(picture(env, size))
        states.append(state(env))
        if finished:
            return frames, states, [*actions, _one_hot(int(env.actions.done))], events
        if cut:
            break
        if text:
            events.append(Event(step + 1, text))
    raise Failed


def _done(bot: Any, env: Any, action: Any) -> str:
    """In words, the subgoal that an action completes; nothing when it completes none that changes the world."""
    verb = DONE.get(type(bot.stack[-1]).__name__) if bot.stack else None
    if verb is None or action not in (env.actions.pickup, env.actions.drop, env.actions.toggle):
        return ""
    thing = env.carrying if verb == "drop" else env.grid.get(*env.front_pos)
    return f"{verb} the {thing.color} {thing.type}"


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


def _one_hot(action: int) -> NDArray[np.float32]:
    return np.eye(ACTIONS, dtype=np.float32)[action]
