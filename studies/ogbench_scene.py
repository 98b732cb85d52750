"""Make demonstrations by OGBench's scripted experts as a LeRobot v3.0 dataset, with the times of their plans' events as labels.

    pip install 'keyin[demonstrations]'
    python studies/ogbench_scene.py --out DIR --episodes 60 --seed 0 --size 64
    keyin import DIR --out DIR.zarr --signals observation.state,action

The episodes of `keyin gen-data ogbench-scene` (docs/events.md) for whoever works with LeRobot, 10 frames a second; a subtask of
the dataset ends with the frame of its event. DIR/meta/events.json has the exact times, names, and whether OGBench says that the
subtask succeeded. Episode i is a function of the seed and i; about 5 s each.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyin_cli import storage
from keyin_cli.datasets.ogbench.section import ready
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import say, speak, track

if TYPE_CHECKING:
    from lerobot_writer import Subtask

    from keyin_cli.datasets.ogbench.acting import Demonstration, Event

CAMERA = "observation.images.front"
EVENTS = "meta/events.json"
TASK = "play with the cube, the buttons, the drawer and the window"


def make(root: Path, episodes: int, seed: int, size: int) -> dict[str, Any]:
    """Write a dataset into a directory that is made.

    Returns:
        What `meta/events.json` has: the seed, how many attempts failed, and of every episode its events.
    """
    from lerobot_writer import LeRobotWriter

    from keyin_cli.datasets.ogbench.scene import demonstrate
    from keyin_cli.datasets.ogbench.section import ACTION, FPS, STATE

    vectors = {"observation.state": STATE, "action": ACTION}
    told: list[dict[str, Any]] = []
    failed = 0
    with LeRobotWriter(root, FPS, CAMERA, (size, size), vectors, TASK, "ur5e") as writer, track("episodes", episodes) as advance:
        for index in range(episodes):
            one = demonstrate(seed, index, size)
            signals = {"observation.state": one.states, "action": one.actions}
            writer.add(one.frames, signals, subtasks(one.events, len(one.frames)))
            told.append(_told(index, one))
            failed += one.failed
            advance()
    result = {"seed": seed, "size": size, "fps": FPS, "failed_attempts": failed, "episodes": told}
    storage.write_json(root / EVENTS, result)
    return result


def subtasks(events: Sequence[Event], count: int) -> list[Subtask]:
    """Subtasks of an episode of `count` frames: each ends with the frame of its event, the next begins with the frame after.

    Raises:
        ValueError: two events are at one frame.
    """
    from lerobot_writer import Subtask

    ends = [event.frame for event in events]
    if any(after <= before for before, after in pairwise(ends)):
        raise ValueError(f"events at frames {ends}, which do not increase")
    begins = [0, *(end + 1 for end in ends[:-1])]
    return [Subtask(event.text, begin) for event, begin in zip(events, begins, strict=True) if begin < count]


def _told(index: int, one: Demonstration) -> dict[str, Any]:
    events = [
        {
            "name": event.name,
            "task": event.task,
            "seconds": round(event.seconds, 4),
            "frame": event.frame,
            "success": event.success,
        }
        for event in one.events
    ]
    return {"episode": index, "frames": len(one.frames), **one.told, "events": events}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a directory for the dataset")
    parser.add_argument("--episodes", type=int, default=60, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers (default: %(default)s)")
    parser.add_argument("--size", type=int, default=64, help="pixels of a side, an even number (default: %(default)s)")
    given = parser.parse_args()
    if given.episodes < 1:
        parser.error("--episodes: at least one")
    if given.seed < 0:
        parser.error("--seed: 0 or more")
    if not 16 <= given.size <= 1024 or given.size % 2:
        parser.error("--size: an even number from 16 to 1024")
    speak()
    try:
        if os.path.lexists(given.out):
            raise InputError(f"{shown(given.out)} is there already: give another --out")
        ready("ogbench_scene")
        made: list[dict[str, Any]] = []
        storage.replace(given.out, lambda root: made.append(make(root, given.episodes, given.seed, given.size)))
    except (InputError, ModuleNotFoundError) as error:
        say(f"ogbench_scene: {error}" + (": pip install 'keyin[demonstrations]'" if isinstance(error, ImportError) else ""))
        raise SystemExit(2) from None
    (result,) = made
    frames = [each["frames"] for each in result["episodes"]]
    events = [len(each["events"]) - 1 for each in result["episodes"]]  # the last is at the last frame, which is not scored
    print(f"{len(frames)} episodes, {sum(frames) / len(frames):.1f} frames ({min(frames)} to {max(frames)})")
    print(f"{sum(events) / len(events):.1f} events an episode before the last frame; {result['failed_attempts']} attempts failed")
    print(f"{given.out}: keyin import {given.out} --signals observation.state,action", file=sys.stderr)


if __name__ == "__main__":
    main()
