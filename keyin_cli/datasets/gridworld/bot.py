"""The BabyAI bot in an environment of MiniGrid, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrid.utils.baby_ai_bot import BabyAIBot

from keyin_cli.datasets.gridworld.recording import Recording

MOST = 500  # steps


def nothing(bot: Any, action: Any) -> str:
    """No action is an event."""
    return ""


def drive(env: Any, recording: Recording, event: Callable[[Any, Any], str] = nothing) -> bool:
    """Let the bot act, and record it, until it has done what the environment wants. What the last step leads to is not recorded.

    Args:
        event: of the bot and its next action, in words what that does, where it is an event.

    Returns:
        Whether it is done; a bot may be at a loss, take too long, or have nothing to do from the start.
    """
    player, action = BabyAIBot(env), None
    for _ in range(MOST):
        try:
            action = player.replan(action)
        except AssertionError:  # as the bot says that it is at a loss
            return False
        if action == env.actions.done:  # there is nothing to do
            return False
        text = event(player, action)
        finished, cut = recording.step(action)
        if finished or cut:
            return finished
        recording.see(text)
    return False
