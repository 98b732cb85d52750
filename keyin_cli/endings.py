"""What a command says when it does not end with what was asked for: everything that is no mistake of this program's becomes a
line and an exit code, here alone. A mistake of ours stays what it is, with the places in the code that it passed."""

from __future__ import annotations

import errno
from typing import Any, NamedTuple

from keyin_cli import machine
from keyin_cli.errors import Faults, InputError, Interrupted, RunError, printable

CODES = {RunError: 1, InputError: 2, Interrupted: 130}
MOST = 3  # lines
LONGEST = 600  # characters of a line; its end says what to do, so what is too long is cut in the middle
GIVEN = (  # what the system says of a path that cannot be used; all else is a failure of the machine
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL, errno.ENXIO, errno.ENODEV, errno.EILSEQ),
)
SHORT = (  # what libraries say when they get no memory, in errors of all kinds
    *("DefaultCPUAllocator", "not enough memory", "std::bad_alloc", "CUDA out of memory", "could not create a primitive"),
    *("Could not allocate memory", "Cannot allocate memory", "could not be made C-contiguous", "can't start new thread"),
)


class Ending(NamedTuple):
    """The lines for the user, and the exit code."""

    lines: list[str]
    code: int


def ending(error: BaseException) -> Ending | None:
    """How a command ends by an error; None for a mistake in the program, which shows where it is."""
    if _short_of_memory(error):
        free = f"{machine.sized(machine.free_memory())} are free"
        return Ending([f"not enough memory ({free}): take less at once (a smaller batch, fewer samples), or a larger machine"], 1)
    if isinstance(error, Faults):
        return Ending([each for line in error.lines for each in few(line)] if error.everything else _faults(error.lines), 2)
    for kind, code in CODES.items():
        if isinstance(error, kind):
            return Ending(few(str(error)), code)
    if isinstance(error, RecursionError):
        return Ending(["what was given is nested too deeply to be read: give something simpler"], 2)
    if isinstance(error, OSError) and error.errno != errno.EPIPE:  # which only says that nobody reads our output any more
        return Ending(few(_system(error)), 2 if error.errno in GIVEN and error.filename is not None else 1)
    return None


def _short_of_memory(error: BaseException) -> bool:
    """Whether memory ran out; also where a reader took what a library said of it for damage. A MemoryError that was made into
    another error on purpose stays that."""
    if isinstance(error, MemoryError):
        return True
    cause: BaseException | None = error
    while cause is not None:
        of_system = isinstance(cause, OSError) and cause.errno == errno.ENOMEM
        if of_system or (not isinstance(cause, MemoryError) and any(each in str(cause) for each in SHORT)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def usage(error: Any) -> Ending:
    """How a command ends whose arguments are none, by an error of the library that reads them."""
    said = " ".join(error.format_message().split()).rstrip(".")
    command = getattr(error.ctx, "command_path", "keyin")
    said = said if said.endswith("?") else f"{said}:"
    return Ending(few(f"{said[:1].lower()}{said[1:]} `{command} --help` shows what there is"), error.exit_code)


def few(text: str) -> list[str]:
    """A text as at most three lines, none endless, none of which does anything to a terminal."""
    lines = [short(line) for line in printable(text).splitlines() if line.strip()] or ["failed"]
    return lines if len(lines) <= MOST else [*lines[: MOST - 1], f"and {len(lines) - MOST + 1} more like these"]


def short(line: str) -> str:
    """A line without its middle where it is too long."""
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"


def _faults(lines: list[str]) -> list[str]:
    """The first faults of a recipe, and where all of them are shown."""
    if len(lines) <= MOST:
        return few("\n".join(lines))
    return [*few("\n".join(lines[: MOST - 1])), f"{len(lines) - MOST + 1} more are wrong: `keyin recipes validate` shows all"]


def _system(error: OSError) -> str:
    reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
    if error.filename is None:
        return f"the system refuses: {reason}: look at the disk and at open files, then run the same command again"
    name = error.filename.decode(errors="replace") if isinstance(error.filename, bytes) else str(error.filename)
    both = f"{ascii(name)[1:-1]} cannot be used: {reason}"
    if error.errno in GIVEN:
        return f"{both}: use another path, or make this one readable and writable"
    return f"{both}: run the same command again when that is mended"
