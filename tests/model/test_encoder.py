import pytest
import torch

from keyin_cli.model.encoder import Decoder, Encoder
from keyin_cli.recipe import ConvCodec, MlpCodec

CODECS = [MlpCodec(embedding=8, hidden=[16, 12]), ConvCodec(kind="conv", embedding=8, channels=[4, 6])]


@pytest.mark.parametrize("codec", CODECS, ids=["mlp", "conv"])
@pytest.mark.parametrize("image", [(8, 8, 1), (16, 8, 3)])
def test_shapes_and_independence_of_the_batch(codec: MlpCodec | ConvCodec, image: tuple[int, int, int]) -> None:
    encoder, decoder = Encoder(codec, image), Decoder(codec, image)
    images = torch.rand(2, 3, *image)
    embeddings = encoder(images)
    assert embeddings.shape == (2, 3, 8)
    assert decoder(embeddings).shape == images.shape
    torch.testing.assert_close(encoder(images[1, 2]), embeddings[1, 2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("codec", CODECS, ids=["mlp", "conv"])
def test_embeddings_have_a_scale_of_their_own(codec: MlpCodec | ConvCodec) -> None:
    embeddings = Encoder(codec, (8, 8, 1))(torch.rand(5, 8, 8, 1))
    torch.testing.assert_close(embeddings.square().mean(-1), torch.ones(5), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("codec", CODECS, ids=["mlp", "conv"])
def test_an_untrained_decoder_predicts_the_mean_pixel(codec: MlpCodec | ConvCodec) -> None:
    decoder = Decoder(codec, (8, 8, 3))
    mean = torch.tensor([0.01, 0.2, 0.9])
    decoder.start_from(mean)
    predicted = decoder(torch.randn(200, 8)).sigmoid().mean((0, 1, 2))
    torch.testing.assert_close(predicted, mean, rtol=0.3, atol=0.03)
