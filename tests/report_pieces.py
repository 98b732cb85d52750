"""A small dataset of episodes with keyframes and evidence, an evaluation, plans and a run, for tests of pages."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from safetensors.numpy import save_file

EVIL = "</script><script>window.hacked=1</script>\x1b[31m<img src=x onerror=window.hacked=1>\u202e"
STEP = 3  # frames of the source to one that is kept
MANIFEST = {"kind": "evaluation", "recipe": {}, "inputs": {}, "command": "keyin eval-f1", "created": "2026-01-01T00:00:00+00:00"}


def squares(count: int, size: int = 16) -> np.ndarray:
    """Frames (count,size,size,3) in which a red square walks to the right."""
    frames = np.full((count, size, size, 3), 220, np.uint8)
    for index in range(count):
        at = index % (size - 3)
        frames[index, 6:9, at : at + 3] = (220, 40, 40)
    return frames


def episodes(folder: Path, lengths: Sequence[int] = (12, 9), names: Sequence[str] = ("cup", EVIL), labelled: bool = True) -> Path:
    """mine.zarr: every third frame of the source's episodes 3, 4, …, at 10 frames a second; each fourth frame is labelled."""
    path = folder / "mine.zarr"
    group = zarr.create_group(path)
    numbers = [STEP * np.arange(n) for n in lengths]
    group.create_array("data/frames", data=np.concatenate([squares(n) for n in lengths]))
    group.create_array("data/source_frame", data=np.concatenate(numbers))
    group.create_array("data/seconds", data=np.concatenate(numbers) / 30)
    group.create_array("data/states", data=np.random.default_rng(0).normal(size=(sum(lengths), 2)).astype(np.float32))
    if labelled:
        group.create_array("data/keyframes", data=np.concatenate([np.arange(n) % 4 == 3 for n in lengths]))
    group.create_array("meta/episode_ends", data=np.cumsum(lengths))
    records = [{"name": name, "source": place + 3} for place, name in enumerate(names)]
    group.attrs.put({"fps": 10, "source": "videos", "episodes": records})
    return path


def found(folder: Path, lengths: Sequence[int] = (12, 9), names: Sequence[str] = ("cup", EVIL), **more: Any) -> Path:
    """find/keyframes.json and its evidence; in the first episode frames 13 (not kept: shown at 12) and 27."""
    keyframes = [[13, 27] if not place else [12] for place in range(len(lengths))]
    told = {
        "source": "videos",
        "dataset": str(folder / "mine.zarr"),
        "fps": 10.0,
        "method": "search",
        "settings": {"price": 20.0},
        "episodes": [
            {
                "episode": place + 3,
                "name": names[place],
                "frames": STEP * n - 1,
                "keyframes": each,
                "times": [round(frame / 30, 6) for frame in each],
                "probability": [0.75] * len(each),
            }
            for place, (n, each) in enumerate(zip(lengths, keyframes, strict=True))
        ],
        **more,
    }
    (folder / "find").mkdir()
    (folder / "find" / "keyframes.json").write_text(json.dumps(told))
    return folder / "find" / "keyframes.json"


def evidence(folder: Path, lengths: Sequence[int] = (12, 9), **more: Any) -> Path:
    path = folder / "find" / "evidence.safetensors"
    tensors = {f"probability/{i}": np.linspace(0, 1, n, dtype=np.float32) for i, n in enumerate(lengths)}
    tensors |= {f"cost/{i}": np.arange(n, dtype=np.float32) for i, n in enumerate(lengths)}
    save_file(tensors | {"inpainted/0": squares(lengths[0])[::-1].copy()} | more, path)
    return path


def row(method: str, value: float) -> dict[str, Any]:
    each = {"0": value, "1": value, "2": value}
    ends = {name: [value - 0.01, value + 0.01] for name in each}
    scores = {"f1": each, "precision": each, "recall": each, "ci95": ends}
    aligned = {"shift": -1, "f1": each, "ci95": ends, "chosen_on": "validation"}
    return {"method": method, **scores, "aligned": aligned, "keyframes_per_sequence": 2.0, "settings": {}}


