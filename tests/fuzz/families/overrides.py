"""`--set` with keys and values that make no sense."""

from __future__ import annotations

import random
from functools import cache

from fuzz import odd
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.families.recipes import same_again
from fuzz.starts import RECIPE, RUN

ROW = "malformed --set"
COUNT = 550
SAMPLE = 22
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("recipes", "show", "tiny/brownian"),
    ("recipes", "show", "tiny/pushing"),
    ("recipes", "validate", "brownian"),
    ("train", RECIPE, "--dry-run"),
    ("pretrain-interp", RECIPE, "--dry-run"),
    ("gen-data", "brownian", "--n", "8", "--dry-run"),
    ("gen-data", "pushing", "--n", "2", "--dry-run"),
    ("eval-f1", "--ckpt", RUN, "--limit", "2", "--selector", "uniform"),
)
WRONG = (
    *(
        "",
        "=",
        "x",
        "=1",
        ".=1",
        "a..b=1",
        ".a=1",
        "a.=1",
        " =1",
        "train",
        "train=",
        "train=1",
        "train=[]",
        "x=&a {b: *a}",
        "train=&a [*a]",
    ),
    *(
        "train.phases.9.lr=1",
        "train.phases.-1.lr=1",
        "train.phases.x.lr=1",
        f"train.phases.{'9' * 5000}.lr=1",
        "train.phases.\u0661.lr=1",
    ),
    *(
        "seed={",
        "seed=[",
        "seed='",
        "seed=!!python/object/apply:os.system [true]",
        "seed=017",
        "seed=true",
        "seed=.inf",
        "seed=.nan",
    ),
    *(
        "seed=1e400",
        f"seed={'9' * 5000}",
        "seed=9223372036854775808",
        "seed=-1",
        "seed.x=1",
        "name.x=1",
        "x." * 5000 + "y=1",
        "y=" + "[" * 5000,
    ),
    *(
        "x" * 100_000 + "=1",
        "seed=" + "x" * 100_000,
        "\x1b[31m=1",
        "[/red]=1",
        "seed=[/red]",
        "seed=\x1b[31m",
        "name=../x",
        "name=a\nb",
    ),
    *(
        "model.lstm.units=1000000000",
        "model.codec.hidden=[1000000000]",
        "model.lstm.layers=1000000000",
        "pretrain.batch=1000000000",
    ),
    *(
        "train.batch=1000000000",
        "window.keyframes=1000000000",
        "data.frames=1000000000",
        "data.size=1000000",
        "model.latent=1000000000",
    ),
    *(
        "pretrain.lengths=[true, 3]",
        "pretrain.lr=nan",
        "train.steps=1.5",
        "train.lr=0",
        "compile=maybe",
        "model=[]",
        "data=null",
        "data.kind=x",
    ),
)


@cache
def _keys() -> list[str]:
    from keyin_cli.recipe.reading import _keys
    from keyin_cli.recipe.recipe import recipe_class

    return sorted(set(_keys(recipe_class())))


def case(number: int) -> Case:
    rng = random.Random(f"overrides-{number}")
    if number < len(WRONG):
        return _case(("train", RECIPE, "--dry-run"), [WRONG[number]], refused=True)
    words = rng.choice(COMMANDS)
    keys = [key.removeprefix("data.") for key in _keys() if key.startswith("data.")] if words[0] == "gen-data" else _keys()
    return _case(words, [f"{_key(rng, keys)}={_value(rng)}" for _ in range(rng.choice([1, 1, 1, 2, 5]))])


def _key(rng: random.Random, keys: list[str]) -> str:
    known = rng.choice(keys)
    changed = (known[:-1], known + ".x", known.upper(), rng.choice(odd.WORDS), known.replace(".", ".."))
    return rng.choice(changed) if rng.random() < 0.1 else known


def _value(rng: random.Random) -> str:
    """Odd, as YAML or a word; as often a number that could be right."""
    words = (
        *odd.NUMBERS,
        *odd.WORDS,
        *odd.SNIPPETS,
        "{kind: conv}",
        "{kind: layers}",
        "[1, 2]",
        "[0, 0]",
        "search",
        "soft-pixels",
        "cuda",
    )
    if rng.random() < 0.5:
        return rng.choice(
            ["1", "2", "3", "5", "7", "0.1", "0.5", "1e-3", "100", "10000", "1000000", "100000000", "true", "false", "[2, 3]"]
        )
    return rng.choice([rng.choice(words), str(rng.choice(odd.VALUES))])


def _case(words: tuple[str, ...], pairs: list[str], refused: bool | None = None) -> Case:
    def check(bench: Bench) -> list[str]:
        if RECIPE in words or RUN in words:
            bench.copy("small")
        lines = 1000 if "validate" in words else 3
        ended = bench.keyin(*words, *[word for pair in pairs for word in ("--set", pair)])
        found = problems(ended, refused=refused, lines=lines)
        return found + same_again(bench, ended.out) if ended.code == 0 and "show" in words else found

    return Case(f"{' '.join(words[:2])} {ascii(pairs)[:90]}", check)
