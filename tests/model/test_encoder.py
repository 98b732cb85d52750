import pytest
import torch

from keyin_cli.model.encoder import VIVIDNESS, Decoder, Encoder, Layers
from keyin_cli.recipe import Codec, ConvCodec, LayersCodec, MlpCodec

LAYERS = LayersCodec(kind="layers", embedding=8, patch=4, channels=6, hidden=[16], layers=3)
CODECS = [MlpCodec(embedding=8, hidden=[16, 12]), ConvCodec(kind="conv", embedding=8, channels=[4, 6]), LAYERS]
NAMES = [codec.kind for codec in CODECS]


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
@pytest.mark.parametrize("image", [(8, 8, 1), (16, 8, 3)])
def test_shapes_and_independence_of_the_batch(codec: Codec, image: tuple[int, int, int]) -> None:
    encoder, decoder = Encoder(codec, image), Decoder(codec, image)
    images = torch.rand(2, 3, *image)
    embeddings = encoder(images)
    assert embeddings.shape == (2, 3, 8)
    decoded = decoder(embeddings, images[:, :1])
    assert decoded.shape == images.shape
    torch.testing.assert_close(decoder(embeddings[1, 2], images[1, 0]), decoded[1, 2], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(encoder(images[1, 2]), embeddings[1, 2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_embeddings_have_a_scale_of_their_own(codec: Codec) -> None:
    embeddings = Encoder(codec, (8, 8, 1))(torch.rand(5, 8, 8, 1))
    torch.testing.assert_close(embeddings.square().mean(-1), torch.ones(5), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_an_untrained_decoder_predicts_the_mean_pixel(codec: Codec) -> None:
    decoder = Decoder(codec, (8, 8, 3))
    mean = torch.tensor([0.01, 0.2, 0.9])
    decoder.start_from(mean)
    predicted = decoder(torch.randn(200, 8), mean.expand(8, 8, 3)).sigmoid().mean((0, 1, 2))
    torch.testing.assert_close(predicted, mean, rtol=0.3, atol=0.03)


def test_the_encoder_looks_at_whole_patches() -> None:
    encoder = Encoder(LAYERS, (8, 16, 3))
    *cut, shared = list(encoder.body[0])[:5]
    image = torch.rand(1, 8, 16, 3)
    patches = torch.nn.Sequential(*cut)(image)
    torch.testing.assert_close(patches[0, 1, 2], image[0, 4:8, 8:12].flatten())
    assert shared.in_features == 4 * 4 * 3


def layers(rows: torch.Tensor, columns: torch.Tensor, colours: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
    """Pixels (H,W,C) that layers draw whose parts are given: (K,H), (K,W), logits (K,C)."""
    drawing = Layers(LAYERS.model_copy(update={"layers": len(rows)}), tuple(background.shape))
    parts = torch.cat([rows, columns, colours / VIVIDNESS], dim=1).flatten()
    drawing.parts = torch.nn.Sequential(torch.nn.Linear(1, len(parts)))
    torch.nn.init.zeros_(drawing.parts[0].weight)
    drawing.parts[0].bias.data.copy_(parts)
    return drawing(torch.zeros(1, 1), torch.logit(background)[None])[0].sigmoid()


def test_two_parabolas_are_a_disc() -> None:
    """Red where (y - 5)² + (x - 9)² < 3.5², the background elsewhere."""
    background = torch.rand(12, 16, 3) * 0.5 + 0.25
    rows, columns = (5.0**2 - (torch.arange(side) - place).square() for side, place in ((12, 5), (16, 9)))
    drawn = layers(100 * (rows - 25 + 3.5**2)[None], 100 * (columns - 25)[None], torch.tensor([[8.0, -8, -8]]), background)
    inside = (torch.arange(12)[:, None] - 5).square() + (torch.arange(16) - 9).square() < 3.5**2
    red = torch.tensor([8.0, -8, -8]).sigmoid()
    torch.testing.assert_close(drawn, torch.where(inside[..., None], red, background), rtol=1e-4, atol=1e-5)


def test_hidden_layers_show_the_background_and_the_most_visible_one_lies_on_top() -> None:
    background, low, high = torch.rand(4, 8, 3) * 0.5 + 0.25, torch.full((1, 4), -50.0), torch.full((1, 4), 50.0)
    nothing, colours = torch.zeros(2, 8), torch.tensor([[3.0, -3, -3], [-3, -3, 3]])
    torch.testing.assert_close(layers(torch.cat([low, low]), nothing, colours, background), background)
    drawn = layers(torch.cat([high, 2 * high]), nothing, colours, background)
    torch.testing.assert_close(drawn, colours[1].sigmoid().expand(4, 8, 3))
