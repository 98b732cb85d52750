import pytest
import torch

from keyin_cli.model.keyframes import KeyframeModel
from keyin_cli.recipe import (
    BareInference,
    ConstantOffsets,
    Lstm,
    MlpCodec,
    Model,
    Offsets,
    StaticOffsets,
    TemporalInference,
    Window,
)

WINDOW = Window(conditioning=2, predicted=7, keyframes=3, max_offset=4)
KINDS = [
    TemporalInference(kernels=[3]),
    TemporalInference(kernels=[3], lstm=Lstm(layers=1, units=4)),
    BareInference(kind="bare"),
]


def build(inference: TemporalInference | BareInference) -> KeyframeModel:
    torch.manual_seed(0)
    return KeyframeModel(Model(codec=MlpCodec(embedding=6), lstm=Lstm(units=8), latent=5, inference=inference), WINDOW)


@pytest.mark.parametrize("inference", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_shapes_and_distributions(inference: TemporalInference | BareInference) -> None:
    keyframes = build(inference)(torch.randn(4, 9, 6))
    assert keyframes.embeddings.shape == (4, 3, 6)
    assert keyframes.mean.shape == keyframes.log_std.shape == (4, 3, 5)
    torch.testing.assert_close(keyframes.delta.sum(-1), torch.ones(4, 3))


@pytest.mark.parametrize("inference", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_the_posterior_sees_the_future_and_the_prior_does_not(inference: TemporalInference | BareInference) -> None:
    model, sequence, z = build(inference), torch.randn(1, 9, 6), torch.randn(1, 3, 5)
    future = sequence.clone()
    future[:, 2:] = torch.randn(1, 7, 6)
    assert not torch.allclose(model(future).mean, model(sequence).mean)
    torch.testing.assert_close(model(future, z=z).embeddings, model(sequence, z=z).embeddings)
    torch.testing.assert_close(model(sequence[:, :2], z=z).logits, model(sequence, z=z).logits)


@pytest.mark.parametrize("inference", KINDS, ids=["temporal", "temporal, small LSTM", "bare"])
def test_noise_moves_along_the_posterior(inference: TemporalInference | BareInference) -> None:
    """z of the first keyframe is mean + σ · noise: giving that z back gives the same keyframe."""
    model, sequence, noise = build(inference), torch.randn(2, 9, 6), torch.randn(2, 3, 5)
    sampled = model(sequence, noise=noise)
    z = sampled.mean + sampled.log_std.exp() * noise
    torch.testing.assert_close(model(sequence, z=z).embeddings, sampled.embeddings)
    torch.testing.assert_close(model(sequence, noise=torch.zeros(2, 3, 5)).logits, model(sequence).logits)


def test_attention_reads_the_frame_that_its_query_matches() -> None:
    inference = build(BareInference(kind="bare")).inference
    keys, values = 50 * torch.eye(6)[None], torch.randn(1, 6, 10)
    mean, log_std = inference.attend(torch.eye(6)[2:3], keys, values)
    torch.testing.assert_close(mean, values[:, 2, :5])
    torch.testing.assert_close(log_std, values[:, 2, 5:].clamp(-5, 2))


def test_scaling_the_embeddings_scales_the_keyframes() -> None:
    """The same data in other units gives the same offsets, and keyframes in those units."""
    model, sequence = build(BareInference(kind="bare")), torch.randn(64, 9, 6)
    model.fit_scale(sequence)
    before = model(sequence)
    moved = 100 + 0.1 * sequence
    model.fit_scale(moved)
    after = model(moved)
    torch.testing.assert_close(after.logits, before.logits, rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(after.embeddings, 100 + 0.1 * before.embeddings, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("offsets", [StaticOffsets(kind="static"), ConstantOffsets(kind="constant", offset=3)])
def test_a_pattern_is_the_same_for_all_sequences(offsets: Offsets) -> None:
    torch.manual_seed(0)
    model = KeyframeModel(Model(codec=MlpCodec(embedding=6), lstm=Lstm(units=8), latent=5, offsets=offsets), WINDOW)
    delta = model(torch.randn(4, 9, 6)).delta
    torch.testing.assert_close(delta, delta[:1].expand(4, -1, -1))
    learned = [name for name, parameter in model.named_parameters() if parameter.requires_grad and "offset" in name]
    if isinstance(offsets, ConstantOffsets):
        torch.testing.assert_close(delta, torch.eye(4)[2].expand(4, 3, 4))
        assert not learned
    else:
        assert learned == ["offset.pattern"]


def test_times_that_are_known_replace_the_expected_ones() -> None:
    """The first keyframe is the same whatever they are; expected times, given as known, change nothing."""
    model, sequence = build(TemporalInference(kernels=[3])), torch.randn(3, 9, 6)
    free = model(sequence)
    expected = (free.delta * torch.arange(1.0, 5)).sum(-1).cumsum(-1)
    torch.testing.assert_close(model(sequence, times=expected).logits, free.logits)
    told = model(sequence, times=expected + 2).logits
    torch.testing.assert_close(told[:, 0], free.logits[:, 0])
    assert not torch.allclose(told[:, 1], free.logits[:, 1], atol=1e-4)
