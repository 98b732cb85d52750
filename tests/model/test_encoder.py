"""Encoder and decoder around the bodies of any codec, and around one's own."""

import math

import pytest
import torch
from torch import nn

from keyin_cli.errors import InputError
from keyin_cli.model.codecs.conv import ConvCodec
from keyin_cli.model.codecs.layers import LayersCodec
from keyin_cli.model.codecs.mlp import MlpCodec
from keyin_cli.model.encoder import DARKEST, Decoder, Encoder, build
from keyin_cli.model.layers import DecoderBody, Stack
from keyin_cli.recipe import CodecSection
from keyin_cli.registry import CODECS

SECTIONS = [
    MlpCodec(embedding=8, hidden=[16, 12]),
    ConvCodec(kind="conv", embedding=8, channels=[4, 6]),
    LayersCodec(kind="layers", embedding=8, patch=4, channels=6, hidden=[16], layers=3),
]
NAMES = [section.kind for section in SECTIONS]


def test_every_codec_is_tried_here() -> None:
    assert list(CODECS.cards) == NAMES


@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
@pytest.mark.parametrize("image", [(8, 8, 1), (16, 8, 3)])
def test_shapes_and_independence_of_the_batch(section: CodecSection, image: tuple[int, int, int]) -> None:
    encoder, decoder = build(section, image)
    images = torch.rand(2, 3, *image)
    embeddings = encoder(images)
    assert embeddings.shape == (2, 3, 8)
    decoded = decoder(embeddings, images[:, :1])
    assert decoded.shape == images.shape
    torch.testing.assert_close(decoder(embeddings[1, 2], images[1, 0]), decoded[1, 2], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(encoder(images[1, 2]), embeddings[1, 2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
def test_embeddings_have_a_scale_of_their_own(section: CodecSection) -> None:
    embeddings = build(section, (8, 8, 1))[0](torch.rand(5, 8, 8, 1))
    torch.testing.assert_close(embeddings.square().mean(-1), torch.ones(5), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
def test_an_untrained_decoder_predicts_the_mean_pixel(section: CodecSection) -> None:
    decoder = build(section, (8, 8, 3))[1]
    mean = torch.tensor([0.01, 0.2, 0.9])
    decoder.start_from(mean)
    predicted = decoder(torch.randn(200, 8), mean.expand(8, 8, 3)).sigmoid().mean((0, 1, 2))
    torch.testing.assert_close(predicted, mean, rtol=0.3, atol=0.03)


@pytest.mark.parametrize("section", SECTIONS, ids=NAMES)
def test_only_a_decoder_that_draws_on_the_background_sees_it(section: CodecSection) -> None:
    decoder = build(section, (8, 8, 3))[1]
    embeddings, (one, other) = torch.randn(4, 8), torch.rand(2, 8, 8, 3)
    assert torch.equal(decoder(embeddings, one), decoder(embeddings, other)) is not decoder.draws_on_background


def test_a_codec_that_there_is_not_is_an_error() -> None:
    with pytest.raises(InputError, match=r"^no codec convs: did you mean conv\? there are mlp, conv, layers$"):
        build(CodecSection(kind="convs"), (8, 8, 1))


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
