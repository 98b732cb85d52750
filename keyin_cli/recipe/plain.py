"""YAML as recipes have it: words, numbers, lists and mappings, nothing that two readers would understand differently.

Stricter than YAML 1.1, which reads `017` as 15 and `1:30` as 90, keeps the last of two equal keys and lets a file of a few lines
stand for a billion values, or contain itself. `1e-3` is a number here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from keyin_cli.errors import InputError, shown

LARGEST = 256 * 1024  # bytes of a file
DEEPEST, MOST = 30, 20_000  # levels and values of a tree
DIGITS = 40  # of a number
TAG = "tag:yaml.org,2002:"
INT, FLOAT, OCTAL, MERGE = (TAG + name for name in ("int", "float", "octal", "merge"))
NUMBERS = (
    (OCTAL, re.compile(r"^[-+]?0[0-9_]+$"), "-+0"),
    (INT, re.compile(r"^[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F]+)$"), "-+0123456789"),
    (
        FLOAT,
        re.compile(
            r"^[-+]?(([0-9][0-9_]*)?\.[0-9]+|[0-9][0-9_]*\.?)([eE][-+]?[0-9]+)?$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$"
        ),
        "-+0123456789.",
    ),
)
PLAIN = {TAG + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge")}


class Unreadable(ValueError):
    """A text is no YAML, or YAML that no recipe has: what is wrong, in one line."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 (as in the class above)
        first: [(tag, pattern) for tag, pattern in pairs if tag not in (INT, FLOAT, TAG + "timestamp", TAG + "value")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(yaml.SafeDumper):
    """Quotes whatever is no word to us or to other readers."""


for each, pattern, first in NUMBERS:
    _Loader.add_implicit_resolver(each, pattern, list(first))
    _Dumper.add_implicit_resolver(each, pattern, list(first))


def read(text: str) -> Any:
    """The plain values of a text.

    Raises:
        Unreadable: see there.
    """
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, 0, [0])
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise Unreadable(" ".join(str(error).split())) from None
    except RecursionError:
        raise Unreadable(f"it is nested deeper than {DEEPEST} levels") from None
    except Unreadable:
        raise
    except (ValueError, OverflowError, TypeError, LookupError) as error:  # of a character or number that there is none of
        raise Unreadable(shown(error)) from None
    finally:
        if loader is not None:
            loader.dispose()


def read_file(path: Path) -> Any:
    """The plain values of a file.

    Raises:
        InputError: it cannot be read, or see `read`.
    """
    try:
        return read(text(path))
    except Unreadable as error:
        raise InputError(f"{shown(path)} is not YAML: {error}") from None


def text(path: Path) -> str:
    """What is in a small file.

    Raises:
        InputError: it cannot be read, is too large for a recipe or no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{shown(path)} cannot be read ({error.strerror}): give another recipe") from None
    if len(content) > LARGEST:
        raise InputError(f"{shown(path)} is larger than {LARGEST // 1024} kB, which no recipe is: give another file")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(path)} is not YAML: {error.reason} at byte {error.start}: save it as UTF-8") from None


def write(tree: Any, flow: bool | None = False) -> str:
    """A tree of plain values as YAML. `flow` None: the innermost lists and mappings take one line."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, default_flow_style=flow, allow_unicode=True)


def _check(node: Any, depth: int, count: list[int]) -> None:
    """Go through all values, those that are repeated by an alias each time.

    Raises:
        Unreadable: there are too many, or one that no recipe has.
    """
    count[0] += 1
    where = f"line {node.start_mark.line + 1}"
    if depth >= DEEPEST and not isinstance(node, yaml.ScalarNode):
        raise Unreadable(f"{where}: it is nested deeper than {DEEPEST} levels, or contains itself")
    if count[0] > MOST:
        raise Unreadable(f"{where}: it has more than {MOST:,} values")
    if node.tag == OCTAL:
        plain = node.value.replace("_", "").lstrip("-+0") or "0"
        raise Unreadable(f"{where}: {shown(node.value)[:DIGITS]} is octal to some and decimal to others: write {plain[:DIGITS]}")
    if node.tag not in PLAIN:
        raise Unreadable(f"{where}: the tag {shown(node.tag)[:DIGITS]} is not for recipes: write the value alone")
    if isinstance(node, yaml.ScalarNode):
        if node.tag in (INT, FLOAT) and len(node.value) > DIGITS:
            raise Unreadable(f"{where}: a number of {len(node.value):,} digits: write a shorter one")
        return
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            _check(inner, depth + 1, count)
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag not in (TAG + "str", MERGE) or not isinstance(key, yaml.ScalarNode):
            raise Unreadable(f"line {line}: a key is no word: write it in quotes, or another one")
        if key.value in lines:
            raise Unreadable(
                f"the key {shown(key.value)[:DIGITS]} stands twice, in lines {lines[key.value]} and {line}: keep one"
            )
        lines[key.value] = line
        _check(value, depth + 1, count)
