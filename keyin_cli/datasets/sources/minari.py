"""Minari's HDF5 datasets: `main_data.hdf5`, or the directory of a dataset that has it or `data/main_data.hdf5`.

    episode_<i>/observations  (T+1,…), or groups of such: uint8 of 4 dimensions are cameras, numbers of 1 or 2 are signals
    episode_<i>/actions       (T,D) or (T,), or groups of such: signals

Cameras and signals are called by their path in the episode, `observations/image`. The last action is repeated for the frame
behind it. Minari records no rate: its env_spec is Gymnasium's EnvSpec, and render_fps is in the environment's code. So it is 20 a
second unless the metadata (metadata.json beside the data, or attributes of the file, as older versions have them), or the
arguments of the environment in its env_spec, have `control_freq` or `render_fps`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from keyin_cli.datasets.sources import arrays, hdf5
from keyin_cli.datasets.sources.robomimic import Recordings, recordings
from keyin_cli.datasets.sources.source import SourceKind
from keyin_cli.errors import InputError

EPISODE = re.compile("episode_([0-9]{1,18})")
TOPS = ("observations", "actions")  # of an episode, the members that are looked into
MAIN, METADATA = "main_data.hdf5", "metadata.json"
RATES = ("control_freq", "render_fps")
FPS = 20.0


def open_minari(path: Path) -> Recordings:
    """Open a file or the directory of a dataset.

    Raises:
        InputError: it is damaged, or has no episodes, no images or no usable rate.
    """
    main = main_file(path)
    if main is None:
        raise InputError(f"{path} has no {MAIN}: give the directory of a Minari dataset of format hdf5, or another --format")
    with hdf5.opened(main) as file:
        names = hdf5.numbered(file, EPISODE)
        if not names:
            raise InputError(f"{main} has no groups episode_0 and so on: give a file of Minari, or another --format")
        return recordings(main, file, "", names, TOPS, rate(file, main), short=1)


def main_file(path: Path) -> Path | None:
    """The file that has the episodes; None where there is none."""
    return next((file for file in (path, path / MAIN, path / "data" / MAIN) if os.path.isfile(file)), None)


def rate(file: Any, main: Path) -> float:
    """Frames a second that the metadata beside a file, or else its attributes, tell; `FPS` where they tell none.

    Raises:
        InputError: the metadata is damaged, or what it tells is no rate.
    """
    beside = main.with_name(METADATA)
    where = beside if os.path.isfile(beside) else main
    told = {key: file.attrs[key] for key in ("env_spec", *RATES) if key in file.attrs}
    if where == beside:
        told = arrays.json_file(beside, beside)
    spec = told.get("env_spec")
    arguments = arrays.json_of(spec, f"env_spec of {where}") if isinstance(spec, (str, bytes)) else None
    kwargs = arguments.get("kwargs") if isinstance(arguments, dict) else None
    for place in (told, kwargs if isinstance(kwargs, dict) else {}):
        for key in RATES:
            if place.get(key) is not None:
                return arrays.checked_rate(place[key], f"{key} of {where}")
    return FPS


def _recognises(path: Path) -> bool:
    main = main_file(path)
    return main is not None and hdf5.looks_like(main, lambda file: any(EPISODE.fullmatch(name) for name in file))


SOURCE = SourceKind(
    name="minari",
    help="a Minari dataset in HDF5 with images among its observations",
    order=40,
    recognises=_recognises,
    open=open_minari,
)
