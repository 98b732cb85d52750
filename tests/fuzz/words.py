"""Odd words, numbers and paths, and what the paths stand for."""

from __future__ import annotations

import os
from pathlib import Path

NUMBERS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "-0",
        "1.5",
        "abc",
        "1e9",
        "1e400",
        "1e-400",
        "nan",
        "inf",
        "-inf",
        "true",
        "None",
        "0x10",
        "1_000",
        "017",
    ),
    *("+5", "\u0661\u0662", "\uff11", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809"),
    *(
        "9" * 40,
        "9" * 5000,
        "1" + "0" * 300,
        "0." + "3" * 5000,
        "1,000",
        "1;2",
        "1 2",
        "[1]",
        "{}",
        "!!int 3",
        "2020-01-01",
        "12:30",
    ),
)
NO_NUMBERS = ("", " ", "abc", "None", "1,000", "1;2", "1 2", "[1]", "{}", "2020-01-01", "12:30")
WORDS = (
    *(
        "",
        " ",
        "KEYIN",
        "keyin ",
        "keyin+x",
        "+",
        "all",
        "../keyin",
        "[/red]",
        "[bold",
        "[link=x]y[/link]",
        "\x1b[31mred",
        "\x1b]0;t\x07",
    ),
    *(
        "a\nb",
        "a\rb",
        "\t",
        "\u202eabc",
        "\u200b",
        "\U0001f600",
        "e\u0301",
        os.fsdecode(b"\xff\xfe"),
        "x" * 5000,
        "9" * 5000,
        "%s%n{0}{x}",
    ),
    *(
        "None",
        "null",
        "true",
        "~",
        "-",
        "--",
        "'",
        '"',
        "`id`",
        "$(id)",
        ";",
        "|",
        "&&",
        "*",
        "?",
        "2020-01-01",
        "\u0130",
        "ke\u0443in",
    ),
)
# Paths below a bench's folder (see `scene`), or of the system where nothing can be made.
PATHS = (
    *(
        "",
        ".",
        "",
        "mine",
        "mine/",
        "mine/x",
        "file",
        "file/below",
        "file/",
        "loop",
        "loop/x",
        "loop2",
        "dangling",
        "link",
        "link/x",
    ),
    *(
        "to-file",
        "pipe",
        "pipe/x",
        "locked",
        "locked/x",
        "n" * 256,
        "n" * 256 + "/x",
        "d/" * 2100 + "x",
        "/proc/nothing",
        "/proc/1/x",
    ),
    *(
        "/proc/self/x",
        "/sys/x",
        "/dev/null/x",
        "2020-01-01",
        "9" * 5000,
        "[/red]",
        "[bold]x",
        "\x1b[31mred",
        "a\nb",
        "a\rb",
        "\t",
        " ",
    ),
    *(
        os.fsdecode(b"\xff\xfe"),
        "\U0001f600",
        "\u202eabc",
        "~",
        "~root/x",
        "*",
        "-",
        "x.zarr",
        "x.yaml",
        "x.json",
        "new/deep/er",
        "...",
    ),
    *(
        "..",
        "../..",
        "./././y",
        "new//x",
        "con",
        "x" * 250,
        ".hidden",
        "x\\y",
        "%s",
        "{x}",
        "socket",
        "empty",
        "many.zarr",
        "file/../z",
    ),
)
# What is read may be of the system, too; it ends, or it is refused before it is read.
READ = (
    *PATHS,
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/dev/full",
    "/proc/self/mem",
    "/proc/self/maps",
    "/proc/self/cmdline",
    "/sys",
    "/",
)
LEFT_ALONE = ("mine/x", "file", "link", "pipe", "socket", "loop", "dangling", "outside/y")


def scene(folder: Path) -> None:
    """What the odd paths stand for."""
    import socket

    for name in ("mine", "outside", "empty", "locked"):
        (folder / name).mkdir()
    (folder / "mine/x").write_text("years of work")
    (folder / "outside/y").write_text("elsewhere")
    (folder / "file").write_text("years of work")
    for name, target in (("loop", "loop2"), ("loop2", "loop"), ("dangling", "nowhere"), ("link", "outside"), ("to-file", "file")):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(folder / "socket"))
    (folder / "locked").chmod(0o500)


def left(folder: Path) -> dict[str, object]:
    """What is there of the things that nobody may change."""
    found: dict[str, object] = {}
    for name in LEFT_ALONE:
        path = folder / name
        kind = path.lstat().st_mode if os.path.lexists(path) else None
        found[name] = (kind, os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None)
    return found
