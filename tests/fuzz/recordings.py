"""Demonstrations in every format to start from."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from lerobot_files import FRONT_IMAGES, write_dataset

from fuzz.bench import Bench, template
from fuzz.damage import apart
from fuzz.zarrs import buffer, pictures

VIDEOS = {
    "clip.mp4": ("libx264", "yuv420p"),
    "clip.mkv": ("mpeg4", "yuv420p"),
    "clip.avi": ("mjpeg", "yuvj420p"),
    "clip.webm": ("libvpx", "yuv420p"),
    "clip.mov": ("mpeg4", "yuv420p"),
    "clip.gif": ("gif", "rgb8"),
}
SIGNALS = {"lerobot": "observation.state", "robomimic.hdf5": "obs/state", "minari": "observations/state", "arrays.npz": "state"}


@template("sources")
def _sources(bench: Bench) -> None:
    """One of each format."""
    apart(lambda: _write(bench.folder))


def _write(folder: Path) -> None:
    for name, (codec, pixels) in VIDEOS.items():
        video(folder / name, codec, pixels)
    (folder / "folder/below").mkdir(parents=True)
    video(folder / "folder/a.mp4", "libx264", "yuv420p")
    video(folder / "folder/below/b.gif", "gif", "rgb8")
    write_dataset(folder / "lerobot")
    write_dataset(folder / "lerobot-images", cameras=FRONT_IMAGES)
    robomimic(folder / "robomimic.hdf5")
    minari(folder / "minari")
    np.savez_compressed(folder / "arrays.npz", **arrays())
    np.savez(folder / "stored.npz", **arrays())
    np.save(folder / "frames.npy", pictures(12))
    buffer(folder / "buffer.zarr", 2)
    with zipfile.ZipFile(folder / "buffer.zarr.zip", "w") as archive:
        for file in sorted((folder / "buffer.zarr").rglob("*")):
            archive.write(file, file.relative_to(folder / "buffer.zarr"))


def video(path: Path, codec: str, pixels: str, count: int = 12, size: tuple[int, int] = (32, 48)) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.height, stream.width, stream.pix_fmt = *size, pixels
        for image in pictures(count):
            drawn = np.repeat(np.repeat(image, size[0] // 16, 0), size[1] // 16, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, format="rgb24")))
        container.mux(stream.encode())


def arrays() -> dict[str, Any]:
    state = np.arange(40, dtype=np.float32).reshape(20, 2)
    labels = np.arange(20) % 6 == 2
    return {"frames": pictures(20), "episode_ends": np.array([8, 20]), "fps": 10, "keyframes": labels, "state": state}


def robomimic(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file.create_group("data").attrs["env_args"] = json.dumps({"env_kwargs": {"control_freq": 20}})
        for number in range(2):
            group = file.create_group(f"data/demo_{number}")
            group.create_dataset("obs/front_image", data=pictures(9), chunks=(3, 16, 16, 3), compression="gzip", fletcher32=True)
            group.create_dataset("obs/state", data=np.arange(18.0).reshape(9, 2), chunks=(4, 2), compression="lzf", shuffle=True)
            group.create_dataset("actions", data=np.zeros((9, 1)))


def minari(folder: Path) -> None:
    import h5py

    (folder / "data").mkdir(parents=True)
    with h5py.File(folder / "data/main_data.hdf5", "w") as file:
        for number in range(2):
            group = file.create_group(f"episode_{number}")
            group.create_dataset("observations/image", data=pictures(9))
            group.create_dataset("observations/state", data=np.arange(18.0).reshape(9, 2))
            group.create_dataset("actions", data=np.zeros((8, 1)))
    (folder / "data/metadata.json").write_text(json.dumps({"total_episodes": 2, "render_fps": 20}))
