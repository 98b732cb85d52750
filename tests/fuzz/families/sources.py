"""Demonstrations of others that are damaged or made to do harm: a list of known attacks, then random damage."""

from __future__ import annotations

import os
import random
from typing import Any

import lerobot_files as lerobot
import numpy as np

from fuzz import damage
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.recordings import SIGNALS, VIDEOS
from fuzz.source_attacks import (
    CONCAT,
    PLAYLIST,
    Attack,
    column_bomb,
    episodes,
    external_link,
    external_storage,
    giant,
    header,
    image_bomb,
    inflated,
    info,
    large_gif,
    linked,
    of_hdf5,
    other_filter,
    pickled,
    pickled_frames,
    raw_chunk,
    saved,
    soft_link,
    table,
    text,
    virtual,
    wide_bomb,
    zip_bomb,
)

ROW = "damaged demonstrations"
COUNT = 500
SAMPLE = 20
SOURCES = (
    *VIDEOS,
    *("folder", "lerobot", "lerobot", "lerobot", "lerobot-images", "lerobot-images", "robomimic.hdf5", "robomimic.hdf5"),
    *("robomimic.hdf5", "minari", "minari", "arrays.npz", "arrays.npz", "stored.npz", "frames.npy", "buffer.zarr.zip"),
)
TEXTS = (".json", ".zarray", ".zattrs", ".zgroup")


KNOWN: tuple[tuple[str, str, Attack], ...] = (
    ("a pickle in NPZ", "arrays.npz", pickled),
    ("a pickle for frames", "frames.npy", pickled_frames),
    ("a shape of 10^15", "frames.npy", header("(1000000000000000, 16, 16, 3)")),
    ("a shape below 0", "frames.npy", header("(-1, 16, 16, 3)")),
    ("a shape of words", "frames.npy", header("('a', 16, 16, 3)")),
    ("a dtype of objects", "frames.npy", header("(1, 16, 16, 3)", "'|O'")),
    ("a dtype of nothing", "frames.npy", header("(100000000000, 16, 16, 3)", "'|S0'")),
    ("a header of code", "frames.npy", header("__import__('os').system('touch pickled')")),
    ("a deep header", "frames.npy", header("(" * 5000 + "1" + ")" * 5000)),
    ("a zip bomb", "arrays.npz", zip_bomb),
    ("frames of NaN", "arrays.npz", saved(frames=np.full((20, 16, 16, 3), np.nan))),
    ("labels of another type", "arrays.npz", saved(keyframes=np.full(20, 255, np.uint8))),
    ("fps of 0", "arrays.npz", saved(fps=0)),
    ("ends behind the end", "arrays.npz", saved(episode_ends=np.array([8, 10**9]))),
    ("no frames", "arrays.npz", saved(frames=None)),
    ("an external link", "robomimic.hdf5", of_hdf5(external_link)),
    ("a soft link", "robomimic.hdf5", of_hdf5(soft_link)),
    ("external storage", "robomimic.hdf5", of_hdf5(external_storage)),
    ("a virtual dataset", "robomimic.hdf5", of_hdf5(virtual)),
    ("a deflate bomb", "robomimic.hdf5", of_hdf5(raw_chunk(inflated))),
    ("a chunk of garbage", "robomimic.hdf5", of_hdf5(raw_chunk(lambda: b"\xff" * 90))),
    ("another filter", "robomimic.hdf5", of_hdf5(other_filter)),
    ("a chunk of 768 MB", "robomimic.hdf5", of_hdf5(giant)),
    ("a path upwards", "lerobot", info(data_path="../../x.parquet")),
    ("an absolute path", "lerobot", info(video_path="/etc/passwd")),
    ("a format that fills memory", "lerobot", info(data_path="data/{chunk_index:99999999999}")),
    ("a format that looks inside", "lerobot", info(data_path="{chunk_index.__class__}")),
    ("escapes in a feature", "lerobot", info(features={"\x1b[31m": {"dtype": "video"}})),
    ("old", "lerobot", info(codebase_version="v2.1")),
    ("a link to a table", "lerobot", linked(lerobot.TABLE)),
    ("a link to a video", "lerobot", linked(lerobot.MOVIE)),
    ("a link to metadata", "lerobot", linked("meta/info.json")),
    ("4 10^6 rows", "lerobot", column_bomb),
    ("a wide row", "lerobot", wide_bomb),
    ("a playlist", "lerobot", text(PLAYLIST, lerobot.MOVIE)),
    ("a length of 10^12", "lerobot", episodes("length", [10**12, 7, 4])),
    ("a negative number", "lerobot", episodes("episode_index", [-1, 1, 2])),
    ("a path for a number", "lerobot", episodes("data/file_index", ["../x"] * 3)),
    ("a PNG of 60000 px", "lerobot-images", table(lerobot.FRONT, [lerobot.bomb(60000)] * 12)),
    ("images of 300 MB", "lerobot-images", image_bomb),
    ("images elsewhere", "lerobot-images", table(lerobot.FRONT, [{"bytes": None, "path": "/etc/passwd"}] * 12)),
    ("a playlist as video", "clip.mp4", text(PLAYLIST)),
    ("a list of files as video", "clip.mkv", text(CONCAT)),
    ("a GIF of 65535 px", "clip.gif", large_gif),
    ("a pipe in a folder", "folder", lambda path: [damage.pipe(random, each) for each in damage.files(path)]),
    ("a link out of a folder", "folder", linked("a.mp4")),
)  # fmt: skip
FINE = ("a link out of a folder",)  # what lies outside is passed over


