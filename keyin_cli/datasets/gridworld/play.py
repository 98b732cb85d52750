"""What the BabyAI bot does in a level, one frame for each of its actions and one behind the last.

The bot has a stack of subgoals. Those that change the world are to pick something up, to drop it, to open a door and to close
one; when one of them is done there is an event. To go somewhere and to look around change nothing but where the bot is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # MiniGrid imports pygame, which else prints a line on stdout

from minigrid.envs.babyai.other import KeyCorridor
from minigrid.envs.babyai.unlock import UnlockPickup

from keyin_cli.datasets.episodes.rows import EpisodeRows
from keyin_cli.datasets.gridworld import unpack
from keyin_cli.datasets.gridworld.bot import drive
from keyin_cli.datasets.gridworld.recording import Recording

DONE = {"PickupSubgoal": "pick up", "DropSubgoal": "drop", "OpenSubgoal": "open", "CloseSubgoal": "close"}
ATTEMPTS = 20


def episode(seed: int, index: int, size: int, levels: Sequence[str], turns: bool = True) -> EpisodeRows:
    """The episode of (seed, index): one of the levels, in turn, in frames of `size` px, with `turns` also of the bot that turns.
    One that the bot does not finish is drawn again.

    Raises:
        RuntimeError: it finishes none.
    """
    level = levels[index % len(levels)]
    for attempt in range(ATTEMPTS):
        number = int(np.random.SeedSequence([seed, index, attempt]).generate_state(1)[0])
        if recording := LEVELS[level](number, size, turns):
            return recording.rows({"level": level, "failed_attempts": attempt})
    raise RuntimeError(f"episode {index} of seed {seed}: all of {ATTEMPTS} attempts failed")


def played(make: Callable[[], Any], number: int, size: int, turns: bool) -> Recording | None:
    """What the bot does in a level that is laid out by the number; None where it does not get to its goal. The event with which
    the level ends is none."""
    env = make()
    recording = Recording(env, number, size, turns)
    if not drive(env, recording, partial(_done, env)):
        return None
    recording.see()
    return recording


def _done(env: Any, bot: Any, action: Any) -> str:
    """In words, the subgoal that an action completes; nothing when it completes none that changes the world."""
    verb = DONE.get(type(bot.stack[-1]).__name__) if bot.stack else None
    if verb is None or action not in (env.actions.pickup, env.actions.drop, env.actions.toggle):
        return ""
    thing = env.carrying if verb == "drop" else env.grid.get(*env.front_pos)
    return f"{verb} the {thing.color} {thing.type}"


LEVELS: dict[str, Callable[[int, int, bool], Recording | None]] = {
    "KeyCorridorS3R2": partial(played, partial(KeyCorridor, room_size=3, num_rows=2)),
    "UnlockPickup": partial(played, UnlockPickup),
    "Unpack": unpack.played,
}
