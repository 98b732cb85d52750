"""Reading, overriding, checking and writing recipes. What YAML there is in them, `plain` knows.

`load(path, overrides)` gives a validated, immutable `Recipe` or raises one `InputError` that lists every problem with its dotted
path.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from keyin_cli.errors import Faults, InputError, shown
from keyin_cli.recipe import plain
from keyin_cli.recipe.data import GeneratedData
from keyin_cli.recipe.recipe import Recipe, recipe_class
from keyin_cli.recipe.section import Section
from keyin_cli.registry import CODECS, DATASETS

Part = TypeVar("Part", bound=Section)
EXPLAINED = 30  # faults, of which there may be thousands
WORD = 80  # characters of a word that is compared with those that are known
DEEPEST = 12  # keys of an override


def folder() -> Path:
    """Where the shipped recipes lie: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent.parent
    inside = package / "recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


def shipped() -> list[Path]:
    """Paths of the shipped recipes, sorted."""
    return sorted(folder().rglob("*.yaml"))


def about(path: Path) -> str:
    """The first comment line of a recipe: what it is for."""
    lines = plain.text(path).splitlines()
    return lines[0].lstrip("# ") if lines and lines[0].startswith("#") else ""


def find(name: str | Path) -> Path:
    """The file that `name` means: a path, or the name of a shipped recipe (`brownian`, `tiny/brownian`).

    Raises:
        InputError: there is no such file; the line names the nearest shipped recipe.
    """
    path = Path(name)
    try:
        if path.is_file():
            return path
        if path.is_dir() and str(name) not in ("", "."):
            raise InputError(f"{shown(path)} is a directory: give a recipe, `keyin recipes list` shows them all")
    except PermissionError as error:
        raise InputError(f"{shown(path)} cannot be read ({error.strerror}): give another recipe") from None
    except (OSError, ValueError):  # it is too long, or a loop of links
        pass
    names = {str(recipe.relative_to(folder()).with_suffix("")): recipe for recipe in shipped()}
    bare = re.sub(r"\.ya?ml$", "", str(name)).removeprefix("recipes/")
    if bare in names:
        return names[bare]
    near = difflib.get_close_matches(bare[:WORD], names, n=1, cutoff=0.0)
    hint = f"did you mean recipes/{near[0]}.yaml? " if near else ""
    raise InputError(f"no recipe {shown(name) or repr('')}: {hint}`keyin recipes list` shows them all")


