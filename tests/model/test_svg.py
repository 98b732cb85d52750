"""SVG-FP: what sees what, and generation agrees with prediction."""

import numpy as np
import torch
from small_brownian import frames, recipe

from keyin_cli.model.predictor import Predictor
from keyin_cli.model.svg import Svg


def build() -> Svg:
    torch.manual_seed(0)
    return Svg(recipe()).eval()


def test_the_posterior_sees_frames_up_to_its_own() -> None:
    model, embeddings = build(), torch.randn(2, 9, 8)
    changed = embeddings.clone()
    changed[:, 5] = torch.randn(2, 8)
    before, after = model.infer(embeddings)[0], model.infer(changed)[0]
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4], after[:, 4])


def test_the_prediction_sees_frames_before_its_own() -> None:
    model, embeddings, z = build(), torch.randn(2, 9, 8), torch.randn(2, 8, 4)
    changed = embeddings.clone()
    changed[:, 5] = torch.randn(2, 8)
    before, after = model.predict(embeddings, z), model.predict(changed, z)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5], after[:, 5])


def test_generation_begins_like_prediction_and_goes_on_from_its_own_frames() -> None:
    model, background = build(), torch.rand(2, 32, 32, 1)
    conditioning, z = torch.randn(2, 5, 8), torch.randn(2, 4 + 6, 4)
    images = model.generate(conditioning, background, z)
    assert images.shape == (2, 6, 32, 32, 1)
    with torch.no_grad():
        own = torch.cat([conditioning, model.encoder(images[:, :-1])], dim=1)
        again = model.decoder(model.predict(torch.cat([own, own[:, :1]], dim=1), z)[:, 4:], background[:, None]).sigmoid()
    torch.testing.assert_close(images, again, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- what a model can do

IMAGES = torch.rand(2, 35, 32, 32, 1, generator=torch.Generator().manual_seed(0))


def test_a_reconstruction_takes_the_mean_of_the_posterior() -> None:
    model = build()
    assert isinstance(model, Predictor)
    drawn = model.reconstruct(IMAGES)
    assert drawn.shape == (2, 30, 32, 32, 1)
    with torch.no_grad():
        z = model.infer(model.encoder(IMAGES))[0]
    torch.testing.assert_close(model.imagine(IMAGES[:, :5], z[:, None])[:, 0], drawn)


def test_samples_continue_what_the_conditioning_frames_say() -> None:
    """Latents of the conditioning frames are the posterior's mean; those to come are drawn, (n,N,Z) at a time."""
    model, rng = build(), np.random.default_rng(4)
    first, second = model.sample(IMAGES[:, :5], rng), model.sample(IMAGES[:, :5], rng)
    assert first.shape == (2, 30, 32, 32, 1)
    assert not torch.allclose(first, second)
    numbers = torch.from_numpy(np.random.default_rng(4).standard_normal((2, 2, 30, 4), dtype=np.float32))
    with torch.no_grad():
        known = model.infer(model.encoder(IMAGES[:, :5]))[0]
    for drawn, future in zip((first, second), numbers, strict=True):
        torch.testing.assert_close(model.imagine(IMAGES[:, :5], torch.cat([known, future], dim=1)[:, None])[:, 0], drawn)


def test_imagined_videos_of_samples_are_those_of_each_alone() -> None:
    model, z = build(), torch.randn(2, 3, 4 + 6, 4)
    images = model.imagine(IMAGES[:, :5], z)
    assert images.shape == (2, 3, 6, 32, 32, 1)
    with torch.no_grad():
        alone = model.generate(model.encoder(IMAGES[1:, :5]), IMAGES[1:, 4], z[1, 2:])[0]
    torch.testing.assert_close(images[1, 2], alone, rtol=1e-4, atol=1e-6)


def test_surprise_looks_back_only() -> None:
    model = build()
    images = torch.from_numpy(frames(3)) / 255
    scores = model.surprise(images)
    assert scores.shape == (3, 34)
    assert (scores >= 0).all()
    torch.testing.assert_close(model.surprise(images[:, :20]), scores[:, :19], rtol=1e-4, atol=1e-6)


def test_surprise_is_what_the_latent_costs() -> None:
    """0.5 Σ (μ² + σ² - 1 - 2 log σ)."""
    model = build()
    with torch.no_grad():
        mean, log_std = model.infer(model.encoder(IMAGES))
    cost = torch.distributions.kl_divergence(torch.distributions.Normal(mean, log_std.exp()), torch.distributions.Normal(0, 1))
    torch.testing.assert_close(model.surprise(IMAGES), cost.sum(-1))
