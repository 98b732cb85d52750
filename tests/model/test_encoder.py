"""Encoder and decoder around the bodies of any codec, and around one's own."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from keyin_cli.errors import InputError
from keyin_cli.model.codecs.components import ComponentsCodec
from keyin_cli.model.codecs.conv import ConvCodec
from keyin_cli.model.codecs.layers import LayersCodec
from keyin_cli.model.codecs.mlp import MlpCodec
from keyin_cli.model.encoder import DARKEST, Decoder, Encoder, build, start_from, to_images
from keyin_cli.model.layers import DecoderBody, Stack
from keyin_cli.recipe import CodecSection
from keyin_cli.recipe.data import Frame
from keyin_cli.registry import CODECS

SECTIONS = [
    MlpCodec(embedding=8, hidden=[16, 12]),
    ConvCodec(kind="conv", embedding=8, channels=[4, 6]),
    LayersCodec(kind="layers", embedding=8, patch=4, channels=6, hidden=[16], layers=3),
    ComponentsCodec(kind="components", embedding=8, components=5, hidden=[16]),
]
NAMES = [section.kind for section in SECTIONS]
DRAWING = SECTIONS[:3]  # those whose outputs are logits of pixels


def test_every_codec_is_tried_here() -> None:
    assert list(CODECS.cards) == NAMES


@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
@pytest.mark.parametrize("image", [(8, 8, 1), (16, 8, 3)])
def test_shapes_and_independence_of_the_batch(section: CodecSection, image: tuple[int, int, int]) -> None:
    encoder, decoder = build(section, Frame(*image))
    images = torch.rand(2, 3, *image)
    embeddings = encoder(images)
    assert embeddings.shape == (2, 3, 8)
    decoded = decoder(embeddings, images[:, :1])
    assert decoded.shape == (2, 3, *decoder.shape)
    assert decoder.draw(decoded).shape == images.shape
    assert decoder.error(decoded, images, "sum").shape == (2, 3)
    torch.testing.assert_close(decoder(embeddings[1, 2], images[1, 0]), decoded[1, 2], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(encoder(images[1, 2]), embeddings[1, 2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
def test_embeddings_have_a_scale_of_their_own(section: CodecSection) -> None:
    embeddings = build(section, Frame(8, 8, 1))[0](torch.rand(5, 8, 8, 1))
    torch.testing.assert_close(embeddings.square().mean(-1), torch.ones(5), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("section", DRAWING, ids=NAMES[:3])
def test_an_untrained_decoder_predicts_the_mean_pixel(section: CodecSection) -> None:
    decoder = build(section, Frame(8, 8, 3))[1]
    mean = torch.tensor([0.01, 0.2, 0.9])
    decoder.start_from(mean)
    predicted = decoder(torch.randn(200, 8), mean.expand(8, 8, 3)).sigmoid().mean((0, 1, 2))
    torch.testing.assert_close(predicted, mean, rtol=0.3, atol=0.03)


@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
def test_only_a_decoder_that_draws_on_the_background_sees_it(section: CodecSection) -> None:
    decoder = build(section, Frame(8, 8, 3))[1]
    embeddings, (one, other) = torch.randn(4, 8), torch.rand(2, 8, 8, 3)
    assert torch.equal(decoder(embeddings, one), decoder(embeddings, other)) is not decoder.draws_on_background


def test_a_codec_that_there_is_not_is_an_error() -> None:
    with pytest.raises(InputError, match=r"^no codec convs: did you mean conv\? there are mlp, conv, layers, components$"):
        build(CodecSection(kind="convs"), Frame(8, 8, 1))


def test_bodies_of_ones_own() -> None:
    """A background reaches its body as logits, one for every embedding, and never infinite."""

    class Behind(DecoderBody):
        def forward(self, embeddings: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
            return background + embeddings[:, :1, None, None]

        def start_in(self, colour: torch.Tensor) -> None:
            self.colour = colour

    image, background = (2, 2, 1), torch.tensor([[0.0, 1], [0.5, 0.25]])[..., None]
    decoder = Decoder(Behind(), image, draws_on_background=True)
    decoded = decoder(torch.tensor([[[0.0]], [[2.0]]]), background)
    edge = math.log(DARKEST / (1 - DARKEST))
    expected = torch.tensor([[edge, -edge], [0, math.log(1 / 3)]])[..., None]
    torch.testing.assert_close(decoded, torch.stack([expected, expected + 2])[:, None])
    encoder = Encoder(nn.Flatten(), 4, image)
    torch.testing.assert_close(encoder(background), nn.functional.layer_norm(background.flatten(), (4,)))
    plain = Decoder(Stack(nn.Linear(4, 4)), image)
    assert plain(encoder(background.expand(3, 5, 2, 2, 1)), background).shape == (3, 5, 2, 2, 1)


def moving_bars(n: int, signals: int = 0) -> np.ndarray:
    """Sequences (n,6,8,8,1) uint8 of a bar that moves to the right; with signals (n,6,1,1,64 + D) float32, the last one still."""
    rng = np.random.default_rng(0)
    places = rng.integers(0, 3, n)[:, None] + np.arange(6)
    frames = np.zeros((n, 6, 8, 8, 1), np.uint8)
    frames[np.arange(n)[:, None], np.arange(6), :, places] = 200
    if not signals:
        return frames
    told = np.concatenate([100 + 5 * places[..., None], np.full((n, 6, signals - 1), 3)], axis=-1)
    return np.concatenate([frames.reshape(n, 6, -1) / 255, told], axis=-1).astype(np.float32)[:, :, None, None]


@pytest.mark.parametrize("frame", [Frame(8, 8, 1), Frame(8, 8, 1, 2), Frame(0, 0, 0, 2)])
def test_components_begin_as_those_of_the_training_frames(frame: Frame) -> None:
    """Features are standardised over them, keep what can be drawn, and count nothing that stands still."""
    data = moving_bars(50, frame.signals)
    if not frame.pixels:
        data = data[..., 64:]
    encoder, decoder = build(ComponentsCodec(kind="components", embedding=8, components=9), frame)
    start_from(encoder, decoder, data)
    images = to_images(data, torch.device("cpu"))
    features = decoder.observed(images)
    assert features.shape == (50, 6, (9 if frame.pixels else 0) + frame.signals)
    spread = features.flatten(0, 1).std(0, correction=0)
    still = decoder.features.scale == 0
    assert still.sum() == (2 if frame.pixels else 0) + (frame.signals > 1)  # 8 places have 7 components
    torch.testing.assert_close(spread[~still], torch.ones(int((~still).sum())), rtol=1e-3, atol=1e-3)
    assert features[..., still].abs().max() == 0 if still.any() else True
    if frame.pixels:
        torch.testing.assert_close(decoder.draw(features).flatten(2), images.flatten(2)[..., :64], rtol=0, atol=1e-3)
    nats = decoder.error(features, images, "sum")
    torch.testing.assert_close(nats, torch.full((50, 6), float((~still).sum()) * 0.5 * math.log(2 * math.pi)))


@pytest.mark.parametrize("frame", [Frame(8, 8, 3), Frame(8, 8, 1, 2), Frame(0, 0, 0, 2)])
def test_what_never_changes_says_nothing(frame: Frame) -> None:
    """Grey frames and a signal of 123.456 too, whose mean of 4,000 float32 is not exactly they."""
    still = np.full((80, 50, *frame.shape), 100, np.uint8)
    if frame.signals:
        still = still / np.float32(255)
        still[..., -frame.signals :] = 123.456
    encoder, decoder = build(ComponentsCodec(kind="components", embedding=8, components=9), frame)
    start_from(encoder, decoder, still)
    images = to_images(still[0], torch.device("cpu"))
    assert not decoder.features.scale.any()
    assert not decoder.observed(images).any()
    assert decoder.likelihood.price() == 0
    assert not decoder.error(decoder(encoder(images), images), images, "sum").any()


def test_signals_of_any_scale_are_standardised() -> None:
    values = np.random.default_rng(0).normal(size=(50, 6, 1, 1, 4)).astype(np.float32)
    scaled = values * np.float32([1e-9, 1, 1e6, 1e30]) + np.float32([0, 1e3, 0, 0])
    encoder, decoder = build(ComponentsCodec(kind="components", embedding=8), Frame(0, 0, 0, 4))
    start_from(encoder, decoder, scaled)
    found = decoder.observed(torch.from_numpy(scaled)).reshape(-1, 4)
    torch.testing.assert_close(found.std(0, correction=0), torch.ones(4), rtol=1e-3, atol=1e-3)


def test_features_of_large_frames_are_made_from_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyin_cli.model.encoder.VALUES", 64 * 20)
    encoder, decoder = build(ComponentsCodec(kind="components", embedding=8, components=30), Frame(8, 8, 1))
    fitted = []
    monkeypatch.setattr(encoder.features, "fit", lambda frames: fitted.append(len(frames)))
    start_from(encoder, decoder, moving_bars(50))
    assert fitted == [20]


def test_components_are_the_same_whatever_torch_drew_before() -> None:
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        encoder, decoder = build(SECTIONS[3], Frame(8, 8, 1))
        start_from(encoder, decoder, moving_bars(30))
        assert torch.equal(encoder.features.basis, decoder.features.basis)
        found.append(encoder.features.basis)
    assert torch.equal(*found)
