"""From Python: NumPy in and out, the same as the commands, and nothing of the process is touched."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import keyin_cli
from keyin_cli import machine, storage
from keyin_cli.datasets import generate, opening
from keyin_cli.datasets.brownian import BrownianData, arrays
from keyin_cli.discovery.inpainting import inpaint
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation
from keyin_cli.model.trained import Checkpoint
from keyin_cli.recipe import check

MADE = arrays(BrownianData(seed=5), np.arange(40))
FRAMES = MADE["frames"]


@pytest.fixture(scope="module")
def model() -> keyin_cli.Model:
    return keyin_cli.load("brownian", device="cpu")


def test_keyframes_and_how_probable_they_are(model: keyin_cli.Model) -> None:
    found = model.keyframes(FRAMES)
    assert (found.times.shape, found.times.dtype) == ((40, 30), np.dtype(bool))
    assert (found.probability.shape, found.probability.dtype) == ((40, 30), np.dtype(np.float32))
    assert model.method == "keyin"
    true = MADE["keyframes"][:, 5:]
    assert (found.times & true).sum() > 0.9 * true.sum()
    assert ((found.probability >= 0) & (found.probability <= 1 + 1e-5)).all()
    assert found.probability[found.times].mean() > 0.8
    assert found.probability[~found.times].mean() < 0.02
    alone = model.keyframes(FRAMES[7:8])
    np.testing.assert_array_equal(alone.times[0], found.times[7])
    np.testing.assert_allclose(alone.probability[0], found.probability[7], atol=1e-5)


def test_probability_is_that_of_the_network(model: keyin_cli.Model) -> None:
    network = checkpoints.load("brownian").models["keyin"]
    expected = network.probability(to_images(FRAMES[:3], torch.device("cpu"))).numpy()
    np.testing.assert_allclose(model.keyframes(FRAMES[:3]).probability, expected, atol=1e-5)


def test_segments_make_up_the_sequence(model: keyin_cli.Model) -> None:
    times = model.keyframes(FRAMES).times
    for row, segments in enumerate(model.segments(FRAMES)):
        assert (segments[0, 0], segments[-1, 1]) == (0, 35)
        np.testing.assert_array_equal(segments[1:, 0], segments[:-1, 1])
        last = [5 + int(time) for time in np.flatnonzero(times[row]) if time < 29]  # of a segment: frames, counted from 0
        np.testing.assert_array_equal(segments[:-1, 1] - 1, last)


def test_drawings(model: keyin_cli.Model) -> None:
    drawn = model.reconstruct(FRAMES[:20])
    assert (drawn.shape, drawn.dtype) == ((20, 30, 32, 32, 1), np.dtype(np.uint8))
    assert np.abs(drawn.astype(float) - FRAMES[:20, 5:]).mean() < 2
    samples = model.sample(FRAMES[:18, :5], 3, seed=1)
    assert (samples.shape, samples.dtype) == ((18, 3, 30, 32, 32, 1), np.dtype(np.uint8))
    np.testing.assert_array_equal(model.sample(FRAMES[:18], 3, seed=1), samples)  # what comes after T frames is not looked at
    assert (samples[:, 0] != samples[:, 1]).any()
    assert (model.sample(FRAMES[:18], 3, seed=2) != samples).any()


def test_random_draws_the_keyframes_that_it_detects_in_any_number_of_sequences() -> None:
    model = keyin_cli.load("brownian", "random", device="cpu")
    foundation, times = checkpoints.load("brownian").models["keyin"].foundation, model.keyframes(FRAMES).times
    drawn = inpaint(foundation, FRAMES[:, 4:], times, 10, torch.device("cpu"))
    np.testing.assert_array_equal(model.reconstruct(FRAMES), drawn)


@pytest.mark.parametrize("method", ["search", "constant", "keyin+refine"])
def test_other_methods_choose_on_sequences_that_are_given(method: str) -> None:
    other = keyin_cli.load("brownian", method, device="cpu", training=FRAMES)
    found = other.keyframes(FRAMES[:4])
    np.testing.assert_array_equal(found.probability, found.times)
    assert other._sources.kept == {}  # searched sequences are let go
    assert other.reconstruct(FRAMES[:4]).shape == (4, 30, 32, 32, 1)


def test_without_them_those_of_the_recipes_dataset_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    dataset = SimpleNamespace(indices=lambda split: np.arange(40), read=lambda name, indices, frames: FRAMES[indices, :frames])
    monkeypatch.setattr(opening, "open_for", lambda data: opened.append(data.path) or dataset)
    own, given = (keyin_cli.load("brownian", "constant", device="cpu", training=each) for each in (None, FRAMES))
    assert own._selector.settings == given._selector.settings
    assert opened == ["artifacts/data/brownian.zarr"]


def test_what_predicts_nothing_cannot_be_sampled(model: keyin_cli.Model) -> None:
    with pytest.raises(InputError, match="search predicts no frames of its own: load another method, such as keyin"):
        keyin_cli.load("brownian", "search", training=FRAMES).sample(FRAMES)
    with pytest.raises(InputError, match=r"this model takes \(n,5 or more,32,32,1\) uint8"):
        model.sample(FRAMES[:2, :3])


def test_weights_that_see_signals_alone() -> None:
    recipe = check(
        {
            "name": "s",
            "data": {"kind": "episodes", "path": "s.zarr", "frames": 9, "signals": {"state": 2}},
            "window": {"conditioning": 1, "predicted": 8, "keyframes": 4, "max_offset": 4},
            "model": {"codec": {"kind": "components", "embedding": 8}, "interpolator": {"kind": "straight"}},
            "pretrain": {"lengths": [1, 4]},
            "discovery": {"price": 1.0},
        }
    )
    checkpoint = Checkpoint(recipe=recipe, models={"interpolator": Foundation(recipe).eval()}, files={}, shifts={})
    found = keyin_cli.Model(checkpoint, "search", "cpu", None, 0)
    frames = np.random.default_rng(0).normal(size=(3, 9, 1, 1, 2)).astype(np.float32)
    assert found.keyframes(frames).times.shape == (3, 8)
    assert [segments[-1, 1] for segments in found.segments(frames)] == [9] * 3
    with pytest.raises(InputError, match="nothing to draw"):
        found.reconstruct(frames)
    with pytest.raises(InputError, match=r"this model takes \(n,9,1,1,2\) float32"):
        found.keyframes(frames.astype(np.float64))
    frames[1, 3] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        found.segments(frames)


def test_no_sequences_are_no_error(model: keyin_cli.Model) -> None:
    assert model.keyframes(FRAMES[:0]).times.shape == (0, 30)
    assert model.keyframes(FRAMES[:0]).probability.shape == (0, 30)
    assert model.segments(FRAMES[:0]) == []
    assert model.reconstruct(FRAMES[:0]).shape == (0, 30, 32, 32, 1)
    assert model.sample(FRAMES[:0], 2).shape == (0, 2, 30, 32, 32, 1)


@pytest.mark.parametrize(
    "frames",
    [FRAMES[:, :34], FRAMES[0], FRAMES.astype(np.float32), FRAMES[..., :16, :], [[1, 2]]],
    ids=["short", "one sequence", "float", "narrow", "a list"],
)
def test_frames_that_do_not_fit_are_refused(frames: np.ndarray, model: keyin_cli.Model) -> None:
    with pytest.raises(keyin_cli.InputError, match=r"this model takes \(n,35,32,32,1\) uint8"):
        model.keyframes(frames)


def test_arrays_of_any_layout(model: keyin_cli.Model, recwarn: pytest.WarningsRecorder) -> None:
    expected = model.keyframes(FRAMES[:4]).times
    locked = FRAMES[:4].copy()
    locked.flags.writeable = False
    for frames in (locked, np.asfortranarray(FRAMES[:4]), FRAMES[3::-1][::-1], list(FRAMES[:4]), torch.as_tensor(FRAMES[:4])):
        np.testing.assert_array_equal(model.keyframes(frames).times, expected)
    backwards = FRAMES[:4, ::-1]
    np.testing.assert_array_equal(model.keyframes(backwards).times, model.keyframes(backwards.copy()).times)
    assert not list(recwarn)
    with pytest.raises(InputError, match=r"frames are no array .*this model takes \(n,35,32,32,1\) uint8"):
        model.keyframes([FRAMES[0], FRAMES[1, :3]])


def test_what_no_number_can_be_drawn_from(model: keyin_cli.Model) -> None:
    for n, seed in ((0, 0), (-1, 0), (1, -1)):
        with pytest.raises(InputError, match=r"^(n|seed) is"):
            model.sample(FRAMES[:1], n, seed)
    with pytest.raises(InputError, match=r"^seed is -1"):
        keyin_cli.load("brownian", "random", seed=-1)
    with pytest.raises(InputError, match="training has no sequences"):
        keyin_cli.load("brownian", "constant", training=FRAMES[:0])
    with pytest.raises(InputError, match="no device tpu"):
        keyin_cli.load("brownian", device="tpu")


def test_methods_choose_on_the_dataset_that_the_recipe_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = generate.generate(BrownianData(n=400, seed=5), tmp_path / "artifacts/data/brownian.zarr", workers=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "free_memory", lambda: 20_000_000)  # a chunk, not all frames
    training = keyin_cli.open_dataset(data["path"])
    training = training.read("frames", training.indices("train"), 35)
    assert len(training) > 10
    for method in ("search", "constant"):
        given = keyin_cli.load("brownian", method, device="cpu", training=training).keyframes(FRAMES[:2])
        np.testing.assert_array_equal(keyin_cli.load("brownian", method, device="cpu").keyframes(FRAMES[:2]).times, given.times)
    assert not storage.cache().exists()  # of frames that do not fit into the memory


@pytest.mark.parametrize("method", ["keyin", "search"])
def test_threads_share_a_model(method: str) -> None:
    shared = keyin_cli.load("brownian", method, device="cpu", training=FRAMES)
    expected = shared.keyframes(FRAMES[:3]).times
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: shared.keyframes(FRAMES[:3].copy()).times, range(12)):
            np.testing.assert_array_equal(found, expected)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no weights at .*nothing.*brownian, pushing"):
        keyin_cli.load(tmp_path / "nothing")
    with pytest.raises(InputError, match="no selector serch: did you mean search"):
        keyin_cli.load("brownian", "serch")
    with pytest.raises(InputError, match="no dataset at"):
        keyin_cli.open_dataset(str(tmp_path / "none.zarr"))
    assert not hasattr(keyin_cli, "nothing")
    assert {"load", "open_dataset", "InputError"} <= set(dir(keyin_cli))


UNTOUCHED = """
import os, signal, sys
import matplotlib, numpy as np, torch
def state():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return matplotlib.get_backend(auto_select=False), torch.get_num_threads(), handlers, dict(os.environ), os.listdir()
before = state()
import keyin_cli
import keyin_cli.figures
model = keyin_cli.load("brownian")
frames = np.zeros((2, 35, 32, 32, 1), np.uint8)
model.keyframes(frames), model.segments(frames), model.reconstruct(frames), model.sample(frames, 2)
assert state() == before, (state(), before)
"""


def test_nothing_of_the_process_is_touched(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", UNTOUCHED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
