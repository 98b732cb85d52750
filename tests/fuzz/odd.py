"""What is odd: words, and what changes texts and trees of plain values, seeded, whatever they are for."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from fuzz.words import LEFT_ALONE, NO_NUMBERS, NUMBERS, PATHS, READ, WORDS, left, scene

__all__ = [
    "LEFT_ALONE",
    "NO_NUMBERS",
    "NUMBERS",
    "PATHS",
    "READ",
    "SNIPPETS",
    "TEXTS",
    "VALUES",
    "WORDS",
    "change",
    "left",
    "places",
    "scene",
    "text",
    "value",
]


def text(rng: random.Random, given: str, times: int) -> str:
    """A text, damaged at random."""
    for _ in range(times):
        place, end = sorted(rng.randrange(len(given) + 1) for _ in range(2))
        lines = given.splitlines(keepends=True) or [""]
        line = rng.randrange(len(lines))
        given = rng.choice(TEXTS)(rng, given, place, end, lines, line)
    return given


def _lines(change: Callable[[random.Random, list[str], int], list[str]]) -> Callable[..., str]:
    return lambda rng, given, place, end, lines, line: "".join(change(rng, list(lines), line))


def _shift(rng: random.Random, lines: list[str], line: int) -> list[str]:
    lines[line] = rng.choice(["  ", "\t", " ", "- ", "    "]) + lines[line]
    return lines


def _unshift(rng: random.Random, lines: list[str], line: int) -> list[str]:
    lines[line] = lines[line].lstrip()
    return lines


SNIPPETS = (
    *(
        "&a ",
        "*a",
        "<<: *a\n",
        "!!python/object/apply:os.system ['true']\n",
        "!!binary aGVsbG8=\n",
        "? x\n",
        "---\n",
        "...\n",
        "%YAML 9.9\n",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "|",
        ">",
        "#",
        "'",
        '"',
        "\x00",
        "\x07",
        "\u2028",
        "\ufeff",
        "\ud7ff",
        "\\",
        "@",
        "`",
        "\t",
        "\r",
        ",",
        "!!set {a}",
    ),
)
TEXTS: tuple[Callable[..., str], ...] = (
    lambda rng, given, place, end, lines, line: given[:place],
    lambda rng, given, place, end, lines, line: given[place:],
    lambda rng, given, place, end, lines, line: given[:place] + given[min(end, place + 40) :],
    lambda rng, given, place, end, lines, line: given[:place] + rng.choice(SNIPPETS) + given[place:],
    lambda rng, given, place, end, lines, line: given[:place] + rng.choice(SNIPPETS) + given[place:],
    lambda rng, given, place, end, lines, line: given[:place] + rng.choice(NUMBERS)[:60] + given[place:],
    lambda rng, given, place, end, lines, line: given[:place] + chr(rng.randrange(1, 0x300)) + given[place + 1 :],
    _lines(lambda rng, lines, line: [*lines[: line + 1], lines[line], *lines[line + 1 :]]),
    _lines(lambda rng, lines, line: [*lines, *lines]),
    _lines(lambda rng, lines, line: rng.sample(lines, len(lines))),
    _lines(lambda rng, lines, line: lines[:line] + lines[line + 1 :]),
    _lines(_shift),
    _lines(_shift),
    _lines(_unshift),
)

VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2,
        1.5,
        -0.0,
        10**9,
        2**31,
        2**63 - 1,
        2**63,
        -(2**63),
        10**40,
        float("inf"),
        float("nan"),
        1e308,
        1e-320,
    ),
    *(
        "",
        " ",
        "x",
        "auto",
        "1",
        "nan",
        "inf",
        "\x1b[31m",
        "[/red]",
        "a\nb",
        "x" * 5000,
        "\U0001f600",
        "2020-01-01",
        "9" * 400,
        "\x00",
    ),
    *(
        [],
        {},
        [1],
        [True],
        [[]],
        {"x": 1},
        {"kind": "mlp"},
        {"kind": None},
        [{}],
        list(range(100)),
        [[[[[[1]]]]]],
        {"": ""},
        [None] * 3,
    ),
)


def places(tree: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where all values of a tree are, but for the tree itself."""
    pairs = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [place for key, value in pairs for place in [(*way, key), *places(value, (*way, key))]]


def value(rng: random.Random) -> Any:
    """An odd value, now and then many levels deep or very long."""
    if rng.random() < 0.03:
        deep: Any = rng.choice(VALUES)
        for _ in range(rng.choice([5, 29, 31, 200])):
            deep = {"x": deep} if rng.random() < 0.5 else [deep]
        return deep
    return [0] * 30_000 if rng.random() < 0.01 else rng.choice(VALUES)


def change(rng: random.Random, tree: Any, all_places: list[tuple[Any, ...]] | None = None) -> tuple[str, Any]:
    """Where a tree was changed and how, and the tree, which is changed in place."""
    way = rng.choice(all_places or places(tree) or [("x",)])
    inside = tree
    try:
        for key in way[:-1]:
            inside = inside.setdefault(key, {}) if isinstance(inside, dict) else inside[key]
        key, what = way[-1], rng.choice(["value", "value", "value", "value", "delete", "rename", "twin", "near"])
        if what == "delete":
            del inside[key]
        elif what == "rename" and isinstance(inside, dict):
            inside[rng.choice([*WORDS, str(key)[:-1] + "x", str(key).upper()])] = inside.pop(key)
        elif what == "twin":
            inside[key] = [inside[key], inside[key]]
        elif what == "near" and isinstance(inside[key], int | float):
            inside[key] = rng.choice(
                [inside[key] + 1, inside[key] - 1, -inside[key], inside[key] * 1000, inside[key] / 3, str(inside[key])]
            )
        else:
            what = "value"
            inside[key] = value(rng)
    except (TypeError, KeyError, IndexError, AttributeError):  # an earlier change took the place away
        return "nothing left", tree
    return f"{'.'.join(map(str, way))} {what}", tree
