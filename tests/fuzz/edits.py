"""Results, changed so that they say something else: texts that break out of pages and tables, numbers that cannot be."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from fuzz import damage, odd
from fuzz.trained import EVIL

NUMBERS = (-1, 0, 10**9, 10**18, 2**63, 10**40, 1.5, True, None, "12", "\u0661", [3], float("nan"), float("inf"), 1e308, 27.0)
TEXTS = (
    EVIL,
    "\x1b]0;t\x07",
    "=cmd|' /C calc'!A0",
    "a\nb\r\n00:00.000 --> 00:01.000",
    "../../x",
    "\0",
    "\ud800",
    "x" * 50_000,
    "[/red]",
)
PLACES = (
    "/",
    "/dev/zero",
    "/etc/passwd",
    "..",
    "mine.zarr/..",
    "nowhere",
    "\0",
    "",
    "x" * 5000,
    "loop",
    EVIL,
    "\x1b[31m",
    "find",
)


def evil(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """Every text, or every second one, is made to break out of a page."""
    share = rng.choice([1.0, 0.5])

    def changed(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {_key(rng, key, share): changed(each) for key, each in tree.items()}
        if isinstance(tree, list):
            return [changed(each) for each in tree]
        return rng.choice(TEXTS) if isinstance(tree, str) and rng.random() < share else tree

    damage.write(file, changed(json.loads(file.read_text())))
    return "texts that break out", None


def _key(rng: random.Random, key: str, share: float) -> str:
    return f"{key}{EVIL}" if share < 1 and rng.random() < 0.05 else key


def evil_line(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    line = rng.choice(lines)
    for key in list(line):
        if rng.random() < 0.3:
            line[rng.choice([key, f"{key}{EVIL}", EVIL])] = rng.choice([line[key], EVIL, [EVIL], {EVIL: EVIL}, 1.5])
    file.write_bytes("".join(json.dumps(each) + "\n" for each in lines).encode(errors="surrogatepass"))
    return "texts that break out of a page", None


def line(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    lines = file.read_text().splitlines()
    place = rng.randrange(len(lines))
    way, told = odd.change(rng, json.loads(lines[place]))
    lines[place] = json.dumps(told)
    if rng.random() < 0.2:
        lines.insert(place, rng.choice(lines))
    file.write_bytes(("\n".join(lines) + "\n").encode(errors="surrogatepass"))
    return f"line {place + 1}: {way}", None


def frames(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """Numbers of episodes and frames, times and chances."""
    told = json.loads(file.read_text())
    episode = rng.choice(told["episodes"])
    key = rng.choice(["episode", "keyframes", "times", "probability", "frames", "twin", "order", "empty", "many"])
    value, wrong = rng.choice(NUMBERS), False
    if key in ("keyframes", "times", "probability"):
        listed = episode.setdefault(key, [0.5] * len(episode["keyframes"]))
        if listed:
            listed[rng.randrange(len(listed))] = value
    elif key == "twin":
        told["episodes"].append(dict(episode))
        wrong = True
    elif key == "order":
        episode["keyframes"] = [5, 3, 3]
        wrong = True
    elif key == "empty":
        told["episodes"] = rng.choice([[], [{}], None, [[]], {}])
        wrong = told["episodes"] != []
    elif key == "many":
        episode["keyframes"] = list(range(rng.choice([10**5, 3 * 10**5])))
    else:
        episode[key] = value
    damage.write(file, told)
    return f"{key} {str(value)[:20]}", True if wrong else None


def names(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    told = json.loads(file.read_text())
    for episode in told["episodes"]:
        episode["name"] = rng.choice(TEXTS)
    told["method"] = rng.choice(TEXTS)
    told["settings"] = {rng.choice(TEXTS): rng.choice([*TEXTS, *NUMBERS])}
    damage.write(file, told)
    return "names", None


def paths(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """A dataset or source somewhere else."""
    told, key, place = json.loads(file.read_text()), rng.choice(["dataset", "source"]), rng.choice(PLACES)
    told[key] = place
    damage.write(file, told)
    return f"{key} {place[:30]!r}", None


def csv(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    cells = [
        "",
        "-1",
        "1e9",
        "1.5",
        "9" * 4000,
        "=1+1",
        '"',
        '"a\nb"',
        "\0",
        "0x1",
        "\u0663",
        "12.0",
        " 3 ",
        "nan",
        EVIL,
        "1,2,3",
        ";",
    ]
    lines = file.read_text().splitlines()
    what = rng.choice(["cell", "cell", "cell", "head", "separator", "row", "long", "encoding", "twice"])
    if what == "cell":
        place = rng.randrange(1, len(lines))
        row = lines[place].split(",")
        row[rng.choice([0, 2])] = rng.choice(cells)
        lines[place] = ",".join(row)
    elif what == "head":
        lines[0] = rng.choice(
            ["", "episode", "keyframe,episode", "EPISODE,KEYFRAME", "episode,episode,keyframe", "\ufeffepisode,keyframe"]
        )
    elif what == "separator":
        lines = [line.replace(",", rng.choice([";", "\t", "|", " "])) for line in lines]
    elif what == "row":
        lines.insert(rng.randrange(len(lines)), rng.choice(["", ",", ",,,", "5", "0,,,", "x,y", ",a,3,0.1", "1" * 200_000]))
    elif what == "long":
        lines += [f"0,a,{at},0" for at in range(rng.choice([10, 50_000]))]
    elif what == "twice":
        lines += lines
    text = "\n".join(lines) + "\n"
    file.write_bytes(
        text.encode(rng.choice(["utf-16", "latin-1", "utf-8-sig"]), "replace") if what == "encoding" else text.encode()
    )
    return f"csv {what}", None


def studio(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """What Label Studio says, otherwise."""
    tasks: Any = json.loads(file.read_text())
    task = tasks[0]
    ranges = task["annotations"][0]["result"][0]["value"]["ranges"]
    what, wrong = rng.choice(["range", "range", "long", "twins", "annotations", "cancelled", "tasks", "episode", "names"]), False
    if what == "range":
        value = rng.choice([each for each in NUMBERS if each is not True])
        ranges[0] = {"start": value, "end": value}
        wrong = not (type(value) is int and 1 <= value <= 10**9)
    elif what == "long":
        ranges[0]["end"] += rng.choice([1, -1, 10**9])
        wrong = True
    elif what == "twins":
        tasks.append(dict(task))
        wrong = True
    elif what == "annotations":
        task["annotations"] = rng.choice([[*task["annotations"]] * 2, {}, None, [None], [[]], "x"])
        wrong = task["annotations"] != {}
    elif what == "cancelled":
        task["annotations"][0]["was_cancelled"] = rng.choice([True, False, 1, "x", None, {}])
    elif what == "tasks":
        tasks = rng.choice([[], [[]], [None], [1], ["x"], [{}], [{"data": {}}], [tasks]])
        wrong = tasks != []
    elif what == "episode":
        task["data"]["episode"] = value = rng.choice(NUMBERS)
        wrong = type(value) is not int or not 0 <= value < 10**9
    else:
        task["annotations"][0]["result"][0]["from_name"] = rng.choice([*TEXTS, None, 1])
    damage.write(file, tasks)
    return f"label studio {what}", True if wrong else None


def evidence(rng: random.Random, file: Path) -> tuple[str, bool | None]:
    """Tensors of evidence that do not fit the dataset."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    tensors = dict(load_file(file))
    name = rng.choice(sorted(tensors))
    each = tensors[name]
    what, wrong = rng.choice(["shape", "type", "name", "more", "values", "none", "channels", "huge"]), True
    if what == "shape":
        tensors[name] = each[1:]
    elif what == "type":
        tensors[name] = each.astype(rng.choice([np.float64, np.int64, np.int8]))
    elif what == "name":
        tensors[rng.choice([EVIL, "cost/-1", "cost/99", "cost/\u0661", "cost/00", "x/0", "cost/", "/", "cost/" + "9" * 50])] = (
            tensors.pop(name)
        )
        wrong = None  # type: ignore[assignment]
    elif what == "more":
        tensors[f"other/{name}"] = each
    elif what == "values":
        tensors[name] = np.full_like(each, rng.choice([np.nan, np.inf, -1e30]) if each.dtype == np.float32 else 255)
        wrong = None  # type: ignore[assignment]
    elif what == "channels":
        tensors["inpainted/0"] = np.zeros((12, 16, 16, rng.choice([0, 2, 4, 50])), np.uint8)
    elif what == "huge":
        tensors["inpainted/0"] = np.zeros((12, 3000, 3000, 1), np.uint8)
        wrong = None  # type: ignore[assignment]
    else:
        tensors = {}
        wrong = False
    save_file(tensors, file)
    return f"evidence {what} of {name}", wrong
