"""What is no mistake of the program's ends in a line and an exit code; a mistake of ours shows where it is."""

import errno
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from keyin_cli.cli import Program
from keyin_cli.endings import LONGEST, ending, few
from keyin_cli.errors import Faults, InputError, Interrupted, RunError


def refused(number: int, path: object = "some/path") -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("error", "code", "parts"),
    [
        (InputError("no such thing"), 2, ("no such thing",)),
        (RunError("disk full"), 1, ("disk full",)),
        (Interrupted("stopped"), 130, ("stopped",)),
        (refused(errno.ENAMETOOLONG), 2, ("some/path cannot be used: File name too long", "use another path")),
        (refused(errno.EROFS), 2, ("some/path", "Read-only file system")),
        (refused(errno.ELOOP), 2, ("some/path", "symbolic links")),
        (refused(errno.ENOSPC), 1, ("some/path", "No space left", "run the same command again")),
        (refused(errno.EIO, b"by\xfftes"), 1, ("Input/output error",)),
        (OSError(errno.EMFILE, "Too many open files"), 1, ("Too many open files", "run the same command again")),
        (refused(errno.ENOENT, "a\x1b[2Jb"), 2, ("a\\x1b[2Jb",)),
        (MemoryError(), 1, ("not enough memory", "GB are free")),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 1, ("not enough memory",)),
        (RecursionError("maximum recursion depth exceeded"), 2, ("nested too deeply",)),
    ],
)
def test_a_line_and_a_code(error: Exception, code: int, parts: tuple[str, ...]) -> None:
    said = ending(error)
    assert said is not None
    assert said.code == code
    (line,) = said.lines
    assert line.isprintable()
    assert [part for part in parts if part not in line] == []


@pytest.mark.parametrize(
    "said",
    [
        ValueError("Could not allocate memory"),  # MuJoCo
        ValueError("Input array could not be made C-contiguous"),  # Matplotlib
        RuntimeError("could not create a primitive"),  # oneDNN
        RuntimeError("can't start new thread"),  # Python
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_too_little_memory_is_not_taken_for_something_else(said: Exception) -> None:
    """…as a reader does that finds a file damaged, whatever a library raises."""
    try:
        try:
            raise said
        except Exception:
            raise InputError("the file is damaged: make it again") from None
    except InputError as caught:
        for error in (said, caught):
            found = ending(error)
            assert found is not None
            assert found.code == 1
            assert found.lines[0].startswith("not enough memory (")


def test_a_reader_may_say_itself_that_a_file_takes_too_much_memory() -> None:
    try:
        try:
            raise MemoryError
        except MemoryError:
            raise InputError("the file takes more memory than is free") from None
    except InputError as caught:
        found = ending(caught)
    assert found is not None
    assert (found.code, found.lines) == (2, ["the file takes more memory than is free"])


@pytest.mark.parametrize(
    "error",
    [ValueError("ours"), KeyError("ours"), RuntimeError("ours"), AssertionError(), BrokenPipeError(errno.EPIPE, "nobody reads")],
)
def test_mistakes_of_ours_stay_what_they_are(error: Exception) -> None:
    assert ending(error) is None


def test_three_lines_at_most_and_none_is_endless() -> None:
    assert few("a\nb\nc") == ["a", "b", "c"]
    assert few("a\nb\nc\nd\n\n") == ["a", "b", "and 2 more like these"]
    (line,) = few("begin " + "x" * 100_000 + " do this")
    assert len(line) < LONGEST + 10
    assert line.startswith("begin ")
    assert line.endswith(" do this")


def test_of_many_faults_the_first_unless_all_were_asked_for() -> None:
    lines = [f"fault {number}" for number in range(5)]
    first, everything = ending(Faults(lines)), ending(Faults(lines, everything=True))
    assert first is not None
    assert first.lines == ["fault 0", "fault 1", "3 more are wrong: `keyin recipes validate` shows all"]
    assert everything is not None
    assert everything.lines == lines


def program(error: Exception) -> typer.Typer:
    app = typer.Typer(cls=Program, pretty_exceptions_enable=False)

    @app.command()
    def fail(number: int = 0) -> None:
        raise error

    @app.command()
    def other() -> None: ...

    return app


def test_a_mistake_of_ours_passes_through_the_program() -> None:
    done = CliRunner().invoke(program(ZeroDivisionError("ours")), ["fail"])
    assert isinstance(done.exception, ZeroDivisionError)


@pytest.mark.parametrize("word", ["[/red]", "[bold", "--[/x]", "\x1b[2J"])
@pytest.mark.parametrize("where", [["{}"], ["fail", "{}"], ["fail", "--number", "{}"]])
def test_wrong_arguments_are_one_line(word: str, where: list[str]) -> None:
    done = CliRunner().invoke(program(ValueError()), [each.format(word) for each in where])
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("keyin: ")
    assert line.endswith("--help` shows what there is")
    assert line.isprintable()


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(program(refused(errno.EACCES, str(tmp_path / "[/red]"))), ["fail"])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        f"keyin: {tmp_path}/[/red] cannot be used: Permission denied: use another path, or make this one readable and writable"
    ]
