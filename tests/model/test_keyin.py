from itertools import product

import numpy as np
import pytest
import torch

from keyin_cli.model import losses
from keyin_cli.model.keyframes import Keyframes
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.predictor import Predictor
from keyin_cli.recipe import Recipe, check

RECIPE: Recipe = check(
    {
        "name": "small",
        "data": {"kind": "zarr", "path": "none", "frames": 10, "height": 4, "width": 4, "channels": 3},
        "window": {"conditioning": 2, "predicted": 7, "keyframes": 3, "max_offset": 4},
        "model": {"codec": {"kind": "mlp", "embedding": 6, "hidden": [8]}, "lstm": {"units": 8}, "latent": 5},
        "pretrain": {"lengths": [1, 4]},
    }
)

BLACK = torch.zeros(1, 4, 4, 1)


def keyframes_at(offsets: list[int], embeddings: torch.Tensor) -> Keyframes:
    logits = 10 * torch.nn.functional.one_hot(torch.tensor([offsets]) - 1, 4).float()
    return Keyframes(embeddings, logits, torch.zeros(1, 3, 5), torch.zeros(1, 3, 5))


def test_composition_is_the_segments_one_after_another() -> None:
    model = KeyIn(RECIPE)
    first, ends = torch.randn(1, 6), torch.randn(1, 3, 6)
    composed = model.compose(first, BLACK, keyframes_at([3, 1, 4], ends))
    starts = torch.cat([first, ends[0, :-1]])
    pieces = [
        model.foundation.inpaint(starts[t : t + 1], ends[0, t : t + 1], torch.tensor([length]), length)[0]
        for t, length in enumerate([3, 1, 4])
    ]
    torch.testing.assert_close(
        composed[0], model.foundation.decoder(torch.cat(pieces)[:7], BLACK).sigmoid(), rtol=1e-4, atol=1e-5
    )


def test_frames_out_of_reach_repeat_the_last_keyframe() -> None:
    model, ends = KeyIn(RECIPE), torch.randn(1, 3, 6)
    composed = model.compose(torch.randn(1, 6), BLACK, keyframes_at([1, 1, 1], ends))
    last = model.foundation.decoder(ends[:, 2], BLACK).sigmoid()
    torch.testing.assert_close(composed[0, 3:], last.expand(4, -1, -1, -1), rtol=1e-4, atol=1e-5)


def test_inpaint_is_the_interpolator_at_a_hard_offset() -> None:
    foundation = Foundation(RECIPE)
    start, end = torch.randn(2, 6), torch.randn(2, 6)
    inpainted = foundation.inpaint(start, end, torch.tensor([2, 3]), 3)
    expected = foundation.interpolator(start, end, torch.eye(4)[[1, 2]], torch.zeros(2, 0), 3)
    torch.testing.assert_close(inpainted, expected)


# ---------------------------------------------------------------- what a model can do

IMAGES = torch.rand(3, 9, 4, 4, 3, generator=torch.Generator().manual_seed(0))


def build(*overrides: str) -> KeyIn:
    """An untrained model, its weights so large that what it says of a sequence depends on the sequence."""
    torch.manual_seed(0)
    model = KeyIn(check(RECIPE.model_dump(mode="json"), overrides)).eval()
    with torch.no_grad():
        for name, parameter in model.keyframes.named_parameters():
            parameter.mul_(1 if name == "offset.pattern" else 4)
        model.keyframes.fit_scale(model.foundation.encoder(IMAGES))
    return model


def test_it_predicts_like_any_predictor() -> None:
    assert isinstance(build(), Predictor)
    assert not isinstance(build().foundation, Predictor)


def test_a_reconstruction_sees_the_whole_sequence() -> None:
    model = build()
    drawn = model.reconstruct(IMAGES)
    assert drawn.shape == (3, 7, 4, 4, 3)
    assert 0 < drawn.min() < drawn.max() < 1
    assert not drawn.requires_grad
    other = torch.cat([IMAGES[:, :2], IMAGES[:, 2:].flip(1)], dim=1)
    assert not torch.allclose(model.reconstruct(other), drawn)
    torch.testing.assert_close(model.reconstruct(IMAGES[1:2]), drawn[1:2], rtol=1e-4, atol=1e-6)


def test_a_reconstruction_takes_the_mean_of_the_posterior() -> None:
    model = build()
    with torch.no_grad():
        embeddings = model.foundation.encoder(IMAGES)
        z = model.keyframes(embeddings).mean
        keyframes = model.keyframes(embeddings[:, :2], z=z)
    torch.testing.assert_close(model.reconstruct(IMAGES), model.compose(embeddings[:, 1], IMAGES[:, 1], keyframes))


