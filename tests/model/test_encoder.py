import pytest
import torch

from keyin_cli.model.encoder import Decoder, Encoder
from keyin_cli.recipe import Codec, ConvCodec, MlpCodec, PatchCodec

PATCHES = PatchCodec(kind="patch", embedding=8, patch=4, channels=6, hidden=[16])
CODECS = [MlpCodec(embedding=8, hidden=[16, 12]), ConvCodec(kind="conv", embedding=8, channels=[4, 6]), PATCHES]
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


@pytest.mark.parametrize("codec", CODECS[:2], ids=NAMES[:2])
def test_an_untrained_decoder_predicts_the_mean_pixel(codec: Codec) -> None:
    decoder = Decoder(codec, (8, 8, 3))
    mean = torch.tensor([0.01, 0.2, 0.9])
    decoder.start_from(mean)
    predicted = decoder(torch.randn(200, 8), torch.zeros(8, 8, 3)).sigmoid().mean((0, 1, 2))
    torch.testing.assert_close(predicted, mean, rtol=0.3, atol=0.03)


def test_an_untrained_painter_shows_its_background() -> None:
    decoder, background = Decoder(PATCHES, (8, 16, 3)), torch.rand(8, 16, 3)
    decoder.start_from(torch.full((3,), 0.5))
    shown = decoder(torch.randn(200, 8), background).sigmoid().mean(0)
    torch.testing.assert_close(shown, background, rtol=0, atol=0.1)


def test_a_patch_stays_in_its_place() -> None:
    """What the encoder's shared layer sees of a pixel, and the pixels that a patch of the decoder paints."""
    encoder, decoder = Encoder(PATCHES, (8, 16, 3)), Decoder(PATCHES, (8, 16, 3))
    *cut, shared = list(encoder.body[0])[:5]
    image = torch.rand(1, 8, 16, 3)
    patches = torch.nn.Sequential(*cut)(image)
    torch.testing.assert_close(patches[0, 1, 2], image[0, 4:8, 8:12].flatten())
    assert shared.in_features == 4 * 4 * 3
    codes = torch.zeros(1, 2 * 4 * 6)
    changed = codes.clone().unflatten(1, (2, 4, 6))
    changed[0, 1, 2] = 1
    paint = torch.nn.Sequential(*list(decoder.body)[1:])
    difference = (paint(changed.flatten(1)) - paint(codes))[0].abs().sum(-1)
    assert difference[4:8, 8:12].min() > 0
    difference[4:8, 8:12] = 0
    assert difference.max() == 0
