"""Pictures and numbers of docs/events.md: of each dataset of the benchmark an episode with its events, and how many there are.

    for kind in ogbench-scene ogbench-puzzle ogbench-cube gridworld; do keyin gen-data $kind --n 60 --seed 0; done
    python studies/event_sheets.py artifacts/data/{ogbench-scene,ogbench-puzzle,ogbench-cube,gridworld}.zarr --page docs/events.md

Writes a picture of each and events.json, and the table of the page anew. Takes what `keyin import --labels` made as well, where
the labels say what happens; it is called as its folder is, without -n60-seed1.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.colours import RED
from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.errors import InputError
from keyin_cli.figures.style import framed, paint, save
from keyin_cli.progress import say, speak, track

OUT, NUMBERS = Path("artifacts/released/benchmark"), "events.json"
HEAD = "| dataset | episodes | frames | frames in an episode | events | events in an episode | frames between events | spread |"
TABLE = re.compile(rf"^{re.escape(HEAD)}\n(\|.*\n)*", re.MULTILINE)
COLUMNS, SHOWN = 8, 24  # frames of a row and of a picture
NUMBER_AND_SEED = re.compile(r"-n\d+-seed\d+$")
BRIGHTER = 0.6  # the power to which pixels are raised in pictures alone: the worlds are dark


def chosen(length: int, events: Sequence[int], count: int) -> NDArray[np.int64]:
    """The frames that are shown: all events, and as many others as fit, each of them in the middle of the longest stretch that
    is not shown."""
    shown = sorted({0, length - 1, *events})
    while len(shown) < min(count, length):
        gaps = np.diff(shown)
        widest = int(gaps.argmax())
        shown.insert(widest + 1, shown[widest] + int(gaps[widest]) // 2)
    return np.array(shown)


def numbers(episodes: Episodes) -> dict[str, Any]:
    """What `events.json` says of a dataset. `spread`: the standard deviation of the place of the first, second, … event in its
    episode, as a share of its length, on average: at 0 a constant would know them."""
    times = [[event["frame"] for event in record["events"]] for record in episodes.records]
    shares = [np.array(each) / (length - 1) for each, length in zip(times, episodes.lengths, strict=True)]
    by_place = [[each[place] for each in shares if len(each) > place] for place in range(max(map(len, shares)))]
    names = Counter(_kind(event["name"]) for record in episodes.records for event in record["events"])
    between = np.concatenate([np.diff(each) for each in times])
    again = [record["failed_attempts"] for record in episodes.records if "failed_attempts" in record]
    return {
        "recipe": made_from(episodes),
        "sha256": episodes.sha256,
        "episodes": episodes.n,
        "frames": episodes.total,
        "fps": episodes.fps,
        "frames_per_episode": _extent(episodes.lengths),
        "events": sum(names.values()),
        "events_per_episode": _extent([len(each) for each in times]),
        "frames_between_events": _extent(between),
        "spread": round(float(np.mean([np.std(each) for each in by_place if len(each) > 1])), 3),
        "names": dict(names.most_common()),
        **({"episodes_drawn_again": sum(each > 0 for each in again)} if len(again) == episodes.n else {}),  # importing forgets it
    }


def made_from(episodes: Episodes) -> dict[str, Any]:
    """The recipe of a dataset that was generated; of one that was imported its source, and what was taken of it."""
    told = episodes.attributes
    return told["recipe"] if "recipe" in told else {key: told[key] for key in ("source", "format", "settings", "labels")}


def called(episodes: Episodes) -> str:
    """What a dataset is called: its kind where it was generated, else its folder without number and seed."""
    recipe = episodes.attributes.get("recipe")
    return recipe["kind"] if recipe else NUMBER_AND_SEED.sub("", episodes.path.stem)


def _kind(name: str) -> str:
    """An event's name without what differs from episode to episode: colours of things in a grid."""
    return re.sub(r"\bthe (red|green|blue|purple|yellow|grey) ", "a ", name)


def _extent(values: Sequence[int] | NDArray[np.int64]) -> dict[str, float]:
    return {"least": int(np.min(values)), "mean": round(float(np.mean(values)), 1), "most": int(np.max(values))}


def table(found: Mapping[str, Any]) -> str:
    """The table of docs/events.md."""
    lines = [HEAD, "|---" * HEAD.count(" | ") + "|---|"]
    for kind, each in found.items():
        frames, events, between = (
            f"{extent['mean']:g} ({extent['least']} to {extent['most']})"
            for extent in (each["frames_per_episode"], each["events_per_episode"], each["frames_between_events"])
        )
        cells = [kind, each["episodes"], f"{each['frames']:,}", frames, each["events"], events, between, f"{each['spread']:.3f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def draw(path: Path, episodes: Episodes, index: int) -> None:
    """Draw an episode, its events in frames of the colour of true keyframes, each under its name."""
    events = {event["frame"]: event["name"] for event in episodes.records[index]["events"]}
    frames = episodes.episode(index)
    times = chosen(len(frames), list(events), SHOWN)
    rows = -(-len(times) // COLUMNS)
    figure = Figure(figsize=(10, 1.55 * rows), dpi=100, layout="constrained")
    axes = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    for axis, time in zip(axes, times, strict=False):
        brighter = (255 * (frames[time] / 255) ** BRIGHTER).round().astype(np.uint8)
        axis.imshow(framed(brighter, RED) if time in events else brighter, interpolation="nearest")
        colour = paint(RED) if time in events else "black"
        axis.set_title(f"{time}\n{events.get(time, '')}", fontsize=7, color=colour, parse_math=False)
    save(path, figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="datasets of episodes with events")
    parser.add_argument("--out", type=Path, default=OUT, help="a directory (default: %(default)s)")
    parser.add_argument("--episode", type=int, default=0, help="which is drawn (default: %(default)s)")
    parser.add_argument("--page", type=Path, help="a page whose table is written anew, such as docs/events.md")
    given = parser.parse_args()
    speak()
    found: dict[str, Any] = {}
    try:
        with track("drawing", len(given.data)) as advance:
            for path in given.data:
                episodes = open_episodes(path)
                if not (episodes.records and all("events" in record for record in episodes.records)):
                    what = "what `keyin gen-data` made, such as ogbench-scene, or `keyin import --labels` with a column event"
                    raise InputError(f"{path} has no events: give {what}")
                if not 0 <= given.episode < episodes.n:
                    raise InputError(f"--episode {given.episode}: {path} has the episodes 0 to {episodes.n - 1}")
                kind = called(episodes)
                found[kind] = numbers(episodes)
                draw(given.out / f"events-{kind}.png", episodes, given.episode)
                advance()
    except InputError as error:
        say(f"event_sheets: {error}")
        raise SystemExit(2) from None
    storage.write_json(given.out / NUMBERS, {"datasets": found, "manifest": storage.provenance()})
    if given.page:
        storage.write(given.page, TABLE.sub(lambda _: table(found), given.page.read_text()))
    print(given.out / NUMBERS)


if __name__ == "__main__":
    main()
