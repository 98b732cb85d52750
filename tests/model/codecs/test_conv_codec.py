import torch

from keyin_cli.model.codecs.conv import ConvCodec, decoder, encoder
from keyin_cli.recipe.data import Frame

SECTION = ConvCodec(kind="conv", embedding=8, channels=[4, 6])


def test_every_convolution_halves_the_sides() -> None:
    convolutions = encoder(SECTION, Frame(8, 16, 3))[:-2]
    assert convolutions(torch.rand(2, 8, 16, 3)).shape == (2, 6, 2, 4)
    assert SECTION.top(Frame(8, 16, 3)) == (6, 2, 4)
    assert decoder(SECTION, Frame(8, 16, 3))(torch.rand(2, 8)).shape == (2, 8, 16, 3)


def test_rows_and_columns_keep_their_places() -> None:
    """A pixel that changes at the lower left moves the lower left of the last map only."""
    convolutions, image = encoder(SECTION, Frame(32, 64, 1))[:1], torch.zeros(1, 32, 64, 1)
    image[0, 31, 0] = 1
    assert convolutions(image).nonzero().tolist() == [[0, 0, 31, 0]]


def test_sides_must_be_divisible() -> None:
    assert SECTION.problems(Frame(8, 16, 3)) == []
    assert SECTION.problems(Frame(8, 18, 3)) == ["channels: 2 halvings need image sides divisible by 4"]
    assert SECTION.problems(Frame(6, 16, 3)) == ["channels: 2 halvings need image sides divisible by 4"]
