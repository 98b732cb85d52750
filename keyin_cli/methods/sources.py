"""The source of a method, as far as what it finds may depend on it: its file, and what this one imports of its neighbours."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

OURS = ("keyin_cli.methods", "keyin_cli.discovery", "keyin_cli.model")  # what lies below is the same for all


@cache
def digest(module: str) -> str:
    """SHA-256 of the source of a module and of all that it imports, directly or not, from its own package; of ours, from `OURS`.
    Nothing is imported for it but packages."""
    done: dict[str, bytes] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        if name in done or (file := _file(name)) is None:
            continue
        done[name] = file.read_bytes()
        todo += [each for each in _imported(done[name], name) if _belongs(each, module)]
    content = hashlib.sha256()
    for name in sorted(done):
        content.update(name.encode() + b"\n" + hashlib.sha256(done[name]).digest())
    return content.hexdigest()


def _belongs(name: str, module: str) -> bool:
    top = module.partition(".")[0]
    return name.startswith(OURS) if top == "keyin_cli" else name.partition(".")[0] == top


def _file(name: str) -> Path | None:
    """The file of a module; None of what is no module, such as a function that is imported from one."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """All that may be run of a module: not what is there for types alone."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            yield node
            yield from _run(node)


def _imported(source: bytes, own: str) -> Iterator[str]:
    """What a source imports, by full name; of `from a import b` both `a` and `a.b`, one of which is a module."""
    package = own.rpartition(".")[0]
    for node in _run(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1])
                base = ".".join(each for each in (parent, base) if each)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
