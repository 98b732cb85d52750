"""What chunks of HDF5 pass through on their way, and how large they may become."""

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from keyin_cli.datasets.sources import hdf5
from keyin_cli.errors import InputError

IMAGE = "images"
PICTURES = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), dtype=np.uint8)


@pytest.fixture
def demos(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "d.hdf5", "w") as file:
        file[IMAGE] = PICTURES
    return tmp_path / "d.hdf5"


def read(path: Path) -> Any:
    with hdf5.opened(path) as file:
        return hdf5.safe(file, IMAGE, path)[...]


def replaced(path: Path, **how: Any) -> Any:
    """The images anew, in an open file."""
    file = h5py.File(path, "r+")
    del file[IMAGE]
    return file, file.create_dataset(IMAGE, (4, 6, 8, 3), np.uint8, chunks=(2, 6, 8, 3), **how)


def test_a_chunk_that_becomes_too_large_is_not_decoded(demos: Path) -> None:
    """Deflate makes a thousand times as much of what is in the file, and HDF5 decodes to the end."""
    packed = zlib.compressobj(9)
    file, dataset = replaced(demos, compression="gzip")
    data = b"".join(packed.compress(bytes(1 << 22)) for _ in range(20)) + packed.flush()
    dataset.id.write_direct_chunk((2, 0, 0, 0), data)
    file.close()
    with pytest.raises(InputError, match=r"its chunk at \(2, 0, 0, 0\) takes more than 67108864 bytes, or is damaged"):
        read(demos)


def test_other_filters_are_not_run(demos: Path) -> None:
    file, _ = replaced(demos, scaleoffset=0)
    file.close()
    with pytest.raises(InputError, match="is stored with the filter 6, only gzip, lzf, shuffle and fletcher32 are read"):
        read(demos)


@pytest.mark.parametrize("how", [{}, {"compression": "lzf"}, {"compression": "gzip", "shuffle": True, "fletcher32": True}])
def test_filters_that_are_run(how: dict[str, Any], demos: Path) -> None:
    file, dataset = replaced(demos, **how)
    dataset[...] = PICTURES
    file.close()
    np.testing.assert_array_equal(read(demos), PICTURES)
