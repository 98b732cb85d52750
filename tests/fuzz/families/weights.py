"""Weights: their header, what it says of recipes and sizes, their tensors, their bytes, and what is there instead of a file."""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz import damage, odd
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.starts import DATA, RECIPE, RUN
from fuzz.trained import PLAN, TABLE, WEIGHTS, plans_short

ROW = "malformed weights"
COUNT = 420
SAMPLE = 20
NAME = "weights.safetensors"
Header = dict[str, Any]
Changed = tuple[str, bool | None]  # what was done, and whether it is wrong in any case
HUGE = (10**9, 10**12, 2**31, 2**40, 2**63 - 1, 2**62, 10**8)
SIZES = (
    ("model", "lstm", "units"),
    ("model", "lstm", "layers"),
    ("model", "codec", "embedding"),
    ("model", "codec", "hidden"),
    ("model", "latent"),
    ("window", "predicted"),
    ("window", "max_offset"),
    ("window", "keyframes"),
    ("window", "conditioning"),
    ("data", "size"),
    ("data", "frames"),
    ("data", "n"),
    ("pretrain", "lengths"),
    ("discovery", "calibration"),
)


def split(file: Path) -> tuple[Header, bytes]:
    content = file.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8:end]), content[end:]


def join(file: Path, header: Header | bytes, data: bytes, length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode(errors="surrogatepass")
    file.write_bytes(struct.pack("<Q", len(text) if length is None else length % 2**64) + text + data)


def _header(rng: random.Random, file: Path) -> Changed:
    """Any value of the header: types, shapes, places of tensors."""
    header, data = split(file)
    way, header = odd.change(rng, header)
    join(file, header, data)
    return f"header {way}", None


def _length(rng: random.Random, file: Path) -> Changed:
    header, data = split(file)
    length = rng.choice([0, 1, 7, 2**40, 2**63, 2**64 - 1, 10**8 + 1, 10**8 - 1, len(data) * 2, -8])
    join(file, header, data, length)
    return f"a header of {length} bytes", True


def _text(rng: random.Random, file: Path) -> Changed:
    """The text of the header."""
    header, data = split(file)
    text = odd.text(rng, json.dumps(header), rng.choice([1, 1, 3]))
    join(file, text.encode(errors="surrogatepass"), data)
    return "text of the header", None


def _deep(rng: random.Random, file: Path) -> Changed:
    header, data = split(file)
    opening, closing = rng.choice([("[", "]"), ('{"a":', "}")])
    depth = rng.choice([60, 200, 1000, 100_000])
    header["__metadata__"] = {"keyin": opening * depth + "1" + closing * depth}
    join(file, header, data)
    return f"metadata {depth} levels deep", True


def _told(rng: random.Random, file: Path) -> Changed:
    """A value of the metadata: stage and recipe."""
    header, data = split(file)
    told = json.loads(header["__metadata__"]["keyin"])
    way, told = odd.change(rng, told)
    header["__metadata__"]["keyin"] = json.dumps(told)
    join(file, header, data)
    return f"metadata {way}", None


def _sizes(rng: random.Random, file: Path) -> Changed:
    """Sizes in the recipe that no machine has the memory for."""
    header, data = split(file)
    told = json.loads(header["__metadata__"]["keyin"])
    way, size = rng.choice(SIZES), rng.choice(HUGE)
    inside = told["recipe"]
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = [size] if way[-1] in ("hidden", "lengths") else size
    header["__metadata__"]["keyin"] = json.dumps(told)
    join(file, header, data)
    return f"recipe of {'.'.join(way)} {size}", None


def _metadata(rng: random.Random, file: Path) -> Changed:
    """Metadata of another kind altogether."""
    header, data = split(file)
    wrong = ["", "{}", "[]", "null", "1", '"x"', '{"stage": 1}', '{"stage": "keyin"}', '{"stage": "keyin", "recipe": []}']
    wrong += ['{"stage": "../keyin", "recipe": {}}', '{"stage": "\\u001b[31m", "recipe": {}}', "9" * 5000, "\x00", "{" * 50]
    given: Any = rng.choice([None, {}, {"format": "pt"}, *({"keyin": each} for each in wrong)])
    header["__metadata__"] = given
    if given is None:
        del header["__metadata__"]
    join(file, header, data)
    return f"metadata {str(given)[:40]!r}", True


def _tensor(rng: random.Random, file: Path) -> Changed:
    """Names, types and shapes of tensors, with places in the file that fit or do not."""
    header, data = split(file)
    names = sorted(name for name in header if name != "__metadata__")
    name, other = rng.sample(names, 2)
    each = header[name]
    what = rng.choice(["rename", "delete", "twice", "type", "shape", "offsets", "huge", "swap", "extra", "evil"])
    if what == "rename":
        header[rng.choice([name + "x", name.upper(), "", "\x1b[31m", "[/red]", "x" * 5000])] = header.pop(name)
    elif what == "delete":
        del header[name]
    elif what == "twice":
        header[name] = dict(header[other])
    elif what == "type":
        before = each["dtype"]
        each["dtype"] = rng.choice(["F64", "F16", "BF16", "I8", "U8", "BOOL", "I64", "F8_E4M3", "C64", "X", "", "\x1b[31m", 1])
        if each["dtype"] == before:
            return "tensors as they were", None
    elif what == "shape":
        each["shape"] = rng.choice([[], [0], [*each["shape"], 1], [*each["shape"][::-1], 1], [-1], ["3"], [2**63], None])
    elif what == "offsets":
        begin, end = each["data_offsets"]
        each["data_offsets"] = rng.choice([[end, begin], [begin, end + 4], [begin + 1, end], [-1, end], [0, 2**60], [0], None])
    elif what == "huge":
        each["shape"], each["data_offsets"] = [10**12], [0, 4 * 10**12]
    elif what == "swap":
        header[name], header[other] = header[other], header[name]
        if header[name]["shape"] == header[other]["shape"]:
            return "tensors swapped", None
    elif what == "extra":
        header["extra"] = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    else:
        header[f"</script>{name}\n\n\x1b]0;t\x07"] = header.pop(name)
    join(file, header, data)
    return f"tensor {what}", True


def _values(rng: random.Random, file: Path) -> Changed:
    """NaN and infinite values, one, some or all."""
    header, data = split(file)
    value = struct.pack("<f", rng.choice([float("nan"), float("inf"), float("-inf")]))
    count = rng.choice([1, 1, 5, len(data) // 4])
    changed = bytearray(data)
    for place in range(len(data) // 4) if count > 5 else [rng.randrange(len(data) // 4) for _ in range(count)]:
        changed[4 * place : 4 * place + 4] = value
    join(file, header, bytes(changed))
    return f"{count} values not finite", True


def _flip(rng: random.Random, file: Path) -> Changed:
    return damage.flip(rng, file), None


def _cut(rng: random.Random, file: Path) -> Changed:
    return damage.cut(rng, file), True


def _bytes(rng: random.Random, file: Path) -> Changed:
    done = rng.choice([damage.longer, damage.garbage, damage.gone, damage.pipe, damage.folder])(rng, file)
    return done, True


def _instead(rng: random.Random, file: Path) -> Changed:
    """What is no file, or the file of another program."""
    file.unlink()
    target = rng.choice(["/dev/zero", "/dev/null", "/proc/self/mem", "loop", "nowhere", "/", "/dev/urandom"])
    if target == "loop":
        file.symlink_to(file.name)
    else:
        file.symlink_to(target)
    return f"a link to {target}", True


def _sparse(rng: random.Random, file: Path) -> Changed:
    """A tensor of terabytes that takes no place on the disk."""
    header, data = split(file)
    name = sorted(header)[-1]
    size = rng.choice([10**11, 10**12])
    begin = max(each["data_offsets"][1] for key, each in header.items() if key != "__metadata__")
    header["large"] = {"dtype": "F32", "shape": [size], "data_offsets": [begin, begin + 4 * size]}
    if rng.random() < 0.5:
        del header["large"]
        header[name] = {"dtype": "F32", "shape": [size], "data_offsets": [begin, begin + 4 * size]}
    join(file, header, data)
    os.truncate(file, file.stat().st_size - len(data) + begin + 4 * size)
    return f"a tensor of {size} numbers", True


def _other(rng: random.Random, file: Path) -> Changed:
    """The weights of another stage, of the same recipe."""
    other = next(each for each in sorted(file.parents[1].glob(f"*/{NAME}")) if each != file)
    file.write_bytes(other.read_bytes())
    return "weights of another stage", None


def _away(rng: random.Random, file: Path) -> Changed:
    return damage.away(rng, file), False


ATTACKS: tuple[Callable[[random.Random, Path], Changed], ...] = (
    *(_header, _header, _length, _text, _deep, _told, _told, _told, _sizes, _sizes, _sizes, _metadata),
    *(_tensor, _tensor, _tensor, _tensor, _values, _values, _flip, _flip, _flip, _cut, _bytes, _instead, _sparse, _other, _away),
)
READERS = (
    "eval-f1",
    "eval-f1 search",
    "info",
    "info --verify",
    "train",
    "table weights",
    "plan",
    "plan --dry-run",
    "find",
    "report",
)


def case(number: int) -> Case:
    rng = random.Random(f"weights-{number}")
    attack = ATTACKS[number % len(ATTACKS)]
    reader, alone, stage = rng.choice(READERS), rng.random() < 0.4, rng.choice(["keyin", "interpolator"])

    def check(bench: Bench) -> list[str]:
        words, file = _command(bench, reader, stage)
        manifest = file.with_name("manifest.json")
        if alone and manifest.exists() and not reader.startswith(("train", "info", "report")):
            manifest.unlink()  # as weights come from elsewhere: without it nobody knows their hash
        done, wrong = attack(rng, file)
        reads = not reader.startswith(("info", "report"))
        known = manifest.exists() and reads and attack is not _away and file.name == NAME
        ended = bench.keyin(*words, prepare=plans_short if reader.startswith("plan") else None)
        if wrong is None and known:  # whatever was changed, the manifest beside it says that it is damaged
            wrong = True
        refused = wrong if reads or wrong is False else None
        return [f"{done}: {each}" for each in problems(ended, refused=refused)]

    return Case(f"{attack.__name__[1:]} of {stage}, {reader}{' alone' if alone else ''}", check)


def _command(bench: Bench, reader: str, stage: str) -> tuple[tuple[str, ...], Path]:
    """The words of a command, and the file that it reads."""
    if reader.startswith("plan"):
        bench.copy("plans", WEIGHTS)
        dry = ("--dry-run",) if "dry" in reader else ()
        return (*PLAN[:-1], "0", "--episodes", "1", *dry), bench.folder / WEIGHTS / "keyin" / NAME
    if reader == "table weights":
        bench.copy("table")
        bench.copy("small", DATA)
        words = ("eval-f1", "--ckpt", TABLE, "--data", DATA, "--limit", "1", "--selector", "uniform", "--out", "out")
        return words, bench.folder / TABLE / stage / NAME
    if reader == "find":
        bench.copy("small", "artifacts/find/s/run", "artifacts/find/s/episodes.zarr")
        words = ("find", "artifacts/find/s/episodes.zarr", "--ckpt", "artifacts/find/s/run", "--out", "out", "--keyframes", "3")
        return words, bench.folder / "artifacts/find/s/run/interpolator" / NAME
    bench.copy("small", RECIPE, DATA, RUN)
    file = bench.folder / RUN / stage / NAME
    if reader == "train":
        return ("train", RECIPE), file
    if reader == "eval-f1 search":
        return ("eval-f1", "--ckpt", RUN, "--limit", "1", "--selector", "search", "--out", "out"), file
    if reader == "eval-f1":
        return ("eval-f1", "--ckpt", f"{RUN}/{stage}", "--limit", "1", "--selector", "uniform", "--out", "out"), file
    if reader == "report":
        return ("report", RUN, "--out", "page.html"), file
    return ("info", f"{RUN}/{stage}", *reader.split()[1:]), file
