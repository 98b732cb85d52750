"""The samples are as small as they say and import as they say: every label at the frame that was recorded with it."""

import json
from pathlib import Path

import numpy as np
import pytest

from keyin_cli.datasets.episodes.importing import Settings, import_source
from keyin_cli.datasets.episodes.layout import FRAMES, KEYFRAMES, Episodes
from keyin_cli.datasets.sources.frames import Shape

pytest.importorskip("pyarrow")
SAMPLE = Path(__file__).parents[1] / "samples" / "ogbench-scene"
TOLD = json.loads((SAMPLE / "meta" / "events.json").read_text())


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Episodes:
    out = tmp_path_factory.mktemp("sample") / "sample.zarr"
    return import_source(SAMPLE, Settings(Shape(64, 64), signals=("observation.state", "action")), out)


def test_the_sample_is_small() -> None:
    assert sum(file.stat().st_size for file in SAMPLE.rglob("*") if file.is_file()) < 4e6


def test_all_of_it_is_imported(imported: Episodes) -> None:
    assert imported.lengths.tolist() == [each["frames"] for each in TOLD["episodes"]]
    assert (imported.n, imported.image, imported.fps) == (20, (64, 64, 3), 10)
    assert imported.signals == {"observation.state": 19, "action": 5}


def test_labels_are_at_the_frames_of_the_events(imported: Episodes) -> None:
    for index, told in enumerate(TOLD["episodes"]):
        frames = [event["frame"] for event in told["events"]]
        assert frames.pop() == told["frames"] - 1  # the last frame has no label
        assert np.flatnonzero(imported.episode(index, KEYFRAMES)).tolist() == frames
        for event in told["events"][:-1]:
            assert abs(event["frame"] - 10 * event["seconds"]) <= 0.5


def test_what_is_pressed_changes_at_the_frame_of_its_event(imported: Episodes) -> None:
    """The hand is lowest within a frame and a half of the time at which a button is to be down: signals and labels fit."""
    off = []
    for index, told in enumerate(TOLD["episodes"]):
        height = imported.episode(index, "data/observation.state")[:, 14]
        for event in (event for event in told["events"] if event["name"] == "press"):
            near = np.arange(max(0, event["frame"] - 4), event["frame"] + 5)
            off.append(near[height[near].argmin()] - 10 * event["seconds"])
    assert len(off) > 10
    assert max(map(abs, off)) < 2
    assert abs(float(np.mean(off))) < 1


def test_frames_fit_the_signals(imported: Episodes) -> None:
    """The picture changes where the hand moves, more than where it moved or will move half a second away."""
    seen, moved = [], []
    for index in range(imported.n):
        pixels = np.abs(np.diff(imported.episode(index, FRAMES).astype(np.int16), axis=0)).mean((1, 2, 3))
        speed = np.linalg.norm(np.diff(imported.episode(index, "data/observation.state")[:, 12:15], axis=0), axis=1)
        seen.append(pixels - pixels.mean())
        moved.append(speed - speed.mean())
    fits = {
        shift: np.mean([pixels[5:-5] @ np.roll(speed, shift)[5:-5] for pixels, speed in zip(seen, moved, strict=True)])
        for shift in range(-5, 6)
    }
    assert max(fits, key=lambda shift: fits[shift]) == 0
    assert fits[0] > 2 * max(fits[-5], fits[5])
