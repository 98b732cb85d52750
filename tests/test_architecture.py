"""The floors of docs/design.md: imports point down and never in a circle, files are short, what is imported at once is light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "keyin_cli"
# From the ground up. What stands on one line does not know its neighbours.
FLOORS = (
    ("errors", "colours", "tuning", "statistics"),
    ("registry", "distributed", "machine", "interrupts"),
    ("names", "endings", "progress", "parallel", "devices"),
    ("storage",),
    ("recipe",),
    ("model", "datasets"),
    ("training", "figures"),
    ("discovery", "planning"),
    ("methods", "report"),
    ("library",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
RANK = {part: rank for rank, floor in enumerate(FLOORS) for part in floor}
FILES = sorted(PACKAGE.rglob("*.py"))


def name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name(file): file for file in FILES}


def part(module: str) -> str | None:
    """The part of the package that a module belongs to; None for the package itself."""
    return module.split(".")[1] if "." in module else None


def imported(tree: ast.AST, everywhere: bool) -> Iterator[str]:
    """Our modules that a module imports: when it is imported itself, or `everywhere`, in its functions too. Types do not
    count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not everywhere:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "keyin_cli":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "keyin_cli")
        else:
            yield from imported(node, everywhere)


@pytest.mark.parametrize("module", [module for module in MODULES if part(module)])
def test_imports_point_down(module: str) -> None:
    own = part(module)
    assert own in RANK, f"{module} stands on no floor"
    for other in imported(ast.parse(MODULES[module].read_text()), everywhere=True):
        if (theirs := part(other)) not in (None, own):
            assert RANK[theirs] < RANK[own], f"{module} imports {other}, which is not below it"


def test_imports_make_no_circle() -> None:
    edges = {module: set(imported(ast.parse(file.read_text()), everywhere=False)) - {module} for module, file in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"a circle: {' -> '.join([*way[way.index(module) :], module])}"
        if module not in done:
            for other in edges[module]:
                visit(other, (*way, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("file", [*FILES, *sorted((PACKAGE.parent / "tests").rglob("*.py"))], ids=lambda file: file.stem)
def test_files_are_short(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 300


@pytest.mark.parametrize(
    ("statement", "without"),
    [
        ("import keyin_cli", {"torch", "numpy", "pydantic", "rich", "mujoco"}),
        ("import keyin_cli.cli", {"torch", "numpy", "pydantic", "mujoco"}),
        ("from keyin_cli import recipe; recipe.load('brownian')", {"torch", "mujoco", "zarr"}),
        ("from keyin_cli import recipe; recipe.load('pushing')", {"torch", "mujoco", "zarr"}),
        ("import keyin_cli; keyin_cli.load", {"mujoco"}),
    ],
)
def test_what_is_imported_at_once_is_light(statement: str, without: set[str]) -> None:
    script = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not without & set(done.stdout.split())
