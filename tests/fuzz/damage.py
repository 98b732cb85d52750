"""Damage of files and folders, seeded, whatever they hold."""

from __future__ import annotations

import json
import os
import random
import shutil
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fuzz import odd


def apart(do: Callable[[], object]) -> str:
    """What a function returns, as text, run in a process of its own: libraries start threads and keep memory, and the process
    that forks commands may have neither."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.close(reader)
            told = str(do())
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(told.encode(errors="backslashreplace"))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    assert not status, "what prepares a case failed, see above"
    return told


Damage = Callable[[random.Random, Path], str]  # what was done


def files(folder: Path, keep: Callable[[Path], bool] = lambda path: True) -> list[Path]:
    """The files below a folder in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and keep(path))


def flip(rng: random.Random, file: Path) -> str:
    data = bytearray(file.read_bytes())
    count = rng.choice([1, 1, 1, 3, 20])
    for _ in range(count if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)
    return f"{count} bits of {file.name} flipped"


def cut(rng: random.Random, file: Path) -> str:
    data = file.read_bytes()
    end = rng.choice([0, 1, len(data) // 2, max(0, len(data) - 1), rng.randrange(len(data) + 1)])
    file.write_bytes(data[:end])
    return f"{file.name} cut to {end} of {len(data)} bytes"


def longer(rng: random.Random, file: Path) -> str:
    more = rng.choice([b"\0", b"x" * 7, rng.randbytes(999), file.read_bytes()])
    file.write_bytes(file.read_bytes() + more)
    return f"{file.name} {len(more)} bytes longer"


def garbage(rng: random.Random, file: Path) -> str:
    size = rng.choice([file.stat().st_size, 7, 3000])
    file.write_bytes(rng.choice([rng.randbytes(size), bytes(size), b"\xff" * size]))
    return f"{file.name} replaced by {size} other bytes"


def patch(rng: random.Random, file: Path) -> str:
    """Numbers inside binary headers: sizes and offsets become absurd."""
    data = bytearray(file.read_bytes())
    at = rng.choice([rng.randrange(64), rng.randrange(max(1, len(data)))])
    width = rng.choice([1, 2, 4, 8])
    data[at : at + width] = rng.choice([b"\xff", b"\0", b"\x7f", b"\x80"]) * width
    file.write_bytes(data)
    return f"{width} bytes at {at} of {file.name} overwritten"


def gone(rng: random.Random, file: Path) -> str:
    file.unlink()
    return f"{file.name} deleted"


def away(rng: random.Random, path: Path) -> str:
    """A file or folder that is a link to what lies outside."""
    outside = path.with_name(f"{path.name}.away")
    path.rename(outside)
    path.symlink_to(outside.name if rng.random() < 0.5 else outside.absolute())
    return f"{path.name} is a link"


def pipe(rng: random.Random, file: Path) -> str:
    file.unlink()
    os.mkfifo(file)
    return f"{file.name} is a pipe"


def folder(rng: random.Random, file: Path) -> str:
    file.unlink()
    file.mkdir()
    return f"{file.name} is a folder"


def swapped(rng: random.Random, file: Path) -> str:
    others = [each for each in files(file.parents[1]) if each != file]
    if others:
        shutil.copy(rng.choice(others), file)
    return f"{file.name} replaced by another"


def tree(rng: random.Random, file: Path) -> str:
    """Some values of a JSON file."""
    told = json.loads(file.read_text())
    done = []
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        way, told = odd.change(rng, told)
        done.append(way)
    write(file, told)
    return f"{file.parent.name}/{file.name}: {', '.join(map(ascii, done))}"[:160]


def words(rng: random.Random, file: Path) -> str:
    """The text of a JSON file."""
    text = odd.text(rng, file.read_text(), rng.choice([1, 2, 5]))
    file.write_bytes(text.encode(errors="surrogatepass"))
    return f"the text of {file.parent.name}/{file.name}"


def write(file: Path, told: Any) -> None:
    file.write_bytes(json.dumps(told, default=str).encode(errors="surrogatepass"))


def edit(file: Path, way: Sequence[str | int], value: Any) -> None:
    """Set one value of a JSON file."""
    told = json.loads(file.read_text())
    inside = told
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = value
    write(file, told)


BINARY: tuple[Damage, ...] = (flip, flip, flip, cut, longer, garbage, patch, patch, gone, away, pipe, folder, swapped)
TEXT: tuple[Damage, ...] = (tree, tree, tree, tree, words, flip, cut, garbage, gone, away, pipe, folder, swapped)
