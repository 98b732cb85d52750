"""`plan --goal` with what is no picture of the table: bombs, pipes, devices, damaged and foreign files."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fuzz import odd
from fuzz.bench import Bench
from fuzz.case import Case, problems

ROW = "malformed goal images"
COUNT = 160
SAMPLE = 10
SIZE = 64  # px that a goal has without weights
PLAN = ("plan", "--method", "none", "--episodes", "1", "--pictures", "0", "--dry-run", "--goal")
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM", "ICO", "TGA", "SGI", "DDS", "PCX")
MODES = ("RGB", "L", "RGBA", "P", "1", "CMYK", "I;16", "F", "LA")


def table() -> Image.Image:
    """Something like a table with a puck, without drawing one: red on grey."""
    pixels = np.full((SIZE, SIZE, 3), 120, np.uint8)
    pixels[30:36, 30:36] = 200, 20, 20
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def png(width: int, height: int, rows: bytes, kind: int = 2, more: bytes = b"") -> bytes:
    """A PNG that says what it wants."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BOMBS: tuple[Callable[[], bytes], ...] = (
    lambda: png(50_000, 50_000, zlib.compress(bytes(1_000_000))),
    lambda: png(2**31 - 1, 2**31 - 1, b""),
    lambda: png(0, 0, b""),
    lambda: png(9_500, 9_500, zlib.compress(bytes(100_000))),  # a warning of Pillow
    lambda: png(14_000, 14_000, zlib.compress(bytes(100_000))),  # an error of Pillow
    lambda: png(SIZE, SIZE, zlib.compress(bytes(50_000_000))),
    lambda: png(SIZE, SIZE, b""),
    lambda: png(SIZE, SIZE, zlib.compress(bytes(100))),
    lambda: png(SIZE, SIZE, zlib.compress(bytes(SIZE * (3 * SIZE + 1))), kind=9),
    lambda: png(SIZE, SIZE, zlib.compress(bytes(SIZE * (SIZE + 1))), kind=3),
    lambda: b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b",",
    lambda: b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0),
    lambda: b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff/" + b"\xff" * 40,
    lambda: b"%PDF-1.4\n",
    lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n(file) run\n",
    lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'/>",
    lambda: b"",
    lambda: bytes(1_000_000),
)


def case(number: int) -> Case:
    rng = random.Random(f"goals-{number}")
    if number < len(odd.READ):
        path = odd.READ[number]
        return _case(f"path {path}", path, None, refused=True)
    if number < len(odd.READ) + len(BOMBS):
        return _case(f"bomb {number - len(odd.READ)}", "goal", BOMBS[number - len(odd.READ)](), refused=True)
    kind, mode = rng.choice(FORMATS), rng.choice(MODES)
    image = table() if rng.random() < 0.5 else table().resize((rng.choice([1, 63, 64, 65, 300]), rng.choice([1, 64, 65])))
    try:
        content = encoded(image.convert(mode), kind)
    except (OSError, ValueError, KeyError):  # not in this format
        kind, mode, content = "PNG", "RGB", encoded(image, "PNG")
    what = rng.choice(["whole", "cut", "flipped", "flipped", "joined"])
    if what == "cut":
        content = content[: rng.randrange(len(content))]
    elif what == "flipped":
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 3, 30])):
            damaged[rng.randrange(min(len(damaged), rng.choice([60, len(damaged)])))] = rng.randrange(256)
        content = bytes(damaged)
    elif what == "joined":
        content = content + content
    return _case(f"{kind} {mode} {image.size} {what}", f"goal.{rng.choice([kind.lower(), 'png', 'txt'])}", content, refused=None)


def _case(name: str, path: str, content: bytes | None, refused: bool | None) -> Case:
    def check(bench: Bench) -> list[str]:
        here = Path.cwd()
        os.chdir(bench.folder)
        odd.scene(bench.folder)
        os.chdir(here)
        if content is not None:
            (bench.folder / path).write_bytes(content)
        return problems(bench.keyin(*PLAN, path), refused=refused)

    return Case(ascii(name)[1:-1][:90], check)
