"""Arguments that make no sense: every command and option with odd numbers, words and paths, and a list of known attacks."""

from __future__ import annotations

import os
import random
from functools import cache
from typing import Any

import typer

from fuzz import odd
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.starts import DATA, FOUND, RECIPE, RUN

ROW = "malformed arguments"
COUNT = 800
SAMPLE = 30
KEYFRAMES = f"{FOUND}/keyframes.json"
DRY = (RECIPE, "--dry-run")
# Of every command words that are right, and end soon.
BASES: dict[str, tuple[str, ...]] = {
    "gen-data": ("brownian", "--n", "8", "--dry-run"),
    "import": ("s.npz", "--size", "16"),
    "pretrain-interp": DRY,
    "train": DRY,
    "baseline": ("surprise", *DRY),
    "eval-f1": ("--ckpt", RUN, "--limit", "2", "--selector", "uniform"),
    "table": (RECIPE, "--baseline", "nothing"),
    "benchmark": ("artifacts/data/s.zarr", "--method", "nothing"),
    "plan": ("--method", "none", "--episodes", "1", "--pictures", "0", "--dry-run"),
    "find": ("s.npz", "--ckpt", f"{FOUND}/run", "--keyframes", "2"),
    "report": (KEYFRAMES,),
    "export": (KEYFRAMES,),
    "info": (DATA,),
    "doctor": ("--nothing",),
    "recipes list": (),
    "recipes show": (RECIPE,),
    "recipes copy": (RECIPE, "copy.yaml"),
    "recipes validate": (RECIPE,),
}
TORCHRUN = ("", "y", "-1", "0", "1.5", "9" * 5000, "2147483648", "\u0661", "2", "nan", " 2", "\x1b[31m")
KNOWN: tuple[tuple[str, ...], ...] = (
    ("train", "."),
    ("train", ".."),
    ("train", ""),
    ("train", "mine"),
    ("train", "9" * 5000),
    ("train", "x/" * 2000),
    ("train", "[/red]"),
    ("train", "pipe"),
    ("train", "/dev/zero"),
    ("train", "loop"),
    ("info", "/dev/null"),
    ("info", "loop"),
    ("info", "[/red]"),
    ("--nonsense",),
    ("nonsense",),
    ("[/red]",),
    ("recipes", "nonsense"),
    ("gen-data", "brownian", "--n", "9" * 50),
    ("gen-data", "brownian", "--n", "9" * 5000),
    ("gen-data", "brownian", "--seed", "9" * 5000),
    ("gen-data", "brownian", "--n", "999999999", "--dry-run", "--set", "size=100000"),
    ("table", RECIPE, "--seeds", "9" * 40),
    ("table", RECIPE, "--samples", "9" * 18),
    ("table", RECIPE, "--sequences", "9" * 40, "--samples", "9" * 40),
    ("plan", "--episodes", "0"),
    ("plan", "--method", "none", "--episodes", "9" * 18),
    ("plan", "--method", "none", "--episodes", "9" * 40, "--dry-run"),
    ("plan", "--method", "none", "--seed", "9" * 40),
    ("find", "s.npz", "--minutes", "nan"),
    ("find", "s.npz", "--minutes", "inf"),
    ("find", "s.npz", "--keyframes", "nan"),
    ("find", "s.npz", "--ckpt", f"{FOUND}/run", "--price", "nan"),
    ("import", "s.npz", "--fps", "nan"),
    ("import", "s.npz", "--size", "9" * 9),
    ("import", "s.npz", "--episodes", "9:1"),
    ("import", "s.npz", "--crop", "0,0,999,999"),
    ("import", "s.npz", "--out", "file"),
    ("import", "s.npz", "--out", "pipe", "--overwrite"),
    ("import", "s.npz", "--out", "mine", "--overwrite"),
    ("import", "s.npz", "--out", "file/below"),
    ("import", "s.npz", "--out", "n" * 256),
    ("import", "s.npz", "--out", "loop"),
    ("import", "s.npz", "--out", "/proc/nothing"),
    ("report", KEYFRAMES, "--out", "pipe"),
    ("report", KEYFRAMES, "--out", "file"),
    ("report", KEYFRAMES, "--out", "mine"),
    ("export", KEYFRAMES, "--out", "mine", "--overwrite"),
    ("export", KEYFRAMES, "--out", "pipe", "--overwrite"),
    ("recipes", "copy", "brownian", "mine", "--overwrite"),
    ("recipes", "copy", "brownian", "pipe", "--overwrite"),
    ("recipes", "copy", "brownian", "loop"),
    ("recipes", "copy", "brownian", ""),
    ("train", RECIPE, "--out", "file"),
    ("train", RECIPE, "--out", "file/below"),
    ("train", RECIPE, "--out", "loop"),
    ("train", RECIPE, "--out", "n" * 256),
    ("train", RECIPE, "--out", "/proc/nothing"),
    ("train", RECIPE, "--out", "d/" * 2100 + "x"),
    ("eval-f1", "--ckpt", RUN, "--out", f"{RUN}/keyin"),
    ("eval-f1", "--ckpt", RUN, "--out", "pipe"),
    ("eval-f1", "--ckpt", RUN, "--out", "loop"),
    ("eval-f1", "--ckpt", "pipe"),
    ("eval-f1", "--ckpt", "/dev/zero"),
    ("eval-f1", "--ckpt", RUN, "--seed", "9" * 40),
    ("table", RECIPE, "--out", "loop"),
    ("table", RECIPE, "--out", "pipe"),
    ("table", RECIPE, "--out", RUN),
    ("plan", "--method", "none", "--episodes", "1", "--pictures", "0", "--out", "pipe"),
    ("plan", "--method", "none", "--episodes", "1", "--pictures", "0", "--out", "file/below"),
    ("find", "s.npz", "--ckpt", f"{FOUND}/run", "--out", "loop"),
    ("find", "s.npz", "--ckpt", f"{FOUND}/run", "--out", "pipe"),
    ("info", DATA, "--figures", "--out", "loop"),
    ("info", DATA, "--figures", "--out", "pipe"),
    ("gen-data", "brownian", "--n", "8", "--out", "file"),
    ("gen-data", "brownian", "--n", "8", "--out", "pipe", "--overwrite"),
    ("gen-data", "brownian", "--n", "8", "--out", "loop"),
    ("gen-data", "brownian", "--n", "8", "--out", "/proc/nothing"),
    ("gen-data", "brownian", "--n", "8", "--out", ""),
    ("gen-data", "brownian", "--n", "8", "--out", "a\nb\nc\nd\ne"),
)


