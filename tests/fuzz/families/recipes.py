"""Recipes that are none: texts that stand for something else, shipped recipes damaged as text and as trees."""

from __future__ import annotations

import copy
import math
import random
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fuzz import odd
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.starts import SMALL

ROW = "malformed recipes"
COUNT = 1300
SAMPLE = 50
SHIPPED = Path(__file__).parents[3] / "recipes"
NAMES = ("tiny/brownian", "tiny/pushing", "brownian", "pushing", "brownian-paper", "brownian-demo", "pushing-paper")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
# What is added to a recipe that is right makes it wrong.
ADDED = (
    "data: {kind: brownian}\n",
    "name: other\n",
    "seed: 017\n",
    "seed: 0o17\n",
    "seed: 1:30\n",
    "seed: true\n",
    "seed: .inf\n",
    "seed: -1\n",
    "seed: 1.5\n",
    "seed: 9223372036854775808\n",
    f"seed: {'9' * 5000}\n",
    "seed: 2020-01-01\n",
    "seed: !!python/object/apply:os.system ['touch mine/x']\n",
    "seed: !!python/name:os.system\n",
    "seed: !!binary aGVsbG8=\n",
    "seed: !!set {a, b}\n",
    "seed: &s [*s]\n",
    "soft: &a {steps: *a}\n",
    "soft: &a {batch: 8, weights: *a}\n",
    "soft: {batch: 8, batch: 9}\n",
    "soft: {? [1, 2] : 3}\n",
    "soft: {1: 2}\n",
    "soft: {null: 2}\n",
    "soft: {2020-01-01: 2}\n",
    "soft: {lr: .nan}\n",
    "soft: {lr: .inf}\n",
    "soft: {lr: 1e999}\n",
    "soft: {lr: yes}\n",
    "soft: {steps: on}\n",
    "soft: {batch: 99999999999}\n",
    "window: {keyframes: 1000000000}\n",
    "window: {predicted: .inf}\n",
    "precision: 16\n",
    "device: 2020-01-01\n",
    "compile: 3\n",
    "discovery: {price: nan}\n",
    "discovery: {price: -1}\n",
    "discovery: {earlier: true}\n",
    "soft: {weights: {kl: -.inf}}\n",
    "--- \nname: second\n",
    "...\nx\n",
    "%YAML 9.9\n",
    "\x00\n",
    "soft: " + "[" * 5000 + "\n",
    "soft: " + "{a: " * 5000 + "1" + "}" * 5000 + "\n",
    "soft: " + "[" * 40 + "]" * 40 + "\n",
    BOMB.replace("a: &a", "soft: &a"),
    "".join(f"k{number}: 1\n" for number in range(3000)),
    "x" * 200_000 + ": 1\n",
    "soft: {" + "x" * 5000 + ": 1}\n",
    "soft: [" + "0, " * 50_000 + "]\n",
    "\x1b[31m: 1\n",
    '"\\e[31m": 1\n',
    '"\\u202e": 1\n',
    '"\\ud800": 1\n',
    '"\\UFFFFFFFF": 1\n',
    "[/red]: 1\n",
    "soft: *nothing\n",
    "\t- x\n",
)
WHOLE = (
    *("", "\n", "# nothing\n", "- 1\n", "x\n", "1\n", "null\n", "{}\n", "[]\n", "\ufeff", "'", '"', "|", "&a [*a]"),
    *("[" * 100_000, "{" * 100_000, "- " * 100_000, "#" * 300_000, "? " * 5000, "a: " * 5000, "\n" * 250_000, "&a {x: *a}", BOMB),
    *("!!python/object/new:os.system [true]", "name: !!python/tuple [x]\n", "name: |\n" + "  x\n" * 50_000),
)


@cache
def _shipped(name: str) -> str:
    return (SHIPPED / f"{name}.yaml").read_text()


