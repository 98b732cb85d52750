from dataclasses import replace

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from keyin_cli.model.keyframes import Horizon, KeyframeModel, Observer, OffsetHead, OffsetSource
from keyin_cli.model.losses import kl_to_prior

HORIZON = Horizon(conditioning=2, predicted=7, keyframes=3, max_offset=4)
TEMPORAL, BARE = Observer(layers=2, units=8, kernels=[3], temporal=True), Observer(layers=2, units=8)
KINDS = [TEMPORAL, replace(TEMPORAL, layers=1, units=4), BARE]


def build(observer: Observer, offsets: OffsetSource = "free", learned_prior: bool = False) -> KeyframeModel:
    torch.manual_seed(0)
    sizes = {"embedding": 6, "layers": 2, "units": 8, "latent": 5}
    return KeyframeModel(**sizes, horizon=HORIZON, observer=observer, offsets=offsets, learned_prior=learned_prior)


@pytest.mark.parametrize("observer", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_shapes_and_distributions(observer: Observer) -> None:
    keyframes = build(observer)(torch.randn(4, 9, 6))
    assert keyframes.embeddings.shape == (4, 3, 6)
    assert keyframes.mean.shape == keyframes.log_std.shape == (4, 3, 5)
    torch.testing.assert_close(keyframes.delta.sum(-1), torch.ones(4, 3))


@pytest.mark.parametrize("observer", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_the_posterior_sees_the_future_and_the_prior_does_not(observer: Observer) -> None:
    model, sequence, z = build(observer), torch.randn(1, 9, 6), torch.randn(1, 3, 5)
    future = sequence.clone()
    future[:, 2:] = torch.randn(1, 7, 6)
    assert not torch.allclose(model(future).mean, model(sequence).mean)
    torch.testing.assert_close(model(future, z=z).embeddings, model(sequence, z=z).embeddings)
    torch.testing.assert_close(model(sequence[:, :2], z=z).logits, model(sequence, z=z).logits)


@pytest.mark.parametrize("observer", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_noise_moves_along_the_posterior(observer: Observer) -> None:
    """z of the first keyframe is mean + σ · noise: giving that z back gives the same keyframe."""
    model, sequence, noise = build(observer), torch.randn(2, 9, 6), torch.randn(2, 3, 5)
    sampled = model(sequence, noise=noise)
    z = sampled.mean + sampled.log_std.exp() * noise
    torch.testing.assert_close(model(sequence, z=z).embeddings, sampled.embeddings)
    torch.testing.assert_close(model(sequence, noise=torch.zeros(2, 3, 5)).logits, model(sequence).logits)


@pytest.mark.parametrize("observer", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_a_learned_prior_is_standard_until_it_is_trained(observer: Observer) -> None:
    fixed, learned, sequence = build(observer), build(observer, learned_prior=True), torch.randn(2, 9, 6)
    for one, two in zip(vars(fixed(sequence)).values(), vars(learned(sequence)).values(), strict=True):
        torch.testing.assert_close(one, two)
    assert not list(fixed.prior.parameters())


@pytest.mark.parametrize("observer", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_the_posterior_is_counted_from_a_learned_prior(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its KL to N(0, I) is that of the posterior to the prior, and its samples, given back as z, are the same keyframes."""
    model, sequence, noise = build(observer, learned_prior=True), torch.randn(2, 9, 6), torch.randn(2, 3, 5)
    for parameter in model.prior.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    priors, posteriors = [], []
    prior, attend = model.prior.forward, model.inference.attend
    monkeypatch.setattr(model.prior, "forward", lambda known: priors.append(prior(known)) or priors[-1])
    monkeypatch.setattr(model.inference, "attend", lambda *given: posteriors.append(attend(*given)) or posteriors[-1])
    found = model(sequence, noise=noise)
    kl = [
        kl_divergence(*(Normal(mean, log_std.exp()) for mean, log_std in pair)).sum(-1)
        for pair in zip(posteriors, priors, strict=True)
    ]
    torch.testing.assert_close(kl_to_prior(found.mean, found.log_std), torch.stack(kl, dim=1))
    assert max(mean.abs().max() for mean, _ in priors) > 0.1
    torch.testing.assert_close(model(sequence, z=found.mean + found.log_std.exp() * noise).embeddings, found.embeddings)


def test_attention_reads_the_frame_that_its_query_matches() -> None:
    inference = build(BARE).inference
    keys, values = 50 * torch.eye(6)[None], torch.randn(1, 6, 10)
    mean, log_std = inference.attend(torch.eye(6)[2:3], keys, values)
    torch.testing.assert_close(mean, values[:, 2, :5])
    torch.testing.assert_close(log_std, values[:, 2, 5:].clamp(-5, 2))


def test_scaling_the_embeddings_scales_the_keyframes() -> None:
    """The same data in other units gives the same offsets, and keyframes in those units."""
    model, sequence = build(BARE), torch.randn(64, 9, 6)
    model.fit_scale(sequence)
    before = model(sequence)
    moved = 100 + 0.1 * sequence
    model.fit_scale(moved)
    after = model(moved)
    torch.testing.assert_close(after.logits, before.logits, rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(after.embeddings, 100 + 0.1 * before.embeddings, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("offsets", ["static", 3])
def test_a_pattern_is_the_same_for_all_sequences(offsets: OffsetSource) -> None:
    model = build(TEMPORAL, offsets)
    delta = model(torch.randn(4, 9, 6)).delta
    torch.testing.assert_close(delta, delta[:1].expand(4, -1, -1))
    learned = [name for name, parameter in model.named_parameters() if parameter.requires_grad and "offset" in name]
    if offsets == 3:
        torch.testing.assert_close(delta, torch.eye(4)[2].expand(4, 3, 4))
        assert not learned
    else:
        assert learned == ["offset.pattern"]


def test_times_that_are_known_replace_the_expected_ones() -> None:
    """The first keyframe is the same whatever they are; expected times, given as known, change nothing."""
    model, sequence = build(TEMPORAL), torch.randn(3, 9, 6)
    free = model(sequence)
    expected = (free.delta * torch.arange(1.0, 5)).sum(-1).cumsum(-1)
    torch.testing.assert_close(model(sequence, times=expected).logits, free.logits)
    told = model(sequence, times=expected + 2).logits
    torch.testing.assert_close(told[:, 0], free.logits[:, 0])
    assert not torch.allclose(told[:, 1], free.logits[:, 1], atol=1e-4)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="only odd sizes keep a frame in its place"):
        build(replace(TEMPORAL, kernels=[3, 4]))
    for source in (0, 5, "given"):
        with pytest.raises(ValueError, match=f"^offsets {source}: neither free nor static nor a number of 1…4 frames$"):
            OffsetHead(8, 3, 4, source)
    torch.testing.assert_close(OffsetHead(8, 3, 4, 4)(torch.randn(2, 8), 1).argmax(-1), torch.tensor([3, 3]))
