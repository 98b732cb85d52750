"""KeyIn from Python: NumPy in and out.

Nothing here prints, writes files, installs signal handlers or changes a setting of the process. A model may be used by several
threads. Processes have to be spawned and to load their own: in one that is forked from where torch computed already, it hangs.

Shapes: n sequences of T conditioning and N predicted frames, as the model's recipe says; images are uint8 (H,W,C).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets import loader, opening, store
from keyin_cli.datasets.episodes import EpisodesData
from keyin_cli.datasets.episodes.background import difference, restored
from keyin_cli.datasets.store import Dataset
from keyin_cli.devices import pick_device
from keyin_cli.discovery.inpainting import to_frames
from keyin_cli.discovery.selector import BATCH, Frames, Sources, Times, batches
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints
from keyin_cli.methods.registry import method as method_of
from keyin_cli.methods.rows import selectors
from keyin_cli.model.encoder import to_images
from keyin_cli.model.predictor import Predictor
from keyin_cli.model.trained import Checkpoint
from keyin_cli.recipe import Recipe

Background = NDArray[np.float32]


@dataclass(frozen=True)
class Keyframes:
    """Detected keyframes: column j - 1 is the time j of 1…N, the j-th frame after the T conditioning ones.

    `times` (n,N) bool. `probability` (n,N) float32: the chance that a frame is a keyframe, Σ_t τ^t_j of the keyframe model
    (docs/spec.md, formula 1); of methods without one it is 0 or 1, as `times`.
    """

    times: Times
    probability: NDArray[np.float32]


class Model:
    """Trained weights, ready for use. `load` makes one.

    Attributes:
        recipe: what was trained; `recipe.window` has T (conditioning) and N (predicted).
        method: how keyframes are detected, a row of Table 1.
    """

    def __init__(self, checkpoint: Checkpoint, method: str | None, device: str, training: Frames | None, seed: int) -> None:
        """See `load`."""
        self.recipe: Recipe = checkpoint.recipe
        self._device = pick_device(device)
        self.method, make = next(iter(selectors([method] if method else [], checkpoint.models).items()))
        given = None if training is None else self._checked(training)[: self.recipe.discovery.calibration]
        if given is not None and not len(given):
            raise InputError("training has no sequences: give some, or leave it out for those of the recipe's dataset")
        models = checkpoint.to(self._device).models
        calibration = cache(lambda: self._training() if given is None else given)
        self._sources = Sources(models, self.recipe, self._device, calibration, _seed(seed))
        self._selector = make(self._sources)

    def keyframes(self, frames: Frames) -> Keyframes:
        """Detect keyframes.

        Args:
            frames: (n,T+N,H,W,C) uint8.

        Raises:
            InputError: the frames are of another shape or type; what the method needs was not trained.
        """
        frames = self._background(self._checked(frames))[0]
        times, estimate = self._select(frames), getattr(self._selector, "probability", None)
        return Keyframes(times, estimate(frames) if estimate and len(frames) else times.astype(np.float32))

    def segments(self, frames: Frames) -> list[NDArray[np.int64]]:
        """Cut sequences at their keyframes.

        Args:
            frames: (n,T+N,H,W,C) uint8.

        Returns:
            For every sequence (k,2) int64: half-open ranges [begin, end) of frames, counted from 0, that make up the sequence. A
            keyframe is the last frame of its segment.

        Raises:
            InputError: see `keyframes`.
        """
        length = self.recipe.window.frames
        ends = [
            np.flatnonzero(times) + self.recipe.window.conditioning + 1
            for times in self._select(self._background(self._checked(frames))[0])
        ]
        bounds = [np.unique([0, *each, length]) for each in ends]
        return [np.stack([each[:-1], each[1:]], axis=1) for each in bounds]

    def reconstruct(self, frames: Frames) -> Frames:
        """Draw the predicted frames of sequences from their keyframes alone: (n,T+N,H,W,C) uint8 -> (n,N,H,W,C) uint8.

        Raises:
            InputError: see `keyframes`.
        """
        frames = self._checked(frames)
        self._check_draws()
        frames, mean = self._background(frames)
        times = self._select(frames)  # of all at once: what is sampled depends on the place of a sequence
        drawn = [np.empty((0, self.recipe.window.predicted, *self.recipe.data.image), np.uint8)]
        drawn += [self._selector.predict(*each) for each in zip(batches(frames), batches(times), strict=True)]
        return _shown(np.concatenate(drawn), mean)

    def sample(self, frames: Frames, n: int = 1, seed: int = 0) -> Frames:
        """Continue sequences with latents from the prior.

        Args:
            frames: (m,T or more,H,W,C) uint8, of which the T conditioning frames are looked at.
            n: samples for each of them.
            seed: the same gives the same samples.

        Returns:
            (m,n,N,H,W,C) uint8.

        Raises:
            InputError: the frames are of another shape or type; `n` is below 1 or `seed` negative; the method predicts no frames
                of its own.
        """
        if n < 1:
            raise InputError(f"n is {n}: at least one sample has to be drawn")
        count = self.recipe.window.conditioning
        conditioning = self._checked(frames, at_least=count)[:, :count]
        self._check_draws()
        conditioning, mean = self._background(conditioning)
        predictor, rng = self._predictor(), loader.step_rng(_seed(seed), 0)
        drawn = [np.empty((0, n, self.recipe.window.predicted, *self.recipe.data.image), np.uint8)]
        for begin in range(0, len(conditioning), BATCH):
            images = to_images(conditioning[begin : begin + BATCH], self._device)
            drawn.append(np.stack([to_frames(predictor.sample(images, rng)) for _ in range(n)], axis=1))
        return _shown(np.concatenate(drawn), None if mean is None else mean[:, None])

    def _select(self, frames: Frames) -> Times:
        times = self._selector.select(frames) if len(frames) else np.zeros((0, self.recipe.window.predicted), np.bool_)
        self._sources.kept.clear()  # else every sequence that was ever searched would stay in memory
        return times

    def _predictor(self) -> Predictor:
        stage = method_of(self.method).stage
        model = self._sources.models.get(stage.name) if stage else None
        if not isinstance(model, Predictor):
            raise InputError(f"{self.method} predicts no frames of its own: load another method, such as keyin")
        return model

    def _training(self) -> Frames:
        """Sequences on which prices and constants are chosen, of the dataset that the recipe names."""
        dataset = opening.open_for(self.recipe.data)
        indices = loader.first_of(dataset, "train", self.recipe.discovery.calibration)
        return dataset.read("frames", indices, self.recipe.window.frames)  # `load_frames` may write them to a cache

    def _background(self, frames: Frames) -> tuple[Frames, Background | None]:
        """What the model sees of sequences (n,T,*frame), and the mean frames (n,1,H,W,C) that it does not see, if there are any:
        here they are those of the sequences, in training they were those of whole episodes."""
        data = self.recipe.data
        if not isinstance(data, EpisodesData) or data.background is None or not len(frames):
            return frames, None
        pixels = frames[..., : data.frame.pixels].reshape(*frames.shape[:2], *data.image) if data.signals else frames
        images = np.rint(pixels * 255).astype(np.uint8) if data.signals else pixels
        mean = images.mean(1, keepdims=True, dtype=np.float32)
        seen = difference(images, mean)
        if not data.signals:
            return seen, mean
        flat = seen.reshape(*frames.shape[:2], 1, 1, -1) / np.float32(255)
        return np.concatenate([flat, frames[..., data.frame.pixels :]], axis=-1), mean

    def _check_draws(self) -> None:
        if not self.recipe.data.frame.pixels:
            raise InputError("these weights see signals alone, there is nothing to draw: use keyframes or segments")

    def _checked(self, frames: Frames, at_least: int | None = None) -> Frames:
        """Frames as an array, after checking type and shape."""
        length, frame = self.recipe.window.frames, self.recipe.data.frame
        kind = np.dtype(np.float32 if frame.signals else np.uint8)
        wanted = f"(n,{length if at_least is None else f'{at_least} or more'},{','.join(map(str, frame.shape))}) {kind}"
        try:
            array = np.asarray(frames)
        except (ValueError, TypeError, RuntimeError) as error:  # rows of several lengths, tensors that NumPy cannot see
            raise InputError(f"frames are no array ({str(error).splitlines()[0]}), this model takes {wanted}") from None
        fits = array.ndim == 5 and array.dtype == kind and array.shape[2:] == frame.shape
        if not fits or (array.shape[1] != length if at_least is None else array.shape[1] < at_least):
            raise InputError(f"frames are {array.shape} {array.dtype}, this model takes {wanted}")
        if frame.signals and not np.isfinite(array).all():
            raise InputError("frames have values that are no numbers: leave these out")
        return array


def load(
    path: str | Path,
    method: str | None = None,
    *,
    device: str = "auto",
    training: Frames | None = None,
    seed: int = 0,
) -> Model:
    """Load trained weights.

    Args:
        path: a released name (`brownian`, `pushing`), a run directory, a stage's directory or a weights file.
        method: how keyframes are detected, a row of Table 1 such as `search` or `keyin+refine`; by default the first of them
            that the weights allow, of released ones `keyin`.
        device: `auto`, `cpu` or `cuda`.
        training: sequences (n,T+N,H,W,C) uint8 on which a method chooses a price or a constant, without labels; by default those
            of the dataset that the recipe names. KeyIn itself needs none.
        seed: of the method `random`.

    Raises:
        InputError: there are no such weights, they are damaged, or the method cannot use them; `device`, `training` or `seed`
            is none.
    """
    return Model(checkpoints.load(path), method, device, training, seed)


def open_dataset(path: str | Path) -> Dataset:
    """Open a dataset: `.read(name, indices)` gives rows of its arrays, `.indices(split)` the sequences of a split.

    Raises:
        InputError: there is none, or it is damaged.
    """
    return store.open_dataset(Path(path))


def _shown(drawn: Frames, mean: Background | None) -> Frames:
    """Drawn frames as images, with the mean frames that the model did not see."""
    return drawn if mean is None else restored(drawn, mean)


def _seed(seed: int) -> int:
    if seed < 0:
        raise InputError(f"seed is {seed}: give 0 or more")
    return seed
