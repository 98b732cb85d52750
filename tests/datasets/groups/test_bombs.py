"""How much a chunk would become is told before it is decoded, for every codec that is."""

import bz2
import gzip
import lzma
from typing import Any

import numcodecs
import numpy as np
import pytest

from keyin_cli.datasets.groups.bombs import is_bomb, most
from keyin_cli.datasets.groups.headers import COMPRESSORS

SIZE = 1 << 20


@pytest.mark.parametrize("codec", COMPRESSORS)
@pytest.mark.parametrize(
    "values", [np.zeros(SIZE, np.uint8), np.random.default_rng(0).integers(0, 256, SIZE, dtype=np.uint8)], ids=["0", "random"]
)
def test_what_fits_and_what_does_not(codec: str, values: Any) -> None:
    data = bytes(numcodecs.get_codec({"id": codec}).encode(values))
    assert not is_bomb(codec, data, SIZE)
    assert is_bomb(codec, data, SIZE - 1)
    assert not is_bomb(codec, data, 10**12)


def test_what_is_not_compressed() -> None:
    assert not is_bomb(None, bytes(9), 9)
    assert is_bomb(None, bytes(10), 9)


@pytest.mark.parametrize(("codec", "pack"), [("gzip", gzip.compress), ("bz2", bz2.compress), ("lzma", lzma.compress)])
def test_streams_behind_one_another_count_together(codec: str, pack: Any) -> None:
    data = pack(bytes(SIZE)) * 5
    assert is_bomb(codec, data, 4 * SIZE)
    assert not is_bomb(codec, data, 5 * SIZE)


def test_raw_lzma_cannot_be_told() -> None:
    raw = numcodecs.LZMA(format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 1}])
    assert is_bomb("lzma", bytes(raw.encode(np.zeros(SIZE, np.uint8))), 10**12)


@pytest.mark.parametrize("codec", ["gzip", "zlib", "bz2", "lzma"])
def test_damaged_streams_cannot_be_told(codec: str) -> None:
    assert is_bomb(codec, b"\xff" * 2000, 1000)


def test_frames_of_zstandard_without_a_size() -> None:
    """Blocks are counted: a repeated byte as what it becomes, a raw one by its length, a compressed one by the most it can be."""

    def block(kind: int, size: int, last: bool) -> bytes:
        return (size << 3 | kind << 1 | last).to_bytes(3, "little") + bytes(1 if kind == 1 else size)

    head = 0xFD2FB528.to_bytes(4, "little") + b"\x00\x70"
    frame = head + block(0, 100, False) + block(1, 100_000, False) + block(2, 50, True)
    total = 100 + 100_000 + (1 << 17)
    skipped = 0x184D2A51.to_bytes(4, "little") + (3).to_bytes(4, "little") + b"abc"
    for data, expected in ((frame, total), (frame + frame, 2 * total), (skipped + frame, total)):
        assert not is_bomb("zstd", data, expected)
        assert is_bomb("zstd", data, expected - 1)


def test_the_most_is_never_little() -> None:
    assert most(1) == most(1000) == 1 << 26
    assert most(1 << 30) > 1 << 30


def test_blosc_that_says_it_is_longer_than_it_is() -> None:
    """It would be read beyond its end, which can end the process."""
    data = bytes(numcodecs.Blosc().encode(np.arange(SIZE, dtype=np.uint8)))
    assert is_bomb("blosc", data[:-1], 10**12)
    assert is_bomb("blosc", data[:9], 10**12)