def case(number: int) -> Case:
    rng = random.Random(f"recipes-{number}")
    if number < len(ADDED):
        return _case(f"+ {ADDED[number]}", SMALL + ADDED[number], ("train", "recipe.yaml", "--dry-run"), refused=True)
    if number < len(ADDED) + len(WHOLE):
        given = WHOLE[number - len(ADDED)]
        return _case(given, given, rng.choice(_commands()), refused=True)
    if number < len(ADDED) + len(WHOLE) + 12:
        given = bytes(rng.randrange(256) for _ in range(rng.choice([1, 10, 1000]))) + b"\xff"
        return _case("random bytes", given, rng.choice(_commands()), refused=True)
    name = rng.choice(NAMES)
    if number % 2:
        times = rng.choice([1, 1, 1, 2, 5])
        return _case(f"{name} text x{times}", odd.text(rng, _shipped(name), times), rng.choice(_commands(name)))
    tree, how = copy.deepcopy(yaml.safe_load(_shipped(name))), []
    for _ in range(rng.choice([1, 1, 1, 2, 6])):
        what, tree = odd.change(rng, tree, _places(tree))
        how.append(what)
    return _case(f"{name} {', '.join(how)}", yaml.safe_dump(tree, sort_keys=False), rng.choice(_commands(name)))


def _places(tree: Any) -> list[tuple[Any, ...]]:
    """Where a recipe has values, or could have."""
    return [*odd.places(tree), *((section, key) for section in KEYS for key in KEYS[section])]


KEYS = {
    "window": ("conditioning", "predicted", "keyframes", "max_offset"),
    "model": ("codec", "lstm", "interpolator", "inference", "offsets", "latent", "prior", "reduction"),
    "pretrain": ("steps", "batch", "lr", "decay", "clip", "lengths", "weights"),
    "train": ("phases", "objective", "sequences", "weights", "grow", "freeze", "teacher_forcing", "skip_below", "entropy_until"),
    "data": ("kind", "path", "frames", "n", "seed", "split", "size"),
    "discovery": ("price", "shift", "earlier", "calibration"),
    "jumpy": ("offset",),
    "surprise": ("steps", "batch", "weights"),
    "tap": ("margin", "batch"),
}


def _commands(name: str = "") -> list[tuple[str, ...]]:
    """Of large recipes nothing is measured, it takes long."""
    light = [("recipes", "validate", "recipe.yaml"), ("recipes", "show", "recipe.yaml"), ("info", "recipe.yaml", "--verify")]
    dry = [
        (*words, "recipe.yaml", "--dry-run")
        for words in (("gen-data",), ("pretrain-interp",), ("train",), ("baseline", "surprise"))
    ]
    return [*light, *dry, *dry] if name == "tiny/brownian" else [*light, *dry[:2]] if name == "tiny/pushing" else light


def _case(name: str, content: str | bytes, words: tuple[str, ...], refused: bool | None = None) -> Case:
    def check(bench: Bench) -> list[str]:
        file = bench.folder / "recipe.yaml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode(errors="surrogatepass"))
        ended = bench.keyin(*words)
        found = problems(ended, refused=refused, lines=1000 if "validate" in words else 3)
        if ended.code == 0 and "show" in words:
            found += same_again(bench, ended.out)
        if sorted(each.name for each in bench.folder.iterdir()) not in (["recipe.yaml"], ["again.yaml", "recipe.yaml"]):
            found.append(f"wrote {[each.name for each in bench.folder.iterdir()]}")
        return found

    return Case(f"{' '.join(words[:2])}: {ascii(name)[1:-1][:90]}", check)


def same_again(bench: Bench, shown: str) -> list[str]:
    """A recipe that is shown with all its defaults is the same recipe, and all its numbers are finite."""
    (bench.folder / "again.yaml").write_text(shown)
    again = bench.keyin("recipes", "show", "again.yaml")
    tree = yaml.safe_load(shown)
    odd_numbers = [way for way in odd.places(tree) if isinstance(each := _at(tree, way), float) and not math.isfinite(each)]
    return [*([] if again.out == shown else ["shown again it is another recipe"]), *(f"not finite: {way}" for way in odd_numbers)]


def _at(tree: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        tree = tree[key]
    return tree
