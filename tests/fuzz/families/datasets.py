"""Datasets in Zarr, made here or elsewhere, that are damaged or made to do harm: a list of known attacks, then random damage."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import zarr

from fuzz import damage
from fuzz.bench import Bench
from fuzz.case import Case, Outcome, problems
from fuzz.zarr_attacks import (
    METADATA,
    Attack,
    bomb,
    chunk,
    claims,
    delete,
    edit,
    flipped,
    giant,
    linked,
    pickled,
    stored,
)
from fuzz.zarrs import EXPECTED, OWN, RUN, SEARCH, SETTINGS, rows

ROW = "damaged datasets"
COUNT = 1100
SAMPLE = 40
SEQUENCES = ("sequences-2.zarr", "sequences-3.zarr", "sequences-sharded.zarr")
BUFFERS = ("buffer-2.zarr", "buffer-3.zarr", "buffer-sharded.zarr")
EPISODES = "episodes.zarr"


def evaluated(bench: Bench, data: str, *words: str) -> Outcome:
    return bench.keyin("eval-f1", "--ckpt", RUN, "--data", data, *words, "--out", "out", "--json")


def uniform(bench: Bench, data: str) -> Outcome:
    return evaluated(bench, data, "--selector", "uniform", "--split", "all", "--limit", "2")


def searched(bench: Bench, data: str) -> Outcome:
    return evaluated(bench, data, *SEARCH)


def trained(bench: Bench, data: str) -> Outcome:
    if data == OWN:
        return bench.keyin("train", "recipe.yaml", "--out", "again", *SETTINGS)
    (bench.folder / "mine.yaml").write_text((bench.folder / "mine.yaml").read_text().replace("DATA", data))
    return bench.keyin("train", "mine.yaml", "--out", "again", "--set", f"data.path={data}")


def planned(bench: Bench, data: str) -> Outcome:
    (bench.folder / "mine.yaml").write_text((bench.folder / "mine.yaml").read_text().replace("DATA", data))
    recipe, more = ("recipe.yaml", SETTINGS) if data == OWN else ("mine.yaml", ())
    return bench.keyin("train", recipe, *more, "--dry-run")


def imported(bench: Bench, data: str) -> Outcome:
    return bench.keyin("import", data, "--size", "16", "--signals", "state", "--format", "replay-buffer", "--out", "new.zarr")


def informed(bench: Bench, data: str) -> Outcome:
    return bench.keyin("info", data)


def verified(bench: Bench, data: str) -> Outcome:
    return bench.keyin("info", data, "--verify")


def generated(bench: Bench, data: str) -> Outcome:
    return bench.keyin("gen-data", "recipe.yaml", "--n", "60", "--out", data)


def reported(bench: Bench, data: str) -> Outcome:
    return bench.keyin("report", data, "--out", "page.html")


def found(bench: Bench, data: str) -> Outcome:
    return bench.keyin("find", data, "--ckpt", RUN, "--method", "search", "--price", "5", "--out", "found")


# ---------------------------------------------------------------- known attacks

ESCAPES = "\x1b[31m[/red]\x07\u202e"
LABELS = np.arange(12 * 35).reshape(12, 35) % 9 == 0
OF_3 = "sequences-3.zarr"
OF_2 = "sequences-2.zarr"
# Of each: the dataset, what is done to it, what is done with it.
KNOWN: tuple[tuple[str, str, Attack, Callable[[Bench, str], Outcome]], ...] = (
    ("labels int8 -1", OF_3, stored("keyframes", -LABELS.astype(np.int8)), uniform),
    ("labels uint8 255", OF_3, stored("keyframes", 255 * LABELS.astype(np.uint8)), uniform),
    ("labels nan", OF_3, stored("keyframes", np.where(LABELS, np.nan, 0)), uniform),
    ("labels of another length", OF_3, stored("keyframes", LABELS[:, :-1]), uniform),
    ("labels object", OF_2, edit("keyframes/.zarray", "dtype", "|O"), uniform),
    ("labels strings", OF_3, stored("keyframes", np.full((12, 35), "no")), uniform),
    ("split of 7", OF_3, stored("split", np.full(12, 7, np.uint8)), informed),
    ("split int64", OF_3, stored("split", np.zeros(12, np.int64)), informed),
    ("split float", OF_3, stored("split", np.zeros(12)), trained),
    ("frames float", OF_3, stored("frames", np.zeros((12, 35, 32, 32, 1), np.float32)), informed),
    ("frames without channels", OF_3, stored("frames", np.ones((12, 35, 32, 32), np.uint8)), trained),
    ("frames too short", OF_3, stored("frames", np.ones((12, 20, 32, 32, 1), np.uint8)), uniform),
    ("frames of none", OF_3, stored("frames", np.ones((0, 35, 32, 32, 1), np.uint8)), informed),
    ("a shape of 10^15", OF_3, giant(10**15), informed),
    ("a shape of 10^15, labels too", OF_3, giant(10**15, 10**15), trained),
    ("a shape of 10^6", OF_2, giant(10**6), informed),
    ("a shape of 2^61", OF_2, giant(1 << 61), uniform),
    ("a shape of 10^6 px", OF_3, giant(12, 35, 10**6, 10**6), informed),
    ("a chunk of 10^15", OF_2, edit("frames/.zarray", "chunks", [10**15, 35, 32, 32, 1]), informed),
    ("a lost chunk, Zarr 2", OF_2, delete("frames"), uniform),
    ("a lost chunk, Zarr 3", OF_3, delete("frames"), informed),
    ("a lost shard", "sequences-sharded.zarr", delete("frames"), trained),
    ("a lost shard, made here", OWN, delete("frames"), informed),
    ("a lost chunk of an import", EPISODES, delete("data/frames"), informed),
    ("a lost chunk of an import, found", EPISODES, delete("data/frames"), found),
    ("a lost chunk of an import's signal", EPISODES, delete("data/state"), reported),
    ("a lost chunk of a buffer", "buffer-2.zarr", delete("data/img"), imported),
    ("a lost chunk of a buffer, Zarr 3", "buffer-3.zarr", delete("data/img"), imported),
    ("pickle filter", OF_2, pickled, informed),
    ("pickle compressor", OF_2, edit("frames/.zarray", "compressor", {"id": "pickle"}), uniform),
    ("pickle codec", OF_3, edit("frames/zarr.json", "codecs", [{"name": "numcodecs.pickle"}]), informed),
    ("pickle in a shard", "sequences-sharded.zarr",
     edit("frames/zarr.json", "codecs", 0, "configuration", "codecs", [{"name": "numcodecs.pickle"}]), uniform),
    ("pickle filter of labels", OF_2, edit("keyframes/.zarray", "filters", [{"id": "pickle"}]), uniform),
    ("pickle filter of a buffer", "buffer-2.zarr", edit("data/img/.zarray", "filters", [{"id": "pickle"}]), imported),
    ("pickle of ours", OWN, edit("split/zarr.json", "codecs", [{"name": "numcodecs.pickle"}]), generated),
    ("vlen codec", OF_3, edit("frames/zarr.json", "codecs", [{"name": "vlen-bytes"}]), informed),
    ("zstd bomb", OF_3, bomb("frames", "zstd"), uniform),
    ("zstd bomb of a buffer", "buffer-3.zarr", bomb("data/img", "zstd"), imported),
    ("gzip bomb", OF_2, bomb("frames", "gzip"), uniform),
    ("zlib bomb", "buffer-2.zarr", bomb("data/img", "zlib"), imported),
    ("zstd claims 2^60 bytes", OF_3, claims, informed),
    ("link to chunks", OF_3, linked("frames/c", True), informed),
    ("link to an array", OF_3, linked("frames", False), informed),
    ("link to labels", OF_2, linked("keyframes", True), uniform),
    ("link to metadata", OF_3, linked("frames/zarr.json", True), trained),
    ("link in ours", OWN, linked("frames/c", True), generated),
    ("link in a buffer", "buffer-2.zarr", linked("data/img", True), imported),
    ("link in episodes", EPISODES, linked("data/frames/c", False), found),
    ("shard of ones", "sequences-sharded.zarr", lambda path: chunk(path, "frames").write_bytes(b"\1" * 9000), uniform),
    ("a bit of a checksum", OWN, edit("zarr.json", "attributes", "shards", 0, "sha256", "frames", "0" * 64), informed),
    ("checksum of all", OWN, edit("zarr.json", "attributes", "sha256", "0" * 64), trained),
    ("no list of shards", OWN, edit("zarr.json", "attributes", "shards", {}), informed),
    ("no shards", OWN, edit("zarr.json", "attributes", "shards", []), uniform),
    ("a path in a shard", OWN, edit("zarr.json", "attributes", "shards", 0, "bytes", {"../../x": 5}), informed),
    ("no recipe", OWN, edit("zarr.json", "attributes", "recipe", None), generated),
    ("recipe is a list", OWN, edit("zarr.json", "attributes", "recipe", ["x"]), trained),
    ("attributes are none", OWN, edit("zarr.json", "attributes", [1]), trained),
    ("episodes that end nowhere", EPISODES, stored("meta/episode_ends", np.array([10**15])), informed),
    ("episodes that do not increase", EPISODES, stored("meta/episode_ends", np.array([40, 40])), found),
    ("a signal of another length", EPISODES, stored("data/state", np.ones((39, 2), np.float32)), found),
    ("a signal of 10^12 values", EPISODES, edit("data/state/zarr.json", "shape", [40, 10**12]), informed),
    ("fps is a word", EPISODES, edit("zarr.json", "attributes", "fps", "x"), reported),
    ("escapes in what is said", EPISODES, edit("zarr.json", "attributes", "source", ESCAPES), informed),
    ("escapes in a command", EPISODES, edit("zarr.json", "attributes", "manifest", "command", ESCAPES), informed),
    ("escapes in a name", EPISODES, edit("zarr.json", "attributes", "episodes", 0, "name", ESCAPES), reported),
    ("records are none", EPISODES, edit("zarr.json", "attributes", "episodes", [None]), found),
    *((f"bit {number} flipped, verified", OWN, flipped(number), verified) for number in range(6)),
    *((f"bit {number} flipped, trained", OWN, flipped(number), trained) for number in range(4)),
    *((f"bit {number} flipped, scored", OWN, flipped(number), searched) for number in range(4)),
    *((f"bit {number} flipped, sha", EPISODES, lambda path: damage.flip(random.Random(3), chunk(path, "data/frames")), reported)
      for number in range(2)),
)  # fmt: skip


# ---------------------------------------------------------------- random damage

COMMANDS = {
    OWN: (informed, informed, informed, verified, verified, planned, uniform, generated, trained, searched),
    EPISODES: (informed, informed, verified, verified, reported, found, imported),
    **dict.fromkeys(SEQUENCES, (informed, informed, informed, verified, planned, uniform, trained)),
    **dict.fromkeys(BUFFERS, (imported, imported, imported, informed)),
}


def harm(rng: random.Random, path: Path) -> str:
    """One thing that is wrong with a dataset, or two."""
    told = []
    for _ in range(rng.choice([1, 1, 1, 2])):
        inside = damage.files(path)
        file = rng.choice(inside)
        is_text = file.name in METADATA
        if rng.random() < 0.5:
            file = rng.choice([each for each in inside if each.name in METADATA] or inside)
            is_text = file.name in METADATA
        if rng.random() < 0.05:
            told.append(extra(rng, path))
            continue
        if rng.random() < 0.04 and file.parent != path:
            damage.away(rng, file.parent)
            told.append(f"{file.parent.name} is a link")
            continue
        try:
            told.append(rng.choice(damage.TEXT if is_text else damage.BINARY)(rng, file))
        except (ValueError, OSError):  # damaged before
            told.append(damage.garbage(rng, file) if file.is_file() else "nothing left")
    return ", ".join(told)


def extra(rng: random.Random, path: Path) -> str:
    """Something that does not belong there."""
    name = rng.choice(["data/x", "x", "frames/x", "data/a\nb", "c", ".zarray", "meta/y", f"data/{ESCAPES}"])
    to = path / name
    to.parent.mkdir(parents=True, exist_ok=True)
    if to.exists():
        return "nothing"
    if rng.random() < 0.5:
        to.write_bytes(rng.randbytes(50))
        return f"a file {name!a} more"
    zarr.create_array(to, data=np.ones(5), zarr_format=rng.choice([2, 3]))
    return f"an array {name!a} more"


def case(number: int) -> Case:
    if number < len(KNOWN):
        name, data, attack, command = KNOWN[number]
        return Case(f"{name}: {command.__name__}", lambda bench: known(bench, name, data, attack, command))
    rng = random.Random(f"datasets-{number}")
    data = rng.choice([OWN, OWN, OWN, EPISODES, EPISODES, EPISODES, *SEQUENCES, *SEQUENCES, *BUFFERS])
    command = rng.choice(COMMANDS[data])
    return Case(f"{data} damaged: {command.__name__}", lambda bench: damaged(bench, data, command, rng))


def prepare(bench: Bench, data: str) -> Path:
    needed = [data, "recipe.yaml", "mine.yaml", RUN]
    bench.copy("datasets", *needed)
    return bench.folder / data


def known(bench: Bench, name: str, data: str, attack: Attack, command: Callable[[Bench, str], Outcome]) -> list[str]:
    path = prepare(bench, data)
    damage.apart(lambda: attack(path))
    outcome = command(bench, data)
    wrong = problems(outcome, refused=not name.startswith("escapes"))
    if (bench.folder / "pickled").exists():
        wrong.append("a pickle was run")
    return wrong


def damaged(bench: Bench, data: str, command: Callable[[Bench, str], Outcome], rng: random.Random) -> list[str]:
    path = prepare(bench, data)
    done = damage.apart(lambda: harm(rng, path))
    outcome = command(bench, data)
    wrong = problems(outcome)
    if not wrong and command is searched and outcome.code == 0:
        expected = json.loads((bench.template("datasets") / EXPECTED).read_text())
        if rows(outcome.out) != expected:
            wrong.append("accepted, with other results")
    if not wrong and command is verified and data == OWN and outcome.code == 0 and "bits of" in done and "json" not in done:
        wrong.append("accepted a flipped bit")
    return [f"{each} ({done})" for each in wrong]