def case(number: int) -> Case:
    if number < len(KNOWN):
        name, source, attack = KNOWN[number]
        return Case(name, lambda bench: known(bench, source, attack, None if name in FINE else True))
    rng = random.Random(f"sources-{number}")
    source = rng.choice(SOURCES)
    return Case(f"{source} damaged", lambda bench: damaged(bench, source, rng))


def imported(bench: Bench, source: str, *words: str) -> Any:
    return bench.keyin("import", source, "--size", "16", "--out", "new.zarr", *words)


def known(bench: Bench, source: str, attack: Attack, refused: bool | None) -> list[str]:
    bench.copy("sources", source)
    damage.apart(lambda: attack(bench.folder / source))
    wrong = problems(imported(bench, source, *signals(source)), refused=refused)
    if (bench.folder / "pickled").exists():
        wrong.append("a pickle was run")
    return wrong


def signals(source: str) -> tuple[str, ...]:
    return ("--signals", SIGNALS[source]) if source in SIGNALS else ()


def damaged(bench: Bench, source: str, rng: random.Random) -> list[str]:
    bench.copy("sources", source)
    path = bench.folder / source
    done = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        file = rng.choice(damage.files(path) or [path]) if path.is_dir() else path
        if not file.is_file() or file.is_symlink():
            break
        try:
            done.append(rng.choice(damage.TEXT if file.name.endswith(TEXTS) else damage.BINARY)(rng, file))
        except ValueError:
            done.append(damage.garbage(rng, file))
    if rng.random() < 0.1:
        name = rng.choice(["[bold]x[red.mp4", "a\x1b[31m.mp4", "x" * 250, "\udcff.mkv", "-.gif"])
        path.rename(path.with_name(name)) if os.path.lexists(path) else None
        source = f"./{name}"
        done.append(f"called {name!a}")
    command = rng.choice(["import", "import", "import", "import", "info", "find"])
    if command == "import":
        outcome = imported(bench, source, *(signals(source) if rng.random() < 0.7 else ()))
    elif command == "info":
        outcome = bench.keyin("info", source)
    else:
        bench.copy("datasets", "run")
        outcome = bench.keyin("find", source, "--ckpt", "run", "--method", "search", "--price", "5", "--out", "found")
    wrong = problems(outcome)
    if not wrong and command == "import" and outcome.code == 0:
        wrong = problems(bench.keyin("info", "new.zarr", "--verify"), refused=False)
    return [f"{each} ({command}; {', '.join(done)})" for each in wrong]
