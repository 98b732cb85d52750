"""Do keyframes help anyone? Behaviour cloning of waypoints, by the protocol of AWE (Shi et al., 2023, "Waypoint-Based Imitation
Learning for Robotic Manipulation"), in OGBench's puzzle.

    pip install 'keyin[benchmark]'
    python studies/cloning.py --out artifacts/released/benchmark

A policy learns from demonstrations of OGBench's expert (those of `keyin gen-data ogbench-puzzle`, at all of their steps, without
pictures) to press buttons that it is told. The row `action` predicts the next action, the others the next waypoint, and a
controller goes there. Rows differ in which frames are keyframes, in nothing else: data, network, updates and loss are the same.
Each row takes the weights at its own lowest validation loss.

- What a policy sees: what the arm feels (19 numbers, as in the dataset), the colours of all buttons, and x and y of the button
  that it is told. It is told the next one as soon as the one before is pressed. In demonstrations the told button is the one
  that the expert presses next, also while it still moves away from the last.
- What it predicts: for the next step, or for the next 8 steps, which it then does without looking (action chunking). A waypoint
  is where the hand is at the next keyframe, with `--target command` where the demonstration's action there tells it to be, as
  in AWE's code for ACT.
- A task: from a pose and colours that are drawn, `--presses` buttons, none twice in a row, 5 s for each; the first that is not
  pressed in time ends it. `presses`: the share of all buttons that were pressed; `whole`: of tasks in which all were; `clean`:
  and no other button.
- `plan` are all waypoints of the expert's plans, `events` the presses alone: both are labels. `uniform` and `random` are told how
  many events an episode has. `rests` and `awe` find theirs in the signals of ten frames a second. `every-5` needs nothing.
- `expert`, `its waypoints` and `its presses` learn nothing: OGBench's expert; the controller, given the waypoints of its plans;
  and given the place of the next press alone.

Writes cloning.json and cloning.png, with `--target command` cloning-command.json and cloning-command.png. What is done already is
kept in `--keep` and not done again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from cloning_rows import COMMAND, LEARNED, ORACLES, POSE, TARGETS, WAYPOINTS, Data, Settings, keyframes, learned, made, oracle
from cloning_scores import draw, scores, table
from cloning_world import World

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import say, speak, track
from keyin_cli.recipe import digest

NAME = "cloning"
SOURCES = ("cloning_world.py", "cloning_policy.py", "cloning_oracles.py", "cloning_rows.py")


def study(settings: Settings, keep: Path) -> dict[str, Any]:
    """Every row, each from `keep` where it is there.

    Raises:
        InputError: OGBench is not installed.
    """
    world = World()
    data = made(world, settings)
    found: dict[str, list[dict[str, Any]]] = {}
    work = [(row, 0) for row in ORACLES] + [(row, seed) for row in LEARNED for seed in range(settings.seeds)]
    with track("policies", len(work)) as advance:
        for row, seed in work:
            file = keep / f"{row.replace(' ', '-')}-{seed}-{key(data, settings, row, seed)}.json"
            if file.is_file():
                done = storage.read_json(file)
            else:
                done = oracle(world, data, settings, row) if row in ORACLES else learned(world, data, settings, row, seed)
                storage.write_json(file, done)
            found.setdefault(row, []).append(done)
            advance(note=row)
    return {
        "settings": settings._asdict(),
        "data": data.told(),
        "rows": scores(found, {row: keyframes(data, row) for row in WAYPOINTS}),
    }


def key(data: Data, settings: Settings, row: str, seed: int) -> str:
    """What a run depends on, as a hash: settings, keyframes, and the code beside this file."""
    steps = [each.tolist() for each in keyframes(data, row, seed)] if row in WAYPOINTS else []
    sources = [Path(__file__).with_name(name).read_text() for name in SOURCES]
    given = settings if row in WAYPOINTS else settings._replace(target=COMMAND)  # others have no waypoints
    told = {name: value for name, value in given._asdict().items() if name != "seeds"}
    return digest({**told, "row": row, "steps": steps, "sources": sources})[:16]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a directory for the result and its picture")
    parser.add_argument("--keep", type=Path, default=Path("artifacts") / NAME, help="for what is done (default: %(default)s)")
    for option, usual, text in (
        ("episodes", 200, "demonstrations; every tenth is for validation"),
        ("seeds", 3, "training seeds"),
        ("tasks", 30, "test tasks"),
        ("presses", 4, "buttons of a task"),
        ("updates", 3000, "of a network's weights"),
        ("seed", 0, "of the demonstrations and the tasks"),
    ):
        parser.add_argument(f"--{option}", type=int, default=usual, help=f"{text} (default: %(default)s)")
    parser.add_argument("--target", choices=TARGETS, default=POSE, help="what a waypoint is: where the hand is, or is told to be")
    given = parser.parse_args()
    settings = Settings(given.episodes, given.seeds, given.tasks, given.presses, given.updates, given.seed, given.target)
    if settings.episodes < 10:
        parser.error("--episodes: at least ten, one of them for validation")
    for option in ("seeds", "tasks", "presses", "updates"):
        if getattr(settings, option) < 1:
            parser.error(f"--{option}: at least one")
    if settings.seed < 0:
        parser.error("--seed: 0 or more")
    speak()
    try:
        result = study(settings, given.keep)
    except InputError as error:
        say(f"{NAME}: {shown(error)}")
        raise SystemExit(2) from None
    name = NAME if settings.target == POSE else f"{NAME}-{settings.target}"
    draw(given.out / f"{name}.png", result["rows"])
    print(table(result["rows"]))
    result |= {
        **storage.provenance(),
        "command": " ".join(["python", f"studies/{NAME}.py", *sys.argv[1:]]),
    }
    storage.write_json(given.out / f"{name}.json", result)
    print(f"picture: {given.out / name}.png")


if __name__ == "__main__":
    main()