def test_samples_are_what_their_latents_stand_for() -> None:
    """The same random numbers give the same samples, of size (n,M,Z) at a time; the next are others."""
    model, rng = build(), np.random.default_rng(4)
    first, second = model.sample(IMAGES[:, :2], rng), model.sample(IMAGES[:, :2], rng)
    assert first.shape == (3, 7, 4, 4, 3)
    assert not torch.allclose(first, second)
    z = torch.from_numpy(np.random.default_rng(4).standard_normal((2, 3, 3, 5), dtype=np.float32))
    with torch.no_grad():
        embeddings = model.foundation.encoder(IMAGES[:, :2])
        for drawn, latents in zip((first, second), z, strict=True):
            keyframes = model.keyframes(embeddings, z=latents)
            torch.testing.assert_close(drawn, model.compose(embeddings[:, 1], IMAGES[:, 1], keyframes))


def test_the_keyframes_of_a_sample_are_those_that_it_is_made_of() -> None:
    """The sample is what its latents stand for, and so are its times; asking for them draws the same numbers."""
    model = build()
    drawn, times = model.sample_with_times(IMAGES[:, :2], np.random.default_rng(4))
    assert torch.equal(drawn, model.sample(IMAGES[:, :2], np.random.default_rng(4)))
    z = torch.from_numpy(np.random.default_rng(4).standard_normal((3, 3, 5), dtype=np.float32))
    with torch.no_grad():
        offsets = 1 + model.keyframes(model.foundation.encoder(IMAGES[:, :2]), z=z).logits.argmax(-1)
    expected = torch.zeros(3, 8, dtype=torch.bool)
    for row, ends in enumerate(offsets.cumsum(-1).clamp_max(8).tolist()):
        expected[row, [end - 1 for end in ends]] = True
    assert torch.equal(times, expected[:, :7])


def test_imagined_keyframes_of_samples_are_those_of_each_alone() -> None:
    model, z = build("model.codec={kind: layers, embedding: 6, patch: 2, layers: 2}"), torch.randn(3, 4, 3, 5)
    images = model.imagine(IMAGES[:, :2], z)
    assert images.shape == (3, 4, 3, 4, 4, 3)
    assert images.dtype == torch.float32
    assert 0 <= images.min() < images.max() <= 1
    with torch.no_grad():
        for n, m in ((0, 2), (2, 1)):
            embeddings = model.foundation.encoder(IMAGES[n : n + 1, :2])
            keyframes = model.keyframes(embeddings, z=z[n, m : m + 1]).embeddings
            torch.testing.assert_close(images[n, m], model.foundation.decoder(keyframes, IMAGES[n, 1])[0].sigmoid())
    torch.testing.assert_close(model.imagine(IMAGES[:, :2], z, last_only=True), images[:, :, -1:])


def test_probability_counts_every_way_to_place_keyframes() -> None:
    """Against the sum over all offsets; keyframes may also stand after the end."""
    model = build()
    with torch.no_grad():
        delta = model.keyframes(model.foundation.encoder(IMAGES)).delta
    expected = torch.zeros(3, 13)
    for offsets in product(range(1, 5), repeat=3):
        chance = torch.stack([delta[:, t, offset - 1] for t, offset in enumerate(offsets)]).prod(0)
        for time in np.cumsum(offsets):
            expected[:, time] += chance
    probability = model.probability(IMAGES)
    assert probability.shape == (3, 7)
    torch.testing.assert_close(probability, expected[:, 1:8])
    assert (probability <= 1).all()
    assert (probability.sum(1) <= 3).all()
    assert losses.entropy(delta.log()) > 0.1


@pytest.mark.parametrize("offset", [1, 2, 4])
def test_offsets_that_are_given_are_detected_and_certain(offset: int) -> None:
    """Keyframe t stands at t times the offset; those after frame N are not seen."""
    model = build(f"model.offsets={{kind: constant, offset: {offset}}}", "train.objective=soft-embeddings")
    detected = model.detect(IMAGES)
    assert detected.shape == (3, 7)
    assert detected.dtype == torch.bool
    for row in detected:
        assert (row.nonzero()[:, 0] + 1).tolist() == [t * offset for t in (1, 2, 3) if t * offset <= 7]
    torch.testing.assert_close(model.probability(IMAGES), detected.float())


def test_keyframes_are_detected_at_the_argmax_offsets() -> None:
    model = build()
    with torch.no_grad():
        logits = model.keyframes(model.foundation.encoder(IMAGES)).logits
    detected = model.detect(IMAGES)
    assert not (detected == detected[:1]).all()
    for row, offsets in zip(detected, logits.argmax(-1) + 1, strict=True):
        assert (row.nonzero()[:, 0] + 1).tolist() == [int(time) for time in offsets.cumsum(0) if time <= 7]