def load(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read, override and check a recipe.

    Args:
        name: a path or the name of a shipped recipe.
        overrides: `a.b=c` assignments, the value in YAML.

    Raises:
        InputError: with one line per problem.
    """
    path = find(name)
    tree = plain.read_file(path)
    if not isinstance(tree, dict):
        raise InputError(f"{shown(path)} is not a recipe: expected a mapping with keys like name, data, model")
    return check(tree, overrides, str(path))


def check(tree: dict[str, Any], overrides: Sequence[str] = (), source: str = "recipe") -> Recipe:
    """Validate a recipe given as a tree of plain values; see `load`."""
    return parse(recipe_class(), tree, overrides, source)


def parse(part: type[Part], tree: dict[str, Any], overrides: Sequence[str], source: str) -> Part:
    """Validate `tree` with `overrides` as a recipe or one section of it; see `load`."""
    tree = copy.deepcopy(tree)
    for override in overrides:
        _assign(tree, override)
    try:
        return part.model_validate(tree)
    except ValidationError as error:
        lines = sorted({line for problem in error.errors()[:EXPLAINED] for line in _explain(part, problem, tree)})
        raise Faults([f"{shown(source)}: {line}" for line in lines]) from None


def data_section(name: str, overrides: Sequence[str], chosen: dict[str, Any]) -> GeneratedData:
    """The data section that `gen-data` means: the defaults of a kind, or a recipe's, then `--set`, and last the options `chosen`.

    Raises:
        InputError: the name is no kind and no recipe, the recipe's data cannot be generated, or a key is wrong.
    """
    kind = DATASETS.get(name).section if name in DATASETS.cards else type(load(name).data)
    if not issubclass(kind, GeneratedData):
        raise InputError(f"{name}: such data are your own, there is nothing to generate")
    tree = {} if name in DATASETS.cards else load(name).data.model_dump(mode="json")
    for override in overrides:
        _assign(tree, override)
    return parse(kind, {**tree, **chosen}, [], name)


def _assign(tree: dict[str, Any], override: str) -> None:
    path, equals, value = override.partition("=")
    keys, override = path.strip().split("."), shown(override)
    if not equals or not all(keys) or len(keys) > DEEPEST:
        raise InputError(f"--set {override}: expected KEY=VALUE, for example --set train.lr=1e-3")
    for key in keys[:-1]:
        place = _place(tree, key, override)
        tree = tree.setdefault(key, {}) if isinstance(tree, dict) else tree[place]
        if not isinstance(tree, dict | list):
            raise InputError(f"--set {override}: {key} has no keys below it")
    place = _place(tree, keys[-1], override)
    try:
        tree[place] = plain.read(value)
    except plain.Unreadable as error:
        raise InputError(f"--set {override}: {value!r} is not a YAML value ({error})") from None


def _place(tree: dict[str, Any] | list[Any], key: str, override: str) -> Any:
    """Where a key of an override is in a section, or in a list of sections: `phases.0`.

    Raises:
        InputError: the list has no such place.
    """
    if isinstance(tree, dict):
        return key
    if not (key.isascii() and key.isdecimal() and len(key) < WORD) or int(key) >= len(tree):
        raise InputError(f"--set {override}: {key} is none of the places 0 to {len(tree) - 1} of a list")
    return int(key)


def _explain(part: type[BaseModel], problem: Any, tree: dict[str, Any]) -> list[str]:
    """Lines `dotted.path: what is wrong` for one pydantic error about `tree`."""
    tags = {*_tags(part), "constrained-float", "literal['auto']"}
    dotted = ".".join(map(str, _as_written(problem["loc"], tree, tags)))
    if problem["type"] == "extra_forbidden":
        known, key = list(_keys(part)), _deepest(dotted, problem["input"])
        if key in known:
            return [f"{key}: only another kind has this key"]
        near = difflib.get_close_matches(key[:WORD], known, n=1, cutoff=0.0)
        return [f"{shown(key)}: unknown key; did you mean {near[0]}?"]
    if problem["type"] == "union_tag_invalid" and (broken := _unusable(dotted, problem["ctx"]["tag"])):
        return [f"{dotted}.kind: {broken}"]
    if problem["type"] == "union_tag_not_found":
        return [f"{dotted}.kind: Field required"]
    message, dotted = problem["msg"].removeprefix("Value error, "), shown(dotted)
    return [
        f"{dotted}: {line}" if dotted and problem["type"] != "value_error" else f"{_prefix(dotted)}{line}"
        for line in message.split("\n")
    ]


def _as_written(location: tuple[str | int, ...], tree: Any, tags: set[str]) -> list[str | int]:
    """A location without the list that `tree` does not write out, because it has a single element, and without the `tags` that
    pydantic puts in, which may be called like keys."""
    written: list[str | int] = []
    pieces = list(location)
    while pieces:
        piece = pieces.pop(0)
        if written and piece in tags and not (isinstance(tree, dict) and piece in tree):
            continue
        if isinstance(tree, dict) and piece not in tree and pieces[:1] == [0]:
            del pieces[0]
            continue
        written.append(piece)
        try:
            tree = tree[piece]
        except (LookupError, TypeError):
            tree = None
    return written


def _unusable(dotted: str, kind: str) -> str:
    """Why a kind of data or a codec that is installed is none of those that a recipe may have; empty when it is not installed."""
    registry = CODECS if dotted.endswith("codec") else DATASETS
    if kind not in registry.cards:
        return ""
    try:
        registry.get(kind)
    except InputError as error:
        return str(error)
    return ""


def _tags(part: type[BaseModel]) -> set[str]:
    """The kinds that sections below a part may have: pydantic puts them into the paths of errors."""
    inner = {section for field in part.model_fields.values() for section in _sections(field.annotation)}
    kinds = {kind for section in inner if "kind" in section.model_fields for kind in _literals(section)}
    return kinds.union(*(_tags(section) for section in inner))


def _literals(section: type[Section]) -> tuple[str, ...]:
    return getattr(section.model_fields["kind"].annotation, "__args__", ())


def _prefix(dotted: str) -> str:
    return f"{dotted}." if dotted else ""


def _deepest(dotted: str, value: Any) -> str:
    """An unknown section with one key is shown with that key: `trian.lr` rather than `trian`."""
    while isinstance(value, dict) and len(value) == 1:
        key, value = next(iter(value.items()))
        dotted = f"{dotted}.{key}"
    return dotted


def _keys(part: Any, prefix: str = "") -> Iterator[str]:
    """Every dotted key of a section, through all the kinds that a section may have."""
    for name, field in part.model_fields.items():
        yield prefix + name
        several = get_origin(field.annotation) is tuple  # the keys of a single element need no list
        for inner in _sections(field.annotation):
            for inside in (prefix, f"{prefix}{name}.0.") if several else (f"{prefix}{name}.",):
                yield from _keys(inner, inside)


def _sections(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for inner in getattr(annotation, "__args__", ()) for section in _sections(inner)]


def to_yaml(recipe: Section) -> str:
    """A resolved recipe, or a section of one, as YAML."""
    return plain.write(recipe.model_dump(mode="json"))
