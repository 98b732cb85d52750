"""Every command explains itself at once: --help with an example that can be pasted, without loading anything heavy."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer
from processes import Keyin

from keyin_cli import __version__
from keyin_cli.__main__ import main
from keyin_cli.cli import app

Words = tuple[str, ...]


def walk(command: Any, words: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Every command and group with the words that call it."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*words, name))


COMMANDS = dict(walk(typer.main.get_command(app)))
LEAVES = [words for words, command in COMMANDS.items() if not hasattr(command, "commands")]


def options(words: Words) -> set[str]:
    return {name for option in COMMANDS[words].params for name in (*option.opts, *option.secondary_opts)}


def name(words: Words) -> str:
    return "-".join(words) or "keyin"


def test_the_commands_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    assert set(re.findall(r"^\| `keyin ([a-z0-9-]+)` \|", page, re.MULTILINE)) == {words[0] for words in LEAVES}
    assert {words[1] for words in LEAVES if words[0] == "recipes"} == {"list", "show", "copy", "validate"}


@pytest.mark.parametrize("words", COMMANDS, ids=name)
def test_help_shows_an_example(words: Words, here: Keyin, tmp_path: Path) -> None:
    done = here(*words, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert COMMANDS[words].epilog in [line.strip() for line in done.stdout.splitlines()]  # on one line, so it can be pasted


EVERY_HELP = """
import json, sys
from typer.testing import CliRunner
from keyin_cli.cli import app
loaded = {}
for words in json.loads(sys.argv[1]):
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0
    loaded[" ".join(words)] = sorted({"torch", "mujoco", "numpy"} & set(sys.modules))
print(json.dumps(loaded))
"""


def test_help_loads_nothing_heavy() -> None:
    args = [sys.executable, "-c", EVERY_HELP, json.dumps(list(COMMANDS))]
    done = subprocess.run(args, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {" ".join(words): [] for words in COMMANDS}


def test_help_by_the_real_command(keyin: Keyin, tmp_path: Path) -> None:
    done = keyin("--help", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert COMMANDS[()].epilog in [line.strip() for line in done.stdout.splitlines()]
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "keyin_cli.cli" in loaded
    assert not loaded & {"torch", "mujoco", "numpy"}


@pytest.mark.parametrize("words", COMMANDS, ids=name)
def test_the_example_can_be_parsed(words: Words) -> None:
    for line in COMMANDS[words].epilog.split(" && "):
        program, *args = shlex.split(line)
        called = max((known for known in COMMANDS if tuple(args[: len(known)]) == known), key=len)
        assert program == "keyin"
        assert called in LEAVES
        COMMANDS[called].make_context(program, args[len(called) :])  # raises UsageError


@pytest.mark.parametrize("words", LEAVES, ids=name)
def test_every_command_prints_json(words: Words) -> None:
    assert "--json" in options(words)


@pytest.mark.parametrize("words", COMMANDS, ids=name)
def test_every_option_is_explained(words: Words) -> None:
    assert [option.name for option in COMMANDS[words].params if not option.help] == []


@pytest.mark.parametrize("word", ["gen-data", "pretrain-interp", "train"])
def test_commands_that_make_something_share_their_options(word: str) -> None:
    assert {"--set", "--dry-run", "--seed", "--overwrite", "--resume"} <= options((word,))


def test_version(keyin: Keyin, tmp_path: Path) -> None:
    done = keyin("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"keyin {__version__}\n")


def test_a_mistyped_command(here: Keyin, tmp_path: Path) -> None:
    done = here("trian", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "trian" in done.stderr


def test_the_installed_program_is_this_one() -> None:
    (script,) = entry_points(group="console_scripts", name="keyin")
    assert script.load() is main