def evaluation(folder: Path) -> Path:
    """own.zarr of 4 sequences of 8 frames, and an evaluation of the last two: 2 conditioning frames and 6 predicted."""
    data, path = folder / "own.zarr", folder / "evaluation"
    zarr.create_group(data).create_array("frames", data=np.stack([squares(8)] * 4))
    path.mkdir()
    recipe = {
        "name": "own",
        "data": {"kind": "zarr", "path": str(data), "frames": 8, "height": 16, "width": 16, "channels": 3},
        "window": {"conditioning": 2, "predicted": 6, "keyframes": 2, "max_offset": 4},
        "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}},
        "pretrain": {"lengths": [1, 4]},
    }
    rows = [row("keyin", 0.9), row(EVIL, 0.5)]
    result = {"dataset": str(data), "split": "test", "n": 2, "rows": rows, "figures": ["elsewhere/keyin-strip.png"]}
    lines = [{"sequence": index, "keyframes": {"keyin": [1, 4], EVIL: [6]}, "true": [1, 5]} for index in (2, 3)]
    (path / "eval_f1.json").write_text(json.dumps(result))
    (path / "sequences.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (path / "manifest.json").write_text(json.dumps(MANIFEST | {"recipe": recipe}))
    return path


def training(folder: Path) -> Path:
    """A run with one stage, in two phases."""
    stage = folder / "run" / "keyin"
    stage.mkdir(parents=True)
    rows = [{"step": 10 * i, "phase": int(i > 3), "loss": 100.0 / i, "kl": float("nan"), "waiting": 0.0} for i in range(1, 7)]
    rows[2]["val/loss"], rows[5]["val/loss"] = 30.0, 15.0
    (stage / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    recipe = {"name": EVIL, "seed": 1}
    (stage / "manifest.json").write_text(json.dumps(MANIFEST | {"kind": "run", "recipe": recipe, "parameters": 1234}))
    return folder / "run"


def planned(folder: Path) -> Path:
    """Plans of a method on two tasks."""
    path = folder / "plans"
    (path / "keyin").mkdir(parents=True)
    line = {
        "task": 4,
        "success": True,
        "error": 0.1,
        "wall": [0, 0],
        "goal": [0.2, 0.5],
        "subgoals": [[0.1, 0.1], [0.2, 0.5]],
        "path": [[0, -0.5], [0.1, 0.1], [0.2, 0.4]],
        "finger": [[0, -0.6, 0.1]] * 3,
        "current": [0, 1],
    }
    (path / "keyin" / "episodes.jsonl").write_text(
        json.dumps(line) + "\n" + json.dumps(line | {"task": 7, "success": False}) + "\n"
    )
    curve = {"threshold": [0.0, 1.0], "success_rate": [0.0, 1.0]}
    scores = {"error_mean": 0.1, "error_std": 0.1, "error_over_initial": 0.2, "steps_mean": 2.0, "seconds_per_episode": 0.1}
    rows = [{"method": "keyin", "servo": "cem", "episodes": 2, "success_rate": 0.5, "success_ci95": [0.1, 0.9], **scores}]
    result = {"rows": [rows[0] | {"success_curve": curve}], "tasks_sha256": "", "seed": 0, "path": "elsewhere", "figures": []}
    (path / "plan.json").write_text(json.dumps(result))
    return path


def benchmark(folder: Path) -> Path:
    """Tables of `keyin benchmark` on mine.zarr, whose second episode is scored, and keyframes of two methods there."""
    data, path = episodes(folder), folder / "bench"
    score = {"value": 0.5, "ci95": [0.25, 0.75]}
    row = {"dataset": "mine", "part": "pixels", "number": "own", "shift": 1, "keyframes_per_episode": 1.0}
    row["scores"] = dict.fromkeys(("f1_0", "f1_1", "edit"), score)
    less = {"value": -0.1, "ci95": [-0.2, 0.1], "to": "search"}
    rows = [row | {"method": "search"}, row | {"method": "uvd", "against_best": less, "actions": True}]
    rows += [row | {"method": "uniform", "against_best": less, "told": True}]
    left_out = [{"part": "signals", "method": "peract", "reason": EVIL}]
    about = {"name": "mine", "path": str(data), "sha256": EVIL, "episodes": 2, "scored": 1, "events_per_episode": 2.0}
    point = {"count": 1, "keyframes_per_episode": 0.5, "psnr": {"value": 20.5, "ci95": [20.0, 21.0]}, "against_uniform": score}
    lines = [{"dataset": "mine", "method": "uvd", "episodes": 2, "actions": True, "points": [point]}]
    tables = {"reconstructions": lines, "seed": 0, "minutes": 1.0, "datasets": [about | {"left_out": left_out}], "rows": rows}
    kept = {"key": EVIL, "knob": "price", "usual": 1.0, "actions": False, "preparation_seconds": 1.0}
    kept |= {"seconds_per_episode": 1.0, "peak_memory_bytes": 1, "given": None}
    for method, own in (("search", [[1], [3, 6]]), ("uvd", [[], [5]])):
        (path / "mine" / "pixels" / method).mkdir(parents=True)
        (path / "mine" / "pixels" / method / "detected.json").write_text(json.dumps(kept | {"own": own}))
    (path / "table.json").write_text(json.dumps(tables))
    (path / "manifest.json").write_text(json.dumps(MANIFEST | {"kind": "benchmark"}))
    return path
