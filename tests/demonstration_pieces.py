"""A small dataset of labelled episodes, as `keyin benchmark` takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr

ROLES = {"gripper": "observation.state:2:3", "joint_velocities": "observation.state:1:2", "actions": "action"}
WHOLE: Any = {"write_empty_chunks": True}


def turns(path: Path, n: int = 8, length: int = 30, labelled: bool = True, **attributes: Any) -> Path:
    """n episodes of `length` frames and up to 7 more, in which a bar turns back three times. State: its place, its speed, and a
    gripper that opens or closes the frame after each turn; the action: how it moves next."""
    rng = np.random.default_rng(0)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("frames", "observation.state", "action", "keyframes")}
    records = []
    for index in range(n):
        count = length + int(rng.integers(0, 8))
        true = np.zeros(count, bool)
        true[rng.choice(np.arange(4, count - 4), 3, replace=False)] = True
        speed = 1 - 2 * (np.cumsum(true) % 2)
        place = np.concatenate([[0], np.cumsum(speed)[:-1]])
        frames = np.zeros((count, 16, 16, 3), np.uint8)
        frames[np.arange(count), :, (place - place.min()) % 16] = 255
        closed = np.concatenate([[0], np.cumsum(true)[:-1]]) % 2
        parts["frames"].append(frames)
        parts["observation.state"].append(np.stack([place, speed, closed], 1).astype(np.float32))
        parts["action"].append(speed[:, None].astype(np.float32))
        parts["keyframes"].append(true)
        events = [{"frame": int(frame), "name": "turn"} for frame in np.flatnonzero(true)]
        records.append({"name": f"episode {index}", "source": index, "events": events})
    group = zarr.create_group(path)
    for name, values in parts.items():
        if labelled or name != "keyframes":
            group.create_array(f"data/{name}", data=np.concatenate(values), config=WHOLE)
    group.create_array("meta/episode_ends", data=np.cumsum([len(each) for each in parts["keyframes"]]))
    group.attrs.put({"fps": 10, "episodes": records, "roles": ROLES, **attributes})
    return path