@cache
def _commands() -> dict[str, Any]:
    """Every command by the words that call it."""
    from keyin_cli.cli import app

    group: Any = typer.main.get_command(app)
    found = {}
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {each}": leaf for each, leaf in inner.items()} if inner else {name: command}
    return found


def case(number: int) -> Case:
    rng = random.Random(f"arguments-{number}")
    if number < len(KNOWN):
        return _case(" ".join(KNOWN[number]), list(KNOWN[number]), {}, refused=True)
    name = list(BASES)[number % len(BASES)]
    words, environment, refused = [*name.split(), *BASES[name]], {}, None
    what = rng.choice(["option", "option", "option", "option", "argument", "structure", "torchrun"])
    if what == "option":
        for _ in range(rng.choice([1, 1, 2])):
            option, given, wrong = _option(rng, _commands()[name])
            words += [option, given] if given is not None else [option]
            refused = True if wrong else refused
    elif what == "argument":
        places = [place for place in range(len(name.split()), len(words)) if not words[place].startswith("--")]
        if places:
            words[rng.choice(places)] = rng.choice((*odd.READ, *odd.WORDS, *odd.NUMBERS))
    elif what == "structure":
        words, refused = _structure(rng, words)
    else:
        environment = {each: rng.choice(TORCHRUN) for each in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT")}
    return _case(" ".join([*words, *map("=".join, environment.items())]), words, environment, refused)


def _case(name: str, words: list[str], environment: dict[str, str], refused: bool | None) -> Case:
    def check(bench: Bench) -> list[str]:
        bench.copy("small")
        here = os.getcwd()
        os.chdir(bench.folder)
        odd.scene(bench.folder)
        os.chdir(here)
        before = odd.left(bench.folder)
        ended = bench.keyin(*words, **environment)
        helped = ended.code == 2 and "Usage:" in ended.out  # what `keyin` alone says, and `keyin recipes`
        found = [] if helped else problems(ended, refused=refused)
        changed = [name for name, each in odd.left(bench.folder).items() if each != before[name]]
        if changed and not ("copy" in words and "--overwrite" in words and changed == ["file"]):
            found.append(f"changed {changed}")
        return found

    return Case(ascii(name)[1:-1][:100], check)


def _option(rng: random.Random, command: Any) -> tuple[str, str | None, bool]:
    """An option with an odd value, and whether that is wrong in any case."""
    options = [each for each in command.params if each.param_type_name == "option" and not {"help", "dask"} & {each.name}]
    option = rng.choice(options)
    flag = rng.choice([*option.opts, *option.secondary_opts])
    if option.is_flag:
        return flag, None, False
    kind = str(option.type_descriptor.annotation).upper()
    if "INT" in kind or "FLOAT" in kind:
        given = rng.choice(odd.NUMBERS)
        return flag, given, given in odd.NO_NUMBERS
    if "PATH" in kind:
        return flag, rng.choice(odd.PATHS if option.name == "out" else odd.READ), False
    return flag, rng.choice((*odd.WORDS, *odd.NUMBERS, *odd.READ)), False


def _structure(rng: random.Random, words: list[str]) -> tuple[list[str], bool | None]:
    """Words too few, too many, in another order."""
    what = rng.randrange(7)
    if what == 0:
        return [*words, "--" + rng.choice(["nonsense", "nonsense=1", "x" * 5000, "[/red]", "\x1b[31m", "ou"])], None
    if what == 1:
        return [*words[: rng.randrange(1, len(words) + 1)], "--out"], None
    if what == 2:
        return [*words, *[rng.choice(odd.WORDS) for _ in range(20)]], None
    if what == 3:
        return rng.sample(words, len(words)), None
    if what == 4:
        return [*words, "--", *words[1:]], None
    if what == 5:
        return [rng.choice(odd.WORDS), *words], None
    kept = words[: rng.randrange(1, len(words) + 1)]
    ends = {"table": ["--baseline", "nothing"], "benchmark": ["--method", "nothing"]}
    quick = ends.get(words[0], ["--dry-run"] if "--dry-run" in words else [])
    return [*kept, *quick], None  # else it would train or plan
